package server

import (
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// One allocation holds the whole answer to a read of one variable, which is what most reads are.
type oneResult struct {
	pdu      mms.ConfirmedResponse
	response mms.ReadResponse
	results  [1]mms.AccessResult
}

// read serves GetDataValues, GetDataSetValues and Select (IEC 61850-8-1: read).
func (ss *session) read(id uint32, r *mms.Read) mms.PDU {
	p := ss.principal()
	list := r.Access.List
	if r.Access.NamedList {
		set, bad := ss.openList(p, r.Access.ListName, RightRead, "read")
		if bad != nil {
			return &mms.ConfirmedError{InvokeID: id, Error: *bad}
		}
		return ss.readSet(id, p, set, r)
	}
	switch n := len(list); {
	case n == 0:
		return reject(id, mms.RejectInvalidArgument)
	case n > ss.s.cfg.Limits.Variables:
		return &mms.ConfirmedError{InvokeID: id, Error: *serviceError(mms.ErrResource, mms.ResourceCapabilityUnavailable)}
	case n == 1:
		out := &oneResult{pdu: mms.ConfirmedResponse{InvokeID: id}}
		results := out.results[:]
		out.response.Results, out.pdu.Service = results, &out.response
		budget := ss.budget()
		results[0] = ss.readOne(p, &list[0], &budget)
		if budget < 0 {
			return failed(id, mms.ErrService, mms.ServicePDUSize)
		}
		if r.SpecificationWithResult {
			out.response.Access = &r.Access
		}
		return ss.fit(&out.pdu, results)
	}
	response := &mms.ReadResponse{Results: make([]mms.AccessResult, len(list))}
	budget := ss.budget()
	for i := range list {
		if response.Results[i] = ss.readOne(p, &list[i], &budget); budget < 0 {
			return failed(id, mms.ErrService, mms.ServicePDUSize)
		}
	}
	if r.SpecificationWithResult {
		response.Access = &r.Access
	}
	return ss.fit(&mms.ConfirmedResponse{InvokeID: id, Service: response}, response.Results)
}

// budget is how many leaves an answer can hold at the very most: none takes less than two octets. What asks for more is
// refused before it is copied.
func (ss *session) budget() int {
	if ss.params.MaxPDU <= 0 {
		return maxSlots
	}
	return ss.params.MaxPDU / 2
}

func (ss *session) readOne(p *model.Principal, spec *mms.VariableSpec, budget *int) mms.AccessResult {
	at, code := ss.s.resolve(spec)
	if code != accessOK {
		return refusal(code)
	}
	if bad := ss.mayRead(p, at.node); bad != accessOK {
		return refusal(bad)
	}
	if at.node.part == partSBO && !at.multi {
		return ss.selectBefore(p, at.node)
	}
	if *budget -= at.leaves(); *budget < 0 {
		return refusal(mms.ObjectAccessDenied)
	}
	if at.node.edits() {
		return ss.readEdited(&at)
	}
	return mms.AccessResult{Value: at.load(ss.s)}
}

// readEdited serves GetEditSGValue: the buffer is shown to its owner alone.
func (ss *session) readEdited(at *place) mms.AccessResult {
	ss.s.mu.Lock()
	defer ss.s.mu.Unlock() // nothing is put off by reading
	if !at.node.dev.sg.editable(ss) {
		return refusal(mms.TemporarilyUnavailable)
	}
	return mms.AccessResult{Value: at.copied(ss.s)}
}

// mayEdit tells whether the edit buffer is the association's.
func (ss *session) mayEdit(g *settings) bool {
	ss.s.mu.Lock()
	defer ss.s.mu.Unlock() // nothing is put off by looking
	return g.editable(ss)
}

// mayRead asks for the rights that reading n takes.
func (ss *session) mayRead(p *model.Principal, n *node) mms.DataAccessError {
	s := ss.s
	right := RightRead
	switch n.fc {
	case model.BR, model.RP:
		right = RightReporting
	case model.SE:
		right = RightSettingGroup
	}
	if s.cfg.Authorizer != nil && s.allow(p, RightView, model.Ref{LDevice: n.ref.LDevice}) != nil {
		return mms.ObjectNonExistent
	}
	if ss.authorize(p, right, n.ref, "read") != nil {
		return mms.ObjectAccessDenied
	}
	if n.dynamic && right != RightReporting && ss.authorize(p, RightReporting, n.ref, "read") != nil { // a whole logical node
		return mms.ObjectAccessDenied
	}
	if right != RightSettingGroup && n.edits() && ss.authorize(p, RightSettingGroup, n.ref, "read") != nil { // likewise
		return mms.ObjectAccessDenied
	}
	return accessOK
}

func (ss *session) readSet(id uint32, p *model.Principal, set *dataSet, r *mms.Read) mms.PDU {
	response := &mms.ReadResponse{Results: make([]mms.AccessResult, len(set.members))}
	budget := ss.budget()
	for i := range set.members {
		m := &set.members[i]
		if budget -= m.node.total; budget < 0 {
			return failed(id, mms.ErrService, mms.ServicePDUSize)
		}
		if bad := ss.mayRead(p, m.node); bad != accessOK {
			response.Results[i] = refusal(bad)
		}
	}
	set.snapshot(ss.s, response.Results)
	if r.SpecificationWithResult {
		response.Access = &r.Access
	}
	return ss.fit(&mms.ConfirmedResponse{InvokeID: id, Service: response}, response.Results)
}

// snapshot copies the values of all members that are not refused as they were at one moment, whatever logical devices
// they are in.
func (set *dataSet) snapshot(s *Server, results []mms.AccessResult) {
	for _, d := range set.devices {
		d.mu.RLock()
	}
	for i := range set.members {
		if !results[i].Failed {
			results[i].Value = s.value(set.members[i].node, set.members[i].off)
		}
	}
	for _, d := range set.devices {
		d.mu.RUnlock()
	}
}

// openList finds a data set that p may use with right r.
func (ss *session) openList(p *model.Principal, name mms.ObjectName, r Right, service string) (*dataSet, *mms.ServiceError) {
	s := ss.s
	ref := listRef(name)
	if s.cfg.Authorizer != nil && name.Scope == mms.DomainSpecific && s.allow(p, RightView, model.Ref{LDevice: name.Domain}) != nil {
		return nil, serviceError(mms.ErrAccess, mms.AccessNonExistent)
	}
	if ss.authorize(p, r, ref, service) != nil {
		return nil, serviceError(mms.ErrAccess, mms.AccessDenied)
	}
	set := ss.list(name)
	if set == nil {
		return nil, serviceError(mms.ErrAccess, mms.AccessNonExistent)
	}
	return set, nil
}

// fit gives the answer, or an error when it is longer than the peer takes.
func (ss *session) fit(p *mms.ConfirmedResponse, results []mms.AccessResult) mms.PDU {
	budget := ss.params.MaxPDU
	if ss.params.Size == nil || budget <= 0 {
		return p
	}
	response, _ := p.Service.(*mms.ReadResponse)
	estimate := 512
	for i := range results {
		estimate += roughSize(results[i].Value)
	}
	if response != nil && response.Access != nil || estimate > budget {
		if ss.params.Size(p) > budget {
			return &mms.ConfirmedError{InvokeID: p.InvokeID, Error: *serviceError(mms.ErrService, mms.ServicePDUSize)}
		}
	}
	return p
}

// roughSize is more than the value takes in any encoding.
func roughSize(v model.Value) int {
	n := 128
	switch v.Kind() {
	case model.KindStruct, model.KindArray:
		for _, m := range v.Members() {
			n += roughSize(m)
		}
		return n
	case model.KindBits:
		_, size := v.Num()
		return n + size
	}
	if t, ok := v.AsText(); ok {
		n += 8 * len(t)
	}
	return n
}
