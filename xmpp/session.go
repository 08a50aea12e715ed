package xmpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// link is one connection, from dialling to its end. Its methods run in Run's goroutine, except writer.
type link struct {
	c      *Client
	ctx    context.Context
	conn   net.Conn
	host   host
	m      *stream.Machine
	buf    [4096]byte
	up     bool
	stop   atomic.Bool // ctx has ended
	done   chan struct{}
	writes chan struct{} // closed when the writer has ended; nil before it starts

	heard  time.Time // when something was received last
	pinged time.Time // when the ping that is open was sent; zero = none
	pingID string
}

// connect dials, negotiates and serves until the link ends, and says why it ended.
func (c *Client) connect(ctx context.Context) error {
	conn, h, err := c.dial(ctx)
	if err != nil {
		return err
	}
	l := &link{c: c, ctx: ctx, conn: conn, host: h, done: make(chan struct{})}
	stopAfter := context.AfterFunc(ctx, func() {
		l.stop.Store(true)
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // wakes the reader
	})
	defer stopAfter()
	err = l.serve()
	close(l.done)
	if l.writes != nil {
		t := time.AfterFunc(closeTimeout, func() { _ = conn.Close() }) // the writer may hang in a dead connection
		<-l.writes
		t.Stop()
	}
	_ = l.conn.Close()
	l.ended(err)
	return err
}

// serve runs the stream to its end.
func (l *link) serve() error {
	c := l.c
	if l.host.direct {
		if err := l.startTLS(true); err != nil {
			return err
		}
	}
	cfg := stream.ClientConfig{JID: c.cfg.JID, Resource: c.cfg.Resource, DirectTLS: l.host.direct, Mechanisms: c.cfg.Mechanisms(), NoSM: c.cfg.NoResume, SMMax: c.cfg.ResumeMax, Limit: c.cfg.Limit}
	if c.session != "" {
		cfg.Resume = &stream.Resume{ID: c.session, H: c.handled}
	}
	l.m = stream.NewClient(cfg, time.Now())
	if l.host.direct {
		l.m.TLSDone(time.Now())
	}
	l.heard = time.Now()
	for {
		if err := l.flush(); err != nil {
			return err
		}
		n, err := l.read()
		if n > 0 {
			l.heard = time.Now()
			if err := l.input(l.buf[:n]); err != nil {
				return err
			}
		}
		if err == nil {
			continue
		}
		if l.stop.Load() {
			return l.finish()
		}
		if !isTimeout(err) {
			return fmt.Errorf("xmpp: connection: %w", err)
		}
		if err := l.timers(time.Now()); err != nil {
			return err
		}
	}
}

// read waits for bytes or for the next deadline.
func (l *link) read() (int, error) {
	if err := l.conn.SetReadDeadline(l.deadline()); err != nil {
		return 0, err
	}
	if l.stop.Load() { // after the deadline was set, so that the wake-up is not overwritten
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	}
	return l.conn.Read(l.buf[:])
}

// deadline returns when timers has something to do.
func (l *link) deadline() time.Time {
	d := l.m.Deadline()
	if !l.up {
		return d
	}
	p := l.heard.Add(l.c.cfg.PingAfter)
	if !l.pinged.IsZero() {
		p = l.pinged.Add(l.c.cfg.PingTimeout)
	}
	if d.IsZero() || p.Before(d) {
		d = p
	}
	return d
}

// timers does what is due: it pings a silent server and gives up one that does not answer.
func (l *link) timers(now time.Time) error {
	if err := l.m.Tick(now); err != nil {
		return errors.Join(err, l.flush())
	}
	switch {
	case !l.up || now.Before(l.deadline()):
	case l.pinged.IsZero():
		l.pinged, l.pingID = now, stanza.NewID()
		return l.c.Send(&stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, ID: l.pingID, To: l.c.full.DomainJID(), Payload: []byte("<ping xmlns='" + NSPing + "'/>")})
	default:
		return ErrPing
	}
	return nil
}

// input feeds the machine and handles its events.
func (l *link) input(b []byte) error {
	l.pinged = time.Time{} // any byte shows that the server is there
	l.m.Feed(b, time.Now())
	for {
		ev, err := l.m.Next()
		if err != nil {
			return errors.Join(err, l.flush())
		}
		if ev.Kind == stream.None {
			return nil
		}
		if err := l.event(ev); err != nil {
			return err
		}
	}
}

// flush writes what the machine says: directly while it negotiates, by way of the writer afterwards.
func (l *link) flush() error {
	b := l.m.Output()
	if len(b) == 0 {
		return nil
	}
	if l.up {
		return l.c.write(b)
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.c.cfg.WriteTimeout)); err != nil {
		return err
	}
	if _, err := l.conn.Write(b); err != nil {
		return l.alert(err)
	}
	return nil
}

// startTLS runs the handshake and puts TLS between us and the connection.
func (l *link) startTLS(direct bool) error {
	t := tls.Client(l.conn, l.c.tlsConfig(direct))
	ctx, cancel := context.WithTimeout(l.ctx, stream.AuthTimeout)
	defer cancel()
	if err := l.conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("xmpp: TLS with %s: %w", l.host.addr, err)
	}
	l.conn = t
	return nil
}
