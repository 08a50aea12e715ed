package mms

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/gridward/gridward/asn1"
)

// What is kept as octets is of constructed types: a primitive element in its place is refused, not written back as
// constructed.
func TestKeptComponentsAreConstructed(t *testing.T) {
	for _, tt := range []struct{ name, good, bad string }{
		{"serviceSpecificInfo", "a20d800101a208a003870102a30105", "a20d800101a208a003870102830105"},
		{"listOfModifier", "a008020101300082" + "00", "a008020101100082" + "00"},
		{"service-ext", "a00a0201018200bf4f03800100", "a00a02010182009f4f03800100"},
	} {
		for _, in := range []string{tt.good, tt.bad} {
			b, err := hex.DecodeString(in)
			if err != nil {
				t.Fatal(err)
			}
			b[1] = byte(len(b) - 2)
			p, err := ParseBER(b, Limits{})
			if in == tt.bad {
				if !errors.Is(err, asn1.ErrSyntax) {
					t.Errorf("%s primitive: %v", tt.name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if out, err := AppendBER(nil, p); err != nil || string(out) != string(b) {
				t.Errorf("%s: %x written as %x, %v", tt.name, b, out, err)
			}
		}
	}
}
