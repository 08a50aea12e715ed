package server

import (
	"crypto/tls"
	"errors"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stream"
)

// negotiate takes a new connection up to TLS and then hands it to serve. The sweeper ends it when it takes too long.
func (c *conn) negotiate() {
	if !c.startTLS() || !c.handshake() {
		c.finish()
		return
	}
	go c.serve()
}

// startTLS runs the stream in the clear, in which nothing but <starttls/> is understood. It returns false when the
// connection is to be closed.
func (c *conn) startTLS() bool {
	if c.mode == Direct {
		return true
	}
	buf := make([]byte, 1024)
	for {
		n, err := c.nc.Conn.Read(buf)
		if n > 0 {
			switch c.clear(buf[:n]) {
			case stepTLS:
				return true
			case stepEnd:
				return false
			}
		}
		if err != nil {
			c.readFailed(err)
			return false
		}
	}
}

type step uint8

const (
	stepMore step = iota
	stepTLS
	stepEnd
)

// clear handles what was read before TLS.
func (c *conn) clear(p []byte) step {
	now := c.srv.cfg.Now()
	c.mu.Lock()
	defer c.flush()
	defer c.mu.Unlock()
	defer func() { c.append(c.m.Output()) }()
	if c.dead {
		return stepEnd
	}
	c.m.Feed(p, now)
	for {
		ev, err := c.m.Next()
		switch {
		case err != nil:
			c.streamEnded(err)
			return stepEnd
		case ev.Kind == stream.StartTLS:
			return stepTLS
		case ev.Kind == stream.Closed:
			c.kill()
			return stepEnd
		case ev.Kind == stream.None:
			return stepMore
		}
	}
}

// handshake runs TLS and tells the stream which identities the certificate gives.
func (c *conn) handshake() bool {
	s := c.srv
	place, evicted := s.shakes.enter(c, s.cfg.Now())
	if place == nil {
		s.count.rejected.add("handshakes")
		s.emit(Event{Kind: Rejected, Remote: c.ip, Reason: "handshakes"})
		return false
	}
	if evicted != nil {
		evicted.giveUp()
	}
	s.count.handshakes.Add(1)
	conn := tls.Server(c.nc, s.tls.Load())
	err := conn.Handshake()
	s.count.handshakes.Add(-1)
	s.shakes.leave(place)
	now := s.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if !c.dead {
			c.loginFailed(tlsReason(err, now), err)
		}
		c.told = true // an alert is on its way
		c.kill()
		return false
	}
	state := conn.ConnectionState()
	c.cert = state.PeerCertificates[0]
	names, err := tlsprofile.XMPPAddrs(c.cert)
	if err != nil {
		c.loginFailed("malformed-certificate", err)
		c.kill()
		return false
	}
	var addrs []jid.JID
	for _, n := range names {
		if j, err := jid.Parse(n); err == nil && j.IsBare() { // what is no address is nobody's identity
			addrs = append(addrs, j)
		}
	}
	c.wmu.Lock()
	c.tls = conn
	c.wmu.Unlock()
	c.m.SetLookup(s.reg.lookup)
	c.m.TLSDone(now, sasl.External(s.cfg.Domain, addrs))
	return true
}

// giveUp ends a connection whose handshake has taken too long while others wait.
func (c *conn) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dead && !c.authed {
		c.loginFailed("slow-handshake", nil)
		c.kill()
	}
}

// tlsReason is a label for a failed handshake.
func tlsReason(err error, now time.Time) string {
	ref := tlsprofile.Refusal(err, now)
	var ne interface{ Timeout() bool }
	switch {
	case ref == nil && errors.As(err, &ne) && ne.Timeout():
		return "timeout"
	case ref == nil:
		return "tls"
	case ref.Remote:
		return "refused-by-peer"
	}
	for _, r := range []struct {
		err  error
		name string
	}{
		{tlsprofile.ErrNoCertificate, "no-certificate"},
		{tlsprofile.ErrOtherCA, "other-ca"},
		{tlsprofile.ErrExpired, "expired-certificate"},
		{tlsprofile.ErrNotYetValid, "certificate-not-yet-valid"},
		{tlsprofile.ErrWrongUsage, "certificate-usage"},
		{tlsprofile.ErrWeakKey, "weak-key"},
	} {
		if errors.Is(ref, r.err) {
			return r.name
		}
	}
	return "bad-certificate"
}

// reasonOf is a label for a stream that failed before it was authenticated.
func reasonOf(se *stream.Error) string {
	var f *sasl.Failure
	switch {
	case errors.As(se.Err, &f):
		return f.Cond
	case errors.Is(se.Err, stream.ErrInjection):
		return "starttls-injection"
	case errors.Is(se.Err, stream.ErrTimeout):
		return "timeout"
	}
	return se.Cond
}

// loginFailed counts a failure and blocks the address after too many.
func (c *conn) loginFailed(reason string, err error) {
	s := c.srv
	s.count.logins.add(reason)
	s.emit(Event{Kind: LoginFailed, Remote: c.ip, Reason: reason, Err: err})
	if s.ips.fail(c.ip, s.cfg.Now()) {
		s.emit(Event{Kind: AddressBlocked, Remote: c.ip})
	}
}
