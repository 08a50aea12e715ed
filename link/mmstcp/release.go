package mmstcp

import (
	"context"
	"errors"
	"time"

	"github.com/gridward/gridward/mms"
)

// Release implements mms.Association: it concludes as soon as our own requests are answered, and releases then.
func (c *conn) Release(ctx context.Context) error {
	if err := c.release(ctx); err != nil {
		c.Abort(err)
		return err
	}
	if err := c.Err(); !errors.Is(err, mms.ErrReleased) {
		return err
	}
	return nil
}

// release reads, unless somebody else does, until the end. The error is that of ctx.
func (c *conn) release(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && !c.releasing {
		c.releasing = true
		c.concludeWhenQuiet()
		c.flush()
	}
	for done := ctx.Done(); c.err == nil; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if full := len(c.queue)-c.head >= c.cfg.Queue; !c.reading && !full {
			c.bind(ctx, done)
			c.until = time.Time{}
			c.read()
			continue
		}
		c.mu.Unlock()
		select {
		case <-c.taken:
		case <-c.done:
		case <-done:
		}
		c.mu.Lock()
	}
	return nil
}

func (c *conn) concludeWhenQuiet() {
	if !c.releasing || c.concluded || c.err != nil {
		return
	}
	if out, _ := c.machine.Outstanding(); out > 0 {
		return
	}
	c.concluded = true
	c.answer(&mms.ConcludeRequest{})
	c.due()
}

// due gives what follows a conclude its time.
func (c *conn) due() {
	c.deadline = time.Now().Add(c.cfg.Conclude)
	c.arm()
}

// concludeAnswered goes on with the release of the layers below.
func (c *conn) concludeAnswered() {
	if !c.releasing || !c.concluded {
		return
	}
	now := time.Now()
	if err := c.m.Release(now); err != nil {
		return // released by both at once
	}
	c.queued(c.m.Output())
	c.due()
}
