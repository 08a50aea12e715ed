package acse

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/asn1"
)

func apdus(t testing.TB) []APDU {
	t.Helper()
	other, err := OtherValue("\x2a\x03\x04", []byte{4, 1, 'x'})
	if err != nil {
		t.Fatal(err)
	}
	users := []User{{Context: 3, PDU: []byte{0xa8, 0}}}
	title := Title{AP: asn1.MustOID("1.1.999.1"), AE: 12, HasAE: true}
	return []APDU{
		&Request{ContextName: MMSContext, User: users},
		&Request{ContextName: MMSContext, Called: title, Calling: Title{AE: -7, HasAE: true}, Auth: Auth{Password, Chars("")}, User: users},
		&Request{ContextName: MMSContext, Auth: Auth{Value: Value{Form: BitString, Bytes: []byte{0xa0}, Bits: 3}}},
		&Request{ContextName: MMSContext, Auth: Auth{Password, other}},
		&Request{ContextName: MMSContext, Auth: Auth{Password, BitOctets(bytes.Repeat([]byte{9}, 400))}, User: users},
		&Response{ContextName: MMSContext, Responding: title, Auth: Auth{Password, BitOctets([]byte{1, 2, 3, 4, 5, 6, 7, 8})}, User: users},
		&Response{ContextName: MMSContext, Result: RejectedPermanent, Diagnostic: Diagnostic{Code: DiagAuthenticationFailed}},
		&Response{ContextName: MMSContext, Result: RejectedTransient, Diagnostic: Diagnostic{Provider: true, Code: 2}},
		&Release{}, &Release{HasReason: true}, &Release{Answer: true, Reason: 1, HasReason: true, User: users},
		&Abort{}, &Abort{Provider: true, Diagnostic: AbortAuthentication},
	}
}

func TestRoundTrips(t *testing.T) {
	for _, p := range apdus(t) {
		b, err := Append(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Parse(b)
		if diff := cmp.Diff(p, q); err != nil || diff != "" {
			t.Errorf("%x: %v\n%s", b, err, diff)
		}
		for i := range b {
			if q, err := Parse(b[:i]); err == nil {
				t.Errorf("%x cut to %d octets: %+v", b, i, q)
			}
		}
	}
}

func TestOther(t *testing.T) {
	v, err := OtherValue("\x2a\x03\x04", []byte{4, 1, 'x'})
	if err != nil {
		t.Fatal(err)
	}
	mechanism, element, err := v.Split()
	if err != nil || mechanism != "\x2a\x03\x04" || string(element) != "\x04\x01x" {
		t.Errorf("%v %x %v", mechanism, element, err)
	}
	if _, err := OtherValue("\x2a", []byte{4, 9}); !errors.Is(err, asn1.ErrTruncated) {
		t.Errorf("no element: %v", err)
	}
}

func TestRequirementsWithAnyPadding(t *testing.T) {
	b, err := Append(nil, &Request{ContextName: MMSContext, Auth: Auth{Mechanism: Password, Value: Chars("pw")}})
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(b, []byte{0x8a, 2, 7, 0x80})
	if i < 0 {
		t.Fatalf("no requirements in %x", b)
	}
	for padding := range byte(8) {
		b[i+2] = padding
		if p, err := Parse(b); err != nil || string(p.(*Request).Auth.Value.Bytes) != "pw" {
			t.Errorf("%d unused bits: %v", padding, err)
		}
	}
}

func FuzzAPDU(f *testing.F) {
	for _, p := range apdus(f) {
		b, err := Append(nil, p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := Parse(in)
		if err != nil {
			return
		}
		b, err := Append(nil, p)
		if err != nil {
			return // longer in BER than it was, or a title that is only half there
		}
		if q, err := Parse(b); err != nil || !cmp.Equal(p, q) {
			t.Errorf("%x became %x: %v\n%s", in, b, err, cmp.Diff(p, q))
		}
	})
}
