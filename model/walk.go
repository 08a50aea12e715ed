package model

import (
	"iter"
	"strconv"
	"strings"
)

// A Target is what a reference inside a logical node names: a data object, a structured attribute, an array, an element
// of one, or a leaf.
type Target struct {
	Object  *Object
	Type    *Type
	Count   int      // elements, when the whole array is meant; 0 otherwise
	Slot    int      // of the first leaf, absolute
	FC      FC       // of the attribute it is or lies in; FCNone for a data object
	Trigger Triggers // of the attribute it is or lies in
}

// Slots gives the number of leaves below t, whatever their functional constraint.
func (t Target) Slots() int {
	if t.Count > 0 {
		return t.Count * t.Type.Slots
	}
	return t.Type.Slots
}

// Find resolves a path below a logical node ("TotW.mag.f", "HarA(3).cVal"). With a functional constraint the attribute
// must have it, and a data object must hold an attribute that does (FCD); with FCNone any matches. SG and SE match each
// other: SCL says one of them for both.
func (n *LogicalNode) Find(path string, fc FC) (Target, bool) {
	first, rest, _ := strings.Cut(path, ".")
	o, ok := n.Object(first)
	if !ok {
		return Target{}, false
	}
	t := Target{Object: o, Type: o.Type, Slot: o.Slot}
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, ".")
		if t, ok = t.Child(part); !ok {
			return Target{}, false
		}
	}
	if fc == FCNone || sameFC(t.FC, fc) || t.FC == FCNone && (t.Type.HasFC(fc) || t.Type.HasFC(otherFC(fc))) {
		return t, true
	}
	return Target{}, false
}

// sameFC tells whether an attribute that a type has with the functional constraint have is shown with want as well: what
// SCL gives as SG or as SE is the active value in SG and that of the edit buffer in SE (IEC 61850-7-2 16).
func sameFC(have, want FC) bool { return have == want || have != FCNone && have == otherFC(want) }

func otherFC(fc FC) FC {
	switch fc {
	case SG:
		return SE
	case SE:
		return SG
	}
	return fc
}

// Child goes one component down: "mag", or "cVal(3)" for an element of an array. A whole array has no children.
func (t Target) Child(part string) (Target, bool) {
	name, index, indexed := strings.Cut(part, "(")
	f, ok := t.Type.Field(name)
	if !ok || t.Count > 0 {
		return Target{}, false
	}
	c := t.Field(f)
	if !indexed {
		return c, true
	}
	i, err := strconv.Atoi(strings.TrimSuffix(index, ")"))
	if err != nil {
		return Target{}, false
	}
	return c.Element(i)
}

// Field goes down to f, a field of t.Type.
func (t Target) Field(f *Field) Target {
	c := Target{Object: t.Object, Type: f.Type, Count: f.Count, Slot: t.Slot + f.Slot, FC: t.FC, Trigger: t.Trigger}
	if f.FC != FCNone {
		c.FC = f.FC
	}
	if f.Trigger != 0 {
		c.Trigger = f.Trigger
	}
	return c
}

// Element goes down to element i, counted from 0, of a whole array.
func (t Target) Element(i int) (Target, bool) {
	if i < 0 || i >= t.Count {
		return Target{}, false
	}
	t.Slot += i * t.Type.Slots
	t.Count = 0
	return t, true
}

// HasFC reports whether t has an attribute with the functional constraint, at any depth of sub-data objects.
func (t *Type) HasFC(fc FC) bool {
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.FC == fc || f.FC == FCNone && f.Type.HasFC(fc) {
			return true
		}
	}
	return false
}

// Zero gives the value that a leaf has when nobody configured one: false, 0, an empty string, the epoch, good quality.
// An enumeration without 0 starts at its smallest value. Zero of a structure is no value.
func (t *Type) Zero() Value {
	kind, size := t.Layout()
	switch kind {
	case KindBool:
		return Bool(false)
	case KindInt:
		return Int(t.firstOrdinal())
	case KindUint:
		return Uint(0)
	case KindFloat:
		if size == 64 {
			return Float64(0)
		}
		return Float32(0)
	case KindBits:
		return Bits(0, max(size, -size))
	case KindOctets:
		if size > 0 {
			return Octets(strings.Repeat("\x00", size))
		}
		return Octets("")
	case KindString:
		return Visible("")
	case KindUnicode:
		return Unicode("")
	case KindTime:
		return Time(0)
	case KindEntryTime:
		return Entry(0)
	}
	return Value{}
}

func (t *Type) firstOrdinal() int64 {
	if t.Enum == nil || len(t.Enum.Names) == 0 {
		return 0
	}
	if _, ok := t.Enum.Names[0]; ok {
		return 0
	}
	first, set := int32(0), false
	for v := range t.Enum.Names {
		if !set || v < first {
			first, set = v, true
		}
	}
	return int64(first)
}

// Find resolves a reference with a logical node and a path.
func (s *Server) Find(r Ref) (Target, bool) {
	d, ok := s.Device(r.LDevice)
	if !ok {
		return Target{}, false
	}
	n, ok := d.Node(r.LN)
	if !ok {
		return Target{}, false
	}
	return n.Find(r.Path, r.FC)
}

// Walk gives every leaf of the server in the order of its slots.
func (s *Server) Walk() iter.Seq[Leaf] {
	return func(yield func(Leaf) bool) {
		for _, d := range s.Devices {
			for _, n := range d.Nodes {
				for l := range n.Walk(d.Name) {
					if !yield(l) {
						return
					}
				}
			}
		}
	}
}

// Walk gives every leaf of a logical node in the order of its slots. The references start with the LDName device.
func (n *LogicalNode) Walk(device string) iter.Seq[Leaf] {
	return func(yield func(Leaf) bool) {
		for i := range n.Objects {
			o := &n.Objects[i]
			t := Target{Object: o, Type: o.Type, Slot: o.Slot}
			if !t.walk(Ref{LDevice: device, LN: n.Name(), Path: o.Name}, FCNone, yield) {
				return
			}
		}
	}
}

// Leaves gives the leaves at and below t that have the functional constraint (FCNone: all), in the order of their
// slots. r is the reference of t.
func (t Target) Leaves(r Ref, fc FC) iter.Seq[Leaf] {
	return func(yield func(Leaf) bool) { t.walk(r, fc, yield) }
}

func (t Target) walk(r Ref, fc FC, yield func(Leaf) bool) bool {
	if t.Count > 0 {
		for i := range t.Count {
			e, _ := t.Element(i)
			re := r
			re.Path += "(" + strconv.Itoa(i) + ")"
			if !e.walk(re, fc, yield) {
				return false
			}
		}
		return true
	}
	if t.FC != FCNone && fc != FCNone && !sameFC(t.FC, fc) {
		return true
	}
	if t.Type.Basic != BasicStruct {
		r.FC = t.FC
		if fc != FCNone {
			r.FC = fc
		}
		return yield(Leaf{Ref: r, Type: t.Type, Slot: t.Slot, Trigger: t.Trigger})
	}
	for i := range t.Type.Fields {
		f := &t.Type.Fields[i]
		rc := r
		rc.Path += "." + f.Name
		if !t.Field(f).walk(rc, fc, yield) {
			return false
		}
	}
	return true
}
