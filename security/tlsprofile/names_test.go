package tlsprofile_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/security/tlsprofile"
)

func TestXMPPAddrs(t *testing.T) {
	x := tlsprofile.OIDXMPPAddr
	tests := []struct {
		name  string
		names []other
		want  []string
		bad   bool
	}{
		{name: "none"},
		{name: "one", names: []other{{x, 12, "der1@grid.example"}}, want: []string{"der1@grid.example"}},
		{name: "two and a SRV name", names: []other{{x, 12, "a@grid.example"}, {tlsprofile.OIDDNSSRV, 22, "_xmpp-client.grid.example"}, {x, 12, "b@grid.example"}}, want: []string{"a@grid.example", "b@grid.example"}},
		{name: "not UTF-8", names: []other{{x, 12, "a\xff@grid.example"}}, bad: true},
		{name: "NUL inside", names: []other{{x, 12, "a\x00@grid.example"}}, bad: true},
		{name: "IA5String", names: []other{{x, 22, "a@grid.example"}}, bad: true},
		{name: "empty", names: []other{{x, 12, ""}}, bad: true},
		{name: "longest", names: []other{{x, 12, strings.Repeat("a", 3071)}}, want: []string{strings.Repeat("a", 3071)}},
		{name: "too long", names: []other{{x, 12, strings.Repeat("a", 3072)}}, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cert := &x509.Certificate{}
			if tt.names != nil {
				cert.Extensions = []pkix.Extension{san(t, tt.names...)}
			}
			got, err := tlsprofile.XMPPAddrs(cert)
			if tt.bad {
				if !errors.Is(err, tlsprofile.ErrMalformed) {
					t.Fatalf("got %q, %v", got, err)
				}
				return
			}
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Error(d, err)
			}
		})
	}
}

// A common name, a DNS name and an e-mail address are never a JID.
func TestXMPPAddrsHasNoFallback(t *testing.T) {
	s := newSite(t)
	cert := s.issue(t, newKey(t, elliptic.P256()), x509.ExtKeyUsageClientAuth, func(c *x509.Certificate) {
		c.Subject.CommonName = "der1@grid.example"
		c.EmailAddresses = []string{"der1@grid.example"}
		c.DNSNames = []string{"grid.example"}
	})
	if got, err := tlsprofile.XMPPAddrs(cert.Leaf); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestMalformedSubjectAltName(t *testing.T) {
	good := san(t, other{tlsprofile.OIDXMPPAddr, 12, "der1@grid.example"}).Value
	for i := range good {
		cert := &x509.Certificate{Extensions: []pkix.Extension{{Id: tlsprofile.OIDSubjectAltName, Value: good[:i]}}}
		if got, err := tlsprofile.XMPPAddrs(cert); err == nil {
			t.Errorf("cut at %d: got %q", i, got)
		}
	}
	many := make([]other, 65)
	for i := range many {
		many[i] = other{tlsprofile.OIDXMPPAddr, 12, "a@b"}
	}
	cert := &x509.Certificate{Extensions: []pkix.Extension{san(t, many...)}}
	if _, err := tlsprofile.XMPPAddrs(cert); !errors.Is(err, tlsprofile.ErrMalformed) {
		t.Errorf("65 names: %v", err)
	}
}

func FuzzXMPPAddrs(f *testing.F) {
	f.Add(san(f, other{tlsprofile.OIDXMPPAddr, 12, "der1@grid.example"}).Value)
	f.Add(san(f, other{tlsprofile.OIDDNSSRV, 22, "_xmpp-client.a.b"}, other{asn1.ObjectIdentifier{1, 2, 3}, 12, "x"}).Value)
	f.Fuzz(func(t *testing.T, der []byte) {
		cert := &x509.Certificate{Extensions: []pkix.Extension{{Id: tlsprofile.OIDSubjectAltName, Value: der}}}
		names, err := tlsprofile.XMPPAddrs(cert)
		if err != nil && names != nil {
			t.Error("names with an error")
		}
		for _, n := range names {
			if n == "" || !utf8.ValidString(n) || len(n) > len(der) {
				t.Errorf("bad name %q", n)
			}
		}
	})
}
