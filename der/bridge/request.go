package bridge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// request decides about a request of the client: it is refused here, or reaches the device, perhaps without the variables
// that the client may not use.
func (r *relay) request(ctx context.Context, q *mms.ConfirmedRequest) error {
	p := r.principal()
	w := &pending{id: q.InvokeID}
	service := q.Service
	var answer mms.PDU
	var err error
	switch s := q.Service.(type) {
	case *mms.Status, *mms.Identify, *mms.GetCapabilityList:
		if r.allow(p, server.RightView, model.Ref{}) != nil && server.Authenticated(p, r.b.cfg.InsecureAnonymous, r.b.cfg.Now) != nil {
			answer = refused(q.InvokeID, mms.ErrAccess, mms.AccessDenied)
		}
	case *mms.Read:
		service, answer, err = r.read(ctx, p, w, s)
	case *mms.Write:
		service, answer, err = r.write(ctx, p, w, s)
	case *mms.GetNameList:
		answer, err = r.nameList(ctx, p, w, s)
	case *mms.GetVariableAccessAttributes:
		answer = r.attributes(p, q.InvokeID, s)
	case *mms.GetNamedVariableListAttributes:
		if s.Name.Scope == mms.DomainSpecific && !r.visible(p, s.Name.Domain) {
			answer = refused(q.InvokeID, mms.ErrAccess, mms.AccessNonExistent)
		} else if r.authorize(p, server.RightView, listRef(s.Name), "getNamedVariableListAttributes") != nil {
			answer = refused(q.InvokeID, mms.ErrAccess, mms.AccessDenied)
		}
	case *mms.DefineNamedVariableList:
		answer = r.define(p, w, s)
	case *mms.DeleteNamedVariableList:
		answer = r.deleteLists(p, w, s)
	default:
		service, answer = r.other(p, w, q.Service)
	}
	switch {
	case err != nil:
		return err
	case answer != nil:
		return r.client.Send(answer)
	}
	return r.forward(ctx, w, service)
}

// forward sends a request to the device once that may have one more.
func (r *relay) forward(ctx context.Context, w *pending, s mms.Service) error {
	patience := time.NewTimer(r.b.cfg.Timeout)
	defer patience.Stop()
	select {
	case r.slots <- struct{}{}:
	case <-patience.C:
		return r.deliver(w, silent(w.id))
	case <-ctx.Done():
		return ctx.Err()
	case <-r.device.Done():
		return r.device.Err()
	}
	if late, err := r.tooLate(w); err != nil || late {
		<-r.slots
		if err != nil {
			return err
		}
		return r.deliver(w, writesRefused(w))
	}
	r.mu.Lock()
	id, err := r.toDevice.Open(w, time.Time{})
	if err == nil {
		w.timer = time.AfterFunc(r.b.cfg.Timeout, func() { r.expire(id) })
	}
	r.mu.Unlock()
	if err != nil {
		<-r.slots
		return err
	}
	q := &mms.ConfirmedRequest{InvokeID: id, Service: s}
	if _, ok := tooLong(r.device, q); ok {
		return r.answerClient(id, func(id uint32) mms.PDU { return refused(id, mms.ErrService, mms.ServicePDUSize) })
	}
	return r.device.Send(q)
}

// expire answers a request in place of a device that does not. The device may still be at it: its invokeID stays taken
// until it answers.
func (r *relay) expire(id uint32) {
	r.mu.Lock()
	w, ok := r.toDevice.Get(id)
	ok = ok && !w.expired
	if ok {
		w.expired = true
	}
	r.mu.Unlock()
	if ok {
		_ = r.deliver(w, silent(w.id)) // an association that has ended ends the relay as well
	}
}

func silent(id uint32) mms.PDU {
	return &mms.ConfirmedError{InvokeID: id, Error: mms.ServiceError{Class: mms.ErrOthers, AdditionalDescription: "the device did not answer in time"}}
}

// unknown is what audit hears of a request whose association ended before its answer.
func unknown(id uint32) mms.PDU {
	return &mms.ConfirmedError{InvokeID: id, Error: mms.ServiceError{Class: mms.ErrOthers, AdditionalDescription: "the association ended before the device answered"}}
}

// ask sends a request of the bridge itself and waits for the answer of the device.
func (r *relay) ask(ctx context.Context, s mms.Service) (mms.PDU, error) {
	w := &pending{answer: make(chan mms.PDU, 1)}
	if err := r.forward(ctx, w, s); err != nil {
		return nil, err
	}
	select {
	case p := <-w.answer:
		return p, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.device.Done():
		return nil, r.device.Err()
	}
}

func refused(id uint32, class mms.ErrorClass, code int32) *mms.ConfirmedError {
	return &mms.ConfirmedError{InvokeID: id, Error: mms.ServiceError{Class: class, Code: code}}
}

