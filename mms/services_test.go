package mms

import (
	"encoding/hex"
	"testing"

	"github.com/gridward/gridward/asn1"
)

// What we say that we support is what the codecs read, and the other way round.
func TestServicesSupported(t *testing.T) {
	packed, n := ServicesSupported.PackedBits(nil)
	if got := hex.EncodeToString(packed); n != 85 || got != "ee1c00000002000059fd18" {
		t.Errorf("%d bits %s", n, got)
	}
	for i := range 79 { // what follows is not a confirmed service
		said := packed[i/8]>>(7-i%8)&1 == 1
		tag := asn1.Context(uint32(i))
		if requestChoice.Find(tag) >= 0 != said || responseChoice.Find(tag) >= 0 != said {
			t.Errorf("service %d: said %v, read %v and %v", i, said, requestChoice.Find(tag) >= 0, responseChoice.Find(tag) >= 0)
		}
	}
}
