package xmpp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stanza"
)

const (
	domain = "grid.example"
	ems    = "ems@" + domain
	der1   = "der1@" + domain
	der2   = "der2@" + domain
)

// A client is one of ours with what it was told, and a link that can be cut.
type client struct {
	*xmpp.Client
	t       *testing.T
	stanzas chan *stanza.Stanza
	events  chan xmpp.Event

	mu   sync.Mutex
	conn net.Conn
}

func (c *client) HandleStanza(st *stanza.Stanza) {
	if st.IsRequest() {
		if err := c.Send(st.Reply(st.Payload)); err != nil {
			c.t.Errorf("answer: %v", err)
		}
	}
	c.stanzas <- st
}

func (c *client) HandleEvent(ev xmpp.Event) { c.events <- ev }

// DialContext remembers the connection, so that it can be cut.
func (c *client) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	return conn, err
}

func (c *client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.Close()
}

func run(t *testing.T, name string, tc *tls.Config, host string, friends ...string) *client {
	t.Helper()
	c := &client{t: t, stanzas: make(chan *stanza.Stanza, 100), events: make(chan xmpp.Event, 100)}
	cfg := xmpp.Config{JID: jid.MustParse(name), TLS: tc, Hosts: []string{host}, Handler: c, Dialer: c, BackoffMin: 50 * time.Millisecond, Spread: -1}
	for _, f := range friends {
		cfg.Peers = append(cfg.Peers, jid.MustParse(f))
	}
	var err error
	if c.Client, err = xmpp.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return c
}

// up waits for the link.
func (c *client) up() xmpp.Up {
	c.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case ev := <-c.events:
			switch ev := ev.(type) {
			case xmpp.Up:
				return ev
			case xmpp.Retry:
				c.t.Logf("%v: %v", c.JID(), ev.Err)
			}
		case <-limit:
			c.t.Fatal("not online")
		}
	}
}

// await returns the first stanza that fits.
func (c *client) await(what string, fits func(*stanza.Stanza) bool) *stanza.Stanza {
	c.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case st := <-c.stanzas:
			if fits(st) {
				return st
			}
		case <-limit:
			c.t.Fatalf("no %s", what)
		}
	}
}

func presenceOf(who string) func(*stanza.Stanza) bool {
	return func(st *stanza.Stanza) bool {
		return st.Kind == stanza.Presence && st.Type == "" && st.From.Bare().String() == who
	}
}

func ask(t *testing.T, c *client, to jid.JID) (*stanza.Stanza, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return c.IQ(ctx, &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, To: to, Payload: []byte("<read xmlns='urn:gridward:61850-8-2:1'><a b='&lt;&apos;'>ü &amp; x</a></read>")})
}

// Our client through servers that are not ours: EXTERNAL, the resource IEC, presence of peers, requests both ways,
// resumption after the link was cut, over direct TLS and STARTTLS.
func TestThroughForeignServers(t *testing.T) {
	for name, start := range map[string]func(context.Context, string, peers.Site) (*peers.Server, error){
		"prosody": peers.StartProsody, "ejabberd": peers.StartEjabberd,
	} {
		t.Run(name, func(t *testing.T) {
			site, err := peers.MakeSite(t.TempDir(), domain, []string{ems}, []string{der1, der2})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
			defer cancel()
			s, err := start(ctx, "", site)
			if errors.Is(err, peers.ErrMissing) {
				t.Skip(t.Name() + ": " + err.Error())
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(s.Log())
				}
				if err := s.Stop(); err != nil {
					t.Error(err)
				}
			})
			through(t, site, s.Direct+"/direct", s.StartTLS+"/starttls", name == "prosody")
			t.Run("another's identity", func(t *testing.T) { refusedAsAnother(t, site, s.Direct+"/direct") })
		})
	}
}

// The same through our own router: what passes there is no accident of ours.
func TestThroughOurRouter(t *testing.T) {
	site, err := peers.MakeSite(t.TempDir(), domain, []string{ems}, []string{der1, der2})
	if err != nil {
		t.Fatal(err)
	}
	_, direct, starttls := router(t, site)
	through(t, site, direct+"/direct", starttls+"/starttls", true)
	t.Run("another's identity", func(t *testing.T) { refusedAsAnother(t, site, direct+"/direct") })
}

func tlsOf(t *testing.T, site peers.Site, name string) *tls.Config {
	t.Helper()
	tc, err := site.Client(name)
	if err != nil {
		t.Fatal(err)
	}
	return tc
}

func through(t *testing.T, site peers.Site, direct, starttls string, pairs bool) {
	t.Helper()
	center := run(t, ems, tlsOf(t, site, ems), direct, der1)
	if up := center.up(); up.JID.String() != ems+"/IEC" {
		t.Fatalf("bound as %v", up.JID)
	}
	dev := run(t, der1, tlsOf(t, site, der1), starttls, ems)
	if up := dev.up(); up.JID.String() != der1+"/IEC" {
		t.Fatalf("bound as %v", up.JID)
	}
	center.await("presence of the device", presenceOf(der1))
	dev.await("presence of the centre", presenceOf(ems))
	res, err := ask(t, center, dev.JID())
	if err != nil || res.Type != stanza.Result || res.From != dev.JID() {
		t.Fatalf("got %v, %v", res, err)
	}
	if err := dev.Send(&stanza.Stanza{Kind: stanza.Message, To: center.JID(), ID: "report", Payload: []byte("<report xmlns='urn:gridward:61850-8-2:1'/>")}); err != nil {
		t.Fatal(err)
	}
	center.await("report", func(st *stanza.Stanza) bool { return st.Kind == stanza.Message && st.From == dev.JID() })

	// The link of the device breaks: what is sent meanwhile arrives, on the same session.
	dev.cut()
	if up := dev.up(); !up.Resumed {
		t.Error("not resumed")
	}
	if res, err = ask(t, center, dev.JID()); err != nil || res.Type != stanza.Result {
		t.Fatalf("after resumption: %v, %v", res, err)
	}
	if !pairs {
		return
	}
	other := run(t, der2, tlsOf(t, site, der2), direct)
	other.up()
	res, err = ask(t, other, dev.JID())
	if err == nil && (res.Err == nil || res.Err.Cond != stanza.NotAllowed) {
		t.Errorf("a device asks another: %v, %v", res, err)
	}
}

// refusedAsAnother asks for an account with the certificate of another.
func refusedAsAnother(t *testing.T, site peers.Site, host string) {
	t.Helper()
	c := &client{t: t, stanzas: make(chan *stanza.Stanza, 10), events: make(chan xmpp.Event, 10)}
	var err error
	c.Client, err = xmpp.New(xmpp.Config{
		JID: jid.MustParse(ems), TLS: tlsOf(t, site, der2), Hosts: []string{host}, Handler: c,
		Mechanisms: func() []sasl.Client { return []sasl.Client{sasl.ExternalClient(jid.MustParse(ems))} },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	defer func() { cancel(); <-done }()
	select {
	case ev := <-c.events:
		if r, ok := ev.(xmpp.Retry); !ok || !r.Refused {
			t.Errorf("got %T %+v", ev, ev)
		}
	case <-time.After(20 * time.Second):
		t.Error("no refusal")
	}
}