func reject(id uint32, code int32) *mms.Reject {
	return &mms.Reject{HasInvokeID: true, InvokeID: id, Reason: mms.RejectReason{Class: mms.RejectConfirmedRequest, Code: code}}
}

// nameList lets the names of visible logical devices through.
func (r *relay) nameList(ctx context.Context, p *model.Principal, w *pending, s *mms.GetNameList) (mms.PDU, error) {
	switch {
	case s.Scope == mms.DomainSpecific:
		if r.authorize(p, server.RightView, model.Ref{LDevice: s.Domain}, "getNameList") != nil {
			return refused(w.id, mms.ErrAccess, mms.AccessNonExistent), nil
		}
	case server.Authenticated(p, r.b.cfg.InsecureAnonymous, r.b.cfg.Now) != nil:
		return refused(w.id, mms.ErrAccess, mms.AccessDenied), nil
	case s.Class == mms.ClassDomain && r.b.cfg.Authorizer != nil:
		return r.domains(ctx, p, w.id, *s)
	}
	return nil, nil
}

// maxPages bounds how often the device is asked for one page of names.
const maxPages = 1000

// domains gives a page of the logical devices that p may see. A page of which it may see none is passed over: nobody could go
// on from it.
func (r *relay) domains(ctx context.Context, p *model.Principal, id uint32, s mms.GetNameList) (mms.PDU, error) {
	for range maxPages {
		answer, err := r.ask(ctx, &s)
		if err != nil {
			return nil, err
		}
		c, ok := answer.(*mms.ConfirmedResponse)
		if !ok {
			return withID(answer, id), nil
		}
		page, ok := c.Service.(*mms.GetNameListResponse)
		if !ok {
			return nil, fmt.Errorf("%w: %T", mms.ErrProtocol, c.Service)
		}
		seen := slices.DeleteFunc(slices.Clone(page.Names), func(ld string) bool { return !r.visible(p, ld) })
		if len(seen) > 0 || !page.MoreFollows || len(page.Names) == 0 {
			more := page.MoreFollows && len(page.Names) > 0
			return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.GetNameListResponse{Names: seen, MoreFollows: more}}, nil
		}
		s.ContinueAfter = page.Names[len(page.Names)-1]
	}
	return refused(id, mms.ErrResource, mms.ResourceCapabilityUnavailable), nil
}

func (r *relay) attributes(p *model.Principal, id uint32, s *mms.GetVariableAccessAttributes) mms.PDU {
	if s.Address != nil {
		return refused(id, mms.ErrAccess, mms.AccessObjectUnsupported)
	}
	t, code := parse(&mms.VariableSpec{Name: s.Name})
	if code != passed || !r.visible(p, t.ref.LDevice) || r.authorize(p, server.RightView, t.ref, "getVariableAccessAttributes") != nil {
		return refused(id, mms.ErrAccess, mms.AccessNonExistent)
	}
	return nil
}

func (r *relay) define(p *model.Principal, w *pending, s *mms.DefineNamedVariableList) mms.PDU {
	ref := listRef(s.Name)
	if r.authorize(p, server.RightDataSet, ref, "defineNamedVariableList") != nil {
		return refused(w.id, mms.ErrAccess, mms.AccessDenied)
	}
	for i := range s.List {
		t, code := parse(&s.List[i])
		switch {
		case code != passed || t.ref.FC == model.FCNone || t.multi:
			return refused(w.id, mms.ErrDefinition, mms.DefinitionObjectUndefined)
		case t.ref.FC == model.CO || r.authorize(p, server.RightRead, t.ref, "defineNamedVariableList") != nil: // a data set of SBO would select
			return refused(w.id, mms.ErrAccess, mms.AccessDenied)
		}
	}
	r.record(w, server.AuditRecord{Principal: p, Service: "defineNamedVariableList", Right: server.RightDataSet, Ref: ref})
	return nil
}

func (r *relay) deleteLists(p *model.Principal, w *pending, s *mms.DeleteNamedVariableList) mms.PDU {
	if s.Scope != mms.DeleteSpecific {
		return refused(w.id, mms.ErrAccess, mms.AccessObjectUnsupported)
	}
	for _, name := range s.Names {
		if r.authorize(p, server.RightDataSet, listRef(name), "deleteNamedVariableList") != nil {
			return refused(w.id, mms.ErrAccess, mms.AccessDenied)
		}
	}
	var all []server.AuditRecord
	for _, name := range s.Names {
		all = append(all, server.AuditRecord{Principal: p, Service: "deleteNamedVariableList", Right: server.RightDataSet, Ref: listRef(name)})
	}
	r.record(w, all...)
	return nil
}

