package scl

import (
	"strings"

	"github.com/gridward/gridward/model"
)

// A builder compiles one server.
type builder struct {
	*sink
	file  *File
	c     *compiler
	ied   *IED
	ap    *AccessPoint
	out   *model.Server
	slots int
	size  int // against Limits.Slots

	reports int // instances, against maxReports
	nodes   []builtNode
	insts   map[string]*model.LogicalDevice // by inst
	named   map[string]*model.LogicalNode   // by LDName/LN
	ldNames map[string]bool

	addresses map[addressKey]*ControlAddress // of this access point
	failed    map[string]bool                // nodes that could not be compiled: what names them is not said to be wrong as well
}

// A builtNode remembers where a logical node came from.
type builtNode struct {
	device *model.LogicalDevice
	node   *model.LogicalNode
	e      *Element
	typ    *nodeType
}

// build compiles what it can and says to s what is wrong. It gives nil when there is no server. File.mu is held.
func (f *File) build(i *IED, a *AccessPoint, s *sink) *builder {
	server := a.server
	if server == nil && a.ServerAt != "" {
		other, ok := i.AccessPoint(a.ServerAt)
		if !ok || other.server == nil {
			i.badServerAt(a, s)
			return nil
		}
		server = other.server
	}
	if server == nil {
		return nil
	}
	b := &builder{
		sink: s, file: f, c: f.compiler, ied: i, ap: a, addresses: controlAddresses(f.Communication.Find(i.Name, a.Name)),
		insts: make(map[string]*model.LogicalDevice), named: make(map[string]*model.LogicalNode),
		ldNames: make(map[string]bool), failed: make(map[string]bool),
	}
	b.out = &model.Server{
		IED: i.Name, AccessPoint: a.Name, Vendor: i.Manufacturer, IEDType: i.Type, ConfigRev: i.ConfigVersion,
		Services: readServices(i.Element.Child("Services"), a.Element.Child("Services"), s),
	}
	server.Each("LDevice", b.device)
	b.values()
	for _, n := range b.nodes {
		b.dataSets(n)
	}
	for _, n := range b.nodes {
		b.controls(n)
	}
	return b
}

func (b *builder) device(e *Element) {
	d := &model.LogicalDevice{Inst: e.Attr("inst"), Desc: e.Attr("desc"), Name: e.Attr("ldName")}
	if d.Name == "" {
		d.Name = b.ied.Name + d.Inst
	}
	if !plainName(d.Name) {
		b.error(e, "an MMS domain name has 1 to 64 letters, digits and underscores", "logical device name %q cannot be used", d.Name)
		return
	}
	if _, dup := b.insts[d.Inst]; dup {
		b.error(e, "give each logical device its own inst", "LDevice inst %q exists twice", d.Inst)
		return
	}
	if b.ldNames[d.Name] {
		b.error(e, "change ldName or inst", "logical device name %q exists twice", d.Name)
		return
	}
	b.insts[d.Inst], b.ldNames[d.Name] = d, true
	b.out.Devices = append(b.out.Devices, d)
	seen := make(map[string]bool)
	first := e.Child("LN0")
	if first == nil {
		b.error(e, "add an LN0 of class LLN0", "logical device %q has no LN0", d.Inst)
	} else {
		b.node(d, first, seen)
	}
	for _, c := range e.Children {
		if c.Space == "" && (c.Name == "LN" || c.Name == "LN0") && c != first {
			b.node(d, c, seen)
		}
	}
}

func (b *builder) node(d *model.LogicalDevice, e *Element, seen map[string]bool) {
	n := &model.LogicalNode{
		Prefix: e.Attr("prefix"), Class: e.Attr("lnClass"), Inst: e.Attr("inst"), TypeID: e.Attr("lnType"), Desc: e.Attr("desc"),
	}
	name := n.Name()
	switch {
	case e.Name == "LN0" && name != "LLN0":
		b.error(e, `LN0 has lnClass="LLN0" and inst=""`, "LN0 is named %q", name)
	case !plainName(name):
		b.error(e, "use letters, digits and underscores in prefix and inst", "logical node name %q cannot be used", name)
		return
	case seen[name]:
		b.error(e, "give each logical node its own prefix and inst", "logical node %s exists twice", name)
		return
	}
	seen[name] = true
	b.failed[d.Name+"/"+name] = true
	t := b.c.nodeType(n.TypeID)
	switch {
	case t == nil:
		b.error(e, b.c.suggest("LNodeType", n.TypeID), "LNodeType %q does not exist", n.TypeID)
		return
	case len(t.errs.Errors()) > 0:
		for _, p := range t.errs {
			b.put(p)
		}
		return
	case t.class != n.Class:
		b.error(e, "use an LNodeType of class "+n.Class, "LNodeType %q is of class %s, not %s", n.TypeID, t.class, n.Class)
	}
	if b.size += t.size(); b.size > b.file.limits.Slots {
		b.put(b.c.limit(e, "attributes in one server", b.file.limits.Slots))
		return
	}
	n.Objects = make([]model.Object, len(t.objects))
	for i, o := range t.objects {
		o.Slot += b.slots
		n.Objects[i] = o
	}
	b.slots += t.slots
	delete(b.failed, d.Name+"/"+name)
	b.named[d.Name+"/"+name] = n
	d.Nodes = append(d.Nodes, n)
	b.nodes = append(b.nodes, builtNode{device: d, node: n, e: e, typ: t})
}

// values fills in the initial values.
func (b *builder) values() {
	b.out.Initial = make([]model.Value, b.slots)
	groups := make(map[int][]model.Value)
	for _, n := range b.nodes {
		for i := range n.node.Objects {
			o := &n.node.Objects[i]
			b.c.fill(o.Type, b.out.Initial[o.Slot:o.Slot+o.Type.Slots])
			if b.c.grouped {
				b.c.groups(o.Type, o.Slot, groups)
			}
		}
		b.instances(n, groups)
	}
	if len(groups) > 0 {
		b.out.Groups = groups
	}
}

// lnName gives the name of a node that attributes describe as FCDA, LogControl and ClientLN do.
func lnName(e *Element) string {
	class := e.Attr("lnClass")
	if strings.TrimSpace(class) == "LLN0" {
		return e.Attr("prefix") + class
	}
	return e.Attr("prefix") + class + e.Attr("lnInst")
}
