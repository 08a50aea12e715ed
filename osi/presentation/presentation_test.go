package presentation

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/asn1"
)

var user = []PDV{{Context: 1, Value: []byte{0x60, 0}}}

func TestRoundTrips(t *testing.T) {
	cp := Connect{
		Calling: []byte{0, 0, 0, 1}, Called: []byte{1},
		Contexts: []Context{{1, ACSE, []asn1.OID{BER}}, {3, MMS, []asn1.OID{"\x51\x02", BER}}, {300, "\x2a\x03", []asn1.OID{BER}}},
		User:     []PDV{{Context: 300, Encoding: OctetAligned, Value: []byte("octets")}, user[0]},
	}
	b, err := cp.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseConnect(b)
	if diff := cmp.Diff(cp, got); err != nil || diff != "" {
		t.Errorf("CP: %v\n%s", err, diff)
	}
	cpa := Accept{Responding: []byte{1}, Results: []Result{{0, BER, ReasonNotGiven}, {ProviderRejection, "", UnknownAbstract}}, User: user}
	if b, err = cpa.Append(nil); err != nil {
		t.Fatal(err)
	}
	gotA, err := ParseAccept(b)
	if diff := cmp.Diff(cpa, gotA); err != nil || diff != "" {
		t.Errorf("CPA: %v\n%s", err, diff)
	}
	cpr := Refuse{Results: cpa.Results, Reason: 3, User: user}
	if b, err = cpr.Append(nil); err != nil {
		t.Fatal(err)
	}
	gotR, err := ParseRefuse(b)
	if diff := cmp.Diff(cpr, gotR); err != nil || diff != "" {
		t.Errorf("CPR: %v\n%s", err, diff)
	}
	for _, a := range []Abort{{User: user}, {Provider: true, Reason: 4}} {
		if b, err = a.Append(nil); err != nil {
			t.Fatal(err)
		}
		gotB, err := ParseAbort(b)
		if diff := cmp.Diff(a, gotB); err != nil || diff != "" {
			t.Errorf("abort: %v\n%s", err, diff)
		}
	}
}

func TestData(t *testing.T) {
	for _, n := range []int{0, 1, 120, 121, 122, 127, 128, 245, 255, 256, 65000} {
		for _, id := range []int{1, 3, 127, 128, 300, 32767} {
			for _, enc := range []Encoding{SingleASN1, OctetAligned} {
				value := bytes.Repeat([]byte{0x30}, n)
				b := append(AppendDataHeader(nil, id, enc, n), value...)
				v, more, err := ParseData(b)
				if err != nil || v.Context != id || v.Encoding != enc || !bytes.Equal(v.Value, value) || len(more) != 0 {
					t.Errorf("%d octets in context %d: %+v, %v", n, id, v.Context, err)
				}
			}
		}
	}
}

// TestForms reads what other stacks may write.
func TestForms(t *testing.T) {
	for name, s := range map[string]string{
		"indefinite":      "\x61\x80\x30\x80\x02\x01\x03\xa0\x80\x05\x00\x00\x00\x00\x00\x00\x00",
		"padded lengths":  "\x61\x82\x00\x0a\x30\x81\x07\x02\x01\x03\xa0\x02\x05\x00",
		"padded context":  "\x61\x0a\x30\x08\x02\x02\x00\x03\xa0\x02\x05\x00",
		"transfer syntax": "\x61\x0d\x30\x0b\x06\x02\x51\x01\x02\x01\x03\xa0\x02\x05\x00",
	} {
		v, _, err := ParseData([]byte(s))
		if err != nil || v.Context != 3 || string(v.Value) != "\x05\x00" {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if _, more, err := ParseData([]byte("\x61\x12\x30\x07\x02\x01\x03\xa0\x02\x05\x00\x30\x07\x02\x01\x05\x81\x02zz")); err != nil || len(more) != 1 {
		t.Errorf("two values: %d more, %v", len(more), err)
	}
	for _, s := range []string{
		"", "\x60\x00", "\x61\x00", "\x61\x02\x30\x00", "\x61\x07\x30\x05\x02\x01\x00\xa0\x00", "\x61\x07\x30\x05\x02\x01\x03\x82\x00",
		"\x61\x07\x30\x05\x02\x01\x03\xa0\x00\x00", "\x61\x84\xff\xff\xff\xff",
	} {
		if v, _, err := ParseData([]byte(s)); err == nil {
			t.Errorf("%x: %+v", s, v)
		}
	}
}

func TestConnectSetInEitherOrder(t *testing.T) {
	b := []byte("\x31\x0c\xa2\x05\x81\x03zzz\xa0\x03\x80\x01\x01")
	if p, err := ParseConnect(b); err != nil || string(p.Calling) != "zzz" {
		t.Errorf("%+v, %v", p, err)
	}
	b[len(b)-1] = 0
	if p, err := ParseConnect(b); err == nil {
		t.Errorf("X.410 mode: %+v", p)
	}
}

func FuzzPPDU(f *testing.F) {
	cp := Connect{Contexts: []Context{{1, ACSE, []asn1.OID{BER}}}, User: user}
	cpa := Accept{Results: []Result{{0, BER, ReasonNotGiven}}, User: user}
	cpr := Refuse{Results: cpa.Results, User: user}
	for _, p := range []interface {
		Append(b []byte) ([]byte, error)
	}{&cp, &cpa, &cpr, &Abort{User: user}, &Abort{Provider: true}} {
		b, err := p.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("\x61\x09\x30\x07\x02\x01\x03\xa0\x02\x05\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if p, err := ParseConnect(in); err == nil {
			b, err := p.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			if q, err := ParseConnect(b); err != nil || len(q.Contexts) != len(p.Contexts) || len(q.User) != len(p.User) {
				t.Errorf("%+v became %+v, %v", p, q, err)
			}
		}
		if p, err := ParseAccept(in); err == nil && len(p.Results) > MaxContexts {
			t.Error("too many results")
		}
		if p, err := ParseRefuse(in); err == nil && len(p.User) > maxPDVs {
			t.Error("too many values")
		}
		if p, err := ParseAbort(in); err == nil && len(p.User) > maxPDVs {
			t.Error("too many values")
		}
		if v, _, err := ParseData(in); err == nil && (v.Context < 1 || len(v.Value) > len(in)) {
			t.Errorf("%+v", v)
		}
	})
}
