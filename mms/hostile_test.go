package mms

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/xer"
)

// both is what a reader of files accepts.
var both []*xer.Dialect

func init() { both = []*xer.Dialect{GW1, BasicXER} }

func TestDepthIsRefusedEarly(t *testing.T) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		b, err := hex.DecodeString(nestedBER(n))
		if err != nil {
			t.Fatal(err)
		}
		for name, in := range map[string][]byte{
			"BER":           b,
			"BER, raw":      append([]byte("\xa0\x80\x02\x01\x01\xbf\x47\x80"), bytes.Repeat([]byte("\xa2\x80"), n)...),
			"BER, definite": append(bytes.Repeat([]byte("\xa1\x84\x00\x0f\xff\xff"), n), make([]byte, 1<<20)...),
		} {
			if _, err := ParseBER(in, Limits{}); err == nil || len(err.Error()) > 2000 {
				t.Errorf("%s nested %d deep: %.200v", name, n, err)
			}
		}
		_, err = ParseXER([]byte(readXML(strings.Repeat("<structure><Data>", n))), nil, Limits{Size: 1 << 26})
		if !errors.Is(err, asn1.ErrTooDeep) || len(err.Error()) > 4000 {
			t.Errorf("XER nested %d deep: %.200v", n, err)
		}
	}
}

func TestLimits(t *testing.T) {
	var many GetNameListResponse
	for range 5000 {
		many.Names = append(many.Names, "LLN0")
	}
	p := &ConfirmedResponse{Service: &many}
	b, _ := AppendBER(nil, p)
	x, _ := AppendXER(nil, p, GW1)
	if _, err := ParseBER(b, Limits{}); !errors.Is(err, asn1.ErrTooLong) {
		t.Errorf("BER with 5000 items: %v", err)
	}
	if _, err := ParseXER(x, nil, Limits{}); !errors.Is(err, asn1.ErrTooLong) {
		t.Errorf("XER with 5000 items: %v", err)
	}
	if _, err := ParseBER(b, Limits{Items: 5000}); err != nil {
		t.Error(err)
	}
	if _, err := ParseXER(x, nil, Limits{Items: 5000}); err != nil {
		t.Error(err)
	}
	for _, n := range []int{10, 1000, len(x) - 1} {
		if _, err := ParseXER(x, nil, Limits{Size: n}); !errors.Is(err, asn1.ErrTooLong) {
			t.Errorf("XER of %d octets where %d are allowed: %v", len(x), n, err)
		}
	}
	if _, err := ParseXER(x, nil, Limits{Size: len(x), Items: 5000}); err != nil {
		t.Error(err)
	}
	attrs := "<conclude-RequestPDU" + strings.Repeat(" a='1'", 1)
	for i := range 40 {
		attrs += " b" + strings.Repeat("b", i) + "=''"
	}
	if _, err := ParseXER([]byte(attrs+"/>"), both, Limits{}); !errors.Is(err, asn1.ErrTooLong) {
		t.Errorf("42 attributes: %v", err)
	}
	if _, err := ParseXER([]byte("<conclude-RequestPDU a='"+strings.Repeat("x", 5000)+"'/>"), both, Limits{}); !errors.Is(err, asn1.ErrTooLong) {
		t.Errorf("attribute of 5000 octets: %v", err)
	}
}

// TestTruncated cuts every PDU at every octet: all are refused, none is taken for something else.
func TestTruncated(t *testing.T) {
	for name, p := range samples() {
		b, _ := AppendBER(nil, p)
		for i := range b {
			if q, err := ParseBER(b[:i], Limits{}); err == nil {
				t.Errorf("%s: %x accepted as %+v", name, b[:i], q)
			}
		}
		for _, d := range both {
			x, _ := AppendXER(nil, p, d)
			for i := range x {
				if q, err := ParseXER(x[:i], both, Limits{}); err == nil {
					t.Errorf("%s: %s accepted as %+v", name, x[:i], q)
				}
			}
		}
	}
}

