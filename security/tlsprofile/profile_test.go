package tlsprofile_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
)

// The tests make their own certificates: pki stands in a higher layer.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type site struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newSite(t testing.TB) *site {
	t.Helper()
	key := newKey(t, elliptic.P256())
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	s := &site{key: key, pool: x509.NewCertPool()}
	s.cert = s.sign(t, tmpl, tmpl, key.Public())
	s.pool.AddCert(s.cert)
	return s
}

func newKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (s *site) sign(t testing.TB, tmpl, parent *x509.Certificate, pub crypto.PublicKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, s.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// issue makes a TLS certificate; change may bend its template.
func (s *site) issue(t testing.TB, key crypto.Signer, usage x509.ExtKeyUsage, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "peer"}, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
	if change != nil {
		change(tmpl)
	}
	c := s.sign(t, tmpl, s.cert, key.Public())
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

type other struct {
	oid asn1.ObjectIdentifier
	tag int
	val string
}

func san(t testing.TB, names ...other) pkix.Extension {
	t.Helper()
	var all []byte
	wrap := func(class, tag int, compound bool, b []byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: compound, Bytes: b})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, n := range names {
		id, err := asn1.Marshal(n.oid)
		if err != nil {
			t.Fatal(err)
		}
		v := wrap(asn1.ClassContextSpecific, 0, true, wrap(asn1.ClassUniversal, n.tag, false, []byte(n.val)))
		all = append(all, wrap(asn1.ClassContextSpecific, 0, true, append(id, v...))...)
	}
	return pkix.Extension{Id: tlsprofile.OIDSubjectAltName, Value: wrap(asn1.ClassUniversal, asn1.TagSequence, true, all)}
}

func dns(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = []string{name} }
}

// handshake runs both sides over loopback and exchanges one octet, so that both learn what the other made of them.
func handshake(t testing.TB, client, server *tls.Config) (cs tls.ConnectionState, cerr, serr error) {
	t.Helper()
	a, b := tcpPair(t)
	done := make(chan error, 1)
	go func() {
		srv := tls.Server(b, server)
		err := srv.Handshake()
		if err == nil {
			_, err = srv.Write([]byte{1})
		}
		done <- errors.Join(err, b.Close())
	}()
	cl := tls.Client(a, client)
	cerr = cl.Handshake()
	if cerr == nil {
		_, cerr = io.ReadFull(cl, make([]byte, 1))
	}
	cs = cl.ConnectionState()
	_ = a.Close()
	return cs, cerr, <-done
}

