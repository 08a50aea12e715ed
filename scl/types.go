package scl

import (
	"math"
	"strconv"
	"strings"

	"github.com/gridward/gridward/model"
)

// nodeType compiles an LNodeType. It gives nil when there is none of that id.
func (c *compiler) nodeType(id string) *nodeType {
	if n, ok := c.doneLN[id]; ok {
		return n
	}
	e := c.lnodes[id]
	if e == nil {
		return nil
	}
	n := &nodeType{class: e.Attr("lnClass")}
	s := &sink{file: c.file.Name}
	seen := make(map[string]bool)
	e.Each("DO", func(d *Element) {
		name := d.memberName()
		if !c.checkName(d, name, seen, s) {
			return
		}
		t := c.doType(d, s, 1)
		if t == nil {
			return
		}
		if len(n.objects) >= maxFields {
			s.put(c.limit(d, "data objects", maxFields))
			return
		}
		n.objects = append(n.objects, model.Object{Name: name, Type: t.typ, Slot: n.slots, Desc: d.Attr("desc")})
		n.slots += t.typ.Slots
	})
	if n.size() > c.file.limits.Slots {
		s.put(c.limit(e, "attributes", c.file.limits.Slots))
	}
	n.errs = s.list
	c.doneLN[id] = n
	return n
}

// doType compiles the DOType that a DO or SDO refers to. It gives nil, and says so to s, when that cannot be.
func (c *compiler) doType(ref *Element, s *sink, depth int) *compiled {
	id := ref.Attr("type")
	return c.shared(c.doneDO, c.dos, id, ref, s, depth, "DOType", func(e *Element, own *sink) *compiled {
		return c.structure(e, own, depth)
	})
}

// shared looks a type up, or compiles it, once.
func (c *compiler) shared(done map[string]*compiled, all map[string]*Element, id string, ref *Element, s *sink, depth int,
	kind string, compile func(*Element, *sink) *compiled,
) *compiled {
	t, ok := done[id]
	switch e := all[id]; {
	case ok && t.busy:
		s.error(ref, "a type cannot contain itself; break the circle", "%s %q is part of itself", kind, id)
		return nil
	case ok:
	case id == "":
		ref.missing("type", s)
		return nil
	case e == nil && kind == "EnumType" && knownEnum(id) != nil:
		t = &compiled{typ: &model.Type{Basic: model.BasicEnum, Enum: knownEnum(id), Slots: 1}}
		done[id] = t
		s.warn(ref, "add it to DataTypeTemplates; the values of IEC 61850-7-3 and -7-4 are taken", "EnumType %q does not exist", id)
	case e == nil:
		s.error(ref, c.suggest(kind, id), "%s %q does not exist", kind, id)
		return nil
	case depth > maxNesting:
		s.error(ref, "", "structures nested deeper than %d", maxNesting)
		return nil
	default:
		done[id] = &compiled{busy: true}
		own := &sink{file: c.file.Name}
		t = compile(e, own)
		t.errs = own.list
		done[id] = t
	}
	if errs := t.errs.Errors(); len(errs) > 0 {
		s.put(errs[0])
		return nil
	}
	return t
}

// suggest says what to do about a missing type.
func (c *compiler) suggest(kind, id string) string {
	for _, other := range [...]string{"DOType", "DAType", "EnumType", "LNodeType"} {
		if c.index(other)[id] != nil {
			return "there is " + article(other) + " of that id, but " + article(kind) + " is needed here"
		}
	}
	if c.suggested++; c.suggested > maxSuggestions {
		return "add " + article(kind) + " of that id to DataTypeTemplates"
	}
	if near := nearest(id, c.index(kind)); near != "" {
		return "add it to DataTypeTemplates, or did you mean " + strconv.Quote(near) + "?"
	}
	return "add " + article(kind) + " of that id to DataTypeTemplates"
}

// structure compiles the components of a DOType or DAType.
func (c *compiler) structure(e *Element, s *sink, depth int) *compiled {
	t := &model.Type{ID: e.Attr("id"), CDC: e.Attr("cdc"), Basic: model.BasicStruct}
	out := &compiled{typ: t, depth: 1}
	seen := make(map[string]bool)
	for _, m := range e.Children {
		if m.Space != "" || m.Name != "DA" && m.Name != "SDO" && m.Name != "BDA" {
			continue
		}
		f := model.Field{Name: m.memberName(), SAddr: m.Attr("sAddr"), ValKind: m.Attr("valKind")}
		if !c.checkName(m, f.Name, seen, s) {
			continue
		}
		sub := c.component(m, &f, s, depth+1)
		if sub == nil {
			continue
		}
		if sub.typ.Slots == 0 {
			s.error(m, "add attributes to the type, or remove "+f.Name, "%s %q is of a type without attributes", m.Name, f.Name)
			continue
		}
		f.Type, f.Slot = sub.typ, t.Slots
		f.Count = c.count(e, m, s)
		out.depth = max(out.depth, sub.depth+1)
		if c.fields++; c.fields > c.file.limits.Fields || len(t.Fields) >= maxFields {
			s.put(c.limit(m, "fields", min(c.file.limits.Fields, maxFields)))
			return out
		}
		c.setDefault(t, m, f, s)
		t.Fields = append(t.Fields, f)
		t.Slots += max(f.Count, 1) * f.Type.Slots
		if t.Slots > c.file.limits.Slots {
			s.put(c.limit(m, "attributes", c.file.limits.Slots))
			return out
		}
	}
	if out.depth > maxNesting {
		s.error(e, "", "structures nested deeper than %d", maxNesting)
	}
	if len(t.Fields) == 0 && len(s.list) == 0 {
		s.warn(e, "add its attributes, or remove the type and what refers to it", "%s %q has no attributes", e.Name, t.ID)
	}
	return out
}

