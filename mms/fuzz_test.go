package mms

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/vectors"
)

func seeds(f *testing.F, add func(v vectors.MMS)) {
	f.Helper()
	all, err := vectors.MMSVectors()
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range all {
		add(v)
	}
}

// foreignSeeds adds the PDUs of another implementation, where they are at hand.
func foreignSeeds(f *testing.F) {
	f.Helper()
	rest, err := os.ReadFile(filepath.Join("..", "..", "shared", "testdata", "captures", "icsnpp-mms", "pdus.der"))
	if err != nil {
		return
	}
	for len(rest) > 0 {
		_, next, err := NextBER(rest, Limits{})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(rest[:len(rest)-len(next)])
		rest = next
	}
}

// FuzzParseBER: no input panics; what is read is written and read again as the same.
func FuzzParseBER(f *testing.F) {
	seeds(f, func(v vectors.MMS) { f.Add(unhex(f, v.BER)) })
	foreignSeeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := ParseBER(in, Limits{})
		if err != nil {
			return
		}
		out, err := AppendBER(nil, p)
		if err != nil {
			t.Fatalf("%x is read but not written: %v", in, err)
		}
		q, err := ParseBER(out, Limits{})
		if err != nil {
			t.Fatalf("%x written as %x: %v", in, out, err)
		}
		again, err := AppendBER(nil, q)
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("%x written as %x and then %x: %v", in, out, again, err)
		}
	})
}

// FuzzParseXER: no input panics; what is read is written and read again as the same.
func FuzzParseXER(f *testing.F) {
	seeds(f, func(v vectors.MMS) {
		f.Add([]byte(v.XER))
		f.Add([]byte(v.Basic))
	})
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := ParseXER(in, both, Limits{})
		if err != nil {
			return
		}
		out, err := AppendXER(nil, p, GW1)
		if err != nil {
			t.Fatalf("%q is read but not written: %v", in, err)
		}
		q, err := ParseXER(out, nil, Limits{})
		if d := cmp.Diff(p, q, equal); err != nil || d != "" {
			t.Fatalf("%q written as %q: %v\n%s", in, out, err, d)
		}
	})
}

// FuzzRoundTrip: a PDU read from BER means the same in XER and JSON, where XER can carry it.
func FuzzRoundTrip(f *testing.F) {
	seeds(f, func(v vectors.MMS) { f.Add(unhex(f, v.BER)) })
	foreignSeeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := ParseBER(in, Limits{})
		if err != nil {
			return
		}
		if _, err := AppendJSON(nil, p); err != nil {
			t.Fatalf("%x has no JSON: %v", in, err)
		}
		want, err := AppendBER(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range both {
			x, err := AppendXER(nil, p, d)
			if err != nil {
				continue // octets without XML form
			}
			q, err := ParseXER(x, both, Limits{Size: 1 << 24})
			if err != nil {
				t.Fatalf("%x written as %q: %v", in, x, err)
			}
			if got, err := AppendBER(nil, q); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%x became %x through %s: %v", want, got, x, err)
			}
		}
	})
}
