package tpkt

import (
	"bytes"
	"errors"
	"testing"
)

func TestNext(t *testing.T) {
	for _, c := range []struct {
		in   string
		tpdu string
		n    int
		bad  bool
	}{
		{"", "", 0, false},
		{"\x03", "", 0, false},
		{"\x03\x00\x00\x07\x02\xf0", "", 0, false},
		{"\x03\x00\x00\x07\x02\xf0\x80", "\x02\xf0\x80", 7, false},
		{"\x03\xff\x00\x08\x02\xf0\x80x\x03", "\x02\xf0\x80x", 8, false},
		{"\x16", "", 0, true},
		{"\x03\x00\x00\x06", "", 0, true},
		{"\x03\x00\x00\x00", "", 0, true},
	} {
		tpdu, n, err := Next([]byte(c.in))
		if string(tpdu) != c.tpdu || n != c.n || errors.Is(err, ErrHeader) != c.bad {
			t.Errorf("%x: %x, %d, %v", c.in, tpdu, n, err)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add([]byte("\x03\x00\x00\x07\x02\xf0\x80"))
	f.Fuzz(func(t *testing.T, in []byte) {
		tpdu, n, err := Next(in)
		if err != nil || n == 0 {
			return
		}
		if again := append(AppendHeader(nil, len(tpdu)), tpdu...); in[1] == 0 && !bytes.Equal(again, in[:n]) {
			t.Errorf("%x became %x", in[:n], again)
		}
	})
}
