package model

import (
	"strings"
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

func TestAccessors(t *testing.T) {
	if _, ok := Int(1).AsBool(); ok {
		t.Error("an integer is a boolean")
	}
	if b, ok := Bool(true).AsBool(); !ok || !b {
		t.Error("true is not")
	}
	if _, ok := Int(-1).AsUint(); ok {
		t.Error("-1 is unsigned")
	}
	if u, ok := Int(5).AsUint(); !ok || u != 5 {
		t.Error("5 is not unsigned")
	}
	if _, ok := Uint(1 << 63).AsInt(); ok {
		t.Error("2^63 is an INT64")
	}
	if bits, width := Float32(1).FloatBits(); bits != 0x3f800000 || width != 32 {
		t.Errorf("%x of %d bits", bits, width)
	}
	if v, n, ok := Bits(0xff, 3).AsBits(); !ok || v != 7 || n != 3 {
		t.Errorf("%b of %d bits", v, n)
	}
	if _, _, ok := LongBits("123456789", 72).AsBits(); ok {
		t.Error("72 bits fit in 64")
	}
	if s, ok := Octets("\x00").AsText(); !ok || s != "\x00" {
		t.Errorf("%q", s)
	}
	if _, ok := Int(1).AsText(); ok {
		t.Error("an integer is text")
	}
	if ts, ok := Time(7).AsTime(); !ok || ts != 7 {
		t.Error("a time is not")
	}
	if _, ok := Bits(0, 12).AsQuality(); !ok {
		t.Error("a quality that a peer shortened is refused")
	}
	if q, ok := Bits(uint64(Invalid)<<1, 14).AsQuality(); !ok || q != Invalid {
		t.Errorf("a quality that a peer padded is %v", q)
	}
	if _, ok := Bits(0, 11).AsQuality(); ok {
		t.Error("11 bits are a quality")
	}
	s := Struct(Int(1), Bool(true))
	if s.Len() != 2 || !s.At(1).Equal(Bool(true)) || len(s.Members()) != 2 || s.IsZero() || !(Value{}).IsZero() {
		t.Error("members of a structure")
	}
	if num, size := Raw(KindEntryTime, "", 5, 4).Num(); num != 5 || size != 4 {
		t.Errorf("%d, %d", num, size)
	}
	if _, ok := Raw(KindEntryTime, "", 5, 4).AsEntryTime(); ok {
		t.Error("four octets are a date")
	}
}

func TestTimesSaturate(t *testing.T) {
	if got := NewTimestamp(time.Unix(-1, 0), ClockFailure); got != Timestamp(ClockFailure) {
		t.Errorf("%x", uint64(got))
	}
	if got := NewTimestamp(time.Unix(1<<32, 0), 0); got != 0xffffffffffffff00 {
		t.Errorf("%x", uint64(got))
	}
	if got := NewEntryTime(entryEpoch.Add(-time.Second)); got != 0 {
		t.Errorf("%x", uint64(got))
	}
	if got := NewEntryTime(entryEpoch.AddDate(200, 0, 0)).Time(); got.Year() != 2163 {
		t.Errorf("%v", got)
	}
	if got := NewTimestamp(time.Unix(1, 0), ClockFailure|ClockNotSynchronized).String(); got != "1970-01-01T00:00:01.000000Z ClockFailure ClockNotSynchronized" {
		t.Error(got)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		strings.Join((TrgDataChange | TrgGI).Names(), ","):               "dchg,gi",
		strings.Join((OptSeqNum | OptConfRev | OptEntryID).Names(), ","): "seqNum,entryID,configRef",
		ProofX509.String(): "x509",
		Proof(99).String(): "unknown",
		End.String():       "end",
		Hop.String():       "hop",
		DbposBad.String():  "bad-state",
		KindTime.String():  "utc-time",
		Kind(99).String():  "unknown",
		FC(99).String():    "FC(99)",
		Basic(99).String(): "unknown",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
