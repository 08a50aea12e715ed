package scl

import (
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

func TestParseVal(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 500_000_000, time.UTC)
	enum := &model.Type{Basic: model.BasicEnum, Enum: &model.Enum{
		ID: "E", Names: map[int32]string{0: "off", -1: "less"}, Values: map[string]int32{"off": 0, "less": -1},
	}}
	leaf := func(b model.Basic) *model.Type { return &model.Type{Basic: b, Slots: 1} }
	tests := []struct {
		typ  *model.Type
		text string
		want model.Value // no value: an error
	}{
		{leaf(model.BasicBool), "true", model.Bool(true)},
		{leaf(model.BasicBool), " 0 ", model.Bool(false)},
		{leaf(model.BasicBool), "yes", model.Value{}},
		{leaf(model.BasicInt8), "-128", model.Int(-128)},
		{leaf(model.BasicInt8), "128", model.Value{}},
		{leaf(model.BasicInt24), "8388607", model.Int(8388607)},
		{leaf(model.BasicInt24), "8388608", model.Value{}},
		{leaf(model.BasicInt64), "-9223372036854775808", model.Int(-1 << 63)},
		{leaf(model.BasicInt128), "9223372036854775807", model.Int(1<<63 - 1)},
		{leaf(model.BasicInt8U), "255", model.Uint(255)},
		{leaf(model.BasicInt8U), "256", model.Value{}},
		{leaf(model.BasicInt16U), "-1", model.Value{}},
		{leaf(model.BasicInt32U), "+7", model.Uint(7)},
		{leaf(model.BasicInt32U), "", model.Value{}},
		{leaf(model.BasicFloat32), "-1e-3", model.Float32(-1e-3)},
		{leaf(model.BasicFloat32), "1e39", model.Value{}},
		{leaf(model.BasicFloat32), "0x1p3", model.Value{}},
		{leaf(model.BasicFloat32), "1_0", model.Value{}},
		{leaf(model.BasicFloat64), "1e39", model.Float64(1e39)},
		{leaf(model.BasicFloat64), "ten", model.Value{}},
		{enum, "less", model.Int(-1)},
		{enum, "-1", model.Int(-1)},
		{enum, "OFF", model.Int(0)},
		{enum, "1", model.Value{}},
		{leaf(model.BasicDbpos), "on", model.DbposValue(model.DbposOn)},
		{leaf(model.BasicDbpos), "intermediate-state", model.DbposValue(model.DbposIntermediate)},
		{leaf(model.BasicDbpos), "01", model.DbposValue(model.DbposOff)},
		{leaf(model.BasicDbpos), "open", model.Value{}},
		{leaf(model.BasicTcmd), "higher", model.Bits(2, 2)},
		{leaf(model.BasicCheck), "synchrocheck", model.Bits(2, 2)},
		{leaf(model.BasicQuality), "questionable+test", model.QualityValue(model.Questionable | model.QTest)},
		{leaf(model.BasicQuality), "0100000000010", model.QualityValue(model.Invalid | model.QTest)},
		{leaf(model.BasicQuality), "010000000001", model.Value{}},
		{leaf(model.BasicTrgOps), "010001", model.Bits(0b010001, 6)},
		{leaf(model.BasicTimestamp), "2026-01-31T12:00:00.5", model.Time(model.NewTimestamp(at, 0))},
		{leaf(model.BasicTimestamp), "2026-01-31T14:00:00.5+02:00", model.Time(model.NewTimestamp(at, 0))},
		{leaf(model.BasicTimestamp), "31.1.2026", model.Value{}},
		{leaf(model.BasicEntryTime), "2026-01-31T12:00:00.500Z", model.Entry(model.NewEntryTime(at))},
		{leaf(model.BasicEntryTime), "noon", model.Value{}},
		{leaf(model.BasicOctet64), "00FF", model.Octets("\x00\xff")},
		{leaf(model.BasicOctet64), "AP8=", model.Octets("\x00\xff")},
		{leaf(model.BasicOctet6), "010CCD010001", model.Octets("\x01\x0c\xcd\x01\x00\x01")},
		{leaf(model.BasicOctet6), "010CCD01000102", model.Value{}},
		{leaf(model.BasicEntryID), "0000000000000001", model.Octets("\x00\x00\x00\x00\x00\x00\x00\x01")},
		{leaf(model.BasicEntryID), "00", model.Value{}},
		{leaf(model.BasicOctet16), "not octets", model.Value{}},
		{leaf(model.BasicVisString32), "abc", model.Visible("abc")},
		{leaf(model.BasicVisString32), strings.Repeat("a", 33), model.Value{}},
		{leaf(model.BasicVisString255), "Ü", model.Value{}},
		{leaf(model.BasicUnicode255), "Ü", model.Unicode("Ü")},
		{leaf(model.BasicUnicode255), strings.Repeat("Ü", 255), model.Unicode(strings.Repeat("Ü", 255))},
		{leaf(model.BasicUnicode255), strings.Repeat("Ü", 256), model.Value{}},
		{leaf(model.BasicCurrency), "EUR", model.Visible("EUR")},
		{leaf(model.BasicCurrency), "Euro", model.Value{}},
		{leaf(model.BasicObjRef), "LD/LLN0.Mod", model.Visible("LD/LLN0.Mod")},
	}
	for _, tt := range tests {
		got, err := parseVal(tt.typ, tt.text)
		if (err == nil) == tt.want.IsZero() || err == nil && !got.Equal(tt.want) {
			t.Errorf("%s %q: %v %q, %v", tt.typ.Basic, tt.text, got.Kind(), got.Text(tt.typ), err)
		}
	}
}

