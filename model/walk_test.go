package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// meter is a server with one node: TotW (MV with mag, q) and Ha, an object with an array of two structures and an
// attribute of another functional constraint.
func meter() *Server {
	f32 := &Type{Basic: BasicFloat32, Slots: 1}
	mag := &Type{ID: "mag", Basic: BasicStruct, Slots: 2, Fields: []Field{{Name: "f", Type: f32}, {Name: "ang", Type: f32, Slot: 1}}}
	mv := &Type{ID: "MV", CDC: "MV", Basic: BasicStruct, Slots: 3, Fields: []Field{
		{Name: "mag", FC: MX, Type: mag, Trigger: TrgDataChange},
		{Name: "q", FC: MX, Type: &Type{Basic: BasicQuality, Slots: 1}, Slot: 2, Trigger: TrgQualityChange},
	}}
	har := &Type{ID: "HMV", CDC: "HMV", Basic: BasicStruct, Slots: 5, Fields: []Field{
		{Name: "num", FC: CF, Type: &Type{Basic: BasicInt16U, Slots: 1}},
		{Name: "har", FC: MX, Type: mag, Count: 2, Slot: 1},
	}}
	n := &LogicalNode{Class: "MMXU", Inst: "1", Objects: []Object{{Name: "TotW", Type: mv}, {Name: "Ha", Type: har, Slot: 3}}}
	return &Server{Devices: []*LogicalDevice{{Name: "LD", Nodes: []*LogicalNode{n}}}}
}

func TestFind(t *testing.T) {
	srv := meter()
	tests := []struct {
		ref   string
		slot  int
		slots int
		fc    FC
		ok    bool
	}{
		{"LD/MMXU1.TotW", 0, 3, FCNone, true},
		{"LD/MMXU1.TotW[MX]", 0, 3, FCNone, true},
		{"LD/MMXU1.TotW[CF]", 0, 0, FCNone, false},
		{"LD/MMXU1.TotW.mag.ang[MX]", 1, 1, MX, true},
		{"LD/MMXU1.TotW.q[MX]", 2, 1, MX, true},
		{"LD/MMXU1.TotW.q[ST]", 0, 0, FCNone, false},
		{"LD/MMXU1.Ha.har", 4, 4, MX, true},
		{"LD/MMXU1.Ha.har(1)", 6, 2, MX, true},
		{"LD/MMXU1.Ha.har(1).ang", 7, 1, MX, true},
		{"LD/MMXU1.Ha.har(2)", 0, 0, FCNone, false},
		{"LD/MMXU1.Ha.har.ang", 0, 0, FCNone, false}, // of which element?
		{"LD/MMXU1.TotW(0)", 0, 0, FCNone, false},
		{"LD/MMXU1.Nope", 0, 0, FCNone, false},
		{"LD/MMXU2.TotW", 0, 0, FCNone, false},
		{"XX/MMXU1.TotW", 0, 0, FCNone, false},
	}
	for _, tt := range tests {
		r, err := ParseRef(tt.ref)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := srv.Find(r)
		if ok != tt.ok || ok && (got.Slot != tt.slot || got.Slots() != tt.slots || got.FC != tt.fc) {
			t.Errorf("%s: slot %d of %d, fc %v, %v", tt.ref, got.Slot, got.Type.Slots, got.FC, ok)
		}
	}
}

func TestWalk(t *testing.T) {
	var got []string
	slot := 0
	for l := range meter().Walk() {
		if l.Slot != slot {
			t.Errorf("%s: slot %d, want %d", l.Ref, l.Slot, slot)
		}
		slot++
		got = append(got, l.Ref.String())
	}
	want := []string{
		"LD/MMXU1.TotW.mag.f[MX]", "LD/MMXU1.TotW.mag.ang[MX]", "LD/MMXU1.TotW.q[MX]", "LD/MMXU1.Ha.num[CF]",
		"LD/MMXU1.Ha.har(0).f[MX]", "LD/MMXU1.Ha.har(0).ang[MX]", "LD/MMXU1.Ha.har(1).f[MX]", "LD/MMXU1.Ha.har(1).ang[MX]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for range meter().Walk() {
		break // stopping early must not panic
	}
}

func TestLeavesInheritTriggers(t *testing.T) {
	srv := meter()
	r := Ref{LDevice: "LD", LN: "MMXU1", Path: "TotW", FC: MX}
	target, _ := srv.Find(r)
	for l := range target.Leaves(r, MX) {
		want := TrgDataChange
		if l.Ref.Path == "TotW.q" {
			want = TrgQualityChange
		}
		if l.Trigger != want {
			t.Errorf("%s: triggers %v", l.Ref, l.Trigger.Names())
		}
	}
}

func TestZeroHasTheKindOfItsLayout(t *testing.T) {
	for b := BasicBool; b < NumBasic; b++ {
		typ := &Type{Basic: b, Slots: 1}
		kind, _ := typ.Layout()
		if got := typ.Zero().Kind(); got != kind {
			t.Errorf("%s: zero is a %s, layout says %s", b, got, kind)
		}
	}
	mode := &Enum{Names: map[int32]string{5: "off", 1: "on"}}
	if got, _ := (&Type{Basic: BasicEnum, Enum: mode}).Zero().AsInt(); got != 1 {
		t.Errorf("zero of an enumeration without 0 is %d", got)
	}
}

// A setting that SCL gives as SE is the active one as well, and the other way round.
func TestFindSettings(t *testing.T) {
	leaf := &Type{Basic: BasicFloat32, Slots: 1}
	mag := &Type{Basic: BasicStruct, Slots: 1, Fields: []Field{{Name: "f", Type: leaf}}}
	asg := &Type{Basic: BasicStruct, Slots: 2, Fields: []Field{{Name: "setMag", FC: SE, Type: mag}, {Name: "stVal", FC: ST, Type: leaf, Slot: 1}}}
	n := &LogicalNode{Class: "PTOC", Inst: "1", Objects: []Object{{Name: "StrVal", Type: asg}}}
	for _, fc := range []FC{SG, SE, FCNone} {
		for _, path := range []string{"StrVal", "StrVal.setMag", "StrVal.setMag.f"} {
			if _, ok := n.Find(path, fc); !ok {
				t.Errorf("%s[%s] is not found", path, fc)
			}
		}
	}
	if _, ok := n.Find("StrVal.setMag", SP); ok {
		t.Error("found as SP")
	}
	target, _ := n.Find("StrVal", SG)
	ref := Ref{LDevice: "LD", LN: "PTOC1", Path: "StrVal", FC: SG}
	got := ""
	for l := range target.Leaves(ref, SG) {
		got += l.Ref.String() + " "
	}
	if got != "LD/PTOC1.StrVal.setMag.f[SG] " {
		t.Errorf("leaves %s", got)
	}
}
