package cotp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/osi/tpkt"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConnect(t *testing.T) {
	for _, c := range []struct {
		p   Connect
		hex string
	}{
		{Connect{SrcRef: 1, Size: 13, Called: []byte{0, 1}, Calling: []byte{0, 1}}, "11e00000000100c0010dc1020001c2020001"},
		{Connect{Confirm: true, DstRef: 1, SrcRef: 7, Size: 10}, "09d00001000700c0010a"},
		{Connect{SrcRef: 6}, "06e00000000600"},
	} {
		b, err := c.p.Append(nil)
		if err != nil || hex.EncodeToString(b) != c.hex {
			t.Errorf("%+v: %x, %v", c.p, b, err)
		}
		p, err := ParseConnect(unhex(t, c.hex))
		if err != nil || !cmp.Equal(p, c.p) {
			t.Errorf("%s: %+v, %v", c.hex, p, err)
		}
	}
}

func TestConnectBad(t *testing.T) {
	for _, s := range []string{
		"", "00", "06", "ff", "05e000000001", "06f00000000100", // no header, or none of this kind
		"07e00000000100c0", "08e00000000100c002", "09e00000000100c0010e", "09e00000000100c00106", "08e00000000100c000", // parameters
		"29e00000000100c221000000000000000000000000000000000000000000000000000000000000000000", // selector of 33 octets
	} {
		if p, err := ParseConnect(unhex(t, s)); !errors.Is(err, ErrTPDU) {
			t.Errorf("%s: %+v, %v", s, p, err)
		}
	}
}

func packet(tpdu []byte) []byte { return append(tpkt.AppendHeader(nil, len(tpdu)), tpdu...) }

func TestAnswersToCR(t *testing.T) {
	for _, c := range []struct {
		name, in, out string
		err           error
	}{
		{"our selector", "0de00000000500c0010bc2020001", "030000120dd00005000900c0010bc2020001", nil},
		{"no size", "0ae00000000500c2020001", "", nil},
		{"other selector", "0ae00000000500c2020002", "0300000b06800005000003", ErrSelector},
		{"no selector", "06e00000000500", "0300000b06800005000003", ErrSelector},
		{"class 4", "0ae00000000540c2020001", "0300000b06800005000000", ErrClass},
		{"class 4 or 0", "0de00000000540c70100c2020001", "", nil},
		{"data first", "02f080", "", ErrUnexpected},
		{"CC", "06d00000000500", "", ErrUnexpected},
	} {
		m := NewCalled(Config{Called: []byte{0, 1}, Ref: 9, Limit: 100})
		_, ev, _, err := m.Receive(packet(unhex(t, c.in)))
		out := hex.EncodeToString(m.Output())
		if !errors.Is(err, c.err) || (err == nil) != (ev == Connected) || m.Open() != (err == nil) {
			t.Errorf("%s: %v, %v", c.name, ev, err)
		}
		if c.err == nil && c.out == "" && out != "" {
			continue
		}
		if out != c.out {
			t.Errorf("%s: answered %s", c.name, out)
		}
	}
}

func TestFragments(t *testing.T) {
	a, err := NewCalling(Config{Ref: 1, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	b := NewCalled(Config{Ref: 2, Limit: 1000})
	if _, _, _, err := b.Receive(a.Output()); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := a.Receive(packet(unhex(t, "09d00001000200c00107"))); err != nil { // 128 octets
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 124, 125, 126, 250, 251, 1000, 1001} {
		tsdu := bytes.Repeat([]byte{7}, n)
		in := a.AppendTSDU(nil, tsdu[:n/3], tsdu[n/3:])
		var got []byte
		var ev Event
		for len(in) > 0 && ev != Data && err == nil {
			var k int
			if k, ev, got, err = b.Receive(in); k > 132 {
				t.Errorf("packet of %d octets", k)
			}
			in = in[k:]
		}
		if n > 1000 {
			if !errors.Is(err, ErrTooLong) {
				t.Errorf("%d octets: %v", n, err)
			}
			return
		}
		if err != nil || ev != Data || !bytes.Equal(got, tsdu) || len(in) != 0 {
			t.Errorf("%d octets: %d, %v", n, len(got), err)
		}
	}
}

// TestAnnounced refuses a packet by its header when it can only be too long.
func TestAnnounced(t *testing.T) {
	for _, c := range []struct {
		length, partial int
		ok              bool
	}{{1007, 0, true}, {1008, 0, false}, {65535, 0, false}, {507, 500, true}, {508, 500, false}, {259, 1000, true}} {
		m := &Machine{cfg: Config{Limit: 1000}, state: open, partial: make([]byte, c.partial)}
		_, _, _, err := m.Receive([]byte{3, 0, byte(c.length >> 8), byte(c.length), 2})
		if errors.Is(err, ErrTooLong) == c.ok {
			t.Errorf("%d octets behind %d: %v", c.length, c.partial, err)
		}
	}
}

func FuzzTPDU(f *testing.F) {
	f.Add([]byte("\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0d\xc1\x02\x00\x01\xc2\x02\x00\x01"))
	f.Add([]byte("\x02\xf0\x80data"))
	f.Add([]byte("\x06\x80\x00\x01\x00\x02\x03"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if p, err := ParseConnect(in); err == nil {
			b, err := p.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			p.Alternative = false
			if q, err := ParseConnect(b); err != nil || !cmp.Equal(p, q) {
				t.Errorf("%+v became %+v, %v", p, q, err)
			}
		}
		if len(in) < 3 {
			return
		}
		for _, m := range []*Machine{NewCalled(Config{Limit: 100}), {cfg: Config{Limit: 100}, state: open}, {state: waiting}} {
			if _, ev, _, err := m.Receive(packet(in[:min(len(in), 60000)])); err == nil && ev == None && m.Pending() > 100 {
				t.Errorf("%d octets held", m.Pending())
			}
		}
	})
}
