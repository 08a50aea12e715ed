package server

import (
	"slices"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// getNameList serves the directories, IEC 61850-7-2 7 to 9 as IEC 61850-8-1 maps them: domains, variables depth-first in
// the order of functional constraints, variable lists, journals.
func (ss *session) getNameList(id uint32, r *mms.GetNameList) mms.PDU {
	s, p := ss.s, ss.principal()
	if r.Scope == mms.DomainSpecific {
		ref := model.Ref{LDevice: r.Domain}
		if s.devices[r.Domain] == nil || ss.authorize(p, RightView, ref, "getNameList") != nil {
			return failed(id, mms.ErrAccess, mms.AccessNonExistent)
		}
	} else if s.known(p) != nil {
		return failed(id, mms.ErrAccess, mms.AccessDenied)
	}
	names, after := ss.names(r, p)
	if after < 0 {
		return failed(id, mms.ErrAccess, mms.AccessNonExistent)
	}
	return ss.page(id, names[after:])
}

// names gives the whole list, and where it goes on after ContinueAfter; -1 when that is not in it.
func (ss *session) names(r *mms.GetNameList, p *model.Principal) (names []string, after int) {
	s := ss.s
	d := s.devices[r.Domain]
	switch {
	case r.Class == mms.ClassDomain && r.Scope == mms.VMDSpecific:
		names = s.domains
		if s.cfg.Authorizer != nil {
			names = slices.DeleteFunc(slices.Clone(names), func(ld string) bool {
				return s.allow(p, RightView, model.Ref{LDevice: ld}) != nil
			})
		}
	case r.Class == mms.ClassNamedVariable && r.Scope == mms.DomainSpecific:
		if r.ContinueAfter == "" {
			return d.names, 0
		}
		if n := d.items[r.ContinueAfter]; n != nil {
			return d.names, n.index + 1
		}
		return nil, -1
	case r.Class == mms.ClassNamedVariableList && r.Scope == mms.DomainSpecific:
		s.sets.RLock()
		names = d.listNames
		s.sets.RUnlock()
	case r.Class == mms.ClassJournal && r.Scope == mms.DomainSpecific:
		names = d.journalNames
	case r.Class == mms.ClassNamedVariableList && r.Scope == mms.AASpecific:
		s.sets.RLock()
		for name := range ss.lists {
			names = append(names, name)
		}
		s.sets.RUnlock()
		slices.Sort(names)
	}
	if r.ContinueAfter == "" {
		return names, 0
	}
	i := slices.Index(names, r.ContinueAfter)
	if i < 0 {
		return nil, -1
	}
	return names, i + 1
}

// page answers with as many names as fit.
func (ss *session) page(id uint32, names []string) mms.PDU {
	response := &mms.GetNameListResponse{}
	pdu := &mms.ConfirmedResponse{InvokeID: id, Service: response}
	budget, each := ss.params.MaxPDU, 6
	if ss.params.Size != nil && budget > 0 && len(names) > 0 {
		empty := ss.params.Size(pdu)
		response.Names = names[:1]
		each = max(ss.params.Size(pdu)-empty-len(names[0]), 2) + 2
		budget -= empty + 16
	} else if budget <= 0 {
		budget = 1 << 30
	}
	n := 0
	for n < len(names) {
		if budget -= len(names[n]) + each; budget < 0 && n > 0 {
			break
		}
		n++
	}
	response.Names, response.MoreFollows = names[:n:n], n < len(names)
	return pdu
}

// getVariableAccessAttributes serves GetDataDefinition: the type of a variable at any level.
func (ss *session) getVariableAccessAttributes(id uint32, r *mms.GetVariableAccessAttributes) mms.PDU {
	s, p := ss.s, ss.principal()
	if r.Address != nil {
		return failed(id, mms.ErrAccess, mms.AccessObjectUnsupported)
	}
	at, code := s.resolve(&mms.VariableSpec{Name: r.Name})
	if code != accessOK {
		return failed(id, mms.ErrAccess, mms.AccessNonExistent)
	}
	if ss.authorize(p, RightView, at.node.ref, "getVariableAccessAttributes") != nil {
		return failed(id, mms.ErrAccess, mms.AccessNonExistent)
	}
	pdu := &mms.ConfirmedResponse{InvokeID: id, Service: &mms.GetVariableAccessAttributesResponse{Type: at.node.typeSpec()}}
	return ss.limit(id, pdu)
}

// getListAttributes serves GetDataSetDirectory.
func (ss *session) getListAttributes(id uint32, r *mms.GetNamedVariableListAttributes) mms.PDU {
	set, bad := ss.openList(ss.principal(), r.Name, RightView, "getNamedVariableListAttributes")
	if bad != nil {
		return &mms.ConfirmedError{InvokeID: id, Error: *bad}
	}
	response := &mms.GetNamedVariableListAttributesResponse{Deletable: set.deletable, List: make([]mms.VariableSpec, len(set.members))}
	for i := range set.members {
		response.List[i] = set.members[i].spec
	}
	return ss.limit(id, &mms.ConfirmedResponse{InvokeID: id, Service: response})
}

// defineList serves CreateDataSet.
func (ss *session) defineList(id uint32, r *mms.DefineNamedVariableList) mms.PDU {
	s, p := ss.s, ss.principal()
	ref := listRef(r.Name)
	if ss.authorize(p, RightDataSet, ref, "defineNamedVariableList") != nil {
		s.trackService(model.ServiceCreateDataSet, p, r.Name.Domain, ref.String(), model.ErrorAccessViolation)
		return failed(id, mms.ErrAccess, mms.AccessDenied)
	}
	bad := ss.define(r.Name, r.List)
	ss.audit(AuditRecord{Principal: p, Service: "defineNamedVariableList", Right: RightDataSet, Ref: ref, Err: asError(bad), AddCause: model.AddCauseNone})
	s.trackService(model.ServiceCreateDataSet, p, r.Name.Domain, ref.String(), acsiError(bad))
	if bad != nil {
		return &mms.ConfirmedError{InvokeID: id, Error: *bad}
	}
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.DefineNamedVariableListResponse{}}
}

