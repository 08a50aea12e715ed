package server_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/server"
)

const domain = "grid.example"

// policyOf is the usual plant: devices and a centre.
func policyOf() server.Policy {
	return server.Policy{
		Accounts: []server.Account{
			{JID: "*@" + domain, Groups: []string{"der"}},
			{JID: "ems@" + domain, Groups: []string{"centre"}},
			{JID: "multi@" + domain, Groups: []string{"der"}, Resources: []string{"IEC", "b"}},
		},
		Rules: []server.Rule{
			{From: "@centre", To: "@der", Allow: []string{"iq", "message", "presence"}},
			{From: "@der", To: "@centre", Allow: []string{"message", "presence"}},
			{From: "*", To: "self", Allow: []string{"iq"}},
		},
	}
}

// router is a server under test with what it said.
type router struct {
	*server.Server
	t   testing.TB
	dir string // address of direct TLS
	clr string // address of STARTTLS

	mu     sync.Mutex
	events []server.Event
	change chan struct{}
	lis    *pipeListener // instead of addresses
}

func config(change func(*server.Config)) server.Config {
	tc, err := tlsprofile.Server{Certificate: site().server, ClientCAs: site().ca.pool, ALPN: []string{tlsprofile.ALPNClient}}.Config()
	must(err)
	cfg := server.Config{Domain: domain, TLS: tc, Policy: policyOf()}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// start runs a server on loopback.
func start(t testing.TB, change func(*server.Config)) *router {
	t.Helper()
	r := newRouter(t, change)
	for _, m := range []server.Mode{server.Direct, server.StartTLS} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if m == server.Direct {
			r.dir = ln.Addr().String()
		} else {
			r.clr = ln.Addr().String()
		}
		go r.serve(ln, m)
	}
	return r
}

// startPipe runs a server on in-memory connections, for virtual time.
func startPipe(t testing.TB, change func(*server.Config)) *router {
	t.Helper()
	r := newRouter(t, change)
	r.lis = &pipeListener{accept: make(chan net.Conn), closed: make(chan struct{})}
	go r.serve(r.lis, server.Direct)
	return r
}

func (r *router) serve(ln net.Listener, m server.Mode) {
	if err := r.Serve(context.Background(), ln, m); !errors.Is(err, server.ErrShutdown) {
		r.t.Errorf("serve: %v", err)
	}
}

func newRouter(t testing.TB, change func(*server.Config)) *router {
	t.Helper()
	r := &router{t: t, change: make(chan struct{})}
	s, err := server.New(config(func(c *server.Config) {
		c.Events = r.note
		if change != nil {
			change(c)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return r
}

func (r *router) note(e server.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	close(r.change)
	r.change = make(chan struct{})
}

// await returns the first event of a kind (and reason, unless empty), waiting for it.
func (r *router) await(kind server.EventKind, reason string) server.Event {
	r.t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		r.mu.Lock()
		for _, e := range r.events {
			if e.Kind == kind && (reason == "" || e.Reason == reason) {
				r.mu.Unlock()
				return e
			}
		}
		seen, change := r.events, r.change
		r.mu.Unlock()
		select {
		case <-change:
		case <-limit.C:
			for _, e := range seen {
				r.t.Logf("%v %v %q %v", e.Kind, e.JID, e.Reason, e.Err)
			}
			r.t.Fatalf("no event %v %q", kind, reason)
		}
	}
}

type pipeListener struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
