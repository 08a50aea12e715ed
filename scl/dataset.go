package scl

import (
	"strconv"
	"strings"

	"github.com/gridward/gridward/model"
)

// dataSets compiles the data sets of a logical node, IEC 61850-6 9.3.7.
func (b *builder) dataSets(n builtNode) {
	sets := make(map[string]bool)
	n.e.Each("DataSet", func(e *Element) {
		d := &model.DataSet{Name: e.Attr("name"), Desc: e.Attr("desc")}
		if !b.controlName(e, d.Name) {
			return
		}
		if sets[d.Name] {
			b.error(e, "rename or remove one of them", "data set %q exists twice", d.Name)
			return
		}
		members, named := 0, make(map[model.Ref]*Element)
		e.Each("FCDA", func(m *Element) {
			members++
			r, ok := b.member(m, n.device)
			if !ok {
				return
			}
			d.Members = append(d.Members, r)
			if first, dup := named[r]; dup {
				b.warn(m, "remove one of them", "data set %q has the member %s twice, first in line %d", d.Name, fcdaName(m), first.Line)
				return
			}
			named[r] = m
		})
		if members == 0 {
			b.warn(e, "add FCDA elements or remove the data set", "data set %q is empty", d.Name)
		}
		sets[d.Name] = true
		n.node.DataSets = append(n.node.DataSets, d)
	})
}

// member resolves one FCDA. An FCDA without daName names all attributes of the data object with that functional
// constraint (FCD).
func (b *builder) member(e *Element, own *model.LogicalDevice) (model.Ref, bool) {
	fc, ok := model.ParseFC(e.Attr("fc"))
	if !ok {
		b.error(e, "write the two letters of the functional constraint", "fc=%q is not a functional constraint", e.Attr("fc"))
		return model.Ref{}, false
	}
	if e.Attr("lnClass") == "" {
		e.missing("lnClass", b.sink)
		return model.Ref{}, false
	}
	d := own
	if inst, given := e.Lookup("ldInst"); given {
		if d, ok = b.insts[inst]; !ok {
			b.error(e, "name an LDevice of this server", "data set member %s: no logical device %q", fcdaName(e), inst)
			return model.Ref{}, false
		}
	}
	key := d.Name + "/" + lnName(e)
	if b.failed[key] {
		return model.Ref{}, false
	}
	ln, ok := b.named[key]
	if !ok {
		b.error(e, "correct prefix, lnClass and lnInst, or remove the member",
			"data set member %s: logical device %q has no node %q", fcdaName(e), d.Inst, lnName(e))
		return model.Ref{}, false
	}
	path := e.Attr("doName")
	if path == "" {
		e.missing("doName", b.sink)
		return model.Ref{}, false
	}
	if da := e.Attr("daName"); da != "" {
		path += "." + da
	}
	if ix, ok := e.Lookup("ix"); ok {
		path = indexed(ln, path, ix)
	}
	r := model.Ref{LDevice: d.Name, LN: ln.Name(), Path: path, FC: fc}
	if _, ok := ln.Find(path, fc); !ok {
		b.error(e, b.memberHint(ln, path), "data set member %s: LNodeType %q has no such attribute with fc %s",
			fcdaName(e), ln.TypeID, fc)
		return model.Ref{}, false
	}
	return r, true
}

// memberHint says how far the path of a data set member goes.
func (b *builder) memberHint(ln *model.LogicalNode, path string) string {
	if t, ok := ln.Find(path, model.FCNone); ok {
		if t.FC != model.FCNone {
			return "the attribute has fc " + t.FC.String()
		}
		return "the data object has no attribute with that fc"
	}
	good := ""
	parts := strings.Split(path, ".")
	for i := range parts {
		if _, ok := ln.Find(strings.Join(parts[:i+1], "."), model.FCNone); !ok {
			break
		}
		good = strings.Join(parts[:i+1], ".")
	}
	if good == "" {
		return "the node has no data object " + strconv.Quote(parts[0])
	}
	return strconv.Quote(good) + " exists, what follows does not"
}

// indexed puts ix behind the first array on the path.
func indexed(ln *model.LogicalNode, path, ix string) string {
	parts := strings.Split(path, ".")
	for i := range parts {
		head := strings.Join(parts[:i+1], ".")
		if t, ok := ln.Find(head, model.FCNone); ok && t.Count > 0 {
			parts[i] += "(" + ix + ")"
			break
		}
	}
	return strings.Join(parts, ".")
}

// fcdaName spells an FCDA for messages: "LD0/MMXU1.A.phsA[MX]".
func fcdaName(e *Element) string {
	s := e.Attr("ldInst") + "/" + lnName(e) + "." + e.Attr("doName")
	if da := e.Attr("daName"); da != "" {
		s += "." + da
	}
	return s + "[" + e.Attr("fc") + "]"
}
