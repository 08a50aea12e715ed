package scl

import (
	"slices"
	"strings"

	"github.com/gridward/gridward/model"
)

// checkTemplates compiles every type, used or not, and compares classes with what IEC 61850-7-3 and -7-4 demand.
func (c *checker) checkTemplates() {
	seen := make(map[string]*Element)
	comp := c.f.compiler
	scratch := &sink{file: c.f.Name}
	for _, e := range c.f.templates() {
		id := e.Attr("id")
		if comp.index(e.Name) == nil || id == "" {
			continue
		}
		if first, dup := seen[e.Name+" "+id]; dup {
			c.error(e, "the first is used; rename or remove one of them", "%s %q exists twice, first in line %d", e.Name, id, first.Line)
			continue
		}
		seen[e.Name+" "+id] = e
		switch e.Name {
		case "LNodeType":
			n := comp.nodeType(id)
			c.putAll(n.errs)
			c.checkClass(e, n)
		case "DOType":
			// A reference made up for the purpose compiles the type as a data object would.
			t := comp.doType(reference(e), scratch, 1)
			c.putAll(comp.doneDO[id].problems())
			if t != nil {
				c.checkCDC(e, t.typ)
			}
		case "DAType":
			comp.attributeType(reference(e), scratch, 1)
			c.putAll(comp.doneDA[id].problems())
		case "EnumType":
			comp.attributeType(reference(e), scratch, 1)
			c.putAll(comp.doneEnum[id].problems())
		}
	}
}

func (t *compiled) problems() Problems {
	if t == nil {
		return nil
	}
	return t.errs
}

func (c *checker) putAll(ps Problems) {
	for _, p := range ps {
		c.put(p)
	}
}

// reference makes an element that refers to a type.
func reference(e *Element) *Element {
	b := map[string]string{"DOType": "", "DAType": "Struct", "EnumType": "Enum"}[e.Name]
	return &Element{Name: "DA", Attrs: []Attr{{Name: "type", Value: e.Attr("id")}, {Name: "bType", Value: b}}, Parent: e}
}

// checkClass compares an LNodeType with its class.
func (c *checker) checkClass(e *Element, n *nodeType) {
	if !className(n.class) {
		c.warn(e, "a logical node class has four upper-case letters", "lnClass %q is no class name", n.class)
		return
	}
	class, ok := model.Class(n.class)
	if !ok || len(n.errs.Errors()) > 0 {
		return
	}
	for i := range class.Objects {
		o := &class.Objects[i]
		has := slices.ContainsFunc(n.objects, func(x model.Object) bool { k, ok := class.Object(x.Name); return ok && k == o })
		if o.Mandatory && !has {
			c.warn(e, "add the DO, of class "+strings.Join(o.CDCs, " or "), "LNodeType %q of class %s has no data object %s, which is mandatory",
				e.Attr("id"), n.class, o.Name)
		}
	}
	e.Each("DO", func(d *Element) {
		o, known := class.Object(d.memberName())
		t := c.f.compiler.doneDO[d.Attr("type")]
		if !known || t == nil || t.typ == nil || slices.Contains(o.CDCs, t.typ.CDC) {
			return
		}
		c.warn(d, "use a DOType of that class", "%s.%s is of class %s, not %s", n.class, d.memberName(), t.typ.CDC, strings.Join(o.CDCs, " or "))
	})
}

func className(s string) bool {
	return len(s) == 4 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" || s == "LLN0"
}

// checkCDC compares a DOType with its common data class.
func (c *checker) checkCDC(e *Element, t *model.Type) {
	cdc, ok := model.CDC(t.CDC)
	if !ok {
		return
	}
	for i := range cdc.Attributes {
		if a := &cdc.Attributes[i]; a.Mandatory {
			if _, has := t.Field(a.Name); !has {
				c.warn(e, "add it"+fcHint(a), "DOType %q of class %s has no %s, which is mandatory", t.ID, t.CDC, a.Name)
			}
		}
	}
	if len(cdc.OneOf) > 0 && !slices.ContainsFunc(cdc.OneOf, func(n string) bool { _, has := t.Field(n); return has }) {
		c.warn(e, "add one of "+strings.Join(cdc.OneOf, ", "), "DOType %q of class %s has none of %s", t.ID, t.CDC, strings.Join(cdc.OneOf, ", "))
	}
	for _, m := range e.Children {
		a, known := cdc.Attribute(m.memberName())
		f, compiled := t.Field(m.memberName())
		if !known || !compiled || len(a.FCs) == 0 || m.Space != "" {
			continue
		}
		if f.FC == model.FCNone {
			c.warn(m, "write it as a DA", "%s.%s is an attribute, not a data object", t.CDC, f.Name)
			continue
		}
		if !slices.Contains(a.FCs, f.FC) {
			c.warn(m, "write"+fcHint(a), "%s.%s has fc %s", t.CDC, f.Name, f.FC)
		}
		if !slices.Contains(a.Types, f.Type.Basic) {
			c.warn(m, "write bType="+`"`+a.Types[0].String()+`"`, "%s.%s is a %s", t.CDC, f.Name, f.Type.Basic)
		}
	}
}

func fcHint(a *model.KnownAttribute) string {
	if len(a.FCs) == 0 {
		return ""
	}
	var names []string
	for _, f := range a.FCs {
		names = append(names, f.String())
	}
	return ` with fc="` + strings.Join(names, `" or "`) + `"`
}
