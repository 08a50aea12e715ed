package center_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/center"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	router "github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
)

const (
	centerJID = "center@grid.example"
	derJID    = "bat1@grid.example"
)

// site is an authority and an XMPP router on loopback.
type site struct {
	t      *testing.T
	ca     *ca.Authority
	addr   string
	router *router.Server
	served chan struct{}
}

func newSite(t *testing.T) *site {
	t.Helper()
	a, err := ca.New("Test CA", time.Now(), 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, ca: a, addr: "127.0.0.1:0"}
	s.start()
	t.Cleanup(s.stop)
	return s
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

// start starts the router, after stop at the address where it was.
func (s *site) start() {
	s.t.Helper()
	b := s.bundle(ca.Request{Kind: ca.Server, JIDs: []string{"grid.example"}, DNS: []string{"grid.example"}, IPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	conf, err := tlsprofile.Server{Certificate: b.Certificate, ClientCAs: b.Pool}.Config()
	if err != nil {
		s.t.Fatal(err)
	}
	s.router, err = router.New(router.Config{
		Domain: "grid.example", TLS: conf,
		Policy: router.Policy{
			Accounts: []router.Account{{JID: derJID, Groups: []string{"der"}}, {JID: centerJID, Groups: []string{"center"}}},
			Rules: []router.Rule{
				{From: "@center", To: "@der", Allow: []string{"iq", "message", "presence"}},
				{From: "@der", To: "@center", Allow: []string{"message", "presence"}},
				{From: "*", To: "self", Allow: []string{"iq", "presence"}},
			},
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		if err := s.router.Serve(context.Background(), l, router.StartTLS); !errors.Is(err, router.ErrShutdown) {
			s.t.Errorf("serve: %v", err)
		}
	}()
}

func (s *site) stop() {
	if err := s.router.Shutdown(context.Background()); err != nil {
		s.t.Error(err)
	}
	<-s.served
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

// center runs a control centre that knows the DER by a pattern.
func (s *site) center() (*center.Center, chan center.Event) {
	s.t.Helper()
	events := make(chan center.Event, 1000)
	c, err := center.New(center.Config{
		JID: jid.MustParse(centerJID), TLS: s.client(centerJID), Hosts: []string{s.addr + "/starttls"}, Spread: -1, InsecureClear61850: true,
		Fleet: fleet.Config{
			DERs: []fleet.Entry{{JID: "*@grid.example"}}, Integrity: 200 * time.Millisecond, MinBackoff: 50 * time.Millisecond,
			MaxBackoff: 500 * time.Millisecond,
		},
		Events: func(e center.Event) {
			select {
			case events <- e:
			default: // nobody waits for it
			}
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.run(c.Run)
	return c, events
}

// battery is a DER at the other end of the wire: an ACSI server with the model of a battery, on an XMPP client. Its power
// is its set-point at once.
type battery struct {
	s   *site
	srv *server.Server

	mu     sync.Mutex
	refuse model.AddCause
}

func (s *site) battery() *battery {
	s.t.Helper()
	icd, err := os.ReadFile(filepath.Join("..", "der", "scl", "battery.icd"))
	if err != nil {
		s.t.Fatal(err)
	}
	f, err := scl.Parse("battery.icd", bytes.ReplaceAll(icd, []byte(`"TEMPLATE"`), []byte(`"BAT1"`)), scl.Limits{})
	if err != nil {
		s.t.Fatal(err)
	}
	m, err := f.Server("BAT1", "")
	if err != nil {
		s.t.Fatal(err)
	}
	b := &battery{s: s, refuse: model.AddCauseNone}
	if b.srv, err = server.New(server.Config{Model: m}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(b.srv.Close)
	for _, object := range []string{"BAT1LD0/DWGC1.WSpt", "BAT1LD0/DWMX1.WMaxSpt"} {
		if err := b.srv.Handle(ref(s.t, object), b); err != nil {
			s.t.Fatal(err)
		}
	}
	b.show("BAT1LD0/DSTO1.WMaxRtg.setMag.f[SP]", 5000, false)
	b.show("BAT1LD0/DWGC1.WSpt.minVal.f[CF]", -5000, false)
	b.show("BAT1LD0/DWGC1.WSpt.maxVal.f[CF]", 5000, false)
	b.show("BAT1LD0/DWMX1.WMaxSpt.maxVal.f[CF]", 5000, false)
	b.show("BAT1LD0/DWMX1.WMaxSpt.mxVal.f[MX]", 5000, true)
	b.power(1000)
	return b
}

func ref(t *testing.T, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// show sets a FLOAT32, with stamp also the quality and time of its data object.
func (b *battery) show(at string, f float32, stamp bool) {
	b.s.t.Helper()
	r := ref(b.s.t, at)
	err := b.srv.Update(time.Now(), func(tx *server.Tx) {
		tx.Set(r, model.Float32(f))
		if stamp {
			do := r
			do.Path, _, _ = strings.Cut(r.Path, ".")
			tx.Quality(do, model.Good)
			tx.Time(do)
		}
	})
	if err != nil {
		b.s.t.Errorf("%s: %v", at, err)
	}
}

func (b *battery) power(w float32) {
	b.show("BAT1LD0/MMXU1.TotW.mag.f[MX]", w, true)
	b.show("BAT1LD0/DWGC1.WSpt.mxVal.f[MX]", w, true)
}

// Check refuses what refuse says.
func (b *battery) Check(*server.Command) model.AddCause {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refuse
}

// Operate obeys.
func (b *battery) Operate(c *server.Command, done func(model.AddCause)) {
	f, _ := c.Value.At(0).AsFloat()
	if c.Ref.LN == "DWGC1" {
		b.power(float32(f))
	} else {
		b.show("BAT1LD0/DWMX1.WMaxSpt.mxVal.f[MX]", float32(f), true)
	}
	done(model.AddCauseNone)
}

// connect puts the battery on the network.
func (b *battery) connect() {
	s := b.s
	s.t.Helper()
	l := &derLink{Endpoint: mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true, Allow: func(peer jid.JID) bool { return peer.Bare().String() == centerJID },
		Accept: func(a mms.Association) { _ = b.srv.Serve(context.Background(), a) }, // until the association ends, however it does
	})}
	c, err := xmpp.New(xmpp.Config{
		JID: jid.MustParse(derJID), TLS: s.client(derJID), Hosts: []string{s.addr + "/starttls"}, Spread: -1, Handler: l,
		Peers: []jid.JID{jid.MustParse(centerJID)},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	l.Bind(c)
	s.run(func(ctx context.Context) error {
		defer l.Close()
		return c.Run(ctx)
	})
}

// derLink is the least that an xmpp.Handler of a DER is.
type derLink struct{ *mmsbinding.Endpoint }

func (l *derLink) HandleStanza(s *stanza.Stanza) { l.Endpoint.HandleStanza(s) }

func (l *derLink) HandleEvent(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		l.Up(ev.JID, ev.Resumed)
	case xmpp.Down:
		l.Down()
	case xmpp.Lost:
		l.Lost(ev.Err)
	}
}
