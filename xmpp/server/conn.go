package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stream"
)

// A conn is one TCP connection with its stream. Its reader goroutine owns it; others append to its output, and the
// sweeper and whoever ends it look in under mu. Locks are taken in the order conn.mu, session.mu, conn.wmu.
type conn struct {
	srv      *Server
	mode     Mode
	nc       *asyncConn
	tls      *tls.Conn // set before the session is bound
	ip       netip.Addr
	accepted time.Time
	begun    time.Time     // the TLS handshake; guarded by handshakes.mu
	stop     chan struct{} // closed when the connection is to end
	one      [1]byte

	mu      sync.Mutex
	m       *stream.Machine
	sess    *session
	cert    *x509.Certificate
	acc     *compiledAccount
	authed  bool
	dead    bool // the reader must not handle anything more
	lost    bool // the link failed: a managed session waits to be resumed
	told    bool // our stream error is on its way
	slowed  bool // the reader waits because the peer sends too fast
	lastIn  time.Time
	pinged  time.Time // when the ping that waits for an answer was sent
	probe   chan struct{}
	stanzas bucket
	octets  bucket

	wmu sync.Mutex
	buf *[]byte // written by append, not yet sealed
}

func newConn(s *Server, nc net.Conn, ip netip.Addr, mode Mode, now time.Time) *conn {
	return &conn{
		srv: s, mode: mode, nc: newAsyncConn(nc, s.cfg.Limits.OutBuffer, s.cfg.Limits.WriteTimeout), ip: ip, accepted: now,
		stop: make(chan struct{}), m: stream.NewServer(s.streams[mode], now), lastIn: now,
	}
}

// work is what a reader needs while it handles what it has read; an idle connection has none.
type work struct {
	buf [16384]byte
	out batch
}

var works = sync.Pool{New: func() any { return new(work) }}

// serve reads until the connection ends. It runs in a goroutine of its own, begun after the handshake, so that the deep
// stack of the handshake is not kept.
func (c *conn) serve() {
	defer c.finish()
	for {
		n, err := c.read()
		if n < 0 || err != nil {
			c.readFailed(err)
			return
		}
	}
}

// read reads once and handles it. An idle connection waits with one octet of buffer.
func (c *conn) read() (int, error) {
	c.mu.Lock()
	idle, authed := c.m.Deadline().IsZero(), c.authed
	c.mu.Unlock()
	n := 0
	if !authed {
		return c.readEarly()
	}
	if idle {
		if _, err := c.tls.Read(c.one[:]); err != nil {
			return 0, err
		}
		n = 1
	}
	w, _ := works.Get().(*work)
	defer works.Put(w)
	w.buf[0] = c.one[0]
	var err error
	if n == 0 || w.buf[0] == '<' { // an element has begun: the rest of the record is here or on its way
		var more int
		more, err = c.tls.Read(w.buf[n:])
		n += more
	}
	if n == 0 {
		return 0, err
	}
	wait, ok := c.process(w, w.buf[:n])
	if !ok {
		return -1, nil
	}
	if wait > 0 {
		c.throttle(wait)
	}
	return n, err
}

// readEarly reads of a peer that has not logged in: it gets little memory, for as long as it likes to hold it.
func (c *conn) readEarly() (int, error) {
	buf := make([]byte, 1024)
	n, err := c.tls.Read(buf)
	if n > 0 {
		w, _ := works.Get().(*work)
		defer works.Put(w)
		if _, ok := c.process(w, buf[:n]); !ok {
			return -1, nil
		}
	}
	return n, err
}

// throttle makes a sender that is too fast wait before it is read again.
func (c *conn) throttle(wait time.Duration) {
	if wait > 100*time.Millisecond {
		c.srv.emit(Event{Kind: Throttled, Remote: c.ip, JID: c.fullJID()})
	}
	c.mu.Lock()
	c.slowed = true
	c.mu.Unlock()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.stop:
	}
	c.mu.Lock()
	c.slowed = false
	c.mu.Unlock()
}

// process handles what was read and sends what came of it. It returns how long to wait before the next read, and whether
// there is to be one.
func (c *conn) process(w *work, p []byte) (time.Duration, bool) {
	start := time.Now()
	now := c.srv.cfg.Now()
	c.srv.count.bytesIn.Add(uint64(len(p)))
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return 0, false
	}
	c.lastIn, c.pinged = now, time.Time{}
	if c.probe != nil {
		close(c.probe)
		c.probe = nil
	}
	c.m.Feed(p, now)
	n := 0
	for {
		ev, err := c.m.Next()
		if err != nil {
			c.streamEnded(err)
			break
		}
		if ev.Kind == stream.None {
			break
		}
		n++
		c.handle(ev, w, now)
		if c.dead {
			break
		}
	}
	c.append(c.m.Output())
	dead := c.dead
	l := &c.srv.cfg.Limits
	weight := 1.0
	if c.sess != nil {
		weight = float64(c.sess.weight())
	}
	wait := max(c.stanzas.take(float64(n), weight*l.StanzaRate, weight*l.StanzaBurst, now),
		c.octets.take(float64(len(p)), weight*l.ByteRate, weight*l.ByteBurst, now))
	if !c.authed {
		wait = 0
	}
	c.mu.Unlock()
	w.out.flush()
	c.flush()
	if n > 0 {
		c.srv.count.route.observe(time.Since(start))
	}
	return wait, !dead
}