// deleteList serves DeleteDataSet.
func (ss *session) deleteList(id uint32, r *mms.DeleteNamedVariableList) mms.PDU {
	s, p := ss.s, ss.principal()
	if r.Scope != mms.DeleteSpecific {
		return failed(id, mms.ErrAccess, mms.AccessObjectUnsupported)
	}
	if len(r.Names) == 0 || len(r.Names) > s.cfg.Limits.Variables {
		return reject(id, mms.RejectInvalidArgument)
	}
	response := &mms.DeleteNamedVariableListResponse{}
	for _, name := range r.Names {
		ref := listRef(name)
		if ss.authorize(p, RightDataSet, ref, "deleteNamedVariableList") != nil {
			s.trackService(model.ServiceDeleteDataSet, p, name.Domain, ref.String(), model.ErrorAccessViolation)
			return failed(id, mms.ErrAccess, mms.AccessDenied)
		}
		matched, deleted, bad := ss.remove(name)
		ss.audit(AuditRecord{Principal: p, Service: "deleteNamedVariableList", Right: RightDataSet, Ref: ref, Err: asError(bad), AddCause: model.AddCauseNone})
		switch gone := acsiError(bad); {
		case bad == nil && !matched:
			s.trackService(model.ServiceDeleteDataSet, p, name.Domain, ref.String(), model.ErrorInstanceNotAvailable)
		case bad == nil && !deleted:
			s.trackService(model.ServiceDeleteDataSet, p, name.Domain, ref.String(), model.ErrorAccessViolation)
		default:
			s.trackService(model.ServiceDeleteDataSet, p, name.Domain, ref.String(), gone)
		}
		if bad != nil {
			return &mms.ConfirmedError{InvokeID: id, Error: *bad}
		}
		if matched {
			response.Matched++
		}
		if deleted {
			response.Deleted++
		}
	}
	return &mms.ConfirmedResponse{InvokeID: id, Service: response}
}

// listRef names a data set for Authorizer and Audit: LD/LN.name without FC.
func listRef(name mms.ObjectName) model.Ref {
	ln, set, _ := strings.Cut(name.Item, "$")
	if name.Scope == mms.AASpecific {
		return model.Ref{Path: "@" + ownName(name).Item}
	}
	return model.Ref{LDevice: name.Domain, LN: ln, Path: set}
}

func asError(e *mms.ServiceError) error {
	if e == nil {
		return nil
	}
	return e
}

// limit turns an answer that is longer than the peer takes into an error.
func (ss *session) limit(id uint32, p mms.PDU) mms.PDU {
	if ss.params.Size != nil && ss.params.MaxPDU > 0 && ss.params.Size(p) > ss.params.MaxPDU {
		return failed(id, mms.ErrService, mms.ServicePDUSize)
	}
	return p
}
