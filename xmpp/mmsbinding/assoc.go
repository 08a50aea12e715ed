package mmsbinding

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A conn is an association as package acsi sees it. It implements mms.Association.
type conn struct {
	e    *Endpoint
	a    *Assoc
	peer *model.Principal
	wake chan struct{} // capacity 1: something was queued
	done chan struct{}
	room chan struct{} // capacity 1: there may be room to send

	mu     sync.Mutex // taken after the endpoint's, never the other way round
	queue  fifo[mms.PDU]
	err    error
	unsent int // octets in the endpoint's queue; guarded by the endpoint's mutex
}

func newConn(e *Endpoint, a *Assoc) *conn {
	return &conn{e: e, a: a, peer: e.principal(a.Peer), wake: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{})}
}

// Send implements mms.Association. While more waits to be sent than Limits.Unsent it waits too, for Timeouts.Unsent.
func (c *conn) Send(p mms.PDU) error {
	payload, err := c.e.core.Encode(c.a, p)
	if err != nil {
		return err
	}
	if err = c.try(p, payload); !errors.Is(err, errNoRoom) {
		return err
	}
	timer := time.NewTimer(c.e.cfg.Timeouts.Unsent)
	defer timer.Stop()
	for errors.Is(err, errNoRoom) {
		select {
		case <-c.room:
			err = c.try(p, payload)
		case <-c.done:
			err = c.Err()
		case <-timer.C:
			err = mms.ErrTransport
		}
	}
	c.makeRoom() // for whoever waits beside us
	return err
}

// errNoRoom is why a PDU cannot be sent yet.
var errNoRoom = errors.New("mmsbinding: too much is unsent")

func (c *conn) try(p mms.PDU, payload []byte) error {
	return c.e.do(func() error {
		if err := c.Err(); err != nil {
			return err
		}
		if c.unsent > 0 && c.unsent+len(payload) > c.e.cfg.Limits.Unsent {
			return errNoRoom
		}
		return c.e.core.Send(c.a, p, payload, c.e.cfg.Now())
	})
}

// makeRoom wakes one who waits to send.
func (c *conn) makeRoom() {
	select {
	case c.room <- struct{}{}:
	default:
	}
}

// Recv implements mms.Association. What came before the end is given before its cause.
func (c *conn) Recv(ctx context.Context) (mms.PDU, error) {
	for {
		c.mu.Lock()
		if c.queue.len() > 0 {
			p := c.queue.first()
			c.queue.drop()
			c.mu.Unlock()
			return p, nil
		}
		err := c.err
		c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-c.wake:
		case <-c.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// put queues a PDU, or reports false when nobody has received for too long.
func (c *conn) put(p mms.PDU, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue.len() >= limit {
		return false
	}
	c.queue.put(p)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return true
}

// Peer implements mms.Association.
func (c *conn) Peer() *model.Principal { return c.peer }

// Params implements mms.Association.
func (c *conn) Params() mms.Params { return c.a.Params }

// Release implements mms.Association.
func (c *conn) Release(ctx context.Context) error {
	err := c.e.do(func() error {
		c.e.core.Release(c.a, c.e.cfg.Now())
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		c.Abort(ctx.Err())
		return ctx.Err()
	}
}

// Abort implements mms.Association.
func (c *conn) Abort(cause error) {
	if cause == nil {
		cause = mms.ErrAborted
	}
	_ = c.e.do(func() error { // it cannot fail
		c.e.core.Abort(c.a, cause, c.e.cfg.Now())
		return nil
	})
}

// Done implements mms.Association.
func (c *conn) Done() <-chan struct{} { return c.done }

// Err implements mms.Association.
func (c *conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *conn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.done)
	}
}
