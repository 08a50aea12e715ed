package server

import (
	"fmt"
	"strconv"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

type (
	typeSpec  = mms.TypeSpec
	component = mms.Component
)

// maxSlots bounds what New builds from a model.
const maxSlots = 1 << 22

// A builder makes the nodes of a server.
type builder struct {
	s   *Server
	dev *device
	ln  *model.LogicalNode
	obj *model.Object
}

// build makes devices, nodes, name tables and data sets from the model.
func (s *Server) build() error {
	m := s.cfg.Model
	if len(m.Initial) > maxSlots {
		return fmt.Errorf("%w: more than %d values", ErrConfig, maxSlots)
	}
	s.values = append(s.values, m.Initial...)
	s.slots = make([]*node, len(m.Initial))
	s.devices = make(map[string]*device, len(m.Devices))
	for i, ld := range m.Devices {
		d := &device{ld: ld, index: i, items: map[string]*node{}, lists: map[string]*dataSet{}}
		if s.devices[ld.Name] != nil {
			return fmt.Errorf("%w: two logical devices %s", ErrConfig, ld.Name)
		}
		s.devices[ld.Name] = d
		s.order = append(s.order, d)
		s.domains = append(s.domains, ld.Name)
		s.settingGroups(d)
		for _, ln := range ld.Nodes {
			b := &builder{s: s, dev: d, ln: ln}
			if err := b.node(); err != nil {
				return err
			}
		}
	}
	for _, d := range s.order {
		if err := s.buildLists(d); err != nil {
			return err
		}
		if d.sg != nil {
			d.sg.gather()
		}
	}
	for i, v := range s.values {
		if v.IsZero() && s.slots[i] != nil {
			s.values[i] = s.slots[i].typ.Zero()
		}
	}
	return nil
}

// node makes the variables of one logical node and registers their names depth-first.
func (b *builder) node() error {
	ref := model.Ref{LDevice: b.dev.ld.Name, LN: b.ln.Name()}
	root := &node{name: ref.LN, item: ref.LN, ref: ref, dev: b.dev, index: -1}
	for fc := model.ST; fc < model.NumFC; fc++ {
		ref.FC = fc
		n := &node{name: fc.String(), item: ref.Item(), ref: ref, dev: b.dev, fc: fc}
		if err := b.objects(n); err != nil {
			return err
		}
		b.blocks(n)
		if len(n.children) > 0 {
			root.children = append(root.children, n)
		}
	}
	b.dev.nodes = append(b.dev.nodes, root)
	b.controls(root)
	root.tally()
	return b.register(root)
}

func (b *builder) register(n *node) error {
	if b.dev.items[n.item] != nil {
		return fmt.Errorf("%w: two objects %s/%s", ErrConfig, b.dev.ld.Name, n.item)
	}
	if len(n.item) > model.MaxItem {
		return fmt.Errorf("%w: the MMS name %s/%s has %d characters; %d are allowed: shorten prefix, instance or the names in its type",
			ErrConfig, b.dev.ld.Name, n.item, len(n.item), model.MaxItem)
	}
	n.index = len(b.dev.names)
	b.dev.names = append(b.dev.names, n.item)
	b.dev.items[n.item] = n
	n.dynamic = n.kind == nodeRCB
	for _, c := range n.children {
		if c.item != "" {
			if err := b.register(c); err != nil {
				return err
			}
		}
		n.dynamic = n.dynamic || c.dynamic
	}
	return nil
}

// objects makes the data objects of one functional constraint.
func (b *builder) objects(parent *node) error {
	for i := range b.ln.Objects {
		o := &b.ln.Objects[i]
		if o.Type == nil || !b.has(o.Type, parent.fc) {
			continue
		}
		b.obj = o
		t := model.Target{Object: o, Type: o.Type, Slot: o.Slot}
		if parent.fc == model.SE && b.dev.sg != nil {
			t.Slot = b.shadow(o)
		}
		c, err := b.variable(t, parent, o.Name, "", nil)
		if err != nil {
			return err
		}
		parent.children = append(parent.children, c)
	}
	return nil
}

// variable makes the node of t and of what lies below it. below is the path under the data object, "" for itself.
func (b *builder) variable(t model.Target, parent *node, name, below string, f *model.Field) (*node, error) {
	n := &node{name: name, dev: b.dev, fc: parent.fc, ref: parent.ref.Child(name), trigger: t.Trigger, slot: t.Slot}
	if parent.item != "" && name != "" && !inArray(parent) {
		n.item = parent.item + "$" + name
	}
	if f != nil {
		n.valKind = f.ValKind
	}
	if n.valKind == "" {
		n.valKind = parent.valKind
	}
	if v := b.obj.ValKind[below]; v != "" {
		n.valKind = v
	}
	if t.Count > 0 {
		n.kind, n.count, n.stride = nodeArray, t.Count, t.Type.Slots
		first, _ := t.Element(0)
		return n, b.element(n, first, below)
	}
	if t.Type.Basic != model.BasicStruct {
		return n, b.leaf(n, t)
	}
	return n, b.fields(n, t, below)
}

// element makes the one child of an array: its first element. The others have the same shape, stride slots further.
func (b *builder) element(array *node, t model.Target, below string) error {
	e := &node{dev: b.dev, fc: array.fc, ref: array.ref, trigger: t.Trigger, slot: t.Slot, valKind: array.valKind}
	e.ref.Path += "(0)"
	array.children = []*node{e}
	if t.Type.Basic != model.BasicStruct {
		if err := b.leaf(e, t); err != nil {
			return err
		}
	} else if err := b.fields(e, t, below); err != nil {
		return err
	}
	for i := 1; i < array.count; i++ {
		e.leaves(i*array.stride, func(l *node, slot int) {
			if slot < len(b.s.slots) {
				b.s.slots[slot] = l
			}
		})
	}
	if last := t.Slot + array.count*array.stride; last > len(b.s.slots) {
		return fmt.Errorf("%w: %s: slot %d is outside the %d initial values", ErrConfig, array.ref, last-1, len(b.s.slots))
	}
	return nil
}

func (b *builder) fields(n *node, t model.Target, below string) error {
	if n.ref.Path != "" && len(n.ref.Path) > 4*model.MaxRef {
		return fmt.Errorf("%w: %s is nested too deeply", ErrConfig, n.ref)
	}
	for i := range t.Type.Fields {
		f := &t.Type.Fields[i]
		if f.FC != model.FCNone && !b.shows(f.FC, n.fc) || f.FC == model.FCNone && t.FC == model.FCNone && !b.has(f.Type, n.fc) {
			continue
		}
		path := f.Name
		if below != "" {
			path = below + "." + f.Name
		}
		c, err := b.variable(t.Field(f), n, f.Name, path, f)
		if err != nil {
			return err
		}
		n.children = append(n.children, c)
	}
	return nil
}

func (b *builder) leaf(n *node, t model.Target) error {
	if t.Slot < 0 || t.Slot >= len(b.s.slots) {
		return fmt.Errorf("%w: %s: slot %d is outside the %d initial values", ErrConfig, n.ref, t.Slot, len(b.s.slots))
	}
	n.kind, n.typ = nodeLeaf, t.Type
	n.data, n.size = t.Type.Layout()
	if n.data == model.KindNone {
		return fmt.Errorf("%w: %s: type %s has no form in MMS", ErrConfig, n.ref, t.Type.Basic)
	}
	b.s.slots[t.Slot] = n
	if b.dev.sg != nil && n.fc == model.SG { // whatever the template says of SE (IEC 61850-7-3: SG is dchg)
		n.trigger |= model.TrgDataChange
	}
	return nil
}

// inArray tells whether the names below n are reached by alternate access only.
func inArray(n *node) bool { return n.kind == nodeArray || n.item == "" }

// elementPath gives the path of element i of the array whose path is given.
func elementPath(path string, i int) string { return path + "(" + strconv.Itoa(i) + ")" }
