package tlsprofile_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"testing"

	"github.com/gridward/gridward/security/tlsprofile"
)

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
