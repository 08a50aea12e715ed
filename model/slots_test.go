package model

import "testing"

// slotsType is a data object with a structure, an array and two functional constraints.
func slotsType() Target {
	float, quality := &Type{Basic: BasicFloat32, Slots: 1}, &Type{Basic: BasicQuality, Slots: 1}
	mag := &Type{Basic: BasicStruct, Slots: 1, Fields: []Field{{Name: "f", Type: float, Slot: 0}}}
	return Target{Slot: 10, Type: &Type{Basic: BasicStruct, Slots: 6, Fields: []Field{
		{Name: "mag", Type: mag, FC: MX, Slot: 0},
		{Name: "har", Type: mag, FC: MX, Slot: 1, Count: 3},
		{Name: "q", Type: quality, FC: MX, Slot: 4},
		{Name: "db", Type: float, FC: CF, Slot: 5},
	}}}
}

func TestAppendSlots(t *testing.T) {
	at := slotsType()
	f := func(x float32) Value { return Float32(x) }
	good := Struct(Struct(f(1)), Array(Struct(f(2)), Struct(f(3)), Struct(f(4))), QualityValue(0))
	before := []SlotValue{{99, Bool(true)}}
	got, ok := at.AppendSlots(before, MX, good)
	if !ok || len(got) != 6 || got[0].Slot != 99 {
		t.Fatalf("%v, %v", got, ok)
	}
	for i, want := range []Value{f(1), f(2), f(3), f(4), QualityValue(0)} {
		if got[i+1].Slot != 10+i || !got[i+1].Value.Equal(want) {
			t.Errorf("leaf %d: %+v", i, got[i+1])
		}
	}
	i := 0
	for leaf := range at.Leaves(Ref{Path: "A"}, MX) { // the same leaves in the same order
		if i++; leaf.Slot != got[i].Slot {
			t.Errorf("leaf %s has slot %d, not %d", leaf.Ref, leaf.Slot, got[i].Slot)
		}
	}
	if got, ok := at.AppendSlots(nil, CF, Struct(f(7))); !ok || len(got) != 1 || got[0].Slot != 15 {
		t.Errorf("CF: %v, %v", got, ok)
	}
	for name, bad := range map[string]Value{
		"no structure":    f(1),
		"too few":         Struct(Struct(f(1)), Array(Struct(f(2)), Struct(f(3)), Struct(f(4)))),
		"too many":        Struct(Struct(f(1)), Array(Struct(f(2)), Struct(f(3)), Struct(f(4))), QualityValue(0), f(5)),
		"short array":     Struct(Struct(f(1)), Array(Struct(f(2)), Struct(f(3))), QualityValue(0)),
		"array of others": Struct(Struct(f(1)), Array(f(2), f(3), f(4)), QualityValue(0)),
		"no array":        Struct(Struct(f(1)), Struct(Struct(f(2)), Struct(f(3)), Struct(f(4))), QualityValue(0)),
		"another kind":    Struct(Struct(Int(1)), Array(Struct(f(2)), Struct(f(3)), Struct(f(4))), QualityValue(0)),
		"last of another": Struct(Struct(f(1)), Array(Struct(f(2)), Struct(f(3)), Struct(f(4))), Bool(true)),
		"another order":   Struct(Array(Struct(f(2)), Struct(f(3)), Struct(f(4))), Struct(f(1)), QualityValue(0)),
		"nothing":         {},
	} {
		if got, ok := at.AppendSlots(before, MX, bad); ok || len(got) != 1 {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}
