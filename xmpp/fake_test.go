package xmpp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
	"github.com/gridward/gridward/xmpp/xmpptest/pipe"
)

var (
	der1 = jid.MustParse("der1@grid.example")
	ems  = jid.MustParse("ems@grid.example/IEC")
)

// testTLS is a CA with a certificate for each end, valid in the virtual time of the tests.
var testTLS = sync.OnceValues(func() (client, server *tls.Config) {
	newKey := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return k
	}
	caKey := newKey()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	issue := func(tmpl *x509.Certificate, key *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, tmpl, ca, &key.PublicKey, caKey)
		if err != nil {
			panic(err)
		}
		return der
	}
	caDER := issue(ca, caKey)
	caCert, err := x509.ParseCertificate(caDER)
	if err != nil {
		panic(err)
	}
	ca = caCert
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	leaf := func(n int64, dns string) tls.Certificate {
		k := newKey()
		der := issue(&x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: dns}, DNSNames: []string{dns}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, k)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
	}
	client = &tls.Config{Certificates: []tls.Certificate{leaf(2, "der1")}, RootCAs: pool, MinVersion: tls.VersionTLS13}
	server = &tls.Config{Certificates: []tls.Certificate{leaf(3, "grid.example")}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13, NextProtos: []string{"xmpp-client"}, SessionTicketsDisabled: true}
	return client, server
})

// fakeServer is a server for one account, scripted by its fields. It is a Dialer.
type fakeServer struct {
	t      testing.TB
	refuse func(attempt int) error            // of the dial
	onAuth string                             // SASL condition, "" = accept
	onBind func(ev stream.Event) jid.JID      // zero = bind as asked; see bindErr
	bindEr string                             // stanza error condition of bind
	onUp   func(s *fakeSession)               // after bind or resume
	onSt   func(*fakeSession, *stanza.Stanza) // every stanza
	noSM   bool
	forget bool   // resumption fails
	mute   bool   // nothing is answered on bound streams
	inject string // behind <proceed/>

	mu       sync.Mutex
	dials    []time.Time
	addrs    []string
	got      []string // stanzas, as written
	handled  uint32
	queue    sm.Out
	current  *fakeSession
	resumes  int
	closed   int // streams that the client ended in order
	sessions sync.WaitGroup
}

type fakeSession struct {
	f    *fakeServer
	conn net.Conn
	raw  *pipe.Conn
	m    *stream.Machine
}

func (f *fakeServer) DialContext(_ context.Context, _, addr string) (net.Conn, error) {
	f.mu.Lock()
	n := len(f.dials)
	f.dials = append(f.dials, time.Now())
	f.addrs = append(f.addrs, addr)
	f.mu.Unlock()
	if f.refuse != nil {
		if err := f.refuse(n); err != nil {
			return nil, err
		}
	}
	a, b := pipe.New()
	s := &fakeSession{f: f, conn: b, raw: b}
	f.sessions.Go(func() { s.serve(addr == "direct:5223") })
	return a, nil
}

var errRefused = errors.New("connection refused")

func (s *fakeSession) tls() bool {
	_, conf := testTLS()
	t := tls.Server(s.conn, conf)
	if err := t.Handshake(); err != nil {
		return false
	}
	s.conn = t
	s.m.TLSDone(time.Now(), sasl.External("grid.example", []jid.JID{der1}))
	return true
}

func (s *fakeSession) serve(direct bool) {
	defer func() { _ = s.conn.Close() }()
	s.m = stream.NewServer(&stream.ServerConfig{Domains: []string{"grid.example"}, DirectTLS: direct, NoSM: s.f.noSM}, time.Now())
	if direct && !s.tls() {
		return
	}
	buf := make([]byte, 4096)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			return
		}
		s.m.Feed(buf[:n], time.Now())
		for {
			ev, err := s.m.Next()
			if err == nil && ev.Kind == stream.None {
				break
			}
			if err != nil || !s.event(ev) {
				s.write(s.m.Output())
				return
			}
		}
		s.write(s.m.Output())
	}
}

func (s *fakeSession) write(b []byte) {
	if len(b) > 0 {
		_, _ = s.conn.Write(b)
	}
}

