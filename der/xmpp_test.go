package der

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
)

// site is an authority and an XMPP server on loopback.
type site struct {
	t    *testing.T
	ca   *ca.Authority
	addr string
	srv  *server.Server

	served chan struct{}
}

func (s *site) bundle(req ca.Request) *keystore.Bundle {
	s.t.Helper()
	key, err := ca.NewKey()
	if err != nil {
		s.t.Fatal(err)
	}
	req.Life = time.Hour
	cert, err := s.ca.Issue(req, key.Public(), time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return keystore.NewBundle([]*x509.Certificate{cert}, key, []*x509.Certificate{s.ca.Cert})
}

func (s *site) client(name string) *tls.Config {
	s.t.Helper()
	b := s.bundle(ca.Request{Kind: ca.DER, JIDs: []string{name}})
	c, err := tlsprofile.Client{Certificate: b.Certificate, RootCAs: b.Pool, Domain: "grid.example"}.Config()
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func newSite(t *testing.T) *site {
	t.Helper()
	a, err := ca.New("Test CA", time.Now(), 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, ca: a, addr: "127.0.0.1:0"}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

// start starts the server, after stop at the address where it was.
func (s *site) start() {
	t := s.t
	t.Helper()
	b := s.bundle(ca.Request{Kind: ca.Server, JIDs: []string{"grid.example"}, DNS: []string{"grid.example"}, IPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	conf, err := tlsprofile.Server{Certificate: b.Certificate, ClientCAs: b.Pool}.Config()
	if err != nil {
		t.Fatal(err)
	}
	s.srv, err = server.New(server.Config{
		Domain: "grid.example", TLS: conf,
		Policy: server.Policy{
			Accounts: []server.Account{
				{JID: "der1@grid.example", Groups: []string{"der"}},
				{JID: "center@grid.example", Groups: []string{"center"}},
				{JID: "stranger@grid.example", Groups: []string{"center"}},
			},
			Rules: []server.Rule{
				{From: "@center", To: "@der", Allow: []string{"iq", "message", "presence"}},
				{From: "@der", To: "@center", Allow: []string{"message", "presence"}},
				{From: "*", To: "self", Allow: []string{"iq", "presence"}},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		if err := s.srv.Serve(context.Background(), l, server.StartTLS); !errors.Is(err, server.ErrShutdown) {
			t.Errorf("serve: %v", err)
		}
	}()
}

func (s *site) stop() {
	if err := s.srv.Shutdown(context.Background()); err != nil {
		s.t.Error(err)
	}
	<-s.served
}

func (s *site) host() []string { return []string{s.addr + "/starttls"} }

// operator is the least that a control centre is: an XMPP client with the binding.
type operator struct {
	*mmsbinding.Endpoint
	online chan jid.JID // peers whose presence came
}

func (o operator) HandleStanza(s *stanza.Stanza) { o.Endpoint.HandleStanza(s) }

func (o operator) HandleEvent(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		o.Up(ev.JID, ev.Resumed)
	case xmpp.Down:
		o.Down()
	case xmpp.Lost:
		o.Lost(ev.Err)
	}
}

func (s *site) operator(name string) operator {
	s.t.Helper()
	o := operator{online: make(chan jid.JID, 100)}
	o.Endpoint = mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
		if e, ok := e.(mmsbinding.PeerAvailable); ok {
			o.online <- e.JID
		}
	}})
	c, err := xmpp.New(xmpp.Config{JID: jid.MustParse(name), TLS: s.client(name), Hosts: s.host(), Spread: -1, Handler: o})
	if err != nil {
		s.t.Fatal(err)
	}
	o.Bind(c)
	s.run(c.Run)
	return o
}

// run runs f until the end of the test.
func (s *site) run(f func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("run: %v", err)
		}
	})
}

func (s *site) device(events func(Event)) *Agent {
	s.t.Helper()
	a, err := New(Config{
		Device: device.Config{Kind: device.Battery, Rated: 5000, RampTime: 100 * time.Millisecond}, Tick: 20 * time.Millisecond,
		JID: jid.MustParse("der1@grid.example"), TLS: s.client("der1@grid.example"), Hosts: s.host(), Spread: -1,
		Peers: []jid.JID{jid.MustParse("center@grid.example")}, InsecureClear61850: true, Events: events,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.run(a.Run)
	return a
}

func wait[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("no %s in 20 s", what)
		panic("unreachable")
	}
}

// TestOverXMPP runs an agent, a server and a client over TCP and mutual TLS: the model is read, a set-point obeyed, the
// new power reported.
func TestOverXMPP(t *testing.T) {
	s := newSite(t)
	o := s.operator("center@grid.example")
	a := s.device(func(Event) {})
	peer := wait(t, "presence", o.online)
	assoc, err := o.Associate(t.Context(), peer)
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(assoc, client.Options{})
	defer c.Close()
	m, err := c.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Find(ref(t, "DER1LD0/MMXU1.TotW.mag.f[MX]")); !ok {
		t.Error("no TotW in the model of the peer")
	}
	powers := make(chan float64, 1000)
	_, err = c.Subscribe(t.Context(), ref(t, "DER1LD0/LLN0.brcbEV01[BR]"), client.ReportOptions{GI: true}, func(r *client.Report) {
		for _, e := range r.Entries {
			for at, v := range client.Leaves(m, e.Ref, e.Value) {
				if f, ok := v.AsFloat(); ok && at.String() == "DER1LD0/MMXU1.TotW.mag.f[MX]" {
					powers <- f
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "report", powers)
	ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ctl.Operate(t.Context(), model.Float32(-3000), client.OperateOptions{}); err != nil {
		t.Fatal(err)
	}
	for math.Abs(wait(t, "report of the new power", powers)+3000) > 10 { // the dead-band is 0.2 % of 5000 W
	}
	if st, _, n, _ := a.State(); st.W != -3000 || n != 1 {
		t.Errorf("%g W, %d associations", st.W, n)
	}
	_, err = ctl.Operate(t.Context(), model.Float32(-6000), client.OperateOptions{})
	var ce *client.ControlError
	if !errors.As(err, &ce) || ce.AddCause != model.AddCauseInconsistentParameters {
		t.Errorf("beyond the rating: %v", err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestOnlyPeersAssociate: whom the server lets through is still not whom the device serves.
func TestOnlyPeersAssociate(t *testing.T) {
	s := newSite(t)
	stranger := s.operator("stranger@grid.example")
	up := make(chan jid.JID, 100)
	refused := make(chan AssociationRefused, 100)
	a := s.device(func(e Event) {
		switch e := e.(type) {
		case LinkUp:
			up <- e.JID
		case AssociationRefused:
			refused <- e
		}
	})
	if got := wait(t, "link", up); got.String() != "der1@grid.example/IEC" {
		t.Errorf("bound as %s", got)
	}
	peer := wait(t, "presence", stranger.online)
	if _, err := stranger.Associate(t.Context(), peer); !errors.Is(err, mms.ErrPolicy) {
		t.Errorf("a stranger is told %v", err)
	}
	if e := wait(t, "refusal", refused); e.Peer != "stranger@grid.example/IEC" {
		t.Errorf("%+v", e)
	}
	if _, _, n, _ := a.State(); n != 0 {
		t.Errorf("%d associations", n)
	}
}

// TestNoReportIsLost stops the server while the device moves and starts it again: a client that resynchronises a buffered
// report control block misses nothing and gets nothing twice.
func TestNoReportIsLost(t *testing.T) {
	s := newSite(t)
	o := s.operator("center@grid.example")
	a := s.device(func(Event) {})
	var mu sync.Mutex
	var got []float64
	ids := map[client.EntryID]bool{}
	arrived := make(chan float64, 1000)
	var last client.EntryID
	subscribe := func() {
		t.Helper()
		peer := wait(t, "presence", o.online)
		assoc, err := o.Associate(t.Context(), peer)
		if err != nil {
			t.Fatal(err)
		}
		c := client.New(assoc, client.Options{})
		mu.Lock()
		from := last
		mu.Unlock()
		sub, err := c.Subscribe(t.Context(), ref(t, "DER1LD0/LLN0.brcbEV01[BR]"), client.ReportOptions{EntryID: from, ResvTms: 600}, func(r *client.Report) {
			mu.Lock()
			defer mu.Unlock()
			if ids[r.EntryID] || r.BufOvfl {
				t.Errorf("entry %s: twice %v, overflow %v", r.EntryID, ids[r.EntryID], r.BufOvfl)
			}
			ids[r.EntryID], last = true, r.EntryID
			for _, e := range r.Entries {
				if e.Ref.String() == "DER1LD0/DWGC1.WSpt[MX]" {
					for _, m := range e.Value.Members() {
						if w, ok := number(m); ok && m.Kind() == model.KindStruct && m.Len() == 1 {
							got = append(got, w)
							arrived <- w
						}
					}
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if from != "" && !sub.Resynced() {
			t.Error("not resynchronised")
		}
	}
	// move gives the device a set-point, as its own panel would, and waits until it is in force.
	move := func(w float64) {
		t.Helper()
		a.unit.mu.Lock()
		err := a.unit.dev.SetTarget(w)
		a.unit.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
			if st, _, _, _ := a.State(); st.Target == w {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%g W not reached", w)
			}
		}
	}
	subscribe()
	var want []float64
	for w := 100.0; w <= 500; w += 100 {
		move(w)
		want = append(want, w)
	}
	for wait(t, "report", arrived) != 500 {
	}
	s.stop()
	for w := 600.0; w <= 1500; w += 100 {
		move(w)
		want = append(want, w)
	}
	s.start()
	subscribe()
	move(2000)
	want = append(want, 2000)
	for wait(t, "report after the outage", arrived) != 2000 {
	}
	mu.Lock()
	defer mu.Unlock()
	i := 0
	for _, w := range got {
		if i < len(want) && w == want[i] {
			i++
		}
	}
	if i != len(want) {
		t.Errorf("lost %g W and what followed: got %v", want[i], got)
	}
}
