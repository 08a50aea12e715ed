package valuetext

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func leaf(k model.Kind, size int) *mms.TypeSpec { return &mms.TypeSpec{Kind: k, Size: size} }

func structure(parts ...any) *mms.TypeSpec {
	t := &mms.TypeSpec{Kind: model.KindStruct}
	for i := 0; i < len(parts); i += 2 {
		t.Components = append(t.Components, mms.Component{Name: parts[i].(string), Type: *parts[i+1].(*mms.TypeSpec)})
	}
	return t
}

func ref(t testing.TB, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var noon = time.Date(2026, 1, 31, 12, 0, 0, 500_000_000, time.UTC)

// Each row is a value and its text, in both directions.
func TestTexts(t *testing.T) {
	const good = model.LeapSecondsKnown | model.AccuracyMillisecond
	for _, tc := range []struct {
		ref  string
		spec *mms.TypeSpec
		v    model.Value
		text string
	}{
		{"L/GGIO1.Ind1.stVal[ST]", leaf(model.KindBool, 0), model.Bool(true), "true"},
		{"L/LLN0.Beh.stVal[ST]", leaf(model.KindInt, 8), model.Int(4), "test/blocked"},
		{"L/LLN0.Mod.Oper.ctlVal[CO]", leaf(model.KindInt, 8), model.Int(2), "blocked"},
		{"L/LLN0.Mod.ctlModel[CF]", leaf(model.KindInt, 8), model.Int(4), "sbo-with-enhanced-security"},
		{"L/LLN0.Health.stVal[ST]", leaf(model.KindInt, 8), model.Int(9), "9"},
		{"L/GGIO1.IntIn1.stVal[ST]", leaf(model.KindInt, 32), model.Int(-5), "-5"},
		{"L/X1.A.b[ST]", leaf(model.KindUint, 16), model.Uint(65535), "65535"},
		{"L/MMXU1.TotW.units.SIUnit[CF]", leaf(model.KindInt, 8), model.Int(62), "Watts"},
		{"L/MMXU1.TotW.units.multiplier[CF]", leaf(model.KindInt, 8), model.Int(-6), "µ"},
		{"L/MMXU1.TotW.mag.f[MX]", &mms.TypeSpec{Kind: model.KindFloat, Size: 32, Exponent: 8}, model.Float32(1.5e9), "1.5e+09"},
		{"L/MMXU1.TotW.mag.f[MX]", &mms.TypeSpec{Kind: model.KindFloat, Size: 64, Exponent: 11}, model.Float64(0.1), "0.1"},
		{"L/XCBR1.Pos.stVal[ST]", leaf(model.KindBits, 2), model.DbposValue(model.DbposOn), "on"},
		{"L/ATCC1.TapChg.Oper.ctlVal[CO]", leaf(model.KindBits, 2), model.Bits(2, 2), "higher"},
		{"L/XCBR1.Pos.Oper.Check[CO]", leaf(model.KindBits, -2), model.Bits(1, 2), "interlock"},
		{"L/XCBR1.Pos.q[ST]", leaf(model.KindBits, -13), model.QualityValue(model.Invalid | model.QFailure | model.QTest), "invalid+failure+test"},
		{"L/LLN0.brcb.TrgOps[BR]", leaf(model.KindBits, -6), model.Bits(uint64(model.TrgDataChange|model.TrgGI), 6), "dchg+gi"},
		{"L/LLN0.brcb.OptFlds[BR]", leaf(model.KindBits, -10), model.Bits(uint64(model.OptSeqNum|model.OptEntryID), 10), "seqNum+entryID"},
		{"L/LLN0.brcb.TrgOps[BR]", leaf(model.KindBits, -6), model.Bits(0, 6), "none"},
		{"L/X1.A.bits[ST]", leaf(model.KindBits, -70), model.LongBits("\xff\x00\xff\x00\xff\x00\xff\x00\x80", 66), "111111110000000011111111000000001111111100000000111111110000000010"},
		{"L/X1.A.t[ST]", leaf(model.KindTime, 0), model.Time(model.NewTimestamp(noon, good)), "2026-01-31T12:00:00.5Z"},
		{"L/X1.A.t[ST]", leaf(model.KindTime, 0), model.Time(model.NewTimestamp(noon, good|model.ClockFailure|model.ClockNotSynchronized)), "2026-01-31T12:00:00.5Z clockFailure clockNotSynchronized"},
		{"L/LLN0.brcb.TimeofEntry[BR]", leaf(model.KindEntryTime, 1), model.Entry(model.NewEntryTime(noon)), "2026-01-31T12:00:00.500Z"},
		{"L/LLN0.brcb.EntryID[BR]", leaf(model.KindOctets, 8), model.Octets("\x00\x00\x00\x00\x00\x00\x01\xff"), "00000000000001ff"},
		{"L/XCBR1.Pos.origin.orIdent[ST]", leaf(model.KindOctets, -64), model.Octets("ems 1"), "ems 1"},
		{"L/XCBR1.Pos.origin.orIdent[ST]", leaf(model.KindOctets, -64), model.Octets("0x1"), "0x307831"},
		{"L/XCBR1.Pos.origin.orIdent[ST]", leaf(model.KindOctets, -64), model.Octets("\x01"), "0x01"},
		{"L/LLN0.NamPlt.vendor[DC]", leaf(model.KindString, -255), model.Visible(" a b"), " a b"},
		{"L/LLN0.NamPlt.dU[DC]", leaf(model.KindUnicode, -255), model.Unicode("Größe"), "Größe"},
		{"L/M1.W.mag[MX]", structure("f", leaf(model.KindFloat, 32)), model.Struct(model.Float32(2.5)), `{"f":2.5}`},
		{"L/M1.W.mag[MX]", structure("i", leaf(model.KindInt, 32), "f", leaf(model.KindFloat, 32)), model.Struct(model.Int(3), model.Float32(2.5)), `{"i":3,"f":2.5}`},
		{"L/M1.Har.a[CF]", &mms.TypeSpec{Kind: model.KindArray, Count: 2, Elem: leaf(model.KindInt, 8)}, model.Array(model.Int(1), model.Int(2)), `[1,2]`},
		{"L/X1.Pos.origin[ST]", structure("orCat", leaf(model.KindInt, 8), "orIdent", leaf(model.KindOctets, -64)), model.Struct(model.Int(3), model.Octets("a<b")), `{"orCat":"remote-control","orIdent":"a<b"}`},
	} {
		typ := New(tc.spec, ref(t, tc.ref), nil)
		if got := typ.Text(tc.v); got != tc.text {
			t.Errorf("%s: text is %q, want %q", tc.ref, got, tc.text)
		}
		v, err := typ.Parse(tc.text)
		if err != nil || !v.Equal(tc.v) {
			t.Errorf("%s: %q is read as %s, %v", tc.ref, tc.text, v.Text(nil), err)
		}
	}
}

// What people write besides.
func TestOtherTexts(t *testing.T) {
	for _, tc := range []struct {
		ref        string
		spec       *mms.TypeSpec
		text, same string // "": refused
	}{
		{"L/G.A.stVal[ST]", leaf(model.KindBool, 0), "on", "true"},
		{"L/G.A.stVal[ST]", leaf(model.KindBool, 0), " OFF ", "false"},
		{"L/G.A.stVal[ST]", leaf(model.KindBool, 0), "yes", ""},
		{"L/LLN0.Mod.ctlVal[CO]", leaf(model.KindInt, 8), "TEST", "test"},
		{"L/LLN0.Mod.ctlVal[CO]", leaf(model.KindInt, 8), "5", "off"},
		{"L/LLN0.Mod.ctlVal[CO]", leaf(model.KindInt, 8), "neither", ""},
		{"L/G.A.x[ST]", leaf(model.KindInt, 8), "128", ""},
		{"L/G.A.x[ST]", leaf(model.KindInt, 8), "0x7f", "127"},
		{"L/G.A.x[ST]", leaf(model.KindUint, 8), "-1", ""},
		{"L/G.A.x[ST]", leaf(model.KindUint, 8), "256", ""},
		{"L/G.A.x[ST]", leaf(model.KindFloat, 32), "1e40", ""},
		{"L/G.A.x[ST]", leaf(model.KindFloat, 32), "0x1p3", ""},
		{"L/G.A.x[ST]", leaf(model.KindFloat, 32), "NaN", "NaN"},
		{"L/G.A.q[ST]", leaf(model.KindBits, -13), "0000000000010", "good+test"},
		{"L/G.A.q[ST]", leaf(model.KindBits, -13), "fine", ""},
		{"L/G.A.x[ST]", leaf(model.KindBits, 4), "101", ""},
		{"L/G.A.x[ST]", leaf(model.KindBits, -4), "10101", ""},
		{"L/G.A.stVal[ST]", leaf(model.KindBits, 2), "bad", "bad-state"},
		{"L/G.A.t[ST]", leaf(model.KindTime, 0), "2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00Z"},
		{"L/G.A.t[ST]", leaf(model.KindTime, 0), "2026-01-31", "2026-01-31T00:00:00Z"},
		{"L/G.A.t[ST]", leaf(model.KindTime, 0), "1960-01-31", ""},
		{"L/G.A.t[ST]", leaf(model.KindTime, 0), "noon", ""},
		{"L/G.A.x[ST]", leaf(model.KindOctets, -2), "0xabcd", "abcd"},
		{"L/G.A.x[ST]", leaf(model.KindOctets, -2), "abcdef", ""},
		{"L/G.A.x[ST]", leaf(model.KindOctets, 2), "ab", ""},
		{"L/G.A.x[ST]", leaf(model.KindString, -2), "abc", ""},
		{"L/G.A.x[ST]", leaf(model.KindString, -9), "ä", ""},
		{"L/G.A.x[ST]", leaf(model.KindUnicode, -9), "\xff", ""},
		{"L/G.A.x[RP]", leaf(model.KindBits, -6), "dchg, qchg", ""},
		{"L/G.A.TrgOps[RP]", leaf(model.KindBits, -6), "dchg,qchg", "dchg+qchg"},
		{"L/M1.W.mag[MX]", structure("f", leaf(model.KindFloat, 32)), "2.5", `{"f":2.5}`},
		{"L/M1.W.mag[MX]", structure("i", leaf(model.KindInt, 32), "f", leaf(model.KindFloat, 32)), "2.5", `{"i":3,"f":2.5}`},
		{"L/M1.W.mag[MX]", structure("i", leaf(model.KindInt, 32), "f", leaf(model.KindFloat, 32)), `{"f":2}`, ""},
		{"L/M1.W.mag[MX]", structure("i", leaf(model.KindInt, 32)), `{"i":2,"x":1}`, ""},
		{"L/M1.W.mag[MX]", structure("i", leaf(model.KindInt, 32)), `{"i":2} x`, ""},
		{"L/M1.W.mag[MX]", structure("a", structure("f", leaf(model.KindFloat, 32))), `{"a":7}`, `{"a":{"f":7}}`},
		{"L/M1.W.a[MX]", &mms.TypeSpec{Kind: model.KindArray, Count: 2, Elem: leaf(model.KindInt, 8)}, "[1]", ""},
	} {
		typ := New(tc.spec, ref(t, tc.ref), nil)
		v, err := typ.Parse(tc.text)
		if tc.same == "" {
			var pe *ParseError
			if !errors.Is(err, ErrValue) || !errors.As(err, &pe) || pe.Want == "" {
				t.Errorf("%s: %q is read as %s, %v", tc.ref, tc.text, typ.Text(v), err)
			}
			continue
		}
		if got := typ.Text(v); err != nil || got != tc.same {
			t.Errorf("%s: %q is read as %q, %v, want %q", tc.ref, tc.text, got, err, tc.same)
		}
	}
}

func TestErrorNamesTheComponent(t *testing.T) {
	typ := New(structure("origin", structure("orCat", leaf(model.KindInt, 8))), ref(t, "L/X1.Pos.Oper[CO]"), nil)
	_, err := typ.Parse(`{"origin":{"orCat":"nobody"}}`)
	if err == nil || !strings.Contains(err.Error(), "origin.orCat") || !strings.Contains(err.Error(), "bay-control") {
		t.Errorf("%v", err)
	}
	if _, err := typ.Parse(strings.Repeat("x", MaxText+1)); !errors.Is(err, ErrValue) {
		t.Errorf("too long: %v", err)
	}
}

func TestSCLNamesGoFirst(t *testing.T) {
	enum := &model.Enum{ID: "Colour", Names: map[int32]string{1: "red"}, Values: map[string]int32{"red": 1}}
	attr := &model.Type{Basic: model.BasicEnum, Enum: enum, Slots: 1}
	plain := &model.Type{Basic: model.BasicInt8, Slots: 1}
	object := &model.Type{Basic: model.BasicStruct, Fields: []model.Field{{Name: "stVal", FC: model.ST, Type: attr}, {Name: "range", FC: model.ST, Type: plain}}, Slots: 2}
	srv := &model.Server{Devices: []*model.LogicalDevice{{Name: "L", Nodes: []*model.LogicalNode{{Class: "LLN0", Objects: []model.Object{{Name: "Beh", Type: object}}}}}}}
	do := structure("stVal", leaf(model.KindInt, 8), "range", leaf(model.KindInt, 8))
	want := `{"stVal":"red","range":1}`
	for _, tc := range []struct {
		ref  string
		spec *mms.TypeSpec
		v    model.Value
		want string
	}{
		{"L/LLN0.Beh.stVal[ST]", leaf(model.KindInt, 8), model.Int(1), "red"},
		{"L/LLN0.Beh[ST]", do, model.Struct(model.Int(1), model.Int(1)), want},
		{"L/LLN0[ST]", structure("Beh", do), model.Struct(model.Struct(model.Int(1), model.Int(1))), `{"Beh":` + want + `}`},
		{"L/LLN0", structure("ST", structure("Beh", do)), model.Struct(model.Struct(model.Struct(model.Int(1), model.Int(1)))), `{"ST":{"Beh":` + want + `}}`},
	} {
		if got := New(tc.spec, ref(t, tc.ref), srv).Text(tc.v); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.ref, got, tc.want)
		}
	}
	if got := New(do, ref(t, "L/LLN0.Beh[ST]"), nil).Text(model.Struct(model.Int(1), model.Int(1))); got != `{"stVal":"on","range":"high"}` {
		t.Errorf("without SCL: %s", got)
	}
}

