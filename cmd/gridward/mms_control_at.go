package main

import (
	"context"
	"errors"
	"time"

	"github.com/gridward/gridward/acsi/client"
)

// errCancelled is a command that was taken back while it waited for its time.
var errCancelled = errors.New("the command was cancelled before its time")

func (o *operand) operateAt(context.Context, *mmsOut, time.Time, client.OperateOptions) (*client.Termination, error) {
	return nil, errors.ErrUnsupported
}