// component finds the type of one SDO, DA or BDA, and reads what belongs to the field.
func (c *compiler) component(m *Element, f *model.Field, s *sink, depth int) *compiled {
	if m.Name == "SDO" {
		return c.doType(m, s, depth)
	}
	if m.Name == "DA" {
		fc, ok := model.ParseFC(m.Attr("fc"))
		if !ok {
			s.error(m, "write one of ST MX CO SP SG SE SV CF DC SR OR BL EX", "fc=%q is not a functional constraint", m.Attr("fc"))
			return nil
		}
		f.FC = fc
	}
	f.Trigger = readTriggers(m, s, false) &^ model.TrgIntegrity
	return c.attributeType(m, s, depth)
}

func (c *compiler) attributeType(m *Element, s *sink, depth int) *compiled {
	switch b, ok := model.ParseBasic(m.Attr("bType")); {
	case !ok:
		hint := "bType is one of the basic types of IEC 61850-6, such as BOOLEAN, INT32, FLOAT32, Enum, Struct"
		if near := nearestBasic(m.Attr("bType")); near != "" {
			hint = "did you mean " + near + "?"
		}
		s.error(m, hint, "bType=%q is not a basic type", m.Attr("bType"))
		return nil
	case b == model.BasicStruct:
		return c.shared(c.doneDA, c.das, m.Attr("type"), m, s, depth, "DAType", func(e *Element, own *sink) *compiled {
			return c.structure(e, own, depth)
		})
	case b == model.BasicEnum:
		return c.shared(c.doneEnum, c.enums, m.Attr("type"), m, s, 0, "EnumType", c.enumeration)
	case b == model.BasicPhyComAddr:
		return &compiled{typ: c.phyCom, depth: 1}
	default:
		return &compiled{typ: c.leaves[b]}
	}
}

func (c *compiler) enumeration(e *Element, s *sink) *compiled {
	en := &model.Enum{ID: e.Attr("id"), Names: make(map[int32]string), Values: make(map[string]int32)}
	e.Each("EnumVal", func(v *Element) {
		ord, err := strconv.ParseInt(strings.TrimSpace(v.Attr("ord")), 10, 32)
		name := v.text()
		if err != nil || ord < math.MinInt16 || ord > math.MaxInt16 {
			s.error(v, "ord is a whole number of 16 bits", "ord=%q is not an ordinal", v.Attr("ord"))
			return
		}
		if other, dup := en.Names[int32(ord)]; dup {
			s.error(v, "give each value its own ord", "ord %d stands for %q and for %q", ord, other, name)
			return
		}
		en.Names[int32(ord)] = name
		if _, dup := en.Values[name]; dup {
			s.warn(v, "give each value its own name", "%q stands for two ordinals", name)
			return
		}
		en.Values[name] = int32(ord)
	})
	if len(en.Names) == 0 {
		s.error(e, "add its EnumVal elements", "EnumType %q has no values", en.ID)
	}
	return &compiled{typ: &model.Type{Basic: model.BasicEnum, Enum: en, Slots: 1}}
}

// count reads how many elements an array has: a number, or the name of a sibling whose Val is the number.
func (c *compiler) count(parent, m *Element, s *sink) int {
	v, ok := m.Lookup("count")
	if !ok {
		return 0
	}
	v = strings.TrimSpace(v)
	if v != "" && (v[0] < '0' || v[0] > '9') {
		found := ""
		for _, name := range [...]string{"DA", "BDA"} {
			parent.Each(name, func(d *Element) {
				if val := d.Child("Val"); d.Attr("name") == v && val != nil {
					found = val.text()
				}
			})
		}
		if found == "" {
			s.error(m, "give that attribute a Val, or write the number", "count=%q names no attribute with a value", v)
			return 0
		}
		v = found
	}
	n, err := strconv.ParseUint(v, 10, 16)
	if err != nil {
		s.error(m, "write a number from 1 to 65535", "count=%q is not a number of elements", m.Attr("count"))
	}
	return int(n)
}

// maxFields bounds the components of one type.
const maxFields = 10_000

// checkName accepts names that can be part of a reference, each once.
func (c *compiler) checkName(e *Element, name string, seen map[string]bool, s *sink) bool {
	switch {
	case name == "":
		e.missing("name", s)
	case !plainName(name):
		s.error(e, "use letters and digits only", "name %q cannot be part of a reference", name)
	case seen[name]:
		s.error(e, "rename or remove one of them", "%s %q exists twice", e.Name, name)
	default:
		seen[name] = true
		return true
	}
	return false
}

func (c *compiler) limit(e *Element, what string, n int) Problem {
	return Problem{
		File: c.file.Name, Line: int(e.Line), Col: int(e.Col), Path: e.Path(), Kind: ErrLimit,
		Msg: "more than " + strconv.Itoa(n) + " " + what, Hint: "shorten the arrays or raise the limit",
	}
}

// plainName accepts letters, digits and underscores.
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