func TestEditions(t *testing.T) {
	for _, tt := range []struct {
		attrs, name string
		known       bool
	}{
		{``, "2003", true},
		{`version="2003" revision="A"`, "2003A", true},
		{`version="2007" revision="A"`, "2007A", true},
		{`version="2007" revision="B"`, "2007B", true},
		{`version="2007" revision="B" release="4"`, "2007B4", true},
		{`version="2007" revision="C" release="5"`, "2007C5", true},
		{`version="2007" revision="A" release="4"`, "2007A4", false},
		{`version="2007" revision="C"`, "2007C", false},
		{`version="2007" revision="D"`, "2007D", false},
		{`version="2030"`, "2030", false},
	} {
		f, err := Parse("f", []byte(`<SCL xmlns="`+Namespace+`" `+tt.attrs+`><Header id="x"/></SCL>`), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Edition.String() != tt.name || f.Edition.Known() != tt.known || len(Check(f)) == 0 != tt.known {
			t.Errorf("%s: %s, known %v, %v", tt.attrs, f.Edition, f.Edition.Known(), Check(f))
		}
		if f.Edition.First() != strings.HasPrefix(tt.name, "2003") {
			t.Errorf("%s: first %v", tt.attrs, f.Edition.First())
		}
	}
}

// There may be as many setting groups as an INT8U counts.
func TestLastSettingGroup(t *testing.T) {
	text := bomb(`<DOType id="D" cdc="ASG"><DA name="x" fc="SE" bType="INT8"><Val sGroup="255">9</Val></DA></DOType>`)
	text = strings.Replace(text, `lnType="N"/>`, `lnType="N"><SettingControl numOfSGs="255" actSG="255"/></LN0>`, 1)
	f, err := Parse("f", []byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := f.Server("", "")
	if err != nil {
		t.Fatal(err)
	}
	target, ok := srv.Find(model.Ref{LDevice: "IL", LN: "LLN0", Path: "A.x", FC: model.SE})
	if !ok || len(srv.Groups[target.Slot]) != 255 || !srv.Initial[target.Slot].Equal(model.Int(9)) {
		t.Errorf("groups %v", srv.Groups)
	}
}

// TestTemplateValuesByGroup has the values of setting groups in the type, for an array of structures.
func TestTemplateValuesByGroup(t *testing.T) {
	text := bomb(`<DOType id="D" cdc="CSG"><DA name="p" fc="SE" bType="Struct" type="P" count="2"/></DOType>` +
		`<DAType id="P"><BDA name="x" bType="INT8"><Val sGroup="1">1</Val><Val sGroup="3">3</Val></BDA><BDA name="y" bType="INT8"/></DAType>`)
	text = strings.Replace(text, `lnType="N"/>`, `lnType="N"><SettingControl numOfSGs="3" actSG="3"/><DOI name="A"><SDI name="p" ix="1"><DAI name="x">`+
		`<Val sGroup="1">7</Val></DAI></SDI></DOI></LN0>`, 1)
	f, err := Parse("f", []byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := f.Server("", "")
	if err != nil {
		t.Fatal(err)
	}
	slot := func(path string) int {
		target, ok := srv.Find(model.Ref{LDevice: "IL", LN: "LLN0", Path: path, FC: model.SE})
		if !ok {
			t.Fatal(path)
		}
		return target.Slot
	}
	want := []model.Value{model.Int(1), model.Int(0), model.Int(3)}
	for i, v := range srv.Groups[slot("A.p(0).x")] {
		if !v.Equal(want[i]) {
			t.Errorf("group %d: %s, want %s", i+1, v.Text(nil), want[i].Text(nil))
		}
	}
	if got := srv.Initial[slot("A.p(0).x")]; !got.Equal(model.Int(3)) {
		t.Errorf("active value: %s", got.Text(nil))
	}
	// The instance gives group 1 alone: that is the only value there is.
	if got := srv.Groups[slot("A.p(1).x")]; len(got) != 1 || !got[0].Equal(model.Int(7)) {
		t.Errorf("values of the instance: %v", got)
	}
	if _, has := srv.Groups[slot("A.p(0).y")]; has {
		t.Error("an attribute without values has groups")
	}
}

func TestPhyComAddrIsAStructure(t *testing.T) {
	f, err := Parse("f", []byte(bomb(`<DOType id="D" cdc="GTS"><DA name="dstAddress" fc="SR" bType="PhyComAddr"/></DOType>`)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := f.Server("", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := srv.Find(model.Ref{LDevice: "IL", LN: "LLN0", Path: "A.dstAddress.APPID", FC: model.SR}); !ok || len(srv.Initial) != 4 {
		t.Errorf("%d attributes", len(srv.Initial))
	}
}
