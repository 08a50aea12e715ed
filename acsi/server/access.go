package server

import (
	"strconv"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A place is what a variable specification names: a node, or some elements of an array.
type place struct {
	node   *node
	off    int
	ranged bool // elements first to first+count of the array node
	first  int
	count  int
	multi  bool // several alternates: their values make one structure
	parts  []place
}

// accessOK is no DataAccessError.
const accessOK = mms.DataAccessError(0xff)

// resolve finds what spec names. The error is accessOK when it does.
func (s *Server) resolve(spec *mms.VariableSpec) (place, mms.DataAccessError) {
	if spec.Unnamed || spec.Type != nil {
		return place{}, mms.ObjectAccessUnsupported
	}
	if spec.Name.Scope != mms.DomainSpecific {
		return place{}, mms.ObjectNonExistent
	}
	d := s.devices[spec.Name.Domain]
	if d == nil {
		return place{}, mms.ObjectNonExistent
	}
	n := d.items[spec.Name.Item]
	if n == nil {
		return place{}, mms.ObjectNonExistent
	}
	return s.alternate(place{node: n}, spec.Alternate, 0)
}

// alternate applies an alternate access, ISO 9506-2 7.5.
func (s *Server) alternate(at place, alt []mms.AlternateAccess, depth int) (place, mms.DataAccessError) {
	if len(alt) == 0 {
		return at, accessOK
	}
	if depth >= s.cfg.Limits.Nesting || len(alt) > s.cfg.Limits.Variables {
		return at, mms.ObjectAccessUnsupported
	}
	if len(alt) == 1 {
		return s.selection(at, &alt[0], depth)
	}
	all := place{node: at.node, off: at.off, multi: true}
	for i := range alt {
		part, err := s.selection(at, &alt[i], depth)
		if err != accessOK {
			return at, err
		}
		all.parts = append(all.parts, part)
	}
	return all, accessOK
}

func (s *Server) selection(at place, a *mms.AlternateAccess, depth int) (place, mms.DataAccessError) {
	if at.ranged {
		return at, mms.ObjectAccessUnsupported
	}
	if a.Component != "" {
		c := at.node.child(a.Component)
		if c == nil {
			return at, mms.ObjectNonExistent
		}
		return s.alternate(place{node: c, off: at.off}, a.Nested, depth+1)
	}
	if at.node.kind != nodeArray {
		return at, mms.ObjectAccessUnsupported
	}
	switch {
	case a.AllElems:
		if len(a.Nested) > 0 {
			return at, mms.ObjectAccessUnsupported
		}
		return at, accessOK
	case a.HasIndex && a.Count == 0:
		if a.Index >= uint32(at.node.count) {
			return at, mms.ObjectNonExistent
		}
		e := place{node: at.node.children[0], off: at.off + int(a.Index)*at.node.stride}
		return s.alternate(e, a.Nested, depth+1)
	case a.HasIndex:
		if uint64(a.Index)+uint64(a.Count) > uint64(at.node.count) || len(a.Nested) > 0 {
			return at, mms.ObjectNonExistent
		}
		at.ranged, at.first, at.count = true, int(a.Index), int(a.Count)
		return at, accessOK
	}
	return at, mms.ObjectAccessUnsupported
}

// leaves counts what load would copy.
func (p *place) leaves() int {
	if p.multi {
		n := 0
		for i := range p.parts {
			n += p.parts[i].leaves()
		}
		return n
	}
	return p.node.total // of a range too: load copies the array first
}

// load copies what the place holds, all of it as it was at one moment.
func (p *place) load(s *Server) model.Value {
	if p.node.dynamic {
		s.mu.Lock()
		defer s.mu.Unlock() // nothing is put off by reading
		return p.copied(s)
	}
	p.node.dev.mu.RLock()
	defer p.node.dev.mu.RUnlock()
	return p.copied(s)
}

// copied is load for a caller that holds the lock of the device, or the server's.
func (p *place) copied(s *Server) model.Value {
	switch {
	case p.multi:
		list := make([]model.Value, len(p.parts))
		for i := range p.parts {
			list[i] = p.parts[i].copied(s)
		}
		return model.Struct(list...)
	case p.ranged:
		all := s.value(p.node, p.off)
		return model.Array(all.Members()[p.first : p.first+p.count]...)
	}
	return s.value(p.node, p.off)
}

// ref gives the ACSI reference of a place that spec led to, with the indices of its alternate access.
func (p *place) ref(spec mms.VariableSpec) model.Ref {
	r := p.node.ref
	d, ln, fc := r.LDevice, r.LN, r.FC
	_, item, _ := strings.Cut(spec.Name.Item, "$") // without the logical node
	_, path, _ := strings.Cut(item, "$")           // without the functional constraint
	path = strings.ReplaceAll(path, "$", ".")
	constrained := item != ""
	for alt := spec.Alternate; len(alt) == 1; alt = alt[0].Nested {
		switch a := alt[0]; {
		case !constrained: // the component of a logical node is its functional constraint
			constrained = true
		case a.Component != "":
			path += "." + a.Component
		case a.HasIndex:
			path += "(" + strconv.Itoa(int(a.Index)) + ")"
		}
	}
	return model.Ref{LDevice: d, LN: ln, Path: strings.TrimPrefix(path, "."), FC: fc}
}
