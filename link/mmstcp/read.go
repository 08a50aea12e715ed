package mmstcp

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
)

// read takes what comes until the end, and closes the connection then.
func (c *conn) read() {
	for c.receive() {
		switch err := c.r.fill(); {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.tick()
		default:
			c.lost(err)
		}
	}
	<-c.written
	_ = c.nc.SetDeadline(time.Time{})
	linger(c.nc)
}

// receive gives what has come to the machine. It reports false after the end.
func (c *conn) receive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil {
		n, ev := c.m.Receive(c.r.octets(), time.Time{})
		switch ev.Kind {
		case osi.None:
			c.r.take(n)
			return true
		case osi.Received:
			if ev.Syntax != 0 {
				c.m.Abort()
				c.end(fmt.Errorf("%w: data that is not MMS", mms.ErrProtocol))
				return false
			}
			c.pdu(ev.PDU)
			c.pause()
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
	return false
}

// pause stops reading while the user has too much to receive yet.
func (c *conn) pause() {
	for c.err == nil && len(c.queue)-c.head >= c.cfg.Queue {
		c.mu.Unlock()
		select {
		case <-c.taken:
		case <-c.done:
		}
		c.mu.Lock()
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
	if deliver {
		c.deliver(p)
	}
	if reply != nil {
		c.answer(reply)
	}
	c.concludeWhenQuiet()
}

func (c *conn) deliver(p mms.PDU) {
	c.queue = append(c.queue, p)
	signal(c.wake)
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

// tick does what is due.
func (c *conn) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if ev := c.m.Tick(now); ev.Kind == osi.Ended {
		c.end(c.cause(named(ev.Err)))
	}
	if c.err == nil && !c.deadline.IsZero() && !now.Before(c.deadline) {
		c.m.Abort()
		c.end(c.cause(fmt.Errorf("%w: conclude", mms.ErrTimeout)))
	}
}

// lost is the end of the connection.
func (c *conn) lost(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(c.cause(fmt.Errorf("%w: %w", mms.ErrLinkLost, err)))
}

// cause is what an end means: once concluded, the rest is a matter of form.
func (c *conn) cause(err error) error {
	switch {
	case !c.concluded, errors.Is(err, mms.ErrProtocol), c.releasing && errors.Is(err, mms.ErrTimeout):
		return err
	}
	return mms.ErrReleased
}
