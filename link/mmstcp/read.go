package mmstcp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
)

// patience is how long nobody may be in Recv before the association reads by itself.
const patience = 5 * time.Millisecond

// alone has watch look whether somebody comes back to Recv.
func (c *conn) alone() {
	switch {
	case c.watched || c.err != nil:
		return
	case c.watch == nil:
		c.watch = time.AfterFunc(patience, c.look)
	default:
		c.watch.Reset(patience)
	}
	c.watched, c.seen = true, c.turn
}

// look starts a goroutine that reads, when nobody has been in Recv since the last time.
func (c *conn) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched = false
	switch {
	case c.err != nil || c.users > 0 || c.reading:
	case c.turn != c.seen:
		c.alone()
	default:
		c.takeOver()
	}
}

// takeOver starts a goroutine that reads until somebody is in Recv again.
func (c *conn) takeOver() {
	if c.reading || c.err != nil {
		return
	}
	c.reading = true // already: nobody comes between
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for {
			c.until = time.Time{}
			c.read()
			c.pause()
			if c.err != nil || c.users > 0 || c.reading {
				return
			}
			c.reading = true
		}
	}()
}

// pause waits while the user has too much to receive yet.
func (c *conn) pause() {
	for c.err == nil && c.users == 0 && len(c.queue)-c.head >= c.cfg.Queue {
		c.mu.Unlock()
		select {
		case <-c.taken:
		case <-c.done:
		}
		c.mu.Lock()
	}
}

// read holds the reading role for one turn: it takes what has come, or waits for it. It releases mu meanwhile. It reports
// whether a deadline ended it.
func (c *conn) read() (late bool) {
	c.reading = true
	if !c.backlog {
		c.arm()
		c.mu.Unlock()
		err := c.r.fill()
		c.mu.Lock()
		c.mine = true
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			late = true
			c.tick()
		default:
			c.end(c.cause(fmt.Errorf("%w: %w", mms.ErrLinkLost, err)))
		}
	}
	c.mine = true
	c.receive()
	c.restrain()
	c.mine = false
	c.flush()
	c.reading = false
	switch {
	case c.closes:
		c.closes = false
		c.r.release()
		_ = c.nc.Close() // nothing depends on it any more
		close(c.closed)
	case c.err != nil:
		c.room.Broadcast()
	}
	if c.waiting > 0 {
		signal(c.wake)
	}
	return late
}

// arm sets the deadline of reading, if none passes before. One that is too early costs a turn when it passes; to set it
// costs more than a small read.
func (c *conn) arm() {
	need := c.deadline
	if need.IsZero() || !c.until.IsZero() && c.until.Before(need) {
		need = c.until
	}
	if c.err == nil && !need.IsZero() && (c.armed.IsZero() || need.Before(c.armed)) {
		c.armed = need
		_ = c.nc.SetReadDeadline(need) // an error shows when reading
	}
}

// bind has the end of ctx interrupt whoever reads.
func (c *conn) bind(ctx context.Context, done <-chan struct{}) {
	if done == c.bound {
		return
	}
	if c.unbind != nil {
		c.unbind()
		c.unbind = nil
	}
	if c.bound = done; done != nil {
		c.unbind = context.AfterFunc(ctx, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.err == nil {
				c.armed = past
				_ = c.nc.SetReadDeadline(past)
			}
		})
	}
}

// receive gives what has come to the machine.
func (c *conn) receive() {
	for c.backlog = true; c.err == nil && len(c.queue)-c.head < c.cfg.Queue; {
		n, ev := c.m.Receive(c.r.octets(), time.Time{})
		switch ev.Kind {
		case osi.None:
			c.r.take(n)
			c.backlog = false
			return
		case osi.Received:
			c.received(ev)
		case osi.Released:
			c.end(mms.ErrReleased)
		case osi.Ended:
			c.end(c.cause(named(ev.Err)))
		default:
			c.m.Abort()
			c.end(mms.ErrProtocol)
		}
		c.r.take(n)
	}
}

// pdu takes an MMS PDU.
func (c *conn) pdu(b []byte) {
	if len(b) > c.params.MaxPDU {
		c.invalid(nil)
		return
	}
	p, err := mms.ParseBER(b, mms.Limits{})
	if err != nil {
		c.invalid(p)
		return
	}
	switch p.(type) {
	case *mms.ConcludeRequest:
		c.answer(&mms.ConcludeResponse{})
		c.concluded = true
		c.due()
		return
	case *mms.ConcludeResponse, *mms.ConcludeError:
		c.concludeAnswered()
		return
	}
	deliver, reply := c.machine.Receive(p, struct{}{})
	if r, ok := p.(*mms.CancelRequest); ok && c.cancel(r.InvokeID) {
		deliver = false
	}
	if deliver {
		c.deliver(p)
	}
	if reply != nil {
		c.answer(reply)
	}
	c.concludeWhenQuiet()
}

func (c *conn) deliver(p mms.PDU) {
	if c.head > 64 && c.head > len(c.queue)/2 { // it may never be empty
		n := copy(c.queue, c.queue[c.head:])
		clear(c.queue[n:])
		c.queue, c.head = c.queue[:n], 0
	}
	c.queue = append(c.queue, p)
}

// invalid answers a PDU that cannot be read: a request is rejected, an answer is told to whoever waits, and the third
// within a minute ends the association. part is what could be read.
func (c *conn) invalid(part mms.PDU) {
	if c.bad.out(time.Now()) {
		c.m.Abort()
		c.end(fmt.Errorf("%w: PDUs that cannot be read", mms.ErrProtocol))
		return
	}
	r := &mms.Reject{Reason: mms.RejectReason{Class: mms.RejectPDUError, Code: mms.RejectPDUInvalid}}
	r.InvokeID, r.HasInvokeID = mms.InvokeID(part)
	switch part.(type) {
	case *mms.ConfirmedResponse, *mms.ConfirmedError:
		if c.machine.Waits(r.InvokeID) {
			c.machine.Forget(r.InvokeID)
			r.Reason.Class = mms.RejectConfirmedResponse
			c.deliver(r)
		}
	default:
		c.answer(r)
	}
}

// strikes counts undecodable PDUs within a minute.
type strikes struct {
	n     int
	first time.Time
}

// out reports the third within a minute.
func (s *strikes) out(now time.Time) bool {
	if s.n == 0 || now.Sub(s.first) > time.Minute {
		s.n, s.first = 0, now
	}
	s.n++
	return s.n >= 3
}

// tick does what is due when a deadline of reading has passed: it may have been the association's, or somebody wanted to
// be woken.
func (c *conn) tick() {
	if c.err != nil {
		return
	}
	now := time.Now()
	c.armed = time.Time{}
	_ = c.nc.SetReadDeadline(c.armed)
	if ev := c.m.Tick(now); ev.Kind == osi.Ended {
		c.end(c.cause(named(ev.Err)))
	}
	if c.err == nil && !c.deadline.IsZero() && !now.Before(c.deadline) {
		c.m.Abort()
		c.end(c.cause(fmt.Errorf("%w: conclude", mms.ErrTimeout)))
	}
}

// cause is what an end means: once concluded, the rest is a matter of form.
func (c *conn) cause(err error) error {
	switch {
	case !c.concluded, errors.Is(err, mms.ErrProtocol), c.releasing && errors.Is(err, mms.ErrTimeout):
		return err
	}
	return mms.ErrReleased
}
