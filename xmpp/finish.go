package xmpp

import (
	"errors"
	"time"

	"github.com/gridward/gridward/xmpp/stream"
)

// errStreamEnd is the server ending the stream without an error.
var errStreamEnd = errors.New("xmpp: server ended the stream")

// closeTimeout is how long the end of the stream is waited for.
const closeTimeout = 2 * time.Second

// alert looks for the reason why the server closed the connection before it took what was written: with TLS 1.3 it
// refuses our certificate after our handshake is done.
func (l *link) alert(err error) error {
	if l.conn.SetReadDeadline(time.Now().Add(time.Second)) != nil {
		return err
	}
	if _, rerr := l.conn.Read(l.buf[:]); rerr != nil && isRefusal(rerr) {
		return rerr
	}
	return err
}

// finish ends the stream in order, because ctx has ended.
func (l *link) finish() error {
	l.m.Close()
	if err := l.flush(); err != nil {
		return l.ctx.Err()
	}
	end := time.Now().Add(closeTimeout)
	for {
		if err := l.conn.SetReadDeadline(end); err != nil {
			return l.ctx.Err()
		}
		n, err := l.conn.Read(l.buf[:])
		if err != nil {
			return l.ctx.Err()
		}
		l.m.Feed(l.buf[:n], time.Now())
		for {
			ev, err := l.m.Next()
			if err != nil || ev.Kind == stream.Closed {
				return l.ctx.Err()
			}
			if ev.Kind == stream.None {
				break
			}
		}
	}
}

// ended settles what becomes of the session.
func (l *link) ended(err error) {
	c := l.c
	if l.up {
		c.mu.Lock()
		c.stats.Losses++
		c.mu.Unlock()
		c.handled = l.m.Handled()
	}
	resumable := c.session != "" && l.ctx.Err() == nil && !endsSession(err)
	now := time.Now()
	if resumable && c.deadline.IsZero() {
		c.deadline = now.Add(c.pause)
	}
	c.mu.Lock()
	if resumable {
		c.state = stateDetached
		c.out = nil
		c.queue.Detach(now)
	}
	c.mu.Unlock()
	if l.up {
		c.cfg.Handler.HandleEvent(Down{Err: err, Resumable: resumable})
	}
	if !resumable {
		c.lose(err)
	}
}

// endsSession reports whether the server has ended the session together with the stream.
func endsSession(err error) bool {
	var se *stream.Error
	return errors.As(err, &se) || errors.Is(err, errStreamEnd)
}
