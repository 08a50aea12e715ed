package xmpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// errStreamEnd is the server ending the stream without an error.
var errStreamEnd = errors.New("xmpp: server ended the stream")

// closeTimeout is how long the end of the stream is waited for.
const closeTimeout = 2 * time.Second

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
		l.c.write(b)
		return nil
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.c.cfg.WriteTimeout)); err != nil {
		return err
	}
	if _, err := l.conn.Write(b); err != nil {
		return l.alert(err)
	}
	return nil
}

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

// event handles an event of the machine.
func (l *link) event(ev stream.Event) error {
	c := l.c
	switch ev.Kind {
	case stream.StartTLS:
		if err := l.flush(); err != nil {
			return err
		}
		if err := l.startTLS(false); err != nil {
			return err
		}
		l.m.TLSDone(time.Now())
	case stream.ResumeFailed:
		c.lose(ErrLost)
	case stream.Ready:
		return l.ready(ev)
	case stream.Enabled:
		if ev.Resume {
			c.session, c.pause = ev.ID, c.cfg.ResumeMax
			if ev.Max > 0 && ev.Max < c.pause {
				c.pause = ev.Max
			}
		}
	case stream.EnableFailed:
		c.mu.Lock()
		c.managed = false
		c.queue.Drop(nil)
		c.mu.Unlock()
	case stream.AckRequest:
		c.write(l.m.SMAck().Append(nil))
	case stream.Ack:
		c.mu.Lock()
		err := c.queue.Ack(ev.H)
		c.mu.Unlock()
		if err != nil {
			return errors.Join(l.m.FailAck(), l.flush())
		}
	case stream.StanzaIn:
		l.stanza(ev.Stanza)
	case stream.BadStanza:
		l.badStanza(ev)
	case stream.Closed:
		return errors.Join(errStreamEnd, l.flush())
	}
	return nil
}

func (l *link) stanza(s *stanza.Stanza) {
	c := l.c
	c.mu.Lock()
	c.stats.In++
	c.mu.Unlock()
	if l.pingID != "" && s.IsResponse() && s.ID == l.pingID {
		l.pingID = ""
		return
	}
	c.dispatch(s.Clone())
}

// badStanza answers a request whose form is wrong and ignores everything else that is.
func (l *link) badStanza(ev stream.Event) {
	c := l.c
	c.mu.Lock()
	c.stats.BadStanzas++
	c.mu.Unlock()
	var pe *stanza.ParseError
	if s := ev.Stanza; errors.As(ev.Err, &pe) && s.IsRequest() && s.ID != "" {
		r := s.ErrorReply(stanza.NewError(pe.Cond, ""))
		r.From = jid.JID{} // the server writes it
		_ = c.Send(r)
	}
}

// ready starts the writer and opens the gate for Send.
func (l *link) ready(ev stream.Event) error {
	c := l.c
	now := time.Now()
	l.up = true
	c.upSince = now
	first := l.m.Output()
	c.expireRequests(now) // dialling may have taken long
	c.mu.Lock()
	c.out = append(c.out[:0], first...)
	var err error
	if ev.Resumed {
		c.out, err = c.queue.Resume(c.out, ev.H, now)
		c.stats.Resumes++
	} else {
		c.queue.Drop(nil)
		c.stats.Connects++
	}
	c.managed = ev.Managed
	c.state = stateUp
	c.mu.Unlock()
	c.deadline = time.Time{}
	if !ev.Resumed {
		c.session = ""
	}
	l.writes = make(chan struct{})
	go l.writer(l.conn)
	c.wakeWriter()
	if err != nil {
		return errors.Join(l.m.FailAck(), l.flush())
	}
	if !ev.Resumed {
		c.announce()
	}
	c.cfg.Handler.HandleEvent(Up{JID: ev.JID, Resumed: ev.Resumed, Host: l.host.String()})
	return nil
}

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