// TestFlipped changes every bit of every PDU: nothing panics, what is accepted can be written and is read again.
func TestFlipped(t *testing.T) {
	for name, p := range samples() {
		b, _ := AppendBER(nil, p)
		for i := range 8 * len(b) {
			in := bytes.Clone(b)
			in[i/8] ^= 1 << (i % 8)
			q, err := ParseBER(in, Limits{})
			if err != nil {
				continue
			}
			out, err := AppendBER(nil, q)
			if err != nil {
				t.Errorf("%s: %x is read but not written: %v", name, in, err)
				continue
			}
			if _, err := ParseBER(out, Limits{}); err != nil {
				t.Errorf("%s: %x written as %x: %v", name, in, out, err)
			}
		}
		x, _ := AppendXER(nil, p, GW1)
		for i := range 8 * len(x) {
			in := bytes.Clone(x)
			in[i/8] ^= 1 << (i % 8)
			q, err := ParseXER(in, both, Limits{})
			if err != nil {
				continue
			}
			if _, err := AppendXER(nil, q, GW1); err != nil {
				t.Errorf("%s: %s is read but not written: %v", name, in, err)
			}
		}
	}
}

// TestBoundedMemory parses input that announces much and has little.
func TestBoundedMemory(t *testing.T) {
	inputs := map[string][]byte{
		"lengths":   bytes.Repeat([]byte("\xa2\x84\x3f\xff\xff\xff"), 10000),
		"empty":     append([]byte("\xa1\x84\x00\x00\xff\xff\x02\x01\x01\xa4\x84\x00\x00\xff\xf0\xa1\x84\x00\x00\xff\xe0"), bytes.Repeat([]byte("\xa2\x00"), 40000)...),
		"random":    random(1 << 16),
		"structure": []byte(readXML("<structure>" + strings.Repeat("<Data><structure></structure></Data>", 4000) + "</structure>")),
	}
	for name, in := range inputs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			_, _ = ParseBER(in, Limits{})
			_, _ = ParseXER(in, nil, Limits{})
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / 10; got > 2<<20 {
			t.Errorf("%s: %d octets of input cost %d of memory", name, len(in), got)
		}
	}
}

func random(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestBadPDUKeepsInvokeID: what was read before the error is enough to reject the PDU.
func TestBadPDUKeepsInvokeID(t *testing.T) {
	p, err := ParseBER(unhex(t, "a00b020107a406a1048302ffff"), Limits{})
	if r, ok := p.(*ConfirmedRequest); err == nil || !ok || r.InvokeID != 7 {
		t.Errorf("BER: %+v, %v", p, err)
	}
	p, err = ParseXER([]byte(`<confirmed-RequestPDU xmlns="`+Namespace+`"><invokeID>7</invokeID><ConfirmedServiceRequest><rename/></ConfirmedServiceRequest></confirmed-RequestPDU>`), nil, Limits{})
	if r, ok := p.(*ConfirmedRequest); !errors.Is(err, asn1.ErrUnknown) || !ok || r.InvokeID != 7 {
		t.Errorf("XER: %+v, %v", p, err)
	}
	p, err = ParseBER(unhex(t, "ae00"), Limits{})
	if p != nil || err == nil {
		t.Errorf("BER of no PDU: %+v, %v", p, err)
	}
}

// TestNothingIsBorrowed: without Borrow a PDU survives the reuse of its input.
func TestNothingIsBorrowed(t *testing.T) {
	for name, p := range samples() {
		want, _ := AppendBER(nil, p)
		b := bytes.Clone(want)
		q, err := ParseBER(b, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		x, _ := AppendXER(nil, p, GW1)
		r, err := ParseXER(x, nil, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		clear(b)
		clear(x)
		for _, pdu := range []PDU{q, r} {
			if got, err := AppendBER(nil, pdu); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: changed with its input: %x, not %x: %v", name, got, want, err)
			}
		}
	}
}
