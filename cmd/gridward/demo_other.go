//go:build !linux

package main

import "syscall"

// demoProcAttr is the default: the children of a demo that is killed have to be ended by hand.
func demoProcAttr() *syscall.SysProcAttr { return nil }
