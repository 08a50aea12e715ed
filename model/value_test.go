package model

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBitsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "bits")
		packed := rapid.SliceOfN(rapid.Byte(), (n+7)/8, (n+7)/8).Draw(t, "octets")
		if n%8 != 0 {
			packed[len(packed)-1] &= 0xff << (8 - n%8)
		}
		got, bits := LongBits(string(packed), n).PackedBits(nil)
		if bits != n || string(got) != string(packed) {
			t.Fatalf("%x of %d bits came back as %x of %d", packed, n, got, bits)
		}
	})
}

func TestTimestampRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 1<<32-1).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		ts := NewTimestamp(at, TimeQuality(rapid.Byte().Draw(t, "q")))
		if d := at.Sub(ts.Time()); d < -time.Nanosecond || d > 60*time.Nanosecond {
			t.Fatalf("%v became %v", at, ts.Time())
		}
		if again := NewTimestamp(ts.Time(), ts.Quality()); again != ts {
			t.Fatalf("%x became %x", uint64(ts), uint64(again))
		}
	})
}

func TestEntryTimeRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := entryEpoch.Add(time.Duration(rapid.Int64Range(0, 65535*86_400_000).Draw(t, "ms")) * time.Millisecond)
		if got := NewEntryTime(at).Time(); !got.Equal(at) {
			t.Fatalf("%v became %v", at, got)
		}
	})
}

func TestQualityRoundTrips(t *testing.T) {
	for q := range Quality(1 << QualityBits) {
		if got, ok := ParseQuality(q.String()); !ok || got != q {
			t.Fatalf("%013b is %q is %013b", q, q, got)
		}
		if got, ok := QualityValue(q).AsQuality(); !ok || got != q {
			t.Fatalf("%013b came back as %013b", q, got)
		}
	}
	for _, s := range []string{"", "fine", "good+", "good+test+test", "test"} {
		if _, ok := ParseQuality(s); ok {
			t.Errorf("%q was accepted", s)
		}
	}
}

func TestEqualAndClone(t *testing.T) {
	a := Struct(Int(1), Array(Visible("x"), Octets("\x00")), Bits(5, 3))
	if !a.Equal(a.Clone()) {
		t.Error("a clone differs")
	}
	for _, b := range []Value{{}, Int(1), Uint(1), Bits(1, 1), Bits(1, 2), Visible("1"), Octets("1"), Float32(1), Float64(1), a} {
		for _, c := range []Value{{}, Int(1), Uint(1), Bits(1, 1), Bits(1, 2), Visible("1"), Octets("1"), Float32(1), Float64(1), a} {
			if b.Equal(c) != (b.Kind() == c.Kind() && b.Text(nil) == c.Text(nil) && b.size == c.size) {
				t.Errorf("%v %q equals %v %q: %v", b.Kind(), b.Text(nil), c.Kind(), c.Text(nil), b.Equal(c))
			}
		}
	}
}

func TestBasicNames(t *testing.T) {
	for b := BasicStruct; b < NumBasic; b++ {
		if got, ok := ParseBasic(b.String()); !ok || got != b {
			t.Errorf("%s is %v", b, got)
		}
	}
	for f := ST; f < NumFC; f++ {
		if got, ok := ParseFC(f.String()); !ok || got != f {
			t.Errorf("%s is %v", f, got)
		}
	}
	if _, ok := ParseFC("st"); ok {
		t.Error("lower case was accepted")
	}
}

func TestKnownTables(t *testing.T) {
	for name, c := range knownCDCs() {
		for _, a := range c.Attributes {
			for _, fc := range a.FCs {
				if fc == FCNone {
					t.Errorf("%s.%s has an unknown functional constraint", name, a.Name)
				}
			}
			if len(a.FCs) > 0 && len(a.Types) == 0 {
				t.Errorf("%s.%s has no type", name, a.Name)
			}
		}
	}
	for name, c := range knownClasses() {
		for _, o := range c.Objects {
			for _, cdc := range o.CDCs {
				if _, ok := CDC(cdc); !ok {
					t.Errorf("%s.%s is of class %q, which is not known", name, o.Name, cdc)
				}
			}
		}
	}
	ggio, ok := Class("GGIO")
	if !ok {
		t.Fatal("no GGIO")
	}
	if o, ok := ggio.Object("Ind12"); !ok || o.Name != "Ind" {
		t.Error("Ind12 is not found")
	}
	if _, ok := ggio.Object("Beh2"); ok {
		t.Error("Beh cannot be numbered")
	}
}
