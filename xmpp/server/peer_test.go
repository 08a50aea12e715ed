package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
	"github.com/gridward/gridward/xmpp/xmpptest/pipe"
)

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
