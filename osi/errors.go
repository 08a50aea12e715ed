package osi

import (
	"fmt"

	"github.com/gridward/gridward/osi/acse"
)

func (e *RefusedError) Error() string {
	switch {
	case e.Diagnostic != nil:
		return fmt.Sprintf("%v: %v", ErrRefused, e.Diagnostic)
	case e.Cause != nil:
		return fmt.Sprintf("%v: %v", ErrRefused, e.Cause)
	}
	return fmt.Sprintf("%v by %s, reason %d", ErrRefused, e.Layer, e.Reason)
}

// Is makes it ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// An AbortError is an abort by the peer. It is ErrAborted.
type AbortError struct {
	Provider   bool
	Diagnostic int // of the ABRT; 0: not given
}

func (e *AbortError) Error() string {
	who := "user"
	if e.Provider {
		who = "provider"
	}
	if e.Diagnostic == acse.AbortAuthentication {
		return fmt.Sprintf("%v: service %s: authentication failure", ErrAborted, who)
	}
	return fmt.Sprintf("%v: service %s, diagnostic %d", ErrAborted, who, e.Diagnostic)
}

// Unwrap gives ErrAborted.
func (e *AbortError) Unwrap() error { return ErrAborted }

func protocol(err error) error { return fmt.Errorf("%w: %w", ErrProtocol, err) }
