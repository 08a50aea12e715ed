// Package arch is the test that holds the layers of docs/ARCHITECTURE.md: who may import whom, and that protocol cores do
// no I/O. It reads the files itself, so that a cached test result cannot hide a change.
package arch
