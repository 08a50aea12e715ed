package server

import "github.com/gridward/gridward/model"

// A node is one MMS named variable: a logical node, one of its functional constraints, or what lies below it
// (IEC 61850-8-1 7.3). Nodes are immutable once built.
type node struct {
	name string // of the component in its parent
	item string // MMS item name, "" inside an array
	ref  model.Ref
	dev  *device
	kind nodeKind
	fc   model.FC

	typ     *model.Type // of a leaf
	data    model.Kind  // of a leaf: how it travels
	size    int         // of a leaf, as model.Basic.Layout gives it
	slot    int         // of a leaf; inside an array, that of element 0
	trigger model.Triggers
	valKind string // of a leaf: SCL's, DAI before DA

	count    int // of an array
	stride   int // of an array: slots from element to element
	children []*node
	index    int  // in device.names
	total    int  // leaves at and below it, elements of arrays each
	dynamic  bool // it is or holds an attribute of a report control block

	rcb  *reportControl // of a report control block and its attributes
	attr rcbAttr
	ctl  *control // of Oper, SBO, SBOw and Cancel, and what lies below them
	part controlPart
	live liveBlock // of a control block whose writes are services, and of what lies below it
}

// edits tells whether n is or holds edited values of setting groups, which belong to one association.
func (n *node) edits() bool {
	if n.dev.sg == nil {
		return false
	}
	return n.fc == model.SE || n.fc == model.FCNone && n.child("SE") != nil
}

type nodeKind uint8

const (
	nodeStruct nodeKind = iota
	nodeArray
	nodeLeaf
	nodeRCB // attribute of a report control block
)

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// leaves calls f for every leaf at and below n with its slot, elements of arrays each.
func (n *node) leaves(off int, f func(n *node, slot int)) {
	switch n.kind {
	case nodeLeaf:
		f(n, n.slot+off)
	case nodeArray:
		for i := range n.count {
			n.children[0].leaves(off+i*n.stride, f)
		}
	case nodeStruct:
		for _, c := range n.children {
			c.leaves(off, f)
		}
	}
}

// tally counts the leaves of n and of all below it.
func (n *node) tally() int {
	n.total = 0
	for _, c := range n.children {
		n.total += c.tally()
	}
	switch n.kind {
	case nodeArray:
		n.total *= n.count
	case nodeLeaf, nodeRCB:
		n.total = 1
	}
	return n.total
}

// typeSpec gives the TypeDescription of n.
func (n *node) typeSpec() (t typeSpec) {
	switch n.kind {
	case nodeLeaf, nodeRCB:
		return leafSpec(n.data, n.size)
	case nodeArray:
		e := n.children[0].typeSpec()
		t.Kind, t.Count, t.Elem = model.KindArray, uint32(n.count), &e
	case nodeStruct:
		t.Kind = model.KindStruct
		t.Components = make([]component, len(n.children))
		for i, c := range n.children {
			t.Components[i] = component{Name: c.name, Type: c.typeSpec()}
		}
	}
	return t
}

func leafSpec(k model.Kind, size int) typeSpec {
	t := typeSpec{Kind: k, Size: size}
	switch k {
	case model.KindFloat:
		t.Exponent = 8
		if size == 64 {
			t.Exponent = 11
		}
	case model.KindEntryTime:
		t.Size = 1 // with date
	case model.KindBool, model.KindTime:
		t.Size = 0
	}
	return t
}
