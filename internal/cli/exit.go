// Package cli holds what the subcommands of gridward share: exit codes, hints, output formats and strict
// configuration files.
package cli

import "errors"

// Exit codes of every subcommand.
const (
	Done     = 0 // it worked
	Failed   = 1 // it did not
	BadUsage = 2 // the command line or the configuration is wrong
	Insecure = 3 // a security check failed
	Refused  = 4 // the peer refused
)

// An ExitError carries an exit code and a hint with an error. With a nil Err nothing is printed: the command has said
// it all.
type ExitError struct {
	Code int
	Err  error
	Hint string // what to do next, "" when there is nothing to say
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return "failed"
	}
	return e.Err.Error()
}

// Unwrap gives the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// Exit wraps err with a code and a hint.
func Exit(code int, err error, hint string) error {
	return &ExitError{Code: code, Err: err, Hint: hint}
}

// Usage is Exit with BadUsage.
func Usage(err error, hint string) error { return Exit(BadUsage, err, hint) }

// Hint adds a hint to err and keeps its code.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return Exit(CodeOf(err), err, hint)
}

// CodeOf gives the exit code of err, Failed when it carries none.
func CodeOf(err error) int {
	if err == nil {
		return Done
	}
	var e *ExitError
	if errors.As(err, &e) {
		return e.Code
	}
	return Failed
}

// HintOf gives the outermost hint of err.
func HintOf(err error) string {
	var e *ExitError
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
