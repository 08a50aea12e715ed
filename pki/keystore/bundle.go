package keystore

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// A Bundle is what one end of a mutually authenticated connection needs.
type Bundle struct {
	Certificate tls.Certificate // chain, key and parsed leaf
	CAs         []*x509.Certificate
	Pool        *x509.CertPool // of CAs
}

// Leaf returns the end-entity certificate.
func (b *Bundle) Leaf() *x509.Certificate { return b.Certificate.Leaf }

// Load reads a certificate chain (leaf first), its key and the CA certificates that peers are checked against. It checks
// that key and leaf belong together (ErrMismatch) and that every CA may sign certificates (ErrPEM).
func Load(certFile, keyFile, caFile string) (*Bundle, error) {
	chain, err := ReadCertificates(certFile)
	if err != nil {
		return nil, err
	}
	key, err := ReadKey(keyFile)
	if err != nil {
		return nil, err
	}
	cas, err := ReadCertificates(caFile)
	if err != nil {
		return nil, err
	}
	for _, c := range cas {
		if !c.IsCA {
			return nil, &FileError{caFile, fmt.Errorf("%w: %q is not a CA certificate", ErrPEM, c.Subject)}
		}
	}
	if !belongs(chain[0], key) {
		return nil, &FileError{keyFile, fmt.Errorf("%w: %s is for another key", ErrMismatch, certFile)}
	}
	return NewBundle(chain, key, cas), nil
}

// NewBundle makes a bundle of parts in memory, without checks.
func NewBundle(chain []*x509.Certificate, key crypto.Signer, cas []*x509.Certificate) *Bundle {
	b := &Bundle{CAs: cas, Pool: x509.NewCertPool()}
	for _, c := range cas {
		b.Pool.AddCert(c)
	}
	b.Certificate = tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		b.Certificate.Certificate = append(b.Certificate.Certificate, c.Raw)
	}
	return b
}

func belongs(cert *x509.Certificate, key crypto.Signer) bool {
	pub, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(key.Public())
}
