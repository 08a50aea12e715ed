package xmpp

import (
	"net"
	"time"

	"github.com/gridward/gridward/xmpp/sm"
)

// writer is the one goroutine that writes to a connection that is up. It also asks for acknowledgements in time.
func (l *link) writer(conn net.Conn) {
	defer close(l.writes)
	c := l.c
	var spare []byte
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	ending := false
	for {
		c.mu.Lock()
		now := time.Now()
		if c.managed && c.state == stateUp && c.queue.Due(now) {
			c.out = sm.Element{Kind: sm.Request}.Append(c.out)
			c.queue.Asked()
		}
		b := c.out
		c.out = spare[:0]
		wait := time.Hour
		if d := c.queue.Deadline(); c.managed && !d.IsZero() {
			wait = max(d.Sub(now), time.Millisecond)
		}
		c.mu.Unlock()
		if len(b) > 0 {
			err := conn.SetWriteDeadline(now.Add(c.cfg.WriteTimeout))
			if err == nil {
				_, err = conn.Write(b)
			}
			if err != nil {
				_ = conn.Close() // the reader notices
				return
			}
		}
		if spare = b; cap(spare) > 16<<10 {
			spare = nil
		}
		if len(b) > 0 {
			continue
		}
		if ending {
			return
		}
		timer.Reset(wait)
		select {
		case <-c.wake:
		case <-timer.C:
		case <-l.done:
			ending = true // after what is queued
		}
	}
}