func TestUnits(t *testing.T) {
	for _, tc := range []struct {
		unit, multiplier int64
		want             string
	}{{62, 3, "kW"}, {29, 0, "V"}, {1, 0, ""}, {999, 0, ""}, {5, -3, "mA"}, {5, 5, ""}, {63, 6, "MVAr"}, {30, 0, "Ω"}, {33, 0, "Hz"}, {72, 3, "kWh"}} {
		if got := Unit(tc.unit, tc.multiplier); got != tc.want {
			t.Errorf("%d, %d: %q, want %q", tc.unit, tc.multiplier, got, tc.want)
		}
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"\x0a\x00\x00\x07": "10.0.0.7", "center@grid.example/IEC": "center@grid.example/IEC", "\x00\x00\x00\x00": "", "": "", "\x01\x02\x03": "010203",
	} {
		if got := Address(in); got != want {
			t.Errorf("%x: %q, want %q", in, got, want)
		}
	}
}

func TestLeaves(t *testing.T) {
	typ := New(structure("a", structure("f", leaf(model.KindFloat, 32)), "l", &mms.TypeSpec{Kind: model.KindArray, Count: 2, Elem: leaf(model.KindInt, 8)}), ref(t, "L/X1.A[MX]"), nil)
	var got []string
	for path, l := range typ.Leaves(model.Struct(model.Struct(model.Float32(1)), model.Array(model.Int(2), model.Int(3)))) {
		got = append(got, path+"="+l.Text())
	}
	if s := strings.Join(got, " "); s != "a.f=1 l(0)=2 l(1)=3" {
		t.Error(s)
	}
	// What the server gives beside its own description is numbered.
	if s := typ.Text(model.Struct(model.Int(1))); s != `{"0":1}` {
		t.Error(s)
	}
}

