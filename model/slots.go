package model

// A SlotValue is the value of one leaf.
type SlotValue struct {
	Slot  int
	Value Value
}

// AppendSlots takes v apart, which must have the shape of t under the functional constraint (FCNone: all of it), and appends the
// values of its leaves in the order of Leaves. It reports false, with list as it was, when v has another shape or a leaf of
// another kind anywhere. The values share what v holds.
func (t Target) AppendSlots(list []SlotValue, fc FC, v Value) ([]SlotValue, bool) {
	n := len(list)
	list, ok := t.split(list, fc, v)
	if !ok {
		clear(list[n:])
		return list[:n], false
	}
	return list, true
}

func (t Target) split(list []SlotValue, fc FC, v Value) ([]SlotValue, bool) {
	ok := true
	switch {
	case t.Count > 0:
		if v.Kind() != KindArray || v.Len() != t.Count {
			return list, false
		}
		for i := 0; ok && i < t.Count; i++ {
			e, _ := t.Element(i)
			list, ok = e.split(list, fc, v.At(i))
		}
		return list, ok
	case t.Type.Basic != BasicStruct:
		if kind, _ := t.Type.Layout(); kind != v.Kind() {
			return list, false
		}
		return append(list, SlotValue{t.Slot, v}), true
	case v.Kind() != KindStruct:
		return list, false
	}
	at := 0
	for i := range t.Type.Fields {
		f := t.Field(&t.Type.Fields[i])
		if !f.has(fc) {
			continue
		}
		if at >= v.Len() {
			return list, false
		}
		if list, ok = f.split(list, fc, v.At(at)); !ok {
			return list, false
		}
		at++
	}
	return list, at == v.Len()
}

// has reports whether anything of t is shown under the functional constraint.
func (t Target) has(fc FC) bool {
	if fc == FCNone || sameFC(t.FC, fc) {
		return true
	}
	return t.FC == FCNone && (t.Type.HasFC(fc) || t.Type.HasFC(otherFC(fc)))
}
