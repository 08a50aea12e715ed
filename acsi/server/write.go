package server

import (
	"errors"
	"slices"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// write serves SetDataValues, SetDataSetValues, Set..CBValues and the control services.
func (ss *session) write(id uint32, w *mms.Write) mms.PDU {
	p := ss.principal()
	list := w.Access.List
	if w.Access.NamedList {
		set, bad := ss.openList(p, w.Access.ListName, RightConfig, "write")
		if bad != nil {
			return &mms.ConfirmedError{InvokeID: id, Error: *bad}
		}
		list = make([]mms.VariableSpec, len(set.members))
		for i := range list {
			list[i] = set.members[i].spec
		}
	}
	if len(list) == 0 || len(list) != len(w.Data) {
		return reject(id, mms.RejectInvalidArgument)
	}
	if len(list) > ss.s.cfg.Limits.Variables {
		return failed(id, mms.ErrResource, mms.ResourceCapabilityUnavailable)
	}
	response := &mms.WriteResponse{Results: make([]mms.WriteResult, len(list))}
	for i := range list {
		if code := ss.writeOne(p, &list[i], w.Data[i]); code != accessOK {
			response.Results[i] = mms.WriteResult{Failed: true, Error: code}
		}
	}
	if w.Access.NamedList {
		code := accessOK
		for _, r := range response.Results {
			if r.Failed && code == accessOK {
				code = r.Error
			}
		}
		ss.s.trackService(model.ServiceSetDataSetValues, p, w.Access.ListName.Domain, listRef(w.Access.ListName).String(), serviceErrorOf(code, false))
	}
	return &mms.ConfirmedResponse{InvokeID: id, Service: response}
}

func (ss *session) writeOne(p *model.Principal, spec *mms.VariableSpec, v model.Value) mms.DataAccessError {
	s := ss.s
	at, code := s.resolve(spec)
	if code != accessOK {
		return code
	}
	n := at.node
	if s.cfg.Authorizer != nil && s.allow(p, RightView, model.Ref{LDevice: n.ref.LDevice}) != nil {
		return mms.ObjectNonExistent
	}
	if at.multi || at.ranged || n.fc == model.FCNone {
		return mms.ObjectAccessUnsupported
	}
	switch n.fc {
	case model.CO:
		return ss.command(p, n, v)
	case model.BR, model.RP:
		return ss.writeRCB(p, n, v)
	}
	ref := at.ref(*spec)
	right := n.writeRight()
	if ss.authorize(p, right, ref, "write") != nil {
		ss.trackWrite(p, n, ref, v, mms.ObjectAccessDenied)
		return mms.ObjectAccessDenied
	}
	v = v.Clone()
	if n.live != nil {
		code = n.live.write(ss, p, n, v)
	} else {
		code = ss.store(p, n, at.off, ref, v)
	}
	r := AuditRecord{Principal: p, Service: "write", Right: right, Ref: ref, Value: v, AddCause: model.AddCauseNone}
	if code != accessOK {
		r.Err = code
	}
	ss.audit(r)
	ss.trackWrite(p, n, ref, v, code)
	return code
}

// writeRight is what writing n takes.
func (n *node) writeRight() Right {
	switch {
	case n.live != nil:
		return n.live.right()
	case n.fc == model.SE, n.fc == model.SG:
		return RightSettingGroup
	}
	return RightConfig
}

// store checks a value against type and policy, asks the application and keeps it.
func (ss *session) store(p *model.Principal, n *node, off int, ref model.Ref, v model.Value) mms.DataAccessError {
	s := ss.s
	if !n.writable() {
		return mms.ObjectAccessDenied
	}
	if n.edits() && !ss.mayEdit(n.dev.sg) {
		return mms.TemporarilyUnavailable
	}
	changes, err := flatten(nil, n, off, v)
	switch {
	case errors.Is(err, errOrdinal):
		return mms.ObjectValueInvalid
	case err != nil:
		return mms.TypeInconsistent
	}
	overlay := (n.fc == model.SV || n.fc == model.BL) && s.covered(changes)
	if (n.fc == model.SV || n.fc == model.BL) && !overlay && !s.hooked(ref) {
		return mms.ObjectAccessUnsupported
	}
	if err := s.ask(p, n, ref, v); err != nil {
		return veto(err)
	}
	s.mu.Lock()
	defer s.unlock()
	if n.edits() && !n.dev.sg.editable(ss) {
		return mms.TemporarilyUnavailable
	}
	if overlay {
		s.substitute(p, changes)
		return accessOK
	}
	s.commit(s.now(), changes, nil)
	return accessOK
}

// writable is the policy of what clients may write: set points, configuration and description, and substitution and
// blocking, edited values of setting groups, unless SCL's valKind says RO or Conf. ctlModel and sboClass take an explicit
// Set: they decide how safe commands are.
func (n *node) writable() bool {
	switch n.fc {
	case model.SP, model.SV, model.CF, model.DC, model.BL:
	case model.SE:
		if !n.edits() {
			return false
		}
	default:
		return false
	}
	ok := true
	n.leaves(0, func(l *node, _ int) {
		switch {
		case l.valKind == "RO" || l.valKind == "Conf":
			ok = false
		case (l.name == "ctlModel" || l.name == "sboClass") && l.valKind != "Set":
			ok = false
		}
	})
	return ok
}

// ask calls the application's hooks for a write: those at and above what is written, the nearest last, then all those
// below. Each may veto.
func (s *Server) ask(p *model.Principal, n *node, ref model.Ref, v model.Value) error {
	s.mu.Lock()
	none := len(s.hooks) == 0
	var above []WriteFunc
	if !none {
		above = s.hooksAbove(ref)
	}
	s.mu.Unlock()
	if none {
		return nil
	}
	for _, f := range above {
		if err := f(p, ref, v); err != nil {
			return err
		}
	}
	return s.askMembers(p, n, ref, v)
}

func (s *Server) hooked(ref model.Ref) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hooksAbove(ref)) > 0
}

