package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
)

// reconnectMost is the longest pause between attempts.
const reconnectMost = 30 * time.Second

// persist runs session again and again while associations get lost, until ctx ends, session is done (nil or errEnough)
// or the server refuses something. The first attempt has to succeed in reaching the server.
func persist(ctx context.Context, cmd *cobra.Command, once bool, session func(context.Context) error) error {
	pause := time.Second
	reached := false
	for {
		begin := time.Now()
		err := session(ctx)
		var dial *dialFailure
		failed := errors.As(err, &dial)
		switch {
		case err == nil, errors.Is(err, errEnough), ctx.Err() != nil:
			return nil
		case once, failed && (!reached || cli.CodeOf(err) == cli.Insecure), !failed && !lost(err):
			return err
		}
		reached = true
		if time.Since(begin) > time.Minute {
			pause = time.Second
		}
		wait := pause/2 + rand.N(pause)
		_, _ = cli.Fprintf(cmd.ErrOrStderr(), "gridward: %v; again in %s\n", err, wait.Round(100*time.Millisecond)) // only talk
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		pause = min(2*pause, reconnectMost)
	}
}

// lost reports whether err is the end of an association that was up.
func lost(err error) bool {
	for _, end := range []error{mms.ErrLinkLost, mms.ErrTransport, mms.ErrReleased, mms.ErrAborted, client.ErrOverrun} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// A dialFailure is an association that did not come to be.
type dialFailure struct{ error }

// Unwrap gives the cause.
func (e *dialFailure) Unwrap() error { return e.error }

func isMissing(err error) bool {
	var missing *catalog.NotFoundError
	return errors.As(err, &missing)
}
