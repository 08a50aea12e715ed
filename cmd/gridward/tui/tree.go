package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// What a row of the tree is.
type kind uint8

const (
	device kind = iota
	node
	data // a data object, sub-data object, attribute or control block
)

// A row is one line of the tree, when its parents are open.
type row struct {
	name   string
	kind   kind
	depth  int
	parent *row
	kids   []*row
	open   bool

	loaded, loading bool   // of a node: its kids are known
	failed          string // of a node: why not

	ref   model.Ref // with a functional constraint where there is only one
	parts []part    // of data: by functional constraint
	typ   *valuetext.Type
	leaf  bool // has a value of its own

	main, q, t *row // of a data object: what it shows
	value      cell // of a leaf
}

// A part is what data has under one functional constraint.
type part struct {
	fc   model.FC
	spec *mms.TypeSpec
}

// A cell is a value as it was seen last.
type cell struct {
	text    string
	raw     model.Value
	failed  bool // text is a reason
	at      time.Time
	changed time.Time
}

// FCs gives the functional constraints of data, joined by commas.
func (r *row) fcText() string {
	names := make([]string, len(r.parts))
	for i, p := range r.parts {
		names[i] = p.fc.String()
	}
	return strings.Join(names, ",")
}

// has tells whether data has a functional constraint.
func (r *row) part(fc model.FC) *mms.TypeSpec {
	for _, p := range r.parts {
		if p.fc == fc {
			return p.spec
		}
	}
	return nil
}

// path finds a row below, by names with dots between.
func (r *row) path(names string) *row {
	at := r
	for name := range strings.SplitSeq(names, ".") {
		i := slices.IndexFunc(at.kids, func(k *row) bool { return k.name == name })
		if i < 0 {
			return nil
		}
		at = at.kids[i]
	}
	return at
}

// shown are the attributes that stand for a data object or control block, the first that there is.
var shown = []string{
	"stVal", "mag.f", "mag.i", "instMag.f", "cVal.mag.f", "mxVal.f", "mxVal.i", "actVal", "valWTr.posVal", "general",
	"setMag.f", "setMag.i", "setVal", "RptEna", "LogEna", "GoEna", "SvEna", "ActSG", "vendor",
}

// A tree is all rows, and the leaves by their reference.
type tree struct {
	scl    *model.Server
	roots  []*row
	leaves map[model.Ref]*row
}

func newTree(scl *model.Server) *tree { return &tree{scl: scl, leaves: make(map[model.Ref]*row)} }

// devices sets the first two levels.
func (t *tree) devices(names []string, nodes map[string][]string) {
	for _, ld := range names {
		d := &row{name: ld, kind: device, ref: model.Ref{LDevice: ld}, loaded: true}
		for _, ln := range nodes[ld] {
			d.kids = append(d.kids, &row{name: ln, kind: node, depth: 1, parent: d, ref: model.Ref{LDevice: ld, LN: ln}})
		}
		t.roots = append(t.roots, d)
	}
	if len(t.roots) == 1 {
		t.roots[0].open = true
	}
}

// node finds a logical node.
func (t *tree) node(ld, ln string) *row {
	for _, d := range t.roots {
		if d.name != ld {
			continue
		}
		for _, n := range d.kids {
			if n.name == ln {
				return n
			}
		}
	}
	return nil
}

// allNodes gives all logical nodes.
func (t *tree) allNodes() []*row {
	var list []*row
	for _, d := range t.roots {
		list = append(list, d.kids...)
	}
	return list
}

// fill makes the rows below a node.
func (t *tree) fill(n *row, c *catalog.Node) {
	n.kids, n.loaded, n.loading, n.failed = nil, true, false, ""
	parts := make([]part, len(c.Sections))
	for i, s := range c.Sections {
		parts[i] = part{s.FC, s.Spec}
	}
	t.below(n, parts)
}

