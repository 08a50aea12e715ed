package check

import (
	"context"
	"fmt"
	"slices"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// model compares what the server shows with what SCL says.
func (r *run) model(ctx context.Context, s *sheet) {
	const clause = "IEC 61850-6 9.3, 9.5"
	if r.opt.Model == nil {
		s.item("GetDataDirectory", "", "the model is that of SCL", "").skip("no SCL file is given")
		return
	}
	if it := s.item("GetServerDirectory", "", "the logical devices are those of SCL", clause); it != nil {
		var want, got []string
		for _, d := range r.opt.Model.Devices {
			want = append(want, d.Name)
		}
		for _, d := range r.domains {
			got = append(got, d.name)
		}
		it.verdict("the logical devices of SCL", differs(want, got))
	}
	for _, want := range r.opt.Model.Devices {
		i := slices.IndexFunc(r.domains, func(d *domain) bool { return d.name == want.Name })
		if i < 0 {
			continue
		}
		d := r.domains[i]
		if it := s.item("GetLogicalDeviceDirectory", d.name, "the logical nodes are those of SCL", clause); it != nil {
			var names, have []string
			for _, n := range want.Nodes {
				names = append(names, n.Name())
			}
			for _, n := range d.nodes {
				have = append(have, n.ref.LN)
			}
			it.verdict("the logical nodes of SCL", differs(names, have))
		}
		s.each(len(want.Nodes), func(i int, s *sheet) {
			for _, n := range d.nodes {
				if n.ref.LN == want.Nodes[i].Name() {
					r.modelNode(ctx, s, n, want.Nodes[i])
				}
			}
		})
	}
}

func (r *run) modelNode(ctx context.Context, s *sheet, n *node, want *model.LogicalNode) {
	const clause = "IEC 61850-6 9.3, 9.5"
	object := n.ref.String()
	if it := s.item("GetDataDirectory", object, "the data attributes are those of SCL, with their types", clause); it != nil {
		it.verdict("the attributes of SCL", n.compare(want))
	}
	if it := s.item("GetLogicalNodeDirectory(DATA-SET)", object, "the data sets are those of SCL, with their members", clause); it != nil {
		it.verdict("the data sets of SCL", r.compareSets(ctx, n, want))
	}
	if it := s.item("GetLogicalNodeDirectory", object, "the control blocks are those of SCL", clause); it != nil {
		it.verdict("the control blocks of SCL", n.compareBlocks(want))
	}
}

// compare finds the first attribute that is missing, one too many, or of another type.
func (n *node) compare(want *model.LogicalNode) string {
	known := map[string]bool{}
	for leaf := range want.Walk(n.ref.LDevice) {
		ref := leaf.Ref
		if !known[ref.Path] {
			known[ref.Path] = true
		}
		got := within(n.spec, ref)
		if got == nil {
			return "missing " + ref.String()
		}
		kind, size := leaf.Type.Layout()
		if got.Kind != kind || kind != model.KindBits && abs(got.Size) != abs(size) && size != 1 && kind != model.KindTime && kind != model.KindEntryTime {
			return fmt.Sprintf("%s is %s %d in place of %s %d", ref, got.Kind, got.Size, kind, size)
		}
	}
	for _, sec := range n.sections() {
		if controlBlocks(sec.ref.FC) {
			continue
		}
		if extra := unknown(sec.ref.Path, sec.spec, known, want, sec.ref.FC); extra != "" {
			return fmt.Sprintf("not expected %s.%s[%s]", n.ref, extra, sec.ref.FC)
		}
	}
	return ""
}

func abs(n int) int { return max(n, -n) }

// unknown finds an attribute of the server that SCL does not have.
func unknown(path string, t *mms.TypeSpec, known map[string]bool, want *model.LogicalNode, fc model.FC) string {
	switch t.Kind {
	case model.KindStruct:
		for i := range t.Components {
			c := &t.Components[i]
			below := c.Name
			if path != "" {
				below = path + "." + c.Name
			} else if fc == model.SP && c.Name == "SGCB" {
				continue
			}
			if extra := unknown(below, &c.Type, known, want, fc); extra != "" {
				return extra
			}
		}
		return ""
	case model.KindArray:
		if t.Elem == nil || t.Count == 0 {
			return ""
		}
		return unknown(path+"(0)", t.Elem, known, want, fc)
	}
	if known[path] {
		return ""
	}
	return path
}

// compareSets compares data sets by name and members.
func (r *run) compareSets(ctx context.Context, n *node, want *model.LogicalNode) string {
	var names, have []string
	for _, ds := range want.DataSets {
		names = append(names, ds.Name)
	}
	for _, d := range r.domains {
		for _, ds := range d.sets {
			if ds.LDevice == n.ref.LDevice && ds.LN == n.ref.LN {
				have = append(have, ds.Path)
			}
		}
	}
	if bad := differs(names, have); bad != "" {
		return bad
	}
	for _, ds := range want.DataSets {
		got, _, err := r.c.DataSetDirectory(ctx, n.ref.Child(ds.Name))
		if err != nil {
			return describe(err)
		}
		if !slices.Equal(got, ds.Members) {
			return fmt.Sprintf("%s: %s", ds.Name, cmpText(texts(ds.Members), texts(got)))
		}
	}
	return ""
}

func texts(refs []model.Ref) []string {
	list := make([]string, len(refs))
	for i, r := range refs {
		list[i] = r.String()
	}
	return list
}

// compareBlocks compares control blocks by functional constraint and name.
func (n *node) compareBlocks(want *model.LogicalNode) string {
	var names, have []string
	add := func(fc model.FC, name string) { names = append(names, fc.String()+" "+name) }
	for _, rc := range want.Reports {
		if rc.Buffered {
			add(model.BR, rc.Name)
		} else {
			add(model.RP, rc.Name)
		}
	}
	for _, l := range want.Logs {
		add(model.LG, l.Name)
	}
	for _, g := range want.Goose {
		add(model.GO, g.Name)
	}
	for _, sv := range want.Samples {
		if sv.Multicast {
			add(model.MS, sv.Name)
		} else {
			add(model.US, sv.Name)
		}
	}
	if want.SettingGroups != nil {
		add(model.SP, "SGCB")
	}
	for _, sec := range n.sections() {
		for i := range sec.spec.Components {
			name := sec.spec.Components[i].Name
			if controlBlocks(sec.ref.FC) || sec.ref.FC == model.SP && name == "SGCB" {
				have = append(have, sec.ref.FC.String()+" "+name)
			}
		}
	}
	return differs(names, have)
}
