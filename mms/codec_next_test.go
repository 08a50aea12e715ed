package mms

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1/xer"
)

// Documents of many PDUs are larger than one PDU may be, and characters of several octets may lie across any limit.
func TestNextXERReadsLongDocuments(t *testing.T) {
	one := []byte(withNamespace(`<confirmed-ErrorPDU><invokeID>3</invokeID><serviceError><errorClass><access>2</access></errorClass>` +
		`<additionalDescription>` + strings.Repeat("é", 5000) + `</additionalDescription></serviceError></confirmed-ErrorPDU>`))
	for shift := range 2 {
		doc := bytes.Repeat(append(one, "\n "[:1+shift]...), 2*xer.DefaultSize/len(one))
		n := 0
		for rest := doc; len(bytes.TrimSpace(rest)) > 0; n++ {
			_, next, err := NextXER(rest, nil, Limits{})
			if err != nil {
				t.Fatalf("shift %d: PDU %d: %v", shift, n+1, err)
			}
			rest = next
		}
		if want := 2 * xer.DefaultSize / len(one); n != want {
			t.Errorf("shift %d: %d PDUs, want %d", shift, n, want)
		}
	}
}

// What a PDU costs does not depend on what stands after it.
func TestNextXERCopiesLittle(t *testing.T) {
	one := append([]byte(withNamespace(`<conclude-RequestPDU/>`)), '\n')
	doc := bytes.Repeat(one, xer.DefaultSize/len(one))
	r := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			if _, _, err := NextXER(doc, nil, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	if got := r.AllocedBytesPerOp(); got > xer.DefaultSize/8 {
		t.Errorf("%d octets allocated for a PDU of %d", got, len(one))
	}
}