func tcpPair(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	if err := errors.Join(a.SetDeadline(deadline), b.SetDeadline(deadline)); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func clock() time.Time { return now }

func configs(t testing.TB, s *site, server, client tls.Certificate) (*tls.Config, *tls.Config) {
	t.Helper()
	sc, err := tlsprofile.Server{Certificate: server, ClientCAs: s.pool, ALPN: []string{tlsprofile.ALPNClient}, Now: clock}.Config()
	if err != nil {
		t.Fatal(err)
	}
	cc, err := tlsprofile.Client{Certificate: client, RootCAs: s.pool, Domain: "grid.example", ALPN: []string{tlsprofile.ALPNClient}, Now: clock}.Config()
	if err != nil {
		t.Fatal(err)
	}
	return sc, cc
}

func TestHandshake(t *testing.T) {
	s := newSite(t)
	k := newKey(t, elliptic.P256())
	sc, cc := configs(t, s,
		s.issue(t, k, x509.ExtKeyUsageServerAuth, dns("grid.example")), s.issue(t, k, x509.ExtKeyUsageClientAuth, nil))
	for _, v := range []struct {
		name    string
		version uint16
	}{{"TLS 1.3", tls.VersionTLS13}, {"TLS 1.2", tls.VersionTLS12}} {
		t.Run(v.name, func(t *testing.T) {
			c := cc.Clone()
			c.MaxVersion = v.version
			cs, cerr, serr := handshake(t, c, sc)
			if cerr != nil || serr != nil {
				t.Fatalf("client: %v, server: %v", cerr, serr)
			}
			if cs.Version != v.version || cs.NegotiatedProtocol != tlsprofile.ALPNClient {
				t.Errorf("version %x, protocol %q", cs.Version, cs.NegotiatedProtocol)
			}
		})
	}
}

func TestServerRefusesByName(t *testing.T) {
	s, foreign := newSite(t), newSite(t)
	k := newKey(t, elliptic.P256())
	server := s.issue(t, k, x509.ExtKeyUsageServerAuth, dns("grid.example"))
	good := s.issue(t, k, x509.ExtKeyUsageClientAuth, nil)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	client := func(ca *site, change func(*x509.Certificate)) *tls.Certificate {
		c := ca.issue(t, k, x509.ExtKeyUsageClientAuth, change)
		return &c
	}
	p224 := s.issue(t, newKey(t, elliptic.P224()), x509.ExtKeyUsageClientAuth, nil)
	rsa1024 := s.issue(t, weak, x509.ExtKeyUsageClientAuth, nil)
	tests := []struct {
		name   string
		cert   *tls.Certificate
		reason error
		remote error // what the client is told, nil: not checked
	}{
		{"stranger", &tls.Certificate{}, tlsprofile.ErrNoCertificate, tlsprofile.ErrNoCertificate},
		{"other CA", client(foreign, nil), tlsprofile.ErrOtherCA, tlsprofile.ErrOtherCA},
		{"expired", client(s, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }), tlsprofile.ErrExpired, tlsprofile.ErrExpired},
		{"not yet valid", client(s, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Second) }), tlsprofile.ErrNotYetValid, tlsprofile.ErrExpired},
		{"serverAuth only", client(s, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), tlsprofile.ErrWrongUsage, nil},
		{"no extended usage", client(s, func(c *x509.Certificate) { c.ExtKeyUsage = nil }), tlsprofile.ErrWrongUsage, nil},
		{"key may not sign", client(s, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), tlsprofile.ErrWrongUsage, nil},
		{"a CA", client(s, func(c *x509.Certificate) { c.IsCA = true }), tlsprofile.ErrWrongUsage, nil},
		{"P-224", &p224, tlsprofile.ErrWeakKey, nil},
		{"RSA 1024", &rsa1024, tlsprofile.ErrWeakKey, nil},
	}
	for _, v := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
		for _, tt := range tests {
			t.Run(tls.VersionName(v)+"/"+tt.name, func(t *testing.T) {
				if (tt.name == "P-224" || tt.name == "RSA 1024") && tt.cert.Leaf != nil {
					// crypto/tls itself will not sign with these: check the leaf alone.
					if err := tlsprofile.CheckLeaf(tt.cert.Leaf, x509.ExtKeyUsageClientAuth); !errors.Is(err, tt.reason) {
						t.Fatalf("got %v", err)
					}
					return
				}
				sc, cc := configs(t, s, server, good)
				cc.MaxVersion = v
				cc.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return tt.cert, nil }
				_, cerr, serr := handshake(t, cc, sc)
				ref := tlsprofile.Refusal(serr, now)
				if ref == nil || !errors.Is(ref, tt.reason) {
					t.Fatalf("server: got %v (from %v), want %v", ref, serr, tt.reason)
				}
				if ref.Remote {
					t.Error("the server's own refusal is marked as the peer's")
				}
				remote := tlsprofile.Refusal(cerr, now)
				if cerr == nil {
					t.Fatal("the client got through")
				}
				if tt.remote != nil && v == tls.VersionTLS13 && (remote == nil || !remote.Remote || !errors.Is(remote, tt.remote)) {
					t.Errorf("client: got %v (from %v), want %v", remote, cerr, tt.remote)
				}
			})
		}
	}
}

