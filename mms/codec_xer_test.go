package mms

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/xer"
)

// The examples of the binding of PDUs to XMPP: they must be read, written back octet for octet and mean the same as the
// BER of the PDU.
func TestExamples(t *testing.T) {
	for _, x := range examples {
		in := withNamespace(x)
		p, err := ParseXER([]byte(in), nil, Limits{})
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		out, err := AppendXER(nil, p, GW1)
		if err != nil || string(out) != in {
			t.Errorf("written back as\n%s\nnot\n%s\n%v", out, in, err)
		}
		b, err := AppendBER(nil, p)
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		q, err := ParseBER(b, Limits{})
		if err != nil {
			t.Errorf("%x: %v", b, err)
		}
		if d := cmp.Diff(p, q, equal); d != "" {
			t.Errorf("%s: -XER +BER\n%s", x, d)
		}
		basic, err := AppendXER(nil, q, BasicXER)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseXER(basic, []*xer.Dialect{BasicXER}, Limits{})
		if d := cmp.Diff(p, r, equal); d != "" || err != nil {
			t.Errorf("%s: %v -gw1 +basic\n%s", basic, err, d)
		}
		if bytes.Contains(basic, []byte("xmlns")) {
			t.Errorf("%s: namespace in basic XER", basic)
		}
	}
}

// TestManyPDUs reads PDUs back to back, among them one longer than usual.
func TestManyPDUs(t *testing.T) {
	long := &ConfirmedResponse{Service: &GetNameListResponse{}}
	for range 2000 {
		s := long.Service.(*GetNameListResponse)
		s.Names = append(s.Names, "MMXU1$MX$TotW$mag$f")
	}
	var in []byte
	var want []PDU
	for _, p := range samples() {
		want = append(want, p, long)
	}
	for _, p := range want {
		var err error
		if in, err = AppendXER(in, p, GW1); err != nil {
			t.Fatal(err)
		}
		in = append(in, "\n \t"...)
	}
	for i, p := range want {
		q, rest, err := NextXER(in, nil, Limits{})
		if d := cmp.Diff(p, q, equal); err != nil || d != "" {
			t.Fatalf("PDU %d: %v\n%s", i, err, d)
		}
		in = bytes.TrimSpace(rest)
	}
	if len(in) > 0 {
		t.Errorf("%d octets are left", len(in))
	}
}

// Services without a place in IEC 61850-8-2 are refused by name, with what is needed to reject them.
func TestOtherServicesAreUnknown(t *testing.T) {
	in := withNamespace(`<confirmed-RequestPDU><invokeID>4</invokeID><ConfirmedServiceRequest><rename/></ConfirmedServiceRequest></confirmed-RequestPDU>`)
	p, err := ParseXER([]byte(in), nil, Limits{})
	if id, ok := InvokeID(p); !errors.Is(err, asn1.ErrUnknown) || !ok || id != 4 {
		t.Errorf("%v, %v", p, err)
	}
}

// withNamespace adds the namespace to the first element.
func withNamespace(x string) string {
	i := strings.IndexAny(x, "/>")
	return x[:i] + ` xmlns="` + Namespace + `"` + x[i:]
}
