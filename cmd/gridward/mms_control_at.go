package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
)

// errCancelled is a command that was taken back while it waited for its time.
var errCancelled = errors.New("the command was cancelled before its time")

// operateAt has the server operate at a time, and cancels the command when ctx ends before.
func (o *operand) operateAt(ctx context.Context, cmd *cobra.Command, at time.Time, opt client.OperateOptions) (*client.Termination, error) {
	timed, err := o.control.TimeActivatedOperate(ctx, o.value, at, opt)
	if errors.Is(err, client.ErrNoOperTm) {
		return nil, cli.Exit(cli.Refused, err, "the server cannot wait for a time with this object: leave --at out")
	}
	if err != nil {
		return nil, err
	}
	_, _ = cli.Fprintf(cmd.ErrOrStderr(), "accepted; the server operates at %s, until then Ctrl-C cancels\n", timed.At().UTC().Format(time.RFC3339)) // only talk
	term, err := timed.Wait(ctx)
	if ctx.Err() == nil {
		return term, err
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := timed.Cancel(late); err != nil {
		return nil, err
	}
	return nil, errCancelled
}
