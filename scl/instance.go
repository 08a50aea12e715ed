package scl

import (
	"fmt"
	"strconv"

	"github.com/gridward/gridward/model"
)

// instances applies the DOI, SDI and DAI elements of a logical node, IEC 61850-6 9.3.6.
func (b *builder) instances(n builtNode, groups map[int][]model.Value) {
	n.e.Each("DOI", func(e *Element) {
		o, ok := n.node.Object(e.memberName())
		if !ok {
			b.error(e, fmt.Sprintf("add DO %q to LNodeType %q or remove the DOI", e.Attr("name"), n.node.TypeID),
				"LNodeType %q has no data object %q", n.node.TypeID, e.Attr("name"))
			return
		}
		if d := e.Attr("desc"); d != "" {
			o.Desc = d
		}
		b.members(e, model.Target{Object: o, Type: o.Type, Slot: o.Slot}, "", groups)
	})
}

func (b *builder) members(e *Element, t model.Target, path string, groups map[int][]model.Value) {
	for _, m := range e.Children {
		if m.Space != "" || m.Name != "SDI" && m.Name != "DAI" {
			continue
		}
		f, ok := t.Type.Field(m.memberName())
		if !ok {
			b.error(m, "add it to the type or remove the "+m.Name, "%s has no attribute %q", typeName(t.Type), m.Attr("name"))
			continue
		}
		sub, at := t.Field(f), f.Name
		if path != "" {
			at = path + "." + f.Name
		}
		if ix, ok := m.Lookup("ix"); ok {
			i, err := strconv.Atoi(ix)
			el, inside := sub.Element(i)
			if err != nil || !inside {
				b.error(m, fmt.Sprintf("the array %q has the elements 0 to %d", f.Name, f.Count-1), "ix=%q is outside of the array", ix)
				continue
			}
			sub, at = el, at+"("+ix+")"
		}
		if m.Name == "SDI" {
			if sub.Count > 0 {
				b.error(m, `add ix="0" and so on`, "%q is an array and needs ix", f.Name)
				continue
			}
			b.members(m, sub, at, groups)
			continue
		}
		b.attribute(m, sub, at, groups)
	}
}

// attribute applies one DAI.
func (b *builder) attribute(m *Element, t model.Target, path string, groups map[int][]model.Value) {
	if v := m.Attr("sAddr"); v != "" {
		put(&t.Object.SAddr, path, v)
	}
	if v := m.Attr("valKind"); v != "" {
		put(&t.Object.ValKind, path, v)
	}
	v, ok := readVals(m, t.Type, b.sink)
	if !ok {
		return
	}
	for i := range max(t.Count, 1) {
		b.out.Initial[t.Slot+i] = v.value
		if len(v.groups) > 0 {
			groups[t.Slot+i] = v.groups
		}
	}
}

func put(m *map[string]string, k, v string) {
	if *m == nil {
		*m = make(map[string]string)
	}
	(*m)[k] = v
}

func typeName(t *model.Type) string {
	switch {
	case t.CDC != "":
		return fmt.Sprintf("DOType %q", t.ID)
	case t.Basic == model.BasicStruct:
		return fmt.Sprintf("DAType %q", t.ID)
	}
	return t.Basic.String()
}
