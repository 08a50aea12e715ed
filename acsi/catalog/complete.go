package catalog

import (
	"context"
	"strings"

	"github.com/gridward/gridward/model"
)

// Complete gives what a reference that begins with prefix can go on as, one component further: LD/, LD/LN., LD/LN.DO.,
// LD/LN.DO.DA. What has nothing below it ends without a dot.
func (c *Catalog) Complete(ctx context.Context, prefix string) ([]string, error) {
	ld, node, hasLN := strings.Cut(prefix, "/")
	if !hasLN {
		devices, err := c.Devices(ctx)
		return beginning(devices, "", prefix, "/"), err
	}
	ln, path, hasPath := strings.Cut(node, ".")
	if !hasPath {
		nodes, err := c.Nodes(ctx, ld)
		return beginning(nodes, ld+"/", node, "."), err
	}
	n, err := c.Node(ctx, ld, ln)
	if err != nil {
		return nil, err
	}
	parent, last := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		parent, last = path[:i], path[i+1:]
	}
	p := Pattern{LDevice: ld, LN: ln}
	if parent != "" {
		p.Path = strings.Split(parent, ".")
	}
	before := strings.TrimSuffix(prefix, last)
	seen := make(map[string]bool)
	var list []string
	s := &search{Catalog: c, p: p}
	for _, sec := range n.Sections {
		s.descend(model.Ref{LDevice: ld, LN: ln, FC: sec.FC}, sec.Spec, p.Path, 2)
	}
	if parent == "" {
		s.blocks = nil
		for _, sec := range n.Sections {
			if Blocks&(1<<sec.FC) != 0 {
				s.blocks = append(s.blocks, Item{Spec: sec.Spec})
			}
		}
	}
	for _, item := range append(s.data, s.blocks...) {
		for i := range item.Spec.Components {
			comp := &item.Spec.Components[i]
			name := before + comp.Name
			if comp.Type.Kind == model.KindStruct {
				name += "."
			}
			if strings.HasPrefix(comp.Name, last) && !seen[name] {
				seen[name] = true
				list = append(list, name)
			}
		}
	}
	return list, nil
}

func beginning(names []string, before, prefix, after string) []string {
	var list []string
	for _, n := range names {
		if strings.HasPrefix(n, prefix) {
			list = append(list, before+n+after)
		}
	}
	return list
}
