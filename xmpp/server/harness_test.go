package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
	"github.com/gridward/gridward/xmpp/xmpptest/pipe"
)

const domain = "grid.example"

// authority signs certificates that are valid in real and in virtual time.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	t := template(1)
	t.IsCA, t.KeyUsage, t.Subject.CommonName = true, x509.KeyUsageCertSign, "CA"
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func template(serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "peer"}, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// issue makes a certificate that names JIDs as xmppAddr.
func (a *authority) issue(usage x509.ExtKeyUsage, jids ...string) tls.Certificate {
	return a.issueUntil(template(1).NotAfter, usage, jids...)
}

func (a *authority) issueUntil(end time.Time, usage x509.ExtKeyUsage, jids ...string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	t := template(time.Now().UnixNano())
	t.NotAfter = end
	t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{usage}
	if len(jids) > 0 {
		t.ExtraExtensions = []pkix.Extension{{Id: tlsprofile.OIDSubjectAltName, Value: xmppSAN(jids)}}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	must(err)
	leaf, err := x509.ParseCertificate(der)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func xmppSAN(jids []string) []byte {
	wrap := func(class, tag int, compound bool, b []byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: compound, Bytes: b})
		must(err)
		return out
	}
	var all []byte
	for _, j := range jids {
		id, err := asn1.Marshal(tlsprofile.OIDXMPPAddr)
		must(err)
		value := wrap(asn1.ClassContextSpecific, 0, true, wrap(asn1.ClassUniversal, asn1.TagUTF8String, false, []byte(j)))
		all = append(all, wrap(asn1.ClassContextSpecific, 0, true, append(id, value...))...)
	}
	return wrap(asn1.ClassUniversal, asn1.TagSequence, true, all)
}

// The certificates of all tests: made once, because keys take time.
var site = sync.OnceValue(func() *certificates {
	c := &certificates{ca: newAuthority(), clients: map[string]tls.Certificate{}}
	c.server = c.ca.issue(x509.ExtKeyUsageServerAuth, domain)
	return c
})

type certificates struct {
	ca      *authority
	server  tls.Certificate
	mu      sync.Mutex
	clients map[string]tls.Certificate
}

func (c *certificates) client(jids ...string) tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := strings.Join(jids, " ")
	if _, ok := c.clients[k]; !ok {
		c.clients[k] = c.ca.issue(x509.ExtKeyUsageClientAuth, jids...)
	}
	return c.clients[k]
}

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

// peer is a client that can misbehave.
type peer struct {
	t     testing.TB
	raw   net.Conn
	tls   *tls.Conn
	m     *stream.Machine
	jid   jid.JID
	in    chan *stanza.Stanza // what came, copied
	acks  chan uint32
	ended chan struct{} // closed when reading has ended
	err   error         // how, valid after ended
	smID  string
	mute  bool // answer no <r/> and no ping
	wmu   sync.Mutex
	mu    sync.Mutex // guards m
}

func clientTLS(cert tls.Certificate) *tls.Config {
	c, err := tlsprofile.Client{Certificate: site().client("nobody@" + domain), RootCAs: site().ca.pool, Domain: domain, ALPN: []string{tlsprofile.ALPNClient}}.Config()
	must(err)
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	return c
}

// dial connects, up to TLS.
func (r *router) dial(cert tls.Certificate) (*tls.Conn, error) {
	raw, err := r.connect()
	if err != nil {
		return nil, err
	}
	c := tls.Client(raw, clientTLS(cert))
	if err := c.Handshake(); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return c, nil
}

func (r *router) connect() (net.Conn, error) {
	if r.lis == nil {
		return net.Dial("tcp", r.dir)
	}
	a, b := pipe.New()
	r.lis.accept <- b
	return a, nil
}

type loginOptions struct {
	cert     *tls.Certificate
	authzid  string
	resource string
	noSM     bool
	resume   *stream.Resume
	mute     bool
}

// login connects a peer and goes on to bind or resume.
func (r *router) login(name string, o loginOptions) (*peer, error) {
	cert := site().client(name + "@" + domain)
	if o.cert != nil {
		cert = *o.cert
	}
	c, err := r.dial(cert)
	if err != nil {
		return nil, err
	}
	if o.resource == "" {
		o.resource = "IEC"
	}
	var authzid jid.JID
	if o.authzid != "" {
		authzid = jid.MustParse(o.authzid)
	}
	now := time.Now()
	p := &peer{t: r.t, raw: c.NetConn(), tls: c, in: make(chan *stanza.Stanza, 4096), acks: make(chan uint32, 64), ended: make(chan struct{}), mute: o.mute}
	p.m = stream.NewClient(stream.ClientConfig{
		JID: jid.MustParse(name + "@" + domain), Resource: o.resource, DirectTLS: true, NoSM: o.noSM, Resume: o.resume,
		Mechanisms: []sasl.Client{sasl.ExternalClient(authzid)},
	}, now)
	if o.resume != nil {
		p.smID = o.resume.ID
	}
	p.m.TLSDone(now)
	ready := make(chan error, 1)
	go p.read(ready, !o.noSM)
	r.t.Cleanup(func() { _ = p.raw.Close(); <-p.ended })
	if err := <-ready; err != nil {
		return nil, err
	}
	return p, nil
}

