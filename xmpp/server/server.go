package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stream"
)

// Mode says when TLS begins on the connections of a listener.
type Mode string

// The modes.
const (
	StartTLS Mode = "starttls" // after a stream in the clear that allows nothing else (RFC 6120 clause 5)
	Direct   Mode = "direct"   // with the first byte (XEP-0368)
)

// ErrShutdown is returned by Serve after Shutdown.
var ErrShutdown = errors.New("server: shut down")

// A Server routes stanzas between the sessions of one domain.
type Server struct {
	cfg     Config
	domain  jid.JID
	pol     atomic.Pointer[policy]
	tls     atomic.Pointer[tls.Config]
	streams map[Mode]*stream.ServerConfig
	count   counters
	ips     addresses
	clones  clones
	shakes  handshakes
	reg     registry

	mu        sync.Mutex
	conns     map[*conn]struct{}
	listeners map[net.Listener]struct{}
	down      bool
	live      sync.WaitGroup // connections
	stop      chan struct{}
	swept     chan struct{}
}

// New returns a server that does not serve yet; end it with Shutdown even if it never does.
func New(cfg Config) (*Server, error) {
	if err := cfg.prepare(); err != nil {
		return nil, err
	}
	pol, err := compile(cfg.Domain, cfg.Policy)
	if err != nil {
		return nil, err
	}
	l := &cfg.Limits
	s := &Server{
		cfg: cfg, domain: jid.MustParse(cfg.Domain), streams: map[Mode]*stream.ServerConfig{},
		ips:   addresses{unauth: l.UnauthPerIP, failures: l.LoginFailures, block: l.BlockTime},
		conns: map[*conn]struct{}{}, listeners: map[net.Listener]struct{}{},
		stop: make(chan struct{}), swept: make(chan struct{}),
	}
	s.ips.init()
	s.shakes.limit = l.Handshakes
	s.reg.init()
	s.pol.Store(pol)
	s.tls.Store(cfg.TLS)
	for _, m := range []Mode{StartTLS, Direct} {
		s.streams[m] = &stream.ServerConfig{
			Domains: []string{cfg.Domain}, DirectTLS: m == Direct, LimitPreAuth: l.StanzaPreAuth, Limit: l.Stanza,
			AuthTimeout: l.AuthTimeout, BindTimeout: l.BindTimeout, StanzaTimeout: l.StanzaTimeout,
		}
	}
	go s.sweeper()
	return s, nil
}

// Serve accepts connections until ctx ends, Shutdown is called or the listener fails, and closes the listener. Sessions
// that it has accepted live on until Shutdown.
func (s *Server) Serve(ctx context.Context, ln net.Listener, mode Mode) error {
	if s.streams[mode] == nil {
		return errors.Join(ErrConfig, errors.New("server: unknown mode "+string(mode)), ln.Close())
	}
	s.mu.Lock()
	if s.down {
		s.mu.Unlock()
		return errors.Join(ErrShutdown, ln.Close())
	}
	s.listeners[ln] = struct{}{}
	s.mu.Unlock()
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	defer func() {
		_ = ln.Close()
		s.mu.Lock()
		delete(s.listeners, ln)
		s.mu.Unlock()
	}()
	var pause time.Duration
	for {
		nc, err := ln.Accept()
		if err == nil {
			pause = 0
			s.accept(nc, mode)
			continue
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.isDown():
			return ErrShutdown
		case errors.Is(err, net.ErrClosed):
			return err
		}
		// Out of file descriptors, or the like: those that are there go on, new ones wait.
		s.reject("accept-error", nc)
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		select {
		case <-time.After(pause):
		case <-s.stop:
		}
	}
}

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// accept takes one connection in, or closes it at once.
func (s *Server) accept(nc net.Conn, mode Mode) {
	ip, now := key(nc.RemoteAddr()), s.cfg.Now()
	if reason := s.ips.enter(ip, now); reason != "" {
		s.reject(reason, nc)
		return
	}
	c := newConn(s, nc, ip, mode, now)
	s.mu.Lock()
	if s.down || len(s.conns) >= s.cfg.Limits.Sessions {
		s.mu.Unlock()
		s.ips.leave(ip)
		s.reject("sessions", nc)
		return
	}
	s.conns[c] = struct{}{}
	s.live.Add(1)
	s.mu.Unlock()
	s.count.conns.Add(1)
	go c.negotiate()
}

func (s *Server) reject(reason string, nc net.Conn) {
	s.count.rejected.add(reason)
	e := Event{Kind: Rejected, Reason: reason}
	if nc != nil {
		e.Remote = key(nc.RemoteAddr())
		_ = nc.Close()
	}
	s.emit(e)
}

// Reload replaces the policy. Rules hold from the next stanza; live sessions whose account is gone or denied are ended. On
// error nothing has changed.
func (s *Server) Reload(p Policy) error {
	pol, err := compile(s.cfg.Domain, p)
	if err != nil {
		return err
	}
	s.pol.Store(pol)
	for _, sess := range s.reg.all() {
		s.restand(sess, pol)
	}
	s.emit(Event{Kind: PolicyReloaded})
	return nil
}

// SetTLS replaces the server's certificate and the authorities of clients for connections that come from now on. Live
// sessions go on; see Reload to end some of them.
func (s *Server) SetTLS(c *tls.Config) error {
	if err := checkTLS(c); err != nil {
		return err
	}
	s.tls.Store(c)
	return nil
}

// restand applies a new policy to a session: it ends the session or says what it may do from now on.
func (s *Server) restand(sess *session, pol *policy) {
	sess.mu.Lock()
	cert := sess.cert
	sess.mu.Unlock()
	acc, reason := pol.admit(sess.bare, cert)
	if reason == "" {
		s.reg.reclass(sess, &standing{pol: pol, acc: acc, class: pol.classes.of(sess.bare, acc)})
		return
	}
	s.emit(Event{Kind: AccessRevoked, JID: sess.full, Reason: reason})
	s.endSession(sess, "revoked", stream.PolicyViolation)
}

// Shutdown closes the listeners, ends every stream with system-shutdown and waits until the last is gone or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first := !s.down
	s.down = true
	for ln := range s.listeners {
		_ = ln.Close()
	}
	conns := s.connections()
	s.mu.Unlock()
	if first {
		close(s.stop)
	}
	for _, c := range conns {
		c.fail(stream.SystemShutdown, "")
	}
	done := make(chan struct{})
	go func() {
		s.live.Wait()
		<-s.swept
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		for _, c := range s.connections() {
			_ = c.nc.Close()
		}
		s.mu.Unlock()
		return ctx.Err()
	}
}

// connections returns all connections; the caller holds mu.
func (s *Server) connections() []*conn {
	out := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		out = append(out, c)
	}
	return out
}
