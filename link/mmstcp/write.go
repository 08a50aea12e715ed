package mmstcp

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/mms"
)

// write sends what is queued: all that has come together meanwhile in one call.
func (c *conn) write() {
	defer close(c.written)
	var spare []byte
	var until time.Time
	for {
		c.mu.Lock()
		out, ended := c.out, c.err != nil
		c.writing = len(out)
		switch {
		case len(out) > 0:
			c.out = spare[:0]
		case cap(out) > roomKept:
			c.out = nil
		}
		c.room.Broadcast()
		c.mu.Unlock()
		if len(out) == 0 {
			if ended {
				return
			}
			<-c.flush
			continue
		}
		limit := c.cfg.WriteTimeout
		if ended {
			limit = min(limit, time.Second)
		}
		// The deadline is set anew once a second at most: it costs more than a small write.
		if now := time.Now(); ended || until.Sub(now) < limit {
			until = now.Add(limit + time.Second)
			if err := c.nc.SetWriteDeadline(until); err != nil {
				c.unsent(err)
				return
			}
		}
		if _, err := c.nc.Write(out); err != nil {
			c.unsent(err)
			return
		}
		if spare = out; cap(spare) > roomKept {
			spare = nil
		}
	}
}

// unsent ends with what kept us from sending.
func (c *conn) unsent(err error) {
	cause := mms.ErrLinkLost
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		cause = mms.ErrTransport
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = nil
	c.end(fmt.Errorf("%w: %w", cause, err))
}