func TestClientChecksTheDomain(t *testing.T) {
	s, foreign := newSite(t), newSite(t)
	k := newKey(t, elliptic.P256())
	good := s.issue(t, k, x509.ExtKeyUsageClientAuth, nil)
	with := func(names ...other) func(*x509.Certificate) {
		ext := san(t, names...)
		return func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{ext} }
	}
	srv, xmpp := tlsprofile.OIDDNSSRV, tlsprofile.OIDXMPPAddr
	tests := []struct {
		name   string
		ca     *site
		usage  x509.ExtKeyUsage
		change func(*x509.Certificate)
		want   error
	}{
		{"DNS-ID", s, x509.ExtKeyUsageServerAuth, dns("grid.example"), nil},
		{"SRV-ID", s, x509.ExtKeyUsageServerAuth, with(other{srv, 22, "_xmpp-client.grid.example"}), nil},
		{"xmppAddr", s, x509.ExtKeyUsageServerAuth, with(other{xmpp, 12, "grid.example"}), nil},
		{"the SRV target", s, x509.ExtKeyUsageServerAuth, dns("host7.grid.example"), tlsprofile.ErrWrongName},
		{"SRV-ID of s2s", s, x509.ExtKeyUsageServerAuth, with(other{srv, 22, "_xmpp-server.grid.example"}), tlsprofile.ErrWrongName},
		{"a user of the domain", s, x509.ExtKeyUsageServerAuth, with(other{xmpp, 12, "der1@grid.example"}), tlsprofile.ErrWrongName},
		{"common name only", s, x509.ExtKeyUsageServerAuth, func(c *x509.Certificate) { c.Subject.CommonName = "grid.example" }, tlsprofile.ErrWrongName},
		{"other CA", foreign, x509.ExtKeyUsageServerAuth, dns("grid.example"), tlsprofile.ErrOtherCA},
		{"expired", s, x509.ExtKeyUsageServerAuth, func(c *x509.Certificate) { dns("grid.example")(c); c.NotAfter = now.Add(-time.Minute) }, tlsprofile.ErrExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sc, cc := configs(t, s, s.issue(t, k, x509.ExtKeyUsageServerAuth, dns("grid.example")), good)
			sc.Certificates = []tls.Certificate{tt.ca.issue(t, k, tt.usage, tt.change)}
			_, cerr, _ := handshake(t, cc, sc)
			if tt.want == nil {
				if cerr != nil {
					t.Fatal(cerr)
				}
				return
			}
			if ref := tlsprofile.Refusal(cerr, now); ref == nil || !errors.Is(ref, tt.want) || ref.Remote {
				t.Fatalf("got %v, want %v", cerr, tt.want)
			}
		})
	}
}

func TestOldProtocolsAndSuitesAreNotSpoken(t *testing.T) {
	s := newSite(t)
	k := newKey(t, elliptic.P256())
	sc, cc := configs(t, s,
		s.issue(t, k, x509.ExtKeyUsageServerAuth, dns("grid.example")), s.issue(t, k, x509.ExtKeyUsageClientAuth, nil))
	suite := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	cbc := cc.Clone()
	cbc.MaxVersion, cbc.CipherSuites = tls.VersionTLS12, suite
	if _, cerr, serr := handshake(t, cbc, sc); cerr == nil || serr == nil {
		t.Error("CBC was accepted")
	}
	// Both know a suite that TLS 1.1 has, so that nothing but the version can be what is refused.
	old, oldServer := cc.Clone(), sc.Clone()
	old.MinVersion, old.MaxVersion, old.CipherSuites = tls.VersionTLS11, tls.VersionTLS11, suite
	oldServer.CipherSuites = suite
	if _, cerr, serr := handshake(t, old, oldServer); cerr == nil || serr == nil || !strings.Contains(serr.Error(), "version") {
		t.Errorf("TLS 1.1: client %v, server %v", cerr, serr)
	}
	alpn := cc.Clone()
	alpn.NextProtos = []string{"http/1.1"}
	if _, cerr, _ := handshake(t, alpn, sc); cerr == nil {
		t.Error("another application protocol was accepted")
	}
	if !sc.SessionTicketsDisabled || sc.ClientAuth != tls.RequireAndVerifyClientCert || sc.Renegotiation != tls.RenegotiateNever {
		t.Error("tickets, client certificates or renegotiation are not as the profile says")
	}
}

func TestConfigRefusesOwnUnfitCertificate(t *testing.T) {
	s := newSite(t)
	k := newKey(t, elliptic.P256())
	client := s.issue(t, k, x509.ExtKeyUsageClientAuth, nil)
	tests := []struct {
		name string
		err  error
		want error
	}{}
	add := func(name string, want error, build func() (*tls.Config, error)) {
		_, err := build()
		tests = append(tests, struct {
			name string
			err  error
			want error
		}{name, err, want})
	}
	add("server without clientCAs", tlsprofile.ErrConfig, tlsprofile.Server{Certificate: client}.Config)
	add("server with clientAuth only", tlsprofile.ErrWrongUsage, tlsprofile.Server{Certificate: client, ClientCAs: s.pool}.Config)
	add("client without domain", tlsprofile.ErrConfig, tlsprofile.Client{Certificate: client, RootCAs: s.pool}.Config)
	add("client without CA", tlsprofile.ErrConfig, tlsprofile.Client{Certificate: client, Domain: "grid.example"}.Config)
	add("client without certificate", tlsprofile.ErrConfig, tlsprofile.Client{RootCAs: s.pool, Domain: "grid.example"}.Config)
	for _, tt := range tests {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.err, tt.want)
		}
	}
}
