package tlsprofile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"testing"

	"github.com/gridward/gridward/security/tlsprofile"
)

// under issues a certificate below another one that s signed: what the holder of that one could do.
func (s *site) under(t *testing.T, signer tls.Certificate, usage x509.ExtKeyUsage, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	below := &site{cert: signer.Leaf, key: signer.PrivateKey.(*ecdsa.PrivateKey)}
	c := below.issue(t, newKey(t, elliptic.P256()), usage, change)
	c.Certificate = append(c.Certificate, signer.Certificate...)
	return c
}

// Who holds a certificate of the site cannot make others: not as the client of a server nor as the server of a client.
func TestHoldersCannotIssue(t *testing.T) {
	s := newSite(t)
	k := newKey(t, elliptic.P256())
	name := dns("grid.example")
	server, client := s.issue(t, k, x509.ExtKeyUsageServerAuth, name), s.issue(t, k, x509.ExtKeyUsageClientAuth, nil)
	signs := func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }
	authority := func(usage x509.ExtKeyUsage, more func(*x509.Certificate)) tls.Certificate {
		return s.issue(t, k, usage, func(c *x509.Certificate) {
			c.IsCA, c.Subject = true, pkix.Name{CommonName: "between"}
			signs(c)
			if more != nil {
				more(c)
			}
		})
	}
	ca, sa := x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth
	for _, tt := range []struct {
		name   string
		signer func(usage x509.ExtKeyUsage) tls.Certificate
		good   bool
	}{
		{"an authority between", func(u x509.ExtKeyUsage) tls.Certificate { return authority(u, nil) }, true},
		{"a leaf", func(u x509.ExtKeyUsage) tls.Certificate { return s.issue(t, k, u, nil) }, false},
		{"a leaf whose key may sign certificates", func(u x509.ExtKeyUsage) tls.Certificate { return s.issue(t, k, u, signs) }, false},
		{"an authority for the other usage", func(u x509.ExtKeyUsage) tls.Certificate { return authority(ca+sa-u, nil) }, false},
		{"an authority for other names", func(u x509.ExtKeyUsage) tls.Certificate {
			return authority(u, func(c *x509.Certificate) {
				c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"other.example"}
			})
		}, false},
		{"a weak authority", func(u x509.ExtKeyUsage) tls.Certificate {
			weak := *s
			return weak.issue(t, newKey(t, elliptic.P224()), u, func(c *x509.Certificate) {
				c.IsCA, c.Subject = true, pkix.Name{CommonName: "between"}
				signs(c)
			})
		}, false},
	} {
		for _, usage := range []x509.ExtKeyUsage{ca, sa} {
			sc, cc := configs(t, s, server, client)
			forged := s.under(t, tt.signer(usage), usage, name)
			if usage == sa {
				sc.Certificates = []tls.Certificate{forged}
			} else {
				cc.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &forged, nil }
			}
			_, cerr, serr := handshake(t, cc, sc)
			if got := cerr == nil && serr == nil; got != tt.good {
				t.Errorf("%s, usage %v: client %v, server %v", tt.name, usage, cerr, serr)
			}
			if tt.good {
				continue
			}
			var ref *tlsprofile.CertificateError
			for _, err := range []error{cerr, serr} {
				if r := tlsprofile.Refusal(err, now); r != nil && !r.Remote {
					ref = r
				}
			}
			if ref == nil || errors.Is(ref, tlsprofile.ErrExpired) {
				t.Errorf("%s, usage %v: refused with %v", tt.name, usage, ref)
			}
		}
	}
}