func (s *fakeSession) event(ev stream.Event) bool {
	f, now := s.f, time.Now()
	var err error
	switch ev.Kind {
	case stream.StartTLS:
		s.write(append(s.m.Output(), f.inject...))
		return s.tls()
	case stream.AuthRequest:
		if f.onAuth != "" {
			err = s.m.Refuse(f.onAuth, now)
		} else {
			err = s.m.Accept(now)
		}
	case stream.BindRequest:
		if f.bindEr != "" {
			err = s.m.RefuseBind(f.bindEr, now)
			break
		}
		j, _ := ev.JID.WithResource(ev.Resource)
		if f.onBind != nil {
			j = f.onBind(ev)
		}
		err = s.m.Bind(j, now)
		s.up()
	case stream.EnableRequest:
		f.mu.Lock()
		f.queue.Drop(nil)
		f.mu.Unlock()
		err = s.m.EnableSM("session", time.Minute, now)
	case stream.ResumeRequest:
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.forget {
			err = s.m.FailSM(stanza.ItemNotFound, nil, now)
			break
		}
		f.resumes++
		if err = s.m.Resume(der1Full, f.handled, now); err == nil {
			var b []byte
			b, err = f.queue.Resume(s.m.Output(), ev.H, now)
			s.write(b)
			f.current = s
		}
	case stream.AckRequest:
		if !f.mute {
			s.write(s.m.SMAck().Append(nil))
		}
	case stream.Ack:
		f.mu.Lock()
		err = f.queue.Ack(ev.H)
		f.mu.Unlock()
	case stream.StanzaIn:
		f.mu.Lock()
		f.got = append(f.got, string(ev.Stanza.Append(nil)))
		f.handled = s.m.Handled()
		f.mu.Unlock()
		if name, _ := ev.Stanza.Child(); name.Space == NSPing && !f.mute && ev.Stanza.IsRequest() {
			r := ev.Stanza.Reply(nil)
			r.From = ev.Stanza.To
			s.send(r)
		}
		if f.onSt != nil {
			f.onSt(s, ev.Stanza)
		}
	case stream.Closed:
		f.mu.Lock()
		f.closed++
		f.mu.Unlock()
		return false
	}
	if err != nil {
		f.t.Logf("server: %v", err)
	}
	return err == nil
}

var der1Full = jid.MustParse("der1@grid.example/IEC")

func (s *fakeSession) up() {
	s.f.mu.Lock()
	s.f.current = s
	s.f.mu.Unlock()
	if s.f.onUp != nil {
		s.write(s.m.Output())
		s.f.onUp(s)
	}
}

// send sends a stanza to the client and queues it for acknowledgement.
func (f *fakeServer) send(s *stanza.Stanza) {
	f.mu.Lock()
	cur := f.current
	f.mu.Unlock()
	cur.send(s)
}

func (s *fakeSession) send(st *stanza.Stanza) {
	b := st.Append(nil)
	s.f.mu.Lock()
	if err := s.f.queue.Push(b, st.IsRequest(), time.Now()); err != nil {
		s.f.t.Error(err)
	}
	s.f.mu.Unlock()
	s.write(b)
}

// cut breaks the connection without a word.
func (f *fakeServer) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue.Detach(time.Now())
	f.current.raw.Break(syscall.ECONNRESET)
}

// received returns the stanzas that came since the last call.
func (f *fakeServer) received() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.got
	f.got = nil
	return g
}

// recorder is a Handler that remembers.
type recorder struct {
	mu      sync.Mutex
	events  []Event
	stanzas []*stanza.Stanza
	on      func(*stanza.Stanza)
}

func (r *recorder) HandleEvent(ev Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, ev)
}

func (r *recorder) HandleStanza(s *stanza.Stanza) {
	r.mu.Lock()
	r.stanzas = append(r.stanzas, s)
	on := r.on
	r.mu.Unlock()
	if on != nil {
		on(s)
	}
}

// take returns what was recorded since the last call.
func (r *recorder) take() ([]Event, []*stanza.Stanza) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, s := r.events, r.stanzas
	r.events, r.stanzas = nil, nil
	return e, s
}

// start runs a client against f until the test ends.
func start(t *testing.T, f *fakeServer, change func(*Config)) (*Client, *recorder) {
	t.Helper()
	f.t = t
	ct, _ := testTLS()
	rec := &recorder{}
	cfg := Config{JID: der1, TLS: ct, Hosts: []string{"plain:5222/starttls"}, Handler: rec, Dialer: f, Spread: -1, Rand: mrand.New(mrand.NewPCG(1, 2))}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		f.sessions.Wait()
	})
	return c, rec
}
