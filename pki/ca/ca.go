// Package ca is a small certification authority for one site: an ECDSA P-256 root that issues the TLS certificates of
// DER agents, control centres and XMPP servers, with the names and usages that IEC 62351-3 and RFC 6120 ask for.
//
// It keeps no state: the caller stores the authority's key (see pki/keystore) and what was issued. Enrolment over EST,
// revocation lists and OCSP are not part of it.
package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Errors of the authority, one for each decision of a caller.
var (
	ErrRequest  = errors.New("ca: bad request")                                         // the request must be corrected
	ErrValidity = errors.New("ca: validity lies outside the authority's own")           // ask for fewer days, or renew the CA
	ErrNotCA    = errors.New("ca: certificate or key is not a certification authority") // wrong files
)

// Skew is subtracted from the start of every validity, for devices whose clock is a little late.
const Skew = 5 * time.Minute

// An Authority signs certificates. It is safe for concurrent use when its key is.
type Authority struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// New makes a self-signed authority with the given common name, valid from now-Skew for life. Path length is zero: it
// signs end entities only.
func New(commonName string, now time.Time, life time.Duration) (*Authority, error) {
	if err := checkText("common name", commonName, 64); err != nil {
		return nil, err
	}
	if life <= 0 {
		return nil, fmt.Errorf("%w: life of %v", ErrRequest, life)
	}
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	skid, err := keyID(key.Public())
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             now.Add(-Skew).UTC().Truncate(time.Second),
		NotAfter:              now.Add(life).UTC().Truncate(time.Second),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign, // critical
		BasicConstraintsValid: true,                                         // critical
		IsCA:                  true,
		MaxPathLenZero:        true,
		SubjectKeyId:          skid,
		AuthorityKeyId:        skid,
	}
	cert, err := sign(t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Authority{Cert: cert, Key: key}, nil
}

// From makes an authority of a stored certificate and key. It refuses with ErrNotCA what cannot sign.
func From(cert *x509.Certificate, key crypto.Signer) (*Authority, error) {
	pub, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case !cert.IsCA || !cert.BasicConstraintsValid || cert.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, fmt.Errorf("%w: %q may not sign certificates", ErrNotCA, cert.Subject)
	case !ok || !pub.Equal(key.Public()):
		return nil, fmt.Errorf("%w: the key is not that of %q", ErrNotCA, cert.Subject)
	}
	return &Authority{Cert: cert, Key: key}, nil
}

// Issue signs a certificate for pub. The authority never sees the private key.
func (a *Authority) Issue(req Request, pub crypto.PublicKey, now time.Time) (*x509.Certificate, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	t, err := req.template(pub, now)
	if err != nil {
		return nil, err
	}
	if t.NotBefore.Before(a.Cert.NotBefore) {
		t.NotBefore = a.Cert.NotBefore
	}
	if t.NotAfter.After(a.Cert.NotAfter) || !t.NotBefore.Before(t.NotAfter) {
		return nil, fmt.Errorf("%w: until %s, the authority's until %s", ErrValidity,
			t.NotAfter.Format(time.RFC3339), a.Cert.NotAfter.Format(time.RFC3339))
	}
	t.AuthorityKeyId = a.Cert.SubjectKeyId
	return sign(t, a.Cert, pub, a.Key)
}

// NewKey makes an ECDSA P-256 key.
func NewKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func sign(t, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, pub, key)
	if err != nil {
		return nil, fmt.Errorf("ca: signing: %w", err)
	}
	return x509.ParseCertificate(der)
}

// newSerial draws 128 random bits; the top bit of the encoding is cleared and the value is never zero, so that it stays
// a positive INTEGER of at most 16 octets (RFC 5280 4.1.2.2).
func newSerial() (*big.Int, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:]), nil
}

// keyID is the subject key identifier: the leftmost 160 bits of the SHA-256 of the public key (RFC 7093 2, method 1).
func keyID(pub crypto.PublicKey) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	sum := sha256.Sum256(spki)
	return sum[:20], nil
}
