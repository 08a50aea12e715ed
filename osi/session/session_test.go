package session

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLengths writes and reads user data around every border of a length indicator, in both groups.
func TestLengths(t *testing.T) {
	for _, n := range []int{0, 1, 60, 200, 252, 253, 254, 255, 256, 300, 512, 513, 1060, 9000, 60000} {
		for _, typ := range []Type{Connect, Accept, Refuse, Finish, Disconnect, Abort, Data} {
			p := SPDU{Type: typ, User: bytes.Repeat([]byte{0x31}, n)}
			if n == 0 {
				p.User = nil
			}
			if typ == Connect || typ == Accept {
				p.Version, p.Requirements, p.Called = 2, Duplex, []byte{0, 1}
			}
			if typ == Connect {
				p.Calling, p.Extended = []byte{0, 2}, n > 512
			}
			if typ == Refuse {
				p.Reason = ReasonUserData
			}
			b, err := p.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			q, err := Parse(b)
			if len(q.User) == 0 {
				q.User = nil
			}
			if diff := cmp.Diff(p, q); err != nil || diff != "" {
				t.Errorf("%s with %d octets: %v\n%s", typ, n, err, diff)
			}
			if group := byte(pgiExtended); typ == Connect && bytes.IndexByte(b[:min(40, len(b))], group) >= 0 != (n > 512) {
				t.Errorf("%d octets in the wrong group", n)
			}
			// The same with every length in its long form.
			if q, err = Parse(long(b)); len(q.User) == 0 {
				q.User = nil
			}
			if diff := cmp.Diff(p, q); err != nil || diff != "" {
				t.Errorf("%s with %d octets, long form: %v\n%s", typ, n, err, diff)
			}
			for i := range min(len(b), 50) {
				if _, err := Parse(b[:i]); err == nil && typ != Data {
					t.Errorf("%s cut to %d octets is read", typ, i)
				}
			}
		}
	}
}

// long rewrites the first length of an SPDU to its long form.
func long(b []byte) []byte {
	if b[0] == byte(Data) || b[1] == 255 {
		return b
	}
	return append([]byte{b[0], 255, 0, b[1]}, b[2:]...)
}

func TestBad(t *testing.T) {
	for _, s := range []string{
		"", "\x0d", "\x0d\x05", "\x0d\xff\x00", "\xa8\x00", "\x0d\x00\x00", // the SPDU
		"\x0d\x01\x05", "\x0d\x02\x05\x01", "\x0d\x03\x16\x01", "\x0d\x04\x16\x02\x02\x02", "\x0d\x03\x14\x01\x02", // parameters
		"\x0d\x05\x05\x03\x16\x02\x02",               // a parameter beyond its group
		"\x0d\x13\x33\x11zzzzzzzzzzzzzzzzz",          // SSEL of 17 octets
		"\x0d\x03\x3c\x01\x00",                       // data overflow
		"\x0d\x06\xc1\x01x\xc2\x01x", "\x0e\x02\x32", // user data twice
		"\x01\x00\x0d\x00", "\x01\x00\x01\x01\x00", "\x01\x01\x00\x01\x00",
	} {
		if p, err := Parse([]byte(s)); !errors.Is(err, ErrSPDU) {
			t.Errorf("%x: %+v, %v", s, p, err)
		}
	}
	p := SPDU{Type: Connect, User: make([]byte, MaxUser)}
	if _, err := p.Append(nil); !errors.Is(err, ErrSPDU) {
		t.Errorf("too much user data: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\x0d\x18\x05\x06\x13\x01\x00\x16\x01\x02\x14\x02\x00\x02\x33\x02\x00\x01\x34\x02\x00\x01\xc1\x02\x31\x00"))
	f.Add([]byte("\x0c\x05\x32\x03\x02\x30\x00"))
	f.Add([]byte("\x01\x00\x01\x00\x61\x00"))
	f.Add([]byte("\x19\x03\x11\x01\x05"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := Parse(in)
		if err != nil {
			return
		}
		b, err := p.Append(nil)
		if err != nil {
			return
		}
		q, err := Parse(b)
		if err != nil || q.Type != p.Type || !bytes.Equal(q.User, p.User) {
			t.Errorf("%x became %x: %v", in, b, err)
		}
	})
}