// append adds octets to what is to be sent.
func (c *conn) append(b []byte) {
	if len(b) == 0 {
		return
	}
	c.wmu.Lock()
	c.grow()
	*c.buf = append(*c.buf, b...)
	c.wmu.Unlock()
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// grow makes sure that there is a buffer. The caller holds wmu.
func (c *conn) grow() {
	if c.buf == nil {
		c.buf, _ = buffers.Get().(*[]byte)
	}
}

// flush seals and sends what has been appended.
func (c *conn) flush() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.buf == nil {
		return
	}
	b := c.buf
	c.buf = nil
	var err error
	if c.tls != nil {
		_, err = c.tls.Write(*b)
	} else {
		_, err = c.nc.Write(*b)
	}
	c.srv.count.bytesOut.Add(uint64(len(*b)))
	if cap(*b) <= 64<<10 {
		*b = (*b)[:0]
		buffers.Put(b)
	}
	if err != nil {
		go c.writeFailed(err)
	}
}

// writeFailed ends a connection that cannot be written to.
func (c *conn) writeFailed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return
	}
	if errors.Is(err, errOverflow) {
		c.srv.emit(Event{Kind: Overflow, Remote: c.ip, JID: c.bound()})
		c.srv.count.streamErrors.add(stream.PolicyViolation)
	} else {
		c.lost = true
	}
	c.kill()
}

// readFailed notes why reading ended.
func (c *conn) readFailed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dead && err != nil {
		c.lost = true
	}
	c.kill()
}

// kill makes the reader stop. The caller holds mu.
func (c *conn) kill() {
	if c.dead {
		return
	}
	c.dead = true
	close(c.stop)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}

// fail ends the stream with a stream error.
func (c *conn) fail(cond, text string) {
	c.mu.Lock()
	if !c.dead {
		c.streamEnded(c.m.Fail(cond, text))
		c.append(c.m.Output())
	}
	c.mu.Unlock()
	c.flush()
}

// streamEnded notes the end of the stream, by whatever side, and stops the reader. The caller holds mu and sends Output.
func (c *conn) streamEnded(err error) {
	if c.dead {
		return
	}
	var se *stream.Error
	if errors.As(err, &se) && !se.Remote {
		c.told = true
		c.srv.count.streamErrors.add(se.Cond)
		if se.Rule != 0 {
			c.srv.count.xmlRules.add(se.Rule.String())
		}
		c.srv.emit(Event{Kind: StreamError, Remote: c.ip, JID: c.bound(), Reason: se.Cond, Err: err})
		if !c.authed && se.Cond != stream.SystemShutdown {
			c.loginFailed(reasonOf(se), err)
		}
	}
	c.kill()
}

func (c *conn) fullJID() (j jid.JID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bound()
}

// finish closes the connection and lets go of its session.
func (c *conn) finish() {
	c.flush()
	c.mu.Lock()
	sess, lost, told, authed := c.sess, c.lost, c.told, c.authed
	c.sess = nil
	h := c.m.Handled()
	c.mu.Unlock()
	if sess != nil {
		c.srv.letGo(sess, c, h, lost)
	}
	if !authed {
		c.srv.ips.leave(c.ip)
	}
	if sess == nil {
		c.srv.count.conns.Add(-1)
	}
	c.farewell(told)
	c.srv.mu.Lock()
	delete(c.srv.conns, c)
	c.srv.mu.Unlock()
	c.srv.live.Done()
}

// lingering bounds what is read of a peer that has been told an error, so that it gets to read it: closing a socket
// with unread input resets the connection, and with it what was on its way.
const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

func (c *conn) farewell(told bool) {
	if c.tls != nil {
		_ = c.tls.CloseWrite()
	}
	c.nc.flushed(lingerTime)
	if cw, ok := c.nc.Conn.(interface{ CloseWrite() error }); ok && told && cw.CloseWrite() == nil {
		_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime))
		for n, buf := 0, make([]byte, 2048); n < lingerBytes; {
			k, err := c.nc.Conn.Read(buf)
			if n += k; err != nil {
				break
			}
		}
	}
	_ = c.nc.Close()
}
