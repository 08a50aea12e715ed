package model

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

var binaryValues = []Value{
	{},
	Bool(true), Bool(false), Int(-1), Int(1 << 40), Uint(1<<64 - 1), Float32(-1.5), Float64(1e300), Bits(0b101, 3),
	Bits(0, 0), Bits(1<<63, 64), LongBits("\xff\x00\xff\x00\xff\x00\xff\x00\x80", 65), Octets("\x00\x01"), Visible("LD0/LLN0$ds"),
	Unicode("Größe"), Time(NewTimestamp(time.Unix(1e9, 5e8), 10)), Entry(NewEntryTime(time.Unix(1e9, 0))), QualityValue(Invalid),
	Raw(KindEntryTime, "", 77, 4), Raw(KindGeneralizedTime, "20260101000000Z", 0, 0), Raw(KindOID, "\x28\xca", 0, 0),
	Struct(), Array(Int(1), Int(2)), Struct(Struct(Float32(1)), Bits(3, 13), Array(Visible("x"), Visible(""))),
}

func TestBinaryForm(t *testing.T) {
	for _, v := range binaryValues {
		b, err := v.AppendBinary([]byte("head"))
		if err != nil {
			t.Fatal(err)
		}
		got, rest, err := ParseBinary(append(b[4:], "tail"...))
		if err != nil || string(rest) != "tail" || !got.Equal(v) {
			t.Errorf("%v came back as %v, rest %q, %v", v, got, rest, err)
		}
		for n := range len(b) - 4 {
			if cut, rest, err := ParseBinary(b[4 : 4+n]); err == nil {
				t.Errorf("%d of %d octets of %v are %v, rest %q", n, len(b)-4, v, cut, rest)
			}
		}
	}
}

func TestBinaryFormRefuses(t *testing.T) {
	for what, b := range map[string]string{
		"empty": "", "unknown kind": "\x12\x00\x00\x00", "long number": "\x05\x00\x80\x00\x00", "short text": "\x0a\x00\x00\x05abc",
		"many members": "\x02\xff\xff\xff\xff\x0f", "too deep": strings.Repeat("\x02\x01", 40), "a boolean of 2": "\x03\x00\x02\x00",
		"bits beyond the size": "\x04\x02\x07\x00", "long bits without octets": "\x04\x41\x00\x00", "float of 16": "\x07\x10\x00\x00",
		"number in a string": "\x0a\x00\x01\x00", "entry time of 5": "\x0c\x05\x00\x00",
	} {
		if v, _, err := ParseBinary([]byte(b)); !errors.Is(err, ErrBinary) {
			t.Errorf("%s: %v, %v", what, v, err)
		}
	}
}

func FuzzParseBinary(f *testing.F) {
	for _, v := range binaryValues {
		b, _ := v.AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := ParseBinary(b)
		if err != nil {
			return
		}
		again, _ := v.AppendBinary(nil)
		if !bytes.Equal(again, b[:len(b)-len(rest)]) {
			t.Errorf("% x is %v, which is written % x", b, v, again)
		}
		_ = v.Clone()
		if v.Kind() == KindBits {
			_, _ = v.PackedBits(nil)
		}
	})
}
