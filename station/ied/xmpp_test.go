package ied

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	router "github.com/gridward/gridward/xmpp/server"
)

// domain is an XMPP server on loopback, with accounts for an IED and two others.
func domain(t *testing.T, p *testPKI) (host string) {
	t.Helper()
	cert, pool := p.issue(t, ca.Request{Kind: ca.Server, JIDs: []string{"grid.example"}, DNS: []string{"grid.example"}, IPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	conf, err := tlsprofile.Server{Certificate: cert, ClientCAs: pool}.Config()
	if err != nil {
		t.Fatal(err)
	}
	srv, err := router.New(router.Config{Domain: "grid.example", TLS: conf, Policy: router.Policy{
		Accounts: []router.Account{{JID: "*@grid.example", Groups: []string{"all"}}},
		Rules:    []router.Rule{{From: "@all", To: "@all", Allow: []string{"iq", "message", "presence"}}, {From: "*", To: "self", Allow: []string{"iq", "presence"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(context.Background(), l, router.StartTLS) }()
	t.Cleanup(func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, router.ErrShutdown) {
			t.Error(err)
		}
	})
	return l.Addr().String() + "/starttls"
}

func (p *testPKI) xmpp(t *testing.T, name string) *tls.Config {
	t.Helper()
	cert, pool := p.issue(t, ca.Request{Kind: ca.DER, JIDs: []string{name}})
	conf, err := tlsprofile.Client{Certificate: cert, RootCAs: pool, Domain: "grid.example"}.Config()
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

// TestBothMappings reaches one IED over TCP and over XMPP at once: what one client commands, the other sees. Who is not
// listed does not associate over XMPP, and each has the roles of its own name.
func TestBothMappings(t *testing.T) {
	p := newPKI(t)
	host := domain(t, p)
	me, center := jid.MustParse("feeder1@grid.example"), jid.MustParse("center@grid.example")
	s := serve(t, Config{
		Model: feeder(t), Listen: "127.0.0.1:0", InsecureAnonymous: true,
		Clients: []Client{{Name: center.String(), Roles: []string{"OPERATOR"}}, {Name: Anonymous, Roles: []string{"VIEWER", "ENGINEER"}}},
		XMPP: &XMPP{
			Client:             xmpp.Config{JID: me, TLS: p.xmpp(t, me.String()), Hosts: []string{host}, Peers: []jid.JID{center}, Spread: -1},
			InsecureClear61850: true,
		},
	})
	await(t, s.events, func(e LinkUp) bool { return e.JID.Bare() == me })
	c, end := s.overXMPP(t, p, host, center, me)
	defer end()
	if err := s.operate(c, "FEEDER1CTRL/CSWI1.Pos", model.Bool(false), client.OperateOptions{}); err != nil {
		t.Error(err)
	}
	near := s.dial(nil)
	v, err := near.ReadOne(t.Context(), ref(t, "FEEDER1CTRL/XCBR1.Pos.stVal[ST]"))
	if d, _ := v.AsDbpos(); err != nil || d != model.DbposOff {
		t.Errorf("%v, %v", d, err)
	}
	s.refused(s.operate(near, "FEEDER1CTRL/XCBR1.Pos", model.Bool(true), client.OperateOptions{}), model.AddCauseNoAccessAuthority)
	if err := c.Write(t.Context(), ref(t, "FEEDER1SCHD/FSCH1.SchdPrio.setVal[SP]"), model.Int(3)); !errors.Is(err, mms.ObjectAccessDenied) {
		t.Errorf("an operator over XMPP configures: %v", err)
	}
	if err := near.Write(t.Context(), ref(t, "FEEDER1SCHD/FSCH1.SchdPrio.setVal[SP]"), model.Int(3)); err != nil {
		t.Error(err)
	}
	names := map[string]bool{}
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	for _, e := range s.events.all {
		if a, ok := e.(Served); ok {
			if x, ok := a.Event.(server.Associated); ok {
				names[x.Principal.Proof.String()] = true
			}
		}
	}
	if len(names) != 2 {
		t.Errorf("associated by %v", names)
	}
}

// TestListed: only the accounts of peers may associate, from whatever resource.
func TestListed(t *testing.T) {
	x := &XMPP{Client: xmpp.Config{Peers: []jid.JID{jid.MustParse("center@grid.example")}}}
	for name, want := range map[string]bool{
		"center@grid.example/IEC": true, "center@grid.example": true, "stranger@grid.example/IEC": false, "center@other.example/IEC": false, "grid.example": false,
	} {
		if x.listed(jid.MustParse(name)) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}

// overXMPP associates from an account.
func (s *site) overXMPP(t *testing.T, p *testPKI, host string, from, to jid.JID) (*client.Client, func()) {
	t.Helper()
	there := make(chan jid.JID, 8)
	h, err := mmsbinding.NewHost(mmsbinding.HostConfig{
		XMPP: xmpp.Config{JID: from, TLS: p.xmpp(t, from.String()), Hosts: []string{host}, Peers: []jid.JID{to}, Spread: -1},
		Binding: mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
			if a, ok := e.(mmsbinding.PeerAvailable); ok {
				there <- a.JID
			}
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	limit := time.After(20 * time.Second)
	for {
		select {
		case j := <-there:
			if j.Bare() != to {
				continue
			}
			a, err := h.Endpoint().Associate(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			c := client.New(a, client.Options{})
			return c, func() { c.Close(); cancel(); <-done }
		case <-limit:
			t.Fatal("the IED does not come online")
		}
	}
}
