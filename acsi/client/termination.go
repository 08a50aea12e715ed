package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// An operation is a control service in progress, to which LastApplError and CommandTermination belong.
type operation struct {
	object string // LD/LN$CO$DO
	ctlNum uint8
	ended  chan bool // capacity 1: CommandTermination, true when positive

	// Guarded by Client.mu:
	answered bool // the service itself; only then a termination may follow
	cancels  bool // it is the Cancel of another operation with the same number
	last     *lastApplError
}

// lastApplError is the content of LastApplError, IEC 61850-8-1 20.11.
type lastApplError struct {
	object string // CntrlObj
	code   model.ControlError
	ctlNum uint8
	cause  model.AddCause
}

func (c *Client) nextCtlNum() uint8 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctlNum++
	return c.ctlNum
}

func (c *Client) begin(ref model.Ref, ctlNum uint8) *operation {
	op := &operation{object: ref.LDevice + "/" + ref.Item(), ctlNum: ctlNum, ended: make(chan bool, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops = append(c.ops, op)
	return op
}

func (c *Client) finish(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.ops {
		if c.ops[i] == op {
			c.ops = append(c.ops[:i], c.ops[i+1:]...)
			return
		}
	}
}

func (c *Client) lastError(op *operation) *lastApplError {
	c.mu.Lock()
	defer c.mu.Unlock()
	return op.last
}

// await waits for the CommandTermination of a command with enhanced security.
func (k *Control) await(ctx context.Context, op *operation) (*Termination, error) {
	timer := time.NewTimer(k.c.opt.TerminationTimeout)
	defer timer.Stop()
	var err error
	select {
	case well := <-op.ended:
		return k.outcome(op, well)
	case <-timer.C:
		err = fmt.Errorf("%w: command termination of %s", mms.ErrTimeout, k.ref)
	case <-ctx.Done():
		err = ctx.Err()
	case <-k.c.heard:
		err = k.c.ended()
	}
	select {
	case well := <-op.ended: // it came at the same moment
		return k.outcome(op, well)
	default:
		return nil, err
	}
}

// outcome is how a command ended.
func (k *Control) outcome(op *operation, well bool) (*Termination, error) {
	if !well {
		return nil, k.failure("termination", op, nil)
	}
	return &Termination{CtlNum: op.ctlNum, Enhanced: true, At: k.c.opt.Now()}, nil
}

// notice takes one variable of an information report that is no report: LastApplError, or $Oper as the termination of a
// command. It runs in the reader.
func (c *Client) notice(name mms.ObjectName, r mms.AccessResult) {
	if name.Item == "LastApplError" {
		if last, ok := parseLastApplError(r); ok {
			c.noticeError(last)
		}
		return
	}
	if object, ok := strings.CutSuffix(name.Item, "$Oper"); ok && name.Scope == mms.DomainSpecific {
		c.noticeTermination(name.Domain+"/"+object, r)
	}
}

func parseLastApplError(r mms.AccessResult) (*lastApplError, bool) {
	v := r.Value
	if r.Failed || v.Len() < 5 {
		return nil, false
	}
	object, ok1 := v.At(0).AsText()
	code, ok2 := v.At(1).AsUint()
	ctlNum, ok3 := v.At(3).AsUint()
	cause, ok4 := v.At(4).AsUint()
	return &lastApplError{
		object: strings.Clone(object), code: model.ControlError(code), ctlNum: uint8(ctlNum), cause: model.AddCause(cause),
	}, ok1 && ok2 && ok3 && ok4
}

// beside makes op a Cancel beside the operation that it cancels.
func (c *Client) beside(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op.cancels = true
}

// canceled ends an operation whose Cancel the server has accepted, should it not say so itself.
func (c *Client) canceled(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op.last == nil {
		op.last = &lastApplError{object: op.object, ctlNum: op.ctlNum, cause: model.AddCauseAbortedByCancel}
	}
	op.terminate(false)
}

// about tells whether an error is this operation's: that of a Cancel names Cancel.
func (op *operation) about(last *lastApplError) bool {
	if op.ctlNum != last.ctlNum || last.object != op.object && !strings.HasPrefix(last.object, op.object+"$") {
		return false
	}
	return !op.cancels || strings.HasSuffix(last.object, "$Cancel")
}

// noticeError keeps the error for its operation. It is a negative termination as well: should the command have been
// accepted before, nothing better follows.
func (c *Client) noticeError(last *lastApplError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range slices.Backward(c.ops) { // a Cancel before what it cancels
		if op.about(last) {
			op.last = last
			op.terminate(false)
			return
		}
	}
}

// noticeTermination finds the operation by the ctlNum in Oper. Where Oper is not told (negative termination) the
// LastApplError before it has said everything; should there have been none, it is the one command that was accepted.
func (c *Client) noticeTermination(object string, r mms.AccessResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var only *operation
	n := 0
	ctlNum, known := operCtlNum(r.Value)
	for _, op := range c.ops {
		if op.object != object || op.cancels {
			continue
		}
		only = op
		n++
		if known && ctlNum == uint64(op.ctlNum) {
			op.terminate(true)
			return
		}
	}
	if n == 1 && !known && only.answered {
		only.terminate(!r.Failed)
	}
}

// operCtlNum looks for the ctlNum in an Oper structure: the number after origin, which is the first structure of an
// integer and an octet string.
func operCtlNum(oper model.Value) (ctlNum uint64, known bool) {
	for i := 1; i+1 < oper.Len(); i++ {
		o := oper.At(i)
		if o.Len() == 2 && o.At(1).Kind() == model.KindOctets {
			return oper.At(i + 1).AsUint()
		}
	}
	return 0, false
}

// terminate tells the waiter once.
func (op *operation) terminate(well bool) {
	select {
	case op.ended <- well:
	default:
	}
}