// FuzzParse: whatever is read comes out as a text that is read as the same value.
func FuzzParse(f *testing.F) {
	specs := []*mms.TypeSpec{
		leaf(model.KindBool, 0), leaf(model.KindInt, 8), leaf(model.KindUint, 32), leaf(model.KindFloat, 32), leaf(model.KindFloat, 64),
		leaf(model.KindBits, -13), leaf(model.KindBits, 2), leaf(model.KindBits, -6), leaf(model.KindBits, -99), leaf(model.KindTime, 0), leaf(model.KindEntryTime, 1),
		leaf(model.KindOctets, -64), leaf(model.KindOctets, 8), leaf(model.KindString, -65), leaf(model.KindUnicode, -255),
	}
	var parts []any
	for i, s := range specs {
		parts = append(parts, string(rune('a'+i)), s)
	}
	specs = append(specs, structure(parts[2:6]...), structure("f", leaf(model.KindFloat, 32)), &mms.TypeSpec{Kind: model.KindArray, Count: 2, Elem: structure("i", leaf(model.KindInt, 16))})
	names := []string{"q", "stVal", "ctlModel", "TrgOps", "OptFlds", "Check", "orIdent", "t"}
	for i := range specs {
		for _, s := range []string{"true", "on", "-1", "1.5", "good+test", "none", "dchg", "2026-01-31T12:00:00Z clockFailure", "0xff", `{"f":1}`, `[{"i":1},[2]]`, `{"b":1,"c":"2"}`, "0101", "\xff", "Ω"} {
			f.Add(byte(i), byte(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, i, n byte, text string) {
		spec := specs[int(i)%len(specs)]
		typ := New(spec, model.Ref{LDevice: "L", LN: "X1", Path: "Mod." + names[int(n)%len(names)], FC: model.ST}, nil)
		v, err := typ.Parse(text)
		if err != nil {
			if !errors.Is(err, ErrValue) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		out := typ.Text(v)
		w, err := typ.Parse(out)
		if err != nil || !v.Equal(w) {
			t.Errorf("%q became %q: %v", text, out, err)
		}
		if _, err := json.Marshal(typ.JSON(v)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
