package tlsprofile_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"testing"

	"github.com/gridward/gridward/security/tlsprofile"
)

// A domain of other letters is compared as A-labels, in whichever form the certificate and the caller write it.
func TestCheckDomainComparesALabels(t *testing.T) {
	const u, a = "bücher.example", "xn--bcher-kva.example"
	for _, tt := range []struct {
		what string
		cert *x509.Certificate
		good bool
	}{
		{"xmppAddr in U-labels", &x509.Certificate{Extensions: []pkix.Extension{san(t, other{tlsprofile.OIDXMPPAddr, 12, u})}}, true},
		{"xmppAddr in A-labels", &x509.Certificate{Extensions: []pkix.Extension{san(t, other{tlsprofile.OIDXMPPAddr, 12, "XN--bcher-kva.Example"})}}, true},
		{"SRV-ID", &x509.Certificate{Extensions: []pkix.Extension{san(t, other{tlsprofile.OIDDNSSRV, 22, "_xmpp-client." + a})}}, true},
		{"DNS-ID", &x509.Certificate{DNSNames: []string{a}, Extensions: []pkix.Extension{san(t)}}, true},
		{"another in U-labels", &x509.Certificate{Extensions: []pkix.Extension{san(t, other{tlsprofile.OIDXMPPAddr, 12, "bucher.example"})}}, false},
		{"decomposed, canonically the same", &x509.Certificate{Extensions: []pkix.Extension{san(t, other{tlsprofile.OIDXMPPAddr, 12, "bu\u0308cher.example"})}}, true},
		{"fake A-label", &x509.Certificate{Extensions: []pkix.Extension{san(t, other{tlsprofile.OIDXMPPAddr, 12, "xn--bcher-.example"})}}, false},
		{"SRV-ID of another service", &x509.Certificate{Extensions: []pkix.Extension{san(t, other{tlsprofile.OIDDNSSRV, 22, "_xmpp-server." + a})}}, false},
		{"another DNS-ID", &x509.Certificate{DNSNames: []string{"xn--bcher-kvb.example"}, Extensions: []pkix.Extension{san(t)}}, false},
	} {
		for _, domain := range []string{u, a} {
			err := tlsprofile.CheckDomain(tt.cert, domain, "xmpp-client")
			if tt.good && err != nil || !tt.good && !errors.Is(err, tlsprofile.ErrWrongName) {
				t.Errorf("%s for %s: %v", tt.what, domain, err)
			}
		}
	}
}

// What goes into the server name indication is ASCII.
func TestServerNameIsAnALabel(t *testing.T) {
	s := newSite(t)
	c, err := tlsprofile.Client{
		Certificate: s.issue(t, newKey(t, elliptic.P256()), x509.ExtKeyUsageClientAuth, nil), RootCAs: s.pool, Domain: "bücher.example",
	}.Config()
	if err != nil || c.ServerName != "xn--bcher-kva.example" {
		t.Errorf("server name %q, %v", c.ServerName, err)
	}
	for in, want := range map[string]string{
		"Grid.Example": "grid.example", "[::1]": "[::1]", "192.0.2.1": "192.0.2.1", "straße.example": "xn--strae-oqa.example",
		"a_b.example": "a_b.example", "": "", "grid.example.": "grid.example.",
	} {
		if got := tlsprofile.ALabel(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

// Names are compared without the case of ASCII letters, and without the case folding of Unicode: the Kelvin sign is not
// a k and the long s is not an s.
func TestCheckDomainFoldsOnlyASCII(t *testing.T) {
	for _, tt := range []struct {
		name other
		good bool
	}{
		{other{tlsprofile.OIDXMPPAddr, 12, "Kiosk.example"}, true},
		{other{tlsprofile.OIDXMPPAddr, 12, "\u212aiosk.example"}, false},
		{other{tlsprofile.OIDXMPPAddr, 12, "kio\u017fk.example"}, false},
		{other{tlsprofile.OIDXMPPAddr, 12, "kiosk.example."}, false},
		{other{tlsprofile.OIDXMPPAddr, 12, "*.example"}, false},
		{other{tlsprofile.OIDXMPPAddr, 12, "a@kiosk.example"}, false},
		{other{tlsprofile.OIDDNSSRV, 22, "_XMPP-client.kiosk.EXAMPLE"}, true},
		{other{tlsprofile.OIDDNSSRV, 22, "_xmpp-client.\u212aiosk.example"}, false},
		{other{tlsprofile.OIDDNSSRV, 22, "_xmpp-client.*.example"}, false},
		{other{tlsprofile.OIDDNSSRV, 22, "_xmpp-server.kiosk.example"}, false},
	} {
		cert := &x509.Certificate{Extensions: []pkix.Extension{san(t, tt.name)}}
		err := tlsprofile.CheckDomain(cert, "kiosk.example", "xmpp-client")
		if tt.good && err != nil || !tt.good && !errors.Is(err, tlsprofile.ErrWrongName) {
			t.Errorf("%+v: %v", tt.name, err)
		}
	}
}
