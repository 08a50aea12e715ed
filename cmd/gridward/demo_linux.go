package main

import "syscall"

// demoProcAttr lets the children end with their parent, whatever ends it, and keeps the terminal's Ctrl-C from them: the
// parent stops them in order.
func demoProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
