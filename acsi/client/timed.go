package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// ErrNoOperTm is a data object whose commands cannot wait for a time.
var ErrNoOperTm = errors.New("acsi/client: the object has no time-activated operate")

// A TimedCommand is a command that the server accepted and that waits for its time (TimeActivatedOperate, IEC 61850-7-2
// 20.5.7). One of Wait and Cancel ends it; it also ends with the association.
type TimedCommand struct {
	k    *Control
	cmd  *command
	op   *operation
	at   time.Time
	once sync.Once
}

// TimeActivatedOperate has the server execute a command at a time, at most 24 h ahead. It returns when the server has
// accepted the command; where the control model wants one, it selects first. The error is a *ControlError when the server
// refused, ErrNoOperTm when the object has no operTm.
func (k *Control) TimeActivatedOperate(ctx context.Context, value model.Value, at time.Time, opt OperateOptions) (*TimedCommand, error) {
	if k.model == model.StatusOnly {
		return nil, k.refuse("operate")
	}
	if component(component(&k.parts, "Oper"), "operTm") == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoOperTm, k.Ref())
	}
	cmd, err := k.command(value, opt)
	if err != nil {
		return nil, err
	}
	cmd.operTm = model.NewTimestamp(at, model.LeapSecondsKnown|model.AccuracyMillisecond)
	if k.model.Selects() && !opt.NoSelect {
		if err := k.choose(ctx, cmd); err != nil { // a select without operTm would not be the same command
			return nil, err
		}
	}
	t := &TimedCommand{k: k, cmd: cmd, at: cmd.operTm.Time(), op: k.c.begin(k.ref, cmd.ctlNum)}
	if err := k.write(ctx, t.op, "Oper", cmd); err != nil {
		err = k.failure("operate", t.op, err)
		t.forget()
		return nil, err
	}
	return t, nil
}

func (t *TimedCommand) forget() { t.once.Do(func() { t.k.c.finish(t.op) }) }

// At is when the command is executed.
func (t *TimedCommand) At() time.Time { return t.at }

// CtlNum is the number of the command.
func (t *TimedCommand) CtlNum() uint8 { return t.cmd.ctlNum }

// Wait waits for the command to be executed: with enhanced security for its CommandTermination, at most
// Options.TerminationTimeout after its time; with normal security, which tells nothing, until its time has come. When ctx
// ends first, Wait may be called again.
func (t *TimedCommand) Wait(ctx context.Context) (*Termination, error) {
	until := t.at.Sub(t.k.c.opt.Now())
	enhanced := t.k.model.Enhanced()
	if enhanced {
		until += t.k.c.opt.TerminationTimeout
	}
	timer := time.NewTimer(max(until, 0))
	defer timer.Stop()
	select {
	case well := <-t.op.ended:
		defer t.forget()
		if !well {
			return nil, t.k.failure("termination", t.op, nil)
		}
		return &Termination{CtlNum: t.cmd.ctlNum, Enhanced: true, At: t.k.c.opt.Now()}, nil
	case <-timer.C:
		t.forget()
		if enhanced {
			return nil, fmt.Errorf("%w: command termination of %s", mms.ErrTimeout, t.k.ref)
		}
		return &Termination{CtlNum: t.cmd.ctlNum, At: t.k.c.opt.Now()}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-t.k.c.a.Done():
		t.forget()
		return nil, t.k.c.ended()
	}
}

// Cancel takes the command back before its time. When the server has agreed, Wait ends with abortion-by-cancel.
func (t *TimedCommand) Cancel(ctx context.Context) error {
	op := t.k.c.begin(t.k.ref, t.cmd.ctlNum)
	t.k.c.beside(op)
	defer t.k.c.finish(op)
	if err := t.k.write(ctx, op, "Cancel", t.cmd); err != nil {
		return t.k.failure("cancel", op, err)
	}
	t.k.c.canceled(t.op)
	return nil
}
