package fleet

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

// small is a model with one MV, MMXU1.TotW.
func small() *model.Server {
	leaf := func(b model.Basic) *model.Type { return &model.Type{Basic: b, Slots: 1} }
	mag := &model.Type{Basic: model.BasicStruct, Slots: 1, Fields: []model.Field{{Name: "f", Type: leaf(model.BasicFloat32)}}}
	mv := &model.Type{Basic: model.BasicStruct, Slots: 4, Fields: []model.Field{
		{Name: "mag", FC: model.MX, Type: mag},
		{Name: "q", FC: model.MX, Type: leaf(model.BasicQuality), Slot: 1},
		{Name: "t", FC: model.MX, Type: leaf(model.BasicTimestamp), Slot: 2},
		{Name: "db", FC: model.CF, Type: leaf(model.BasicInt32U), Slot: 3},
	}}
	n := &model.LogicalNode{Class: "MMXU", Inst: "1", Objects: []model.Object{{Name: "TotW", Type: mv}}}
	return &model.Server{Devices: []*model.LogicalDevice{{Name: "LD0", Nodes: []*model.LogicalNode{n}}}}
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func measured(w float32, at time.Time) model.Value {
	return model.Struct(model.Struct(model.Float32(w)), model.QualityValue(model.Good), model.Time(model.NewTimestamp(at, 0)))
}

func TestNewestValueCounts(t *testing.T) {
	ref := model.Ref{LDevice: "LD0", LN: "MMXU1", Path: "TotW", FC: model.MX}
	v := newValues(small())
	for i, c := range []struct {
		source uint8
		value  float32
		at     time.Time
		took   bool
		now    float32
	}{
		{2, 1, epoch, true, 1},
		{1, 2, epoch.Add(-time.Second), false, 1}, // held back by another block
		{2, 3, epoch.Add(-time.Minute), true, 3},  // the same block: its clock was set back
		{1, 4, epoch.Add(-time.Minute), true, 4},
		{0, 5, epoch, true, 5},
	} {
		took, err := v.apply(ref, measured(c.value, c.at), c.source, epoch)
		if err != nil || took != c.took {
			t.Errorf("step %d: took %v, %v; want %v", i, took, err, c.took)
		}
		if f, _ := v.value[0].AsFloat(); float32(f) != c.now {
			t.Errorf("step %d: value %v, want %v", i, f, c.now)
		}
	}
	v.forgetSources()
	if took, err := v.apply(ref, measured(6, epoch.Add(-time.Hour)), 3, epoch); !took || err != nil {
		t.Errorf("the first report of a new association: took %v, %v", took, err)
	}
}

func TestMembersThatDoNotFit(t *testing.T) {
	f := model.Float32(1)
	for _, c := range []struct {
		ref   string
		value model.Value
	}{
		{"LD0/MMXU1.TotVAr[MX]", measured(1, epoch)},                             // not in the model
		{"LD0/MMXU1.TotW[ST]", measured(1, epoch)},                               // no such functional constraint
		{"LD0/MMXU1.TotW.mag.f[MX]", model.Int(1)},                               // wrong type
		{"LD0/MMXU1.TotW.mag.f[MX]", measured(1, epoch)},                         // structure for a leaf
		{"LD0/MMXU1.TotW[MX]", f},                                                // leaf for a structure
		{"LD0/MMXU1.TotW[MX]", model.Struct(model.Struct(f))},                    // too short
		{"LD0/MMXU1.TotW[MX]", model.Struct(model.Struct(f), f, f)},              // wrong type inside
		{"LD0/MMXU1.TotW.mag[MX]", model.Struct(f, f)},                           // too long
		{"LD0/MMXU1.TotW[MX]", model.Value{}},                                    // nothing
		{"LD0/MMXU1.TotW[MX]", model.Array(model.Struct(f), f, f)},               // array for a structure
		{"LD0/MMXU1.TotW[CF]", model.Struct(model.Uint(1), model.Uint(2))},       // too long
		{"LD9/MMXU1.TotW[MX]", measured(1, epoch)}, {"LD0/MMXU1", model.Value{}}, // no such device, whole node
	} {
		v := newValues(small())
		ref, err := model.ParseRef(c.ref)
		if err != nil {
			t.Fatal(err)
		}
		if took, err := v.apply(ref, c.value, 1, epoch); took || !errors.Is(err, errMember) {
			t.Errorf("%s: took %v, %v", c.ref, took, err)
		}
		for i, at := range v.at {
			if at != 0 {
				t.Errorf("%s: slot %d was changed", c.ref, i)
			}
		}
	}
}

func TestMultiplierAndUnit(t *testing.T) {
	p := point{scale: 1}
	ref := model.Ref{LDevice: "LD0", LN: "MMXU1", Path: "TotW.units.multiplier", FC: model.CF}
	p.setUnit(ref, model.Int(3))
	if f, ok := p.number(model.Float32(1.5)); !ok || f != 1500 {
		t.Errorf("1.5 kW is %v, %v", f, ok)
	}
	p.setUnit(ref, model.Int(-3))
	if f, _ := p.number(model.Int(1500)); f != 1.5 {
		t.Errorf("1500 mW is %v", f)
	}
	p.setUnit(ref, model.Int(99)) // nonsense changes nothing
	if f, _ := p.number(model.Int(1500)); f != 1.5 {
		t.Errorf("after a multiplier of 99: %v", f)
	}
	ref.Path = "TotW.units.SIUnit"
	p.setUnit(ref, model.Int(62))
	if p.unit != "W" {
		t.Errorf("unit %q", p.unit)
	}
}

func TestNumberJSON(t *testing.T) {
	for want, n := range map[string]Number{"null": unknown, "1234.6": 1234.6, "-0.1": -0.1, "0": 0, "1500000": 1.5e6} {
		b, err := n.MarshalJSON()
		if err != nil || string(b) != want {
			t.Errorf("%v is %s, %v; want %s", float64(n), b, err, want)
		}
		var back Number
		if err := back.UnmarshalJSON(b); err != nil || back.Known() != n.Known() {
			t.Errorf("%s reads back as %v, %v", b, back, err)
		}
	}
	if b, _ := Number(math.Inf(1)).MarshalJSON(); string(b) != "null" {
		t.Errorf("infinity is %s", b)
	}
}