// hooksAbove finds the hooks at and above ref, the nearest last.
func (s *Server) hooksAbove(ref model.Ref) (list []WriteFunc) {
	for {
		list = append(list, s.hooksAt(ref)...)
		if ref.Path == "" {
			slices.Reverse(list)
			return list
		}
		ref.Path = ref.Path[:max(strings.LastIndexAny(ref.Path, ".("), 0)]
	}
}

// hooksAt gives the hook for the functional constraint, and that for all of them.
func (s *Server) hooksAt(ref model.Ref) (list []WriteFunc) {
	if f := s.hooks[ref]; f != nil {
		list = append(list, f)
	}
	if ref.FC != model.FCNone {
		ref.FC = model.FCNone
		if f := s.hooks[ref]; f != nil {
			list = append(list, f)
		}
	}
	return list
}

// askBelow calls every hook at and below a member of a structure that is written as a whole.
func (s *Server) askBelow(p *model.Principal, n *node, ref model.Ref, v model.Value) error {
	s.mu.Lock()
	at := s.hooksAt(ref)
	s.mu.Unlock()
	for _, f := range at {
		if err := f(p, ref, v); err != nil {
			return err
		}
	}
	return s.askMembers(p, n, ref, v)
}

func (s *Server) askMembers(p *model.Principal, n *node, ref model.Ref, v model.Value) error {
	switch n.kind {
	case nodeArray:
		for i := range n.count {
			e := ref
			e.Path = elementPath(ref.Path, i)
			if err := s.askBelow(p, n.children[0], e, v.At(i)); err != nil {
				return err
			}
		}
	case nodeStruct:
		for i, c := range n.children {
			if err := s.askBelow(p, c, ref.Child(c.name), v.At(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeRCB sets an attribute of a report control block.
func (ss *session) writeRCB(p *model.Principal, n *node, v model.Value) mms.DataAccessError {
	code := ss.setRCB(p, n, v)
	ss.trackWrite(p, n, n.ref, v, code)
	return code
}

func (ss *session) setRCB(p *model.Principal, n *node, v model.Value) mms.DataAccessError {
	s := ss.s
	if ss.authorize(p, RightReporting, n.ref, "write") != nil {
		return mms.ObjectAccessDenied
	}
	if n.kind != nodeRCB {
		return mms.ObjectAccessUnsupported
	}
	s.mu.Lock()
	owner, set := n.rcb.owner, n.rcb.set
	s.mu.Unlock() // nothing was put off
	if on, _ := v.AsBool(); on && n.attr == attrRptEna && s.cfg.Authorizer != nil {
		if !ss.mayReport(p, set) {
			return mms.ObjectAccessDenied
		}
		ss.cleared = set
	}
	ss.await(owner)
	s.mu.Lock()
	code := n.rcb.write(ss, p, n, v)
	if code == accessOK {
		n.rcb.save()
	}
	s.schedule()
	s.unlock()
	r := AuditRecord{Principal: p, Service: "write", Right: RightReporting, Ref: n.ref, Value: v.Clone(), AddCause: model.AddCauseNone}
	if code != accessOK {
		r.Err = code
	}
	ss.audit(r)
	return code
}

// mayReport tells whether p may have reports of all members of a data set.
func (ss *session) mayReport(p *model.Principal, set *dataSet) bool {
	if set == nil {
		return true
	}
	for i := range set.members {
		ref := set.members[i].ref
		if ss.authorize(p, RightView, model.Ref{LDevice: ref.LDevice}, "report") != nil || ss.authorize(p, RightReporting, ref, "report") != nil {
			return false
		}
	}
	return true
}
