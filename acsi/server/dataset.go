package server

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A dataSet is a named variable list, IEC 61850-7-2 13 and 8-1 14. Its members are immutable.
type dataSet struct {
	name      mms.ObjectName
	ref       string // LD/LN$name, as control blocks and reports show it; @name for one of an association
	members   []member
	devices   []*device // that members are in, in their order
	deletable bool

	// Server.mu guards these.
	users      []*reportControl // whose DatSet it is
	logs       []*logControl    // likewise
	subscribed bool             // its slots are in reporting.subs
}

// A member is one FCD or FCDA.
type member struct {
	node *node
	off  int
	spec mms.VariableSpec
	ref  model.Ref
	text string // LD/LN$FC$DO$DA, as reports show it
}

// buildLists makes the data sets that the model has.
func (s *Server) buildLists(d *device) error {
	for _, ln := range d.ld.Nodes {
		for _, ds := range ln.DataSets {
			item := ln.Name() + "$" + ds.Name
			if d.lists[item] != nil {
				return fmt.Errorf("%w: two data sets %s/%s", ErrConfig, d.ld.Name, item)
			}
			set := &dataSet{name: mms.InDomain(d.ld.Name, item), ref: d.ld.Name + "/" + item}
			for _, ref := range ds.Members {
				m, ok := s.member(ref)
				if !ok {
					return fmt.Errorf("%w: data set %s: no such member %s", ErrConfig, set.ref, ref)
				}
				set.add(m)
			}
			d.lists[item] = set
			d.listNames = append(d.listNames, item)
		}
	}
	return nil
}

// add adds a member to a data set that nobody knows yet.
func (set *dataSet) add(m member) {
	set.members = append(set.members, m)
	if !slices.Contains(set.devices, m.node.dev) {
		set.devices = append(set.devices, m.node.dev)
		slices.SortFunc(set.devices, func(a, b *device) int { return a.index - b.index })
	}
}

func (s *Server) member(ref model.Ref) (member, bool) {
	if ref.FC == model.FCNone {
		return member{}, false
	}
	n, off := s.locate(ref)
	if n == nil || n.dynamic || n.edits() {
		return member{}, false
	}
	return member{node: n, off: off, spec: specOf(ref), ref: ref, text: ref.LDevice + "/" + ref.Item()}, true
}

// specOf gives the variable of a reference: an item name up to the first index, the rest as alternate access.
func specOf(ref model.Ref) mms.VariableSpec {
	i := strings.IndexByte(ref.Path, '(')
	if i < 0 {
		return mms.VariableSpec{Name: mms.InDomain(ref.LDevice, ref.Item())}
	}
	rest := ref.Path[i:]
	ref.Path = ref.Path[:i]
	return mms.VariableSpec{Name: mms.InDomain(ref.LDevice, ref.Item()), Alternate: alternate(rest)}
}

// alternate makes the alternate access of a path that starts with an index or with a dot.
func alternate(rest string) []mms.AlternateAccess {
	if rest == "" {
		return nil
	}
	if rest[0] == '(' {
		index, more, _ := strings.Cut(rest, ")")
		i, _ := parseIndex(index[1:] + ")")
		return []mms.AlternateAccess{{HasIndex: true, Index: uint32(i), Nested: alternate(more)}}
	}
	rest = rest[1:]
	end := strings.IndexAny(rest, ".(")
	if end < 0 {
		end = len(rest)
	}
	return []mms.AlternateAccess{{Component: rest[:end], Nested: alternate(rest[end:])}}
}

// list finds a named variable list as ss sees it.
func (ss *session) list(name mms.ObjectName) *dataSet {
	s := ss.s
	s.sets.RLock()
	defer s.sets.RUnlock()
	switch name.Scope {
	case mms.AASpecific:
		return ss.lists[ownName(name).Item]
	case mms.DomainSpecific:
		if d := s.devices[name.Domain]; d != nil {
			return d.lists[name.Item]
		}
	}
	return nil
}

// ownName gives the name of a data set of an association without the @ of its reference, which some clients send with it.
func ownName(name mms.ObjectName) mms.ObjectName {
	if name.Scope == mms.AASpecific {
		name.Item = strings.TrimPrefix(name.Item, "@")
	}
	return name
}

// setByRef finds a data set by the reference that a client writes to DatSet: LD/LN$name, LD/LN.name or @name.
func (ss *session) setByRef(ref string) *dataSet {
	if name, ok := strings.CutPrefix(ref, "@"); ok {
		if ss == nil {
			return nil
		}
		return ss.list(mms.ObjectName{Scope: mms.AASpecific, Item: name})
	}
	domain, item, _ := strings.Cut(ref, "/")
	return ss.list(mms.InDomain(domain, strings.Replace(item, ".", "$", 1)))
}

