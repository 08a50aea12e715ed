package ied

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/model"
)

// ErrRef is wrapped when a reference names nothing that a value can be given to.
var ErrRef = errors.New("ied: no such object")

// A RefError says what is wrong with a reference. It is ErrRef.
type RefError struct {
	Ref  string
	Msg  string
	Hint string // similar references, or what to write; "" when there is nothing to say
}

func (e *RefError) Error() string { return "ied: " + e.Ref + ": " + e.Msg }

// Unwrap gives ErrRef.
func (e *RefError) Unwrap() error { return ErrRef }

// A point is what a value is given to: an attribute with what belongs to it, or a data object by its main attribute.
type point struct {
	ref   model.Ref // of the attribute, with its functional constraint
	node  nodeKey
	parts []model.Target // that take the value: one, or also the instantaneous one
	whole *model.Target  // the data object, when it stands for its main attribute
	q, t  int            // slots of quality and time, -1 when there are none or the value is itself one of them
}

// A nodeKey is a logical node by the names of its device and itself.
type nodeKey struct{ ld, ln string }

// mainNames are attributes that stand for their data object, in the order in which they are looked for, and what follows
// them.
var mainNames = []struct{ name, twin string }{
	{"stVal", ""},
	{"mag", "instMag"},
	{"cVal", "instCVal"},
	{"mxVal", ""},
	{"valWTr", ""},
	{"actVal", ""},
	{"general", ""},
	{"hstVal", ""},
	{"setVal", ""},
	{"setMag", ""},
	{"instMag", ""},
	{"instCVal", ""},
	{"setTm", ""},
	{"setSrcRef", ""},
	{"cur", ""},
}

// findPoint resolves a reference such as LD/MMXU1.TotW, LD/MMXU1.TotW.mag.f or LD/MMXU1.TotW.mag.f[MX]. The logical device
// may go by its inst alone.
func findPoint(m *model.Server, text string) (*point, error) {
	bad := func(hint, format string, args ...any) (*point, error) {
		return nil, &RefError{Ref: text, Msg: fmt.Sprintf(format, args...), Hint: hint}
	}
	ref, err := model.ParseRef(strings.TrimSpace(text))
	if err != nil {
		return bad("write LD/LN.DO or LD/LN.DO.DA", "not a reference")
	}
	d := findDevice(m, ref.LDevice)
	if d == nil {
		return bad(didYouMean(ref.LDevice, deviceNames(m)), "no logical device %q", ref.LDevice)
	}
	ref.LDevice = d.Name
	if ref.Path == "" {
		return bad("write LD/LN.DO or LD/LN.DO.DA", "not a data object or attribute")
	}
	n, ok := d.Node(ref.LN)
	if !ok {
		return bad(didYouMean(ref.LN, nodeNames(d)), "no logical node %q in %s", ref.LN, d.Name)
	}
	at, p, err := descend(n, ref, text)
	if err != nil {
		return nil, err
	}
	p.ref, p.node = ref, nodeKey{d.Name, ref.LN}
	if at.FC != model.FCNone { // an attribute
		if ref.FC != model.FCNone && ref.FC != at.FC {
			return bad("its functional constraint is "+at.FC.String(), "not in %s", ref.FC)
		}
		p.ref.FC, p.parts = at.FC, []model.Target{at}
		if at.Slot == p.q {
			p.q = -1
		}
		if at.Slot == p.t {
			p.t = -1
		}
		return p, nil
	}
	for _, name := range mainNames {
		main, ok := at.Child(name.name)
		if !ok || main.FC == model.CO || ref.FC != model.FCNone && ref.FC != main.FC {
			continue
		}
		p.ref, p.whole = ref.Child(name.name), &at
		p.ref.FC, p.parts = main.FC, []model.Target{main}
		if twin, ok := at.Child(name.twin); ok {
			p.parts = append(p.parts, twin)
		}
		return p, nil
	}
	return bad("name one of: "+strings.Join(fieldNames(at.Type), ", "), "a data object without a main attribute")
}

// descend walks the path, and finds the quality and time that are nearest.
func descend(n *model.LogicalNode, ref model.Ref, text string) (model.Target, *point, error) {
	p := &point{q: -1, t: -1}
	var at model.Target
	for i, part := range strings.Split(ref.Path, ".") {
		var ok bool
		if i == 0 {
			var o *model.Object
			if o, ok = n.Object(part); ok {
				at = model.Target{Object: o, Type: o.Type, Slot: o.Slot}
			} else {
				var names []string
				for k := range n.Objects {
					names = append(names, n.Objects[k].Name)
				}
				return at, nil, &RefError{Ref: text, Msg: fmt.Sprintf("no data object %q in %s", part, n.Name()), Hint: didYouMean(part, names)}
			}
		} else {
			in := at
			if at, ok = in.Child(part); !ok {
				e := &RefError{Ref: text, Msg: fmt.Sprintf("no attribute %q", part), Hint: didYouMean(part, fieldNames(in.Type))}
				if in.Count > 0 {
					e.Hint = fmt.Sprintf("it is an array of %d: write an index such as (0)", in.Count)
				}
				return at, nil, e
			}
		}
		if at.Type.Basic != model.BasicStruct || at.Count > 0 || at.FC != model.FCNone {
			continue
		}
		for name, slot := range map[string]*int{"q": &p.q, "t": &p.t} {
			if c, ok := at.Child(name); ok && (c.FC == model.ST || c.FC == model.MX) {
				*slot = c.Slot
			}
		}
	}
	return at, p, nil
}

func findDevice(m *model.Server, name string) *model.LogicalDevice {
	if d, ok := m.Device(name); ok {
		return d
	}
	for _, d := range m.Devices {
		if d.Inst == name {
			return d
		}
	}
	return nil
}

func deviceNames(m *model.Server) []string {
	var names []string
	for _, d := range m.Devices {
		names = append(names, d.Name)
	}
	return names
}

func nodeNames(d *model.LogicalDevice) []string {
	var names []string
	for _, n := range d.Nodes {
		names = append(names, n.Name())
	}
	return names
}

func fieldNames(t *model.Type) []string {
	var names []string
	for i := range t.Fields {
		names = append(names, t.Fields[i].Name)
	}
	return names
}