// must logs in or fails the test.
func (r *router) must(name string, o loginOptions) *peer {
	r.t.Helper()
	p, err := r.login(name, o)
	if err != nil {
		r.t.Fatalf("login of %s: %v", name, err)
	}
	return p
}

// read drives the stream. ready gets the outcome of the negotiation once.
func (p *peer) read(ready chan<- error, sm bool) {
	defer close(p.ended)
	told := false
	tell := func(err error) {
		if !told {
			told = true
			ready <- err
		}
	}
	buf := make([]byte, 8192)
	p.output()
	for {
		n, err := p.tls.Read(buf)
		if n > 0 {
			p.mu.Lock()
			p.m.Feed(buf[:n], time.Now())
			for {
				ev, err := p.m.Next()
				if err != nil {
					p.err = err
					p.outputLocked()
					p.mu.Unlock()
					tell(err)
					return
				}
				if ev.Kind == stream.None {
					break
				}
				switch ev.Kind {
				case stream.Ready:
					p.jid = ev.JID
					if !sm || ev.Resumed {
						p.outputLocked()
						tell(nil)
					}
				case stream.Enabled:
					p.smID = ev.ID
					tell(nil)
				case stream.StanzaIn, stream.BadStanza:
					if st := ev.Stanza; st.IsRequest() && st.From.String() == domain {
						if !p.mute {
							p.send(st.Reply(nil))
						}
						break
					}
					p.in <- ev.Stanza.Clone()
				case stream.AckRequest:
					if !p.mute {
						p.write(p.m.SMAck().Append(nil))
					}
				case stream.Ack:
					p.acks <- ev.H
				}
			}
			p.outputLocked()
			p.mu.Unlock()
		}
		if err != nil {
			p.err = err
			if errors.Is(err, io.EOF) && told {
				p.err = io.EOF
			}
			tell(err)
			return
		}
	}
}

func (p *peer) output() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outputLocked()
}

func (p *peer) outputLocked() { p.write(p.m.Output()) }

func (p *peer) write(b []byte) {
	if len(b) > 0 {
		p.wmu.Lock()
		_, _ = p.tls.Write(b) // a test notices by what does not come back
		p.wmu.Unlock()
	}
}

func (p *peer) send(st *stanza.Stanza) { p.write(st.Append(nil)) }

func (p *peer) sendf(xml string) { p.write([]byte(xml)) }

// next returns the next stanza.
func (p *peer) next() *stanza.Stanza {
	p.t.Helper()
	limit := time.NewTimer(90 * time.Second) // some wait for deadlines of the server, in virtual time
	defer limit.Stop()
	select {
	case st := <-p.in:
		return st
	case <-p.ended:
		select {
		case st := <-p.in:
			return st
		default:
		}
		p.t.Fatalf("%v: stream ended: %v", p.jid, p.err)
	case <-limit.C:
		p.t.Fatalf("%v: nothing came", p.jid)
	}
	return nil
}

// roundTrip pings the server, so that everything sent before has been handled.
func (p *peer) roundTrip() {
	p.t.Helper()
	id := stanza.NewID()
	p.sendf("<iq type='get' id='" + id + "'><ping xmlns='urn:xmpp:ping'/></iq>")
	for {
		if st := p.next(); st.ID == id {
			return
		}
	}
}

// nothing checks that no stanza is waiting, after a round trip to the server.
func (p *peer) nothing() {
	p.t.Helper()
	id := stanza.NewID()
	p.sendf("<iq type='get' id='" + id + "'><ping xmlns='urn:xmpp:ping'/></iq>")
	if st := p.next(); st.ID != id {
		p.t.Errorf("%v: unexpected %s", p.jid, st.Append(nil))
	}
}

// end returns how the stream ended, waiting for it.
func (p *peer) end() error {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		p.t.Fatalf("%v: stream did not end", p.jid)
	}
	return p.err
}

func full(name string) jid.JID { return jid.MustParse(name + "@" + domain + "/IEC") }
