package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/mms"
)

// A call waits for one answer. Calls are reused: at most as many exist as requests may be outstanding.
type call struct {
	answer chan mms.PDU // capacity 1
	timer  *time.Timer
	op     *operation // that the request carries out; nil: none
	alone  bool       // nothing is to come but its answer
}

// ask sends a confirmed request and waits for its answer. Errors of the peer are *mms.ServiceError and
// *mms.RejectReason; no answer in Options.Timeout is mms.ErrTimeout; the end of the association is its cause.
func (c *Client) ask(ctx context.Context, s mms.Service) (mms.Service, error) {
	return c.askAs(ctx, s, nil)
}

// askAs is ask for a request that carries out an operation.
func (c *Client) askAs(ctx context.Context, s mms.Service, op *operation) (mms.Service, error) {
	return c.askWith(ctx, &mms.ConfirmedRequest{Service: s}, op)
}

// askWith is askAs for a PDU that is made already.
func (c *Client) askWith(ctx context.Context, r *mms.ConfirmedRequest, op *operation) (mms.Service, error) {
	s := r.Service
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c.slots <- struct{}{}: // at once, as it is nearly always
	default:
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.a.Done():
			return nil, c.ended()
		}
	}
	defer func() { <-c.slots }()
	w, id, err := c.start(ctx, r, op)
	if err != nil {
		return nil, err
	}
	if w.alone && c.turns.take() {
		return c.lead(ctx, w, id, s)
	}
	c.attend(w)
	select {
	case p := <-w.answer:
		c.shut(w, id)
		return result(p)
	case <-w.timer.C:
		err = fmt.Errorf("%w: %T", mms.ErrTimeout, s)
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.heard:
		err = c.ended()
	}
	if p := c.shut(w, id); p != nil {
		return result(p) // it came at the same moment
	}
	return nil, err
}

// attend has the answer to a call received by somebody else, and the time counted that it may take.
func (c *Client) attend(w *call) {
	w.timer.Reset(c.opt.Timeout)
	c.turns.hurry()
}

// start opens a call and sends its request. Requests leave in the order of their invokeIDs: to the peer one that is far
// behind looks like one that comes again. Nothing was sent when it fails.
func (c *Client) start(ctx context.Context, r *mms.ConfirmedRequest, op *operation) (*call, uint32, error) {
	if err := c.line(ctx, r); err != nil {
		return nil, 0, err
	}
	defer func() { <-c.sending }()
	w, id, err := c.open(op)
	if err != nil {
		return nil, 0, err
	}
	r.InvokeID = id
	if err = c.send(r); errors.Is(err, mms.ErrOutstanding) {
		err = c.resend(ctx, r)
	}
	if err != nil {
		c.shut(w, id)
		return nil, 0, err
	}
	return w, id, nil
}

// line waits for the turn to send a request, which is c.sending.
func (c *Client) line(ctx context.Context, r *mms.ConfirmedRequest) error {
	select {
	case c.sending <- struct{}{}: // at once, as it is nearly always
		return nil
	default:
	}
	timer := time.NewTimer(c.opt.Timeout)
	defer timer.Stop()
	select {
	case c.sending <- struct{}{}:
		return nil
	case <-timer.C:
		return unsent(r)
	case <-ctx.Done():
		return ctx.Err()
	case <-c.a.Done():
		return c.ended()
	}
}

// pace is how often a request is tried again that the association has no room for.
const pace = 50 * time.Millisecond

// resend sends a request as soon as the association has room for it: requests that nobody waits for any more stay
// outstanding there until they are answered, or forgotten.
func (c *Client) resend(ctx context.Context, r *mms.ConfirmedRequest) error {
	c.wantsRoom(true)
	defer c.wantsRoom(false)
	c.turns.hurry()
	timer := time.NewTimer(c.opt.Timeout)
	defer timer.Stop()
	again := time.NewTicker(pace)
	defer again.Stop()
	for {
		select {
		case <-c.room:
		case <-again.C:
		case <-timer.C:
			return unsent(r)
		case <-ctx.Done():
			return ctx.Err()
		case <-c.a.Done():
			return c.ended()
		}
		if err := c.send(r); !errors.Is(err, mms.ErrOutstanding) {
			return err
		}
	}
}

func (c *Client) wantsRoom(wants bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full = wants
}

func unsent(r *mms.ConfirmedRequest) error {
	return fmt.Errorf("%w: %T was not sent", mms.ErrTimeout, r.Service)
}

func (c *Client) open(op *operation) (*call, uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var w *call
	if n := len(c.idle); n > 0 {
		w, c.idle = c.idle[n-1], c.idle[:n-1]
	} else {
		w = &call{answer: make(chan mms.PDU, 1), timer: time.NewTimer(time.Hour)}
		w.timer.Stop()
	}
	w.op, w.alone = op, c.quiet()
	id, err := c.calls.Open(w, time.Time{})
	if err != nil {
		w.timer.Stop()
		c.idle = append(c.idle, w)
	}
	return w, id, err
}

// shut ends a call and gives the answer that nobody took, if there is one.
func (c *Client) shut(w *call, id uint32) (left mms.PDU) {
	w.timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.Drop(id)
	select {
	case left = <-w.answer:
	default:
	}
	c.idle = append(c.idle, w)
	return left
}

func (c *Client) ended() error {
	if err := c.a.Err(); err != nil {
		return err
	}
	return ErrClosed
}

func result(p mms.PDU) (mms.Service, error) {
	switch p := p.(type) {
	case *mms.ConfirmedResponse:
		return p.Service, nil
	case *mms.ConfirmedError:
		return nil, &p.Error
	case *mms.Reject:
		return nil, &p.Reason
	}
	return nil, fmt.Errorf("%w: answer %T", mms.ErrProtocol, p)
}

// askFor is ask for one kind of answer.
func askFor[R mms.Service](ctx context.Context, c *Client, s mms.Service) (R, error) {
	answer, err := c.ask(ctx, s)
	if err != nil {
		var none R
		return none, err
	}
	r, ok := answer.(R)
	if !ok {
		return r, unexpected(s, answer)
	}
	return r, nil
}