// define makes a dynamic data set. It gives a ServiceError for the peer.
func (ss *session) define(name mms.ObjectName, list []mms.VariableSpec) *mms.ServiceError {
	s, name := ss.s, ownName(name)
	if len(list) == 0 || len(list) > s.cfg.Limits.DataSetMembers {
		return serviceError(mms.ErrResource, mms.ResourceCapabilityUnavailable)
	}
	set := &dataSet{name: name, ref: name.Domain + "/" + name.Item, deletable: true}
	if name.Scope == mms.AASpecific {
		set.ref = "@" + name.Item
	}
	for _, spec := range list {
		at, code := s.resolve(&spec)
		if code != accessOK || s.allow(ss.principal(), RightView, model.Ref{LDevice: at.node.ref.LDevice}) != nil || at.node.fc == model.FCNone || at.ranged || at.multi {
			return serviceError(mms.ErrDefinition, mms.DefinitionObjectUndefined)
		}
		if at.node.dynamic || at.node.edits() || s.allow(ss.principal(), RightRead, at.node.ref) != nil {
			return serviceError(mms.ErrAccess, mms.AccessDenied)
		}
		m, ok := s.member(at.ref(spec))
		if !ok {
			return serviceError(mms.ErrDefinition, mms.DefinitionObjectUndefined)
		}
		set.add(m)
	}
	s.sets.Lock()
	defer s.sets.Unlock()
	switch name.Scope {
	case mms.AASpecific:
		return ss.defineOwn(set)
	case mms.DomainSpecific:
		bad := s.defineShared(set)
		if bad == nil {
			s.saveSet(set, false)
		}
		return bad
	}
	return serviceError(mms.ErrAccess, mms.AccessObjectUnsupported)
}

func (ss *session) defineOwn(set *dataSet) *mms.ServiceError {
	if !identifier(set.name.Item) {
		return serviceError(mms.ErrDefinition, mms.DefinitionObjectUndefined)
	}
	if ss.lists[set.name.Item] != nil {
		return serviceError(mms.ErrDefinition, mms.DefinitionObjectExists)
	}
	if len(ss.lists) >= ss.s.cfg.Limits.AssociationSet {
		return serviceError(mms.ErrResource, mms.ResourceCapabilityUnavailable)
	}
	if ss.lists == nil {
		ss.lists = map[string]*dataSet{}
	}
	ss.lists[set.name.Item] = set
	return nil
}

func (s *Server) defineShared(set *dataSet) *mms.ServiceError {
	d := s.devices[set.name.Domain]
	if d == nil {
		return serviceError(mms.ErrAccess, mms.AccessNonExistent)
	}
	ln, name, ok := strings.Cut(set.name.Item, "$")
	if !ok || d.items[ln] == nil || !identifier(name) {
		return serviceError(mms.ErrAccess, mms.AccessNonExistent)
	}
	if d.lists[set.name.Item] != nil {
		return serviceError(mms.ErrDefinition, mms.DefinitionObjectExists)
	}
	if s.dynamics >= s.cfg.Limits.DataSets {
		return serviceError(mms.ErrResource, mms.ResourceCapabilityUnavailable)
	}
	d.lists[set.name.Item] = set
	d.listNames = append(slices.Clip(d.listNames), set.name.Item)
	s.dynamics++
	return nil
}

// remove deletes one data set: matched tells that it exists, deleted that it is gone.
func (ss *session) remove(name mms.ObjectName) (matched, deleted bool, bad *mms.ServiceError) {
	s := ss.s
	set := ss.list(name)
	if set == nil {
		return false, false, nil
	}
	if !set.deletable {
		return true, false, nil
	}
	s.mu.Lock()
	defer s.unlock()
	if len(set.users)+len(set.logs) > 0 || s.published(set) {
		return true, false, serviceError(mms.ErrService, mms.ServiceObjectConstraint)
	}
	s.reports.unsubscribe(set)
	s.sets.Lock()
	defer s.sets.Unlock()
	if name.Scope == mms.AASpecific {
		delete(ss.lists, set.name.Item)
		return true, true, nil
	}
	d := s.devices[name.Domain]
	if d.lists[name.Item] != set {
		return true, false, nil
	}
	delete(d.lists, name.Item)
	s.saveSet(set, true)
	d.listNames = slices.DeleteFunc(slices.Clone(d.listNames), func(n string) bool { return n == name.Item })
	s.dynamics--
	return true, true, nil
}

// identifier tells whether a peer may name something so: 1 to 32 letters, digits and underscores.
func identifier(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		default:
			return false
		}
	}
	return name != "" && len(name) <= 32
}

func serviceError(class mms.ErrorClass, code int32) *mms.ServiceError {
	return &mms.ServiceError{Class: class, Code: code}
}
