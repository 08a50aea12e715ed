package check

import (
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// shape tells where a value is not of its type, "" when it is (IEC 61850-8-1 8.1).
func shape(where string, t *mms.TypeSpec, v model.Value) string {
	if t.Kind != v.Kind() {
		return fmt.Sprintf("%s: %s instead of %s", where, v.Kind(), t.Kind)
	}
	switch t.Kind {
	case model.KindStruct:
		if v.Len() != len(t.Components) {
			return fmt.Sprintf("%s: %d components instead of %d", where, v.Len(), len(t.Components))
		}
		for i := range t.Components {
			if bad := shape(where+"."+t.Components[i].Name, &t.Components[i].Type, v.At(i)); bad != "" {
				return bad
			}
		}
	case model.KindArray:
		if v.Len() != int(t.Count) {
			return fmt.Sprintf("%s: %d elements instead of %d", where, v.Len(), t.Count)
		}
		for i := range v.Len() {
			if bad := shape(fmt.Sprintf("%s(%d)", where, i), t.Elem, v.At(i)); bad != "" {
				return bad
			}
		}
	default:
		return leafShape(where, t, v)
	}
	return ""
}

// leafShape looks at sizes. A negative size is a maximum; bit strings are taken with either sign, as servers differ.
func leafShape(where string, t *mms.TypeSpec, v model.Value) string {
	size := max(t.Size, -t.Size)
	too := func(what string, n int) string {
		return fmt.Sprintf("%s: %d %s, the type has %d", where, n, what, t.Size)
	}
	switch t.Kind {
	case model.KindInt:
		if i, _ := v.AsInt(); size > 0 && size < 64 && i != i<<(64-size)>>(64-size) {
			return fmt.Sprintf("%s: %d is out of range of %d bits", where, i, size)
		}
	case model.KindUint:
		if u, _ := v.AsUint(); size > 0 && size < 64 && u>>size != 0 {
			return fmt.Sprintf("%s: %d is out of range of %d bits", where, u, size)
		}
	case model.KindFloat:
		if _, width := v.FloatBits(); t.Size != 0 && width != t.Size {
			return too("bits", width)
		}
	case model.KindBits:
		if _, n := v.PackedBits(nil); t.Size != 0 && (n > size || t.Size > 0 && n != size && size != model.QualityBits) {
			return too("bits", n)
		}
	case model.KindOctets, model.KindString:
		if s, _ := v.AsText(); t.Size != 0 && (len(s) > size || t.Size > 0 && t.Kind == model.KindOctets && len(s) != size && len(s) != 0) {
			return too("octets", len(s))
		}
	case model.KindUnicode:
		if s, _ := v.AsText(); size != 0 && len([]rune(s)) > size {
			return too("characters", len([]rune(s)))
		}
	}
	return ""
}

// sameType tells where two types differ, "" when they do not.
func sameType(where string, a, b *mms.TypeSpec) string {
	if a.Kind != b.Kind {
		return fmt.Sprintf("%s: %s instead of %s", where, b.Kind, a.Kind)
	}
	switch a.Kind {
	case model.KindStruct:
		if len(a.Components) != len(b.Components) {
			return fmt.Sprintf("%s: %d components instead of %d", where, len(b.Components), len(a.Components))
		}
		for i := range a.Components {
			if a.Components[i].Name != b.Components[i].Name {
				return fmt.Sprintf("%s: component %s instead of %s", where, b.Components[i].Name, a.Components[i].Name)
			}
			if bad := sameType(where+"."+a.Components[i].Name, &a.Components[i].Type, &b.Components[i].Type); bad != "" {
				return bad
			}
		}
	case model.KindArray:
		if a.Count != b.Count {
			return fmt.Sprintf("%s: %d elements instead of %d", where, b.Count, a.Count)
		}
		return sameType(where+"(0)", a.Elem, b.Elem)
	default:
		if a.Size != b.Size {
			return fmt.Sprintf("%s: %s of size %d instead of %d", where, a.Kind, b.Size, a.Size)
		}
	}
	return ""
}

// paths gives the names of a node as getNameList lists them: every level, depth first, arrays as a whole.
func paths(name string, t *mms.TypeSpec, list []string) []string {
	list = append(list, name)
	if t.Kind == model.KindStruct {
		for i := range t.Components {
			list = paths(name+"$"+t.Components[i].Name, &t.Components[i].Type, list)
		}
	}
	return list
}
