package ber

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/gridward/gridward/asn1"
)

// FuzzReader: no input panics; a refusal says where; what is read is written no longer than it was, and read again as the
// same.
func FuzzReader(f *testing.F) {
	good, err := hex.DecodeString(seq(parts...))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("\xa0\x80\x81\x01\x01\x82\x02\x00\x01\x83\x01\x00\xa4\x80\x04\x01G\x04\x01r\x00\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		read := func(b []byte) (all, error) {
			var r Reader
			r.Reset(string(b), Limits{})
			a := all{}.code(&r)
			return a, r.Finish()
		}
		write := func(a all) []byte {
			var w Writer
			w.Reset(nil)
			a.code(&w)
			if w.Err() != nil {
				t.Fatalf("%x is read but not written: %v", in, w.Err())
			}
			return w.Bytes()
		}
		a, err := read(in)
		if err != nil {
			var where *asn1.Error
			if !errors.As(err, &where) || where.Offset < 0 || where.Offset > len(in) {
				t.Fatalf("%x: %v", in, err)
			}
			return
		}
		out := write(a)
		if len(out) > len(in) {
			t.Fatalf("%x of %d octets is written as %x of %d", in, len(in), out, len(out))
		}
		b, err := read(out)
		if err != nil {
			t.Fatalf("%x is written as %x: %v", in, out, err)
		}
		if again := write(b); string(again) != string(out) {
			t.Fatalf("%x is written as %x and then as %x", in, out, again)
		}
	})
}
