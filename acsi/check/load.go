package check

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A domain is what a logical device shows of itself.
type domain struct {
	name     string
	items    []string // as getNameList gave them
	itemsErr error
	nodes    []*node
	sets     []model.Ref
	setsErr  error
	logs     []string // LN$log
	logsErr  error
}

// A node is a logical node with its type.
type node struct {
	ref   model.Ref // without a functional constraint
	items []string  // its part of domain.items
	spec  *mms.TypeSpec
	err   error
}

// A section is what a node has of one functional constraint.
type section struct {
	ref  model.Ref
	spec *mms.TypeSpec
}

func (n *node) sections() []section {
	if n.spec == nil || n.spec.Kind != model.KindStruct {
		return nil
	}
	list := make([]section, 0, len(n.spec.Components))
	for i := range n.spec.Components {
		c := &n.spec.Components[i]
		if fc, ok := model.ParseFC(c.Name); ok {
			ref := n.ref
			ref.FC = fc
			list = append(list, section{ref, &c.Type})
		}
	}
	return list
}

// load reads the names and types on which all checks stand. What a server refuses is kept for the checks to tell.
func (r *run) load(ctx context.Context) error {
	names, err := r.names(ctx, mms.GetNameList{Class: mms.ClassDomain, Scope: mms.VMDSpecific})
	if err != nil && !answered(err) {
		return fmt.Errorf("check: names of the logical devices: %w", err)
	}
	total := 0
	for i, name := range names {
		r.opt.Progress("discover", i, len(names))
		d := &domain{name: name}
		r.domains = append(r.domains, d)
		in := func(class mms.ObjectClass) ([]string, error) {
			return r.names(ctx, mms.GetNameList{Class: class, Scope: mms.DomainSpecific, Domain: name})
		}
		d.items, d.itemsErr = in(mms.ClassNamedVariable)
		if total += len(d.items); total > maxNames {
			return fmt.Errorf("check: more than %d names", maxNames)
		}
		d.split()
		var sets []string
		sets, d.setsErr = in(mms.ClassNamedVariableList)
		for _, s := range sets {
			ln, set, _ := strings.Cut(s, "$")
			d.sets = append(d.sets, model.Ref{LDevice: name, LN: ln, Path: set})
		}
		d.logs, d.logsErr = in(mms.ClassJournal)
	}
	var nodes []*node
	for _, d := range r.domains {
		nodes = append(nodes, d.nodes...)
	}
	s := &sheet{r: r, ctx: ctx, group: "discover"}
	s.each(len(nodes), func(i int, _ *sheet) { r.typeOf(ctx, nodes[i]) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.c.Err()
}

// maxNames bounds what a server can make us hold.
const maxNames = 1_000_000

// split finds the nodes in the names.
func (d *domain) split() {
	byName := make(map[string]*node)
	for _, item := range d.items {
		ln, _, _ := strings.Cut(item, "$")
		n := byName[ln]
		if n == nil {
			n = &node{ref: model.Ref{LDevice: d.name, LN: ln}}
			byName[ln] = n
			d.nodes = append(d.nodes, n)
		}
		n.items = append(n.items, item)
	}
}

// typeOf asks for the type of a node, or, where that is too long for a PDU or not allowed, of its parts.
func (r *run) typeOf(ctx context.Context, n *node) {
	n.spec, n.err = r.c.Type(ctx, n.ref)
	if n.err == nil || !answered(n.err) {
		return
	}
	whole := &mms.TypeSpec{Kind: model.KindStruct}
	for _, item := range n.items {
		_, fc, _ := strings.Cut(item, "$")
		if fc == "" || strings.Contains(fc, "$") {
			continue
		}
		spec, err := r.partType(ctx, n, item)
		if err != nil {
			return
		}
		whole.Components = append(whole.Components, mms.Component{Name: fc, Type: *spec})
	}
	n.spec = whole
}

// partType asks for the type of an item, or of its members.
func (r *run) partType(ctx context.Context, n *node, item string) (*mms.TypeSpec, error) {
	spec, err := r.itemType(ctx, n.ref.LDevice, item)
	if err == nil || !answered(err) {
		return spec, err
	}
	whole := &mms.TypeSpec{Kind: model.KindStruct}
	for _, below := range n.items {
		name, ok := strings.CutPrefix(below, item+"$")
		if !ok || strings.Contains(name, "$") {
			continue
		}
		spec, err := r.itemType(ctx, n.ref.LDevice, below)
		if err != nil {
			return nil, err
		}
		whole.Components = append(whole.Components, mms.Component{Name: name, Type: *spec})
	}
	if len(whole.Components) == 0 {
		return nil, err
	}
	return whole, nil
}

func (r *run) itemType(ctx context.Context, domain, item string) (*mms.TypeSpec, error) {
	a, err := ask[*mms.GetVariableAccessAttributesResponse](ctx, r.c, &mms.GetVariableAccessAttributes{Name: mms.InDomain(domain, item)})
	if err != nil {
		return nil, err
	}
	return &a.Type, nil
}

// names gathers a name list, page by page, from the name after request.ContinueAfter on.
func (r *run) names(ctx context.Context, request mms.GetNameList) ([]string, error) {
	var names []string
	for {
		q := request
		page, err := ask[*mms.GetNameListResponse](ctx, r.c, &q)
		if err != nil {
			return names, err
		}
		for _, n := range page.Names {
			names = append(names, strings.Clone(n))
		}
		switch {
		case !page.MoreFollows:
			return names, nil
		case len(page.Names) == 0:
			return names, fmt.Errorf("an empty page that says more follows after %q", request.ContinueAfter)
		case len(names) > maxNames:
			return names, fmt.Errorf("more than %d names", maxNames)
		}
		last := names[len(names)-1]
		if last == request.ContinueAfter {
			return names, fmt.Errorf("the page after %q ends with the same name", last)
		}
		request.ContinueAfter = last
	}
}

// find gives the type of what a reference with a functional constraint names, nil when the server has no such thing.
func (r *run) find(ref model.Ref) *mms.TypeSpec {
	for _, d := range r.domains {
		if d.name != ref.LDevice {
			continue
		}
		for _, n := range d.nodes {
			if n.ref.LN == ref.LN && n.spec != nil {
				return within(n.spec, ref)
			}
		}
	}
	return nil
}

func within(spec *mms.TypeSpec, ref model.Ref) *mms.TypeSpec {
	spec = component(spec, ref.FC.String())
	if ref.Path == "" || spec == nil {
		return spec
	}
	for part := range strings.SplitSeq(ref.Path, ".") {
		name, index, indexed := strings.Cut(part, "(")
		if spec = component(spec, name); spec == nil {
			return nil
		}
		if indexed {
			i, err := strconv.Atoi(strings.TrimSuffix(index, ")"))
			if spec.Kind != model.KindArray || err != nil || i < 0 || i >= int(spec.Count) {
				return nil
			}
			spec = spec.Elem
		}
	}
	return spec
}

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

// blocks gives the components of a section of every node: control blocks, or data objects.
func (r *run) blocks(fcs ...model.FC) []section {
	var list []section
	for _, d := range r.domains {
		for _, n := range d.nodes {
			for _, s := range n.sections() {
				for _, fc := range fcs {
					if s.ref.FC != fc || s.spec.Kind != model.KindStruct {
						continue
					}
					for i := range s.spec.Components {
						c := &s.spec.Components[i]
						list = append(list, section{s.ref.Child(c.Name), &c.Type})
					}
				}
			}
		}
	}
	return list
}
