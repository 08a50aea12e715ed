package scl

import (
	"github.com/gridward/gridward/model"
)

// A compiler turns DataTypeTemplates (IEC 61850-6 9.5) into shared model types. Every type is made once a file, so that
// all instances of all IEDs share it. Guarded by File.mu.
type compiler struct {
	file   *File
	lnodes map[string]*Element
	dos    map[string]*Element
	das    map[string]*Element
	enums  map[string]*Element

	leaves   [model.NumBasic]*model.Type
	phyCom   *model.Type
	doneLN   map[string]*nodeType
	doneDO   map[string]*compiled
	doneDA   map[string]*compiled
	doneEnum map[string]*compiled
	defaults map[*model.Type]map[int]fieldValue // by field of a type
	zeros    map[*model.Type]model.Value
	grouped  bool // some default is by setting group
	fields   int  // of all types, against Limits.Fields

	suggested int // searches for similar names, which are slow
}

// maxSuggestions bounds them.
const maxSuggestions = 100

// A fieldValue is a Val of a DA or BDA, or its values by setting group.
type fieldValue struct {
	value  model.Value
	groups []model.Value // value of group 1 first; empty when not by group
}

// A compiled type, or what is wrong with it. busy marks one that is being compiled, to find circles.
type compiled struct {
	typ   *model.Type
	depth int // nested structures
	errs  Problems
	busy  bool
}

// A nodeType is a compiled LNodeType: objects with slots from 0.
type nodeType struct {
	class   string
	objects []model.Object
	slots   int
	errs    Problems
}

// size is what the node counts against Limits.Slots. Objects without attributes count as well.
func (n *nodeType) size() int { return max(n.slots, len(n.objects)) }

// maxNesting bounds structures inside structures. IEC 61850-7-3 needs 5; MMS peers negotiate 10.
const maxNesting = 24

func newCompiler(f *File) *compiler {
	c := &compiler{
		file:   f,
		lnodes: make(map[string]*Element), dos: make(map[string]*Element),
		das: make(map[string]*Element), enums: make(map[string]*Element),
		doneLN: make(map[string]*nodeType), doneDO: make(map[string]*compiled),
		doneDA: make(map[string]*compiled), doneEnum: make(map[string]*compiled),
		defaults: make(map[*model.Type]map[int]fieldValue), zeros: make(map[*model.Type]model.Value),
	}
	for _, e := range f.templates() {
		if m := c.index(e.Name); m != nil {
			if _, dup := m[e.Attr("id")]; !dup {
				m[e.Attr("id")] = e
			}
		}
	}
	for b := range c.leaves {
		c.leaves[b] = &model.Type{Basic: model.Basic(b), Slots: 1}
	}
	c.phyCom = phyComAddr(c.leaves[:])
	return c
}

func (c *compiler) index(name string) map[string]*Element {
	switch name {
	case "LNodeType":
		return c.lnodes
	case "DOType":
		return c.dos
	case "DAType":
		return c.das
	case "EnumType":
		return c.enums
	}
	return nil
}

// templates gives the children of DataTypeTemplates.
func (f *File) templates() []*Element {
	var list []*Element
	f.Root.Each("DataTypeTemplates", func(t *Element) {
		for _, e := range t.Children {
			if e.Space == "" {
				list = append(list, e)
			}
		}
	})
	return list
}

// phyComAddr is the structure behind bType PhyComAddr, IEC 61850-8-1 table 12.
func phyComAddr(leaves []*model.Type) *model.Type {
	return &model.Type{
		ID: "PhyComAddr", Basic: model.BasicStruct, Slots: 4, Fields: []model.Field{
			{Name: "Addr", Type: leaves[model.BasicOctet6], Slot: 0},
			{Name: "PRIORITY", Type: leaves[model.BasicInt8U], Slot: 1},
			{Name: "VID", Type: leaves[model.BasicInt16U], Slot: 2},
			{Name: "APPID", Type: leaves[model.BasicInt16U], Slot: 3},
		},
	}
}

// fill writes the initial values of one instance of t: defaults of the templates, otherwise zero values.
func (c *compiler) fill(t *model.Type, out []model.Value) {
	if len(out) == 0 {
		return
	}
	if t.Basic != model.BasicStruct {
		zero, ok := c.zeros[t]
		if !ok {
			zero = t.Zero()
			c.zeros[t] = zero
		}
		out[0] = zero
		return
	}
	defaults := c.defaults[t]
	for i := range t.Fields {
		f := &t.Fields[i]
		for n := range max(f.Count, 1) {
			part := out[f.Slot+n*f.Type.Slots:]
			if d, ok := defaults[i]; ok {
				part[0] = d.value
			} else {
				c.fill(f.Type, part)
			}
		}
	}
}

// groups collects the values by setting group that the templates give, by slot.
func (c *compiler) groups(t *model.Type, slot int, out map[int][]model.Value) {
	defaults := c.defaults[t]
	for i := range t.Fields {
		f := &t.Fields[i]
		for n := range max(f.Count, 1) {
			at := slot + f.Slot + n*f.Type.Slots
			if d, ok := defaults[i]; ok && len(d.groups) > 0 {
				out[at] = d.groups
			} else if f.Type.Basic == model.BasicStruct {
				c.groups(f.Type, at, out)
			}
		}
	}
}