// other decides about journals. What it does not know is not passed on: it could be a service that changes something.
func (r *relay) other(p *model.Principal, w *pending, s mms.Service) (mms.Service, mms.PDU) {
	switch j := s.(type) {
	case *mms.ReadJournal:
		return s, r.journal(p, w, server.RightRead, j.Journal, "readJournal")
	case *mms.ReportJournalStatus:
		return s, r.journal(p, w, server.RightRead, j.Journal, "reportJournalStatus")
	case *mms.InitializeJournal:
		answer := r.journal(p, w, server.RightConfig, j.Journal, "initializeJournal")
		if answer == nil {
			r.record(w, server.AuditRecord{Principal: p, Service: "initializeJournal", Right: server.RightConfig, Ref: listRef(j.Journal)})
		}
		return s, answer
	}
	return r.file(p, w, s)
}

func (r *relay) journal(p *model.Principal, w *pending, right server.Right, name mms.ObjectName, service string) mms.PDU {
	ref := listRef(name)
	if ref.LDevice != "" && !r.visible(p, ref.LDevice) {
		return refused(w.id, mms.ErrAccess, mms.AccessNonExistent)
	}
	if r.authorize(p, right, ref, service) != nil {
		return refused(w.id, mms.ErrAccess, mms.AccessDenied)
	}
	return nil
}

// record has audit hear of the answer to a request.
func (r *relay) record(w *pending, records ...server.AuditRecord) {
	if r.b.cfg.Audit == nil {
		return
	}
	w.done = func(p mms.PDU) {
		for i, rec := range records {
			rec.AddCause = model.AddCauseNone
			rec.Err = failure(p, i)
			r.audit(rec)
		}
	}
}

// failure gives why a service was not done, as the answer says; of a write why its i-th variable was not.
func failure(p mms.PDU, i int) error {
	switch p := p.(type) {
	case *mms.ConfirmedError:
		return &p.Error
	case *mms.Reject:
		return &p.Reason
	case *mms.ConfirmedResponse:
		switch s := p.Service.(type) {
		case *mms.WriteResponse:
			if i >= len(s.Results) {
				return fmt.Errorf("%w: %d results", mms.ErrProtocol, len(s.Results))
			}
			if s.Results[i].Failed {
				return s.Results[i].Error
			}
		case *mms.DeleteNamedVariableListResponse:
			if s.Deleted < s.Matched || s.Matched == 0 {
				return fmt.Errorf("%w: %d matched, %d deleted", server.ErrRefused, s.Matched, s.Deleted)
			}
		}
	}
	return nil
}

// members asks the device what a data set has.
func (r *relay) members(ctx context.Context, name mms.ObjectName) ([]mms.VariableSpec, mms.PDU, error) {
	p, err := r.ask(ctx, &mms.GetNamedVariableListAttributes{Name: name})
	if err != nil {
		return nil, nil, err
	}
	if c, ok := p.(*mms.ConfirmedResponse); ok {
		if s, ok := c.Service.(*mms.GetNamedVariableListAttributesResponse); ok {
			return s.List, nil, nil
		}
		return nil, nil, fmt.Errorf("%w: %T", mms.ErrProtocol, c.Service)
	}
	return nil, p, nil
}

// withID gives an answer of the device to a question of the bridge as one to a request of the client.
func withID(p mms.PDU, id uint32) mms.PDU {
	switch p := p.(type) {
	case *mms.ConfirmedError:
		return &mms.ConfirmedError{InvokeID: id, Error: p.Error}
	case *mms.Reject:
		return &mms.Reject{HasInvokeID: true, InvokeID: id, Reason: p.Reason}
	}
	return refused(id, mms.ErrOthers, 0)
}

// merge puts what was denied into the answer of the device, and takes out what the client may not see.
func (r *relay) merge(w *pending, p mms.PDU) mms.PDU {
	c, ok := p.(*mms.ConfirmedResponse)
	if !ok {
		return p
	}
	switch s := c.Service.(type) {
	case *mms.ReadResponse:
		if len(w.denied) == 0 {
			return p
		}
		s.Results = merged(s.Results, w, func(code mms.DataAccessError) mms.AccessResult {
			return mms.AccessResult{Failed: true, Error: code}
		})
		s.Access = nil
	case *mms.WriteResponse:
		if len(w.denied) == 0 {
			return p
		}
		s.Results = merged(s.Results, w, func(code mms.DataAccessError) mms.WriteResult {
			return mms.WriteResult{Failed: true, Error: code}
		})
	case *mms.FileDirectoryResponse:
		for i := range s.Entries {
			s.Entries[i].Name = carry(s.Entries[i].Name, r.device, r.client)
		}
	}
	return p
}

// merged puts the results of the variables that were left out between those that came.
func merged[T any](came []T, w *pending, denied func(mms.DataAccessError) T) []T {
	all := make([]T, 0, w.total)
	d := w.denied
	for len(all) < w.total && (len(came) > 0 || len(d) > 0) {
		if len(d) > 0 && d[0].index == len(all) {
			all, d = append(all, denied(d[0].code)), d[1:]
			continue
		}
		if len(came) == 0 {
			break // the device answered too few: the client sees that
		}
		all, came = append(all, came[0]), came[1:]
	}
	return append(all, came...)
}
