package tlsprofile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// Application protocol names of direct TLS (XEP-0368).
const (
	ALPNClient = "xmpp-client"
	ALPNServer = "xmpp-server"
)

// Suites are the TLS 1.2 suites of the profile. TLS 1.3 suites are not chosen by configuration; all are AEAD.
func Suites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	}
}

// ErrConfig is the cause of every refused configuration that is not about a certificate.
var ErrConfig = errors.New("tlsprofile: incomplete configuration")

// Server says what a listener needs. The zero value is not usable; Certificate and ClientCAs must be set.
type Server struct {
	Certificate tls.Certificate  // own chain and key; the leaf must carry serverAuth
	ClientCAs   *x509.CertPool   // who may sign the certificates of clients
	ALPN        []string         // protocols offered; empty: none, and any that a client asks for is ignored
	Now         func() time.Time // clock for validity; nil: time.Now
}

// Client says what a dialler needs. Certificate, RootCAs and Domain must be set.
type Client struct {
	Certificate tls.Certificate  // own chain and key; the leaf must carry clientAuth
	RootCAs     *x509.CertPool   // who may sign the certificate of the server
	Domain      string           // XMPP domain, in U- or A-labels, that the server must prove, whatever host was dialled
	Service     string           // SRV service that a SRV-ID may name; empty: "xmpp-client"
	ALPN        []string         // protocols asked for
	Now         func() time.Time // clock for validity; nil: time.Now
}

// Config returns a configuration that requires and verifies a certificate of every client: path to ClientCAs, validity,
// extended key usage clientAuth, key strength. The result is shared by any number of connections and must not be changed.
func (s Server) Config() (*tls.Config, error) {
	if s.ClientCAs == nil {
		return nil, errors.Join(ErrConfig, errors.New("tlsprofile: no client CA"))
	}
	if err := checkOwn(&s.Certificate, x509.ExtKeyUsageServerAuth); err != nil {
		return nil, err
	}
	c := base(s.Certificate, s.ALPN, s.Now)
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.ClientCAs = s.ClientCAs
	c.SessionTicketsDisabled = true
	c.VerifyConnection = func(cs tls.ConnectionState) error {
		if len(cs.PeerCertificates) == 0 {
			return &CertificateError{Reason: ErrNoCertificate}
		}
		if err := CheckLeaf(cs.PeerCertificates[0], x509.ExtKeyUsageClientAuth); err != nil {
			return err
		}
		return checkChains(cs.VerifiedChains)
	}
	return c, nil
}

// Config returns a configuration that shows Certificate and accepts only a server that proves Domain: path to RootCAs,
// validity, extended key usage serverAuth, key strength, and a DNS-ID, SRV-ID or xmppAddr for Domain. The name that was
// dialled plays no part, so a forged SRV record gains nothing.
func (c Client) Config() (*tls.Config, error) {
	switch {
	case c.RootCAs == nil:
		return nil, errors.Join(ErrConfig, errors.New("tlsprofile: no CA"))
	case c.Domain == "":
		return nil, errors.Join(ErrConfig, errors.New("tlsprofile: no domain"))
	}
	if err := checkOwn(&c.Certificate, x509.ExtKeyUsageClientAuth); err != nil {
		return nil, err
	}
	service := c.Service
	if service == "" {
		service = "xmpp-client"
	}
	out := base(c.Certificate, c.ALPN, c.Now)
	out.RootCAs = c.RootCAs
	out.ServerName = ALabel(c.Domain)
	// A SRV-ID or an xmppAddr is not a host name: crypto/tls cannot check it, so VerifyConnection below, which is run
	// on every handshake, does the whole verification instead.
	out.InsecureSkipVerify = true
	now, roots, domain := out.Time, c.RootCAs, c.Domain
	out.VerifyConnection = func(cs tls.ConnectionState) error {
		if err := verifyPath(cs.PeerCertificates, roots, x509.ExtKeyUsageServerAuth, now()); err != nil {
			return err
		}
		return CheckDomain(cs.PeerCertificates[0], domain, service)
	}
	// The server asks for a certificate; ours is sent even when its list of CAs does not name our issuer, so that it can
	// say what is wrong instead of "no certificate".
	own := c.Certificate
	out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
	return out, nil
}

func base(cert tls.Certificate, alpn []string, now func() time.Time) *tls.Config {
	if now == nil {
		now = time.Now
	}
	return &tls.Config{
		Certificates:     []tls.Certificate{cert},
		MinVersion:       tls.VersionTLS12,
		MaxVersion:       tls.VersionTLS13,
		CipherSuites:     Suites(),
		CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384},
		NextProtos:       alpn,
		Renegotiation:    tls.RenegotiateNever,
		// Stanzas are small and gathered before they are sealed: a record for each batch.
		DynamicRecordSizingDisabled: true,
		Time:                        now,
	}
}

// checkOwn refuses an own certificate that no conforming peer would accept, and fills in its parsed leaf.
func checkOwn(cert *tls.Certificate, usage x509.ExtKeyUsage) error {
	if len(cert.Certificate) == 0 || cert.PrivateKey == nil {
		return errors.Join(ErrConfig, errors.New("tlsprofile: no certificate or no private key"))
	}
	if cert.Leaf == nil {
		leaf, err := x509.ParseCertificate(cert.Certificate[0])
		if err != nil {
			return &CertificateError{Reason: ErrMalformed, Details: err.Error(), Err: err}
		}
		cert.Leaf = leaf
	}
	return CheckLeaf(cert.Leaf, usage)
}