// below makes the rows of the components of parts: those that appear under several functional constraints as structures
// are one.
func (t *tree) below(parent *row, parts []part) {
	var order []string
	byName := make(map[string][]part)
	for _, p := range parts {
		if p.spec == nil || p.spec.Kind != model.KindStruct {
			continue
		}
		for i := range p.spec.Components {
			c := &p.spec.Components[i]
			if byName[c.Name] == nil {
				order = append(order, c.Name)
			}
			byName[c.Name] = append(byName[c.Name], part{p.fc, &c.Type})
		}
	}
	for _, name := range order {
		list := byName[name]
		if merges(list) {
			t.add(parent, name, list)
			continue
		}
		for _, p := range list {
			t.add(parent, name, []part{p})
		}
	}
}

// merges tells whether parts of one name are one: all are structures.
func merges(list []part) bool {
	return !slices.ContainsFunc(list, func(p part) bool { return p.spec.Kind != model.KindStruct })
}

// maxElements of an array are shown.
const maxElements = 256

func (t *tree) add(parent *row, name string, parts []part) {
	r := &row{name: name, kind: data, depth: parent.depth + 1, parent: parent, parts: parts, loaded: true}
	r.ref = parent.ref
	r.ref.FC = model.FCNone
	if strings.HasPrefix(name, "(") {
		r.ref.Path += name
	} else {
		r.ref = r.ref.Child(name)
	}
	parent.kids = append(parent.kids, r)
	if len(parts) == 1 {
		r.ref.FC = parts[0].fc
	}
	spec := parts[0].spec
	switch spec.Kind {
	case model.KindStruct:
		t.below(r, parts)
		for _, name := range shown {
			if r.main = r.path(name); r.main != nil {
				break
			}
		}
		r.q, r.t = r.path("q"), r.path("t")
	case model.KindArray:
		for i := range min(int(spec.Count), maxElements) {
			t.add(r, "("+strconv.Itoa(i)+")", []part{{parts[0].fc, spec.Elem}})
		}
	default:
		r.typ = valuetext.New(spec, r.ref, t.scl)
		r.leaf = true
		t.leaves[r.ref] = r
	}
}

// visible gives the rows that are on the screen when it is high enough.
func (t *tree) visible() []*row {
	var list []*row
	var walk func(rows []*row)
	walk = func(rows []*row) {
		for _, r := range rows {
			list = append(list, r)
			if r.open {
				walk(r.kids)
			}
		}
	}
	walk(t.roots)
	return list
}

// reveal opens all that is above a row.
func (r *row) reveal() {
	for p := r.parent; p != nil; p = p.parent {
		p.open = true
	}
}

// readable gives the leaves that a row shows. Control parameters are never read: reading SBO selects.
func (r *row) readable() []*row {
	var list []*row
	for _, l := range []*row{r, r.main, r.q, r.t} {
		if l != nil && l.leaf && l.ref.FC != model.CO {
			list = append(list, l)
		}
	}
	return list
}

// object gives the data object that a row is or lies in: the outermost row below the node that has control parameters,
// or else the outermost.
func (r *row) object() *row {
	var found *row
	for at := r; at != nil && at.kind == data; at = at.parent {
		if at.part(model.CO) != nil && controllable(at.part(model.CO)) {
			return at
		}
		found = at
	}
	return found
}

// controllable tells whether a structure has Oper.
func controllable(t *mms.TypeSpec) bool { return component(t, "Oper") != nil }

func component(t *mms.TypeSpec, name string) *mms.TypeSpec {
	if t == nil || t.Kind != model.KindStruct {
		return nil
	}
	for i := range t.Components {
		if t.Components[i].Name == name {
			return &t.Components[i].Type
		}
	}
	return nil
}

// set takes a value that was read or reported.
func (r *row) set(v model.Value, at time.Time) {
	text := r.typ.Text(v)
	if text != r.value.text && !r.value.at.IsZero() {
		r.value.changed = at
	}
	r.value.text, r.value.raw, r.value.failed, r.value.at = text, v, false, at
}

func (r *row) fail(reason string, at time.Time) {
	r.value.text, r.value.raw, r.value.failed, r.value.at = reason, model.Value{}, true, at
}
