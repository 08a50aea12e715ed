package bridge

import (
	"context"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// read decides about GetDataValues, GetDataSetValues and Select.
func (r *relay) read(ctx context.Context, p *model.Principal, w *pending, s *mms.Read) (mms.Service, mms.PDU, error) {
	if s.Access.NamedList {
		return r.readList(ctx, p, w, s)
	}
	out := *s
	out.Access.List = nil
	w.total = len(s.Access.List)
	var selects []selection
	for i := range s.Access.List {
		if code := r.mayRead(p, &s.Access.List[i]); code != passed {
			w.denied = append(w.denied, denial{i, code})
			continue
		}
		out.Access.List = append(out.Access.List, s.Access.List[i])
		if t, _ := parse(&s.Access.List[i]); t.ref.FC == model.CO && t.last() == "SBO" {
			selects = append(selects, selection{i, t.ref})
		}
	}
	r.recordSelects(p, w, selects)
	switch {
	case len(w.denied) == 0:
		return s, nil, nil
	case len(out.Access.List) == 0:
		return nil, r.merge(w, &mms.ConfirmedResponse{InvokeID: w.id, Service: &mms.ReadResponse{}}), nil
	}
	return &out, nil, nil
}

// A selection is a variable of a read that selects.
type selection struct {
	index int
	ref   model.Ref
}

// recordSelects has audit hear of the selects in a read: the device answers with a name, or an empty string.
func (r *relay) recordSelects(p *model.Principal, w *pending, selects []selection) {
	if r.b.cfg.Audit == nil || len(selects) == 0 {
		return
	}
	w.done = func(answer mms.PDU) {
		for _, sel := range selects {
			rec := server.AuditRecord{Principal: p, Service: "select", Right: server.RightControl, Ref: sel.ref, Err: failure(answer, sel.index), AddCause: model.AddCauseNone}
			if c, ok := answer.(*mms.ConfirmedResponse); ok && rec.Err == nil {
				if text, ok := selected(c.Service, sel.index); !ok || text == "" {
					rec.Err = server.ErrRefused
				}
			}
			r.audit(rec)
		}
	}
}

func selected(s mms.Service, i int) (string, bool) {
	read, ok := s.(*mms.ReadResponse)
	if !ok || i >= len(read.Results) || read.Results[i].Failed {
		return "", false
	}
	return read.Results[i].Value.AsText()
}

func (r *relay) readList(ctx context.Context, p *model.Principal, w *pending, s *mms.Read) (mms.Service, mms.PDU, error) {
	bad, err := r.mayUseList(ctx, p, w.id, s.Access.ListName, server.RightRead, func(spec *mms.VariableSpec) bool { return r.mayRead(p, spec) == passed })
	return s, bad, err
}

// mayUseList asks for the rights on a data set and, where an Authorizer has a say or something is written, on each of its
// members.
func (r *relay) mayUseList(ctx context.Context, p *model.Principal, id uint32, name mms.ObjectName, right server.Right, member func(*mms.VariableSpec) bool) (mms.PDU, error) {
	if name.Scope == mms.DomainSpecific && !r.visible(p, name.Domain) {
		return refused(id, mms.ErrAccess, mms.AccessNonExistent), nil
	}
	if r.authorize(p, right, listRef(name), "data set") != nil {
		return refused(id, mms.ErrAccess, mms.AccessDenied), nil
	}
	if r.b.cfg.Authorizer == nil && right == server.RightRead {
		return nil, nil
	}
	list, bad, err := r.members(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case bad != nil:
		return withID(bad, id), nil
	}
	for i := range list {
		if !member(&list[i]) {
			return refused(id, mms.ErrAccess, mms.AccessDenied), nil
		}
	}
	return nil, nil
}

// write decides about SetDataValues, SetDataSetValues, Set..CBValues and the control services.
func (r *relay) write(ctx context.Context, p *model.Principal, w *pending, s *mms.Write) (mms.Service, mms.PDU, error) {
	if s.Access.NamedList {
		return r.writeList(ctx, p, w, s)
	}
	if len(s.Access.List) != len(s.Data) {
		return nil, reject(w.id, mms.RejectInvalidArgument), nil
	}
	out := *s
	out.Access.List, out.Data = nil, nil
	w.total = len(s.Access.List)
	var records []server.AuditRecord
	for i := range s.Access.List {
		rec, code, err := r.mayWrite(ctx, p, w, s, i)
		if err != nil {
			return nil, nil, err
		}
		if code != passed {
			w.denied = append(w.denied, denial{i, code})
			continue
		}
		out.Access.List, out.Data = append(out.Access.List, s.Access.List[i]), append(out.Data, s.Data[i])
		rec.Value = s.Data[i]
		records = append(records, rec)
	}
	if len(out.Access.List) == 0 && len(w.denied) > 0 {
		return nil, r.merge(w, &mms.ConfirmedResponse{InvokeID: w.id, Service: &mms.WriteResponse{}}), nil
	}
	r.recordWrite(w, records)
	return &out, nil, nil
}

// recordWrite is record for variables some of which may have been left out.
func (r *relay) recordWrite(w *pending, records []server.AuditRecord) {
	if r.b.cfg.Audit == nil {
		return
	}
	w.done = func(p mms.PDU) {
		next, d := 0, w.denied
		for i := range w.total {
			if len(d) > 0 && d[0].index == i {
				d = d[1:]
				continue
			}
			rec := records[next]
			rec.AddCause, rec.Err = model.AddCauseNone, failure(p, i)
			if w.late && rec.Right == server.RightControl {
				rec.AddCause, rec.Err = model.AddCauseTimeLimitOver, server.ErrRefused
			}
			r.audit(rec)
			next++
		}
	}
}

func (r *relay) writeList(ctx context.Context, p *model.Principal, w *pending, s *mms.Write) (mms.Service, mms.PDU, error) {
	bad, err := r.mayUseList(ctx, p, w.id, s.Access.ListName, server.RightConfig, func(spec *mms.VariableSpec) bool {
		t, code := parse(spec)
		if code != passed || t.ref.FC == model.CO || !r.visible(p, t.ref.LDevice) {
			return false
		}
		right, service, code := writeRight(&t)
		return code == passed && r.authorize(p, right, t.ref, service) == nil
	})
	if bad == nil && err == nil {
		r.record(w, server.AuditRecord{Principal: p, Service: "write", Right: server.RightConfig, Ref: listRef(s.Access.ListName)})
	}
	return s, bad, err
}

// mayWrite decides about the i-th variable of a write.
func (r *relay) mayWrite(ctx context.Context, p *model.Principal, w *pending, s *mms.Write, i int) (rec server.AuditRecord, code mms.DataAccessError, err error) {
	t, code := parse(&s.Access.List[i])
	v := s.Data[i]
	if code != passed {
		return rec, code, nil
	}
	if !r.visible(p, t.ref.LDevice) {
		return rec, mms.ObjectNonExistent, nil
	}
	right, service, code := writeRight(&t)
	rec = server.AuditRecord{Principal: p, Service: service, Right: right, Ref: t.ref}
	denied := r.authorize(p, right, t.ref, service) != nil
	switch {
	case denied && t.ref.FC == model.CO && code == passed:
		return rec, mms.ObjectAccessDenied, r.lastError(&t, v, model.AddCauseNoAccessAuthority)
	case denied:
		return rec, mms.ObjectAccessDenied, nil
	case code != passed:
		return rec, code, nil
	}
	switch t.ref.FC {
	case model.CO:
		return r.mayOperate(w, rec, &t, v)
	case model.BR, model.RP:
		if on, _ := v.AsBool(); on && t.last() == "RptEna" && r.b.cfg.Authorizer != nil {
			code, err = r.mayReport(ctx, p, &t, s)
			return rec, code, err
		}
	}
	return rec, passed, nil
}
