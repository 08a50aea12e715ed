package server

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A session is one association being served. What has no lock of its own belongs to the goroutine of Serve.
type session struct {
	s       *Server
	id      uint64 // for audit
	a       mms.Association
	params  mms.Params
	lists   map[string]*dataSet // of the association's scope; Server.sets guards it
	out     outbox
	files   fileTable
	sending sync.Mutex    // held around Config.Out and what it gave being sent
	afters  []func()      // to be done once the answer has been sent
	cleared *dataSet      // that its peer may have reports of, when there is an Authorizer
	gone    chan struct{} // closed once nothing of it is held any more
	manual  bool          // tests take from out themselves
}

var anonymous = &model.Principal{}

// Serve serves one accepted association until its end, which it returns: nil after a release, the context's error when
// that ended it. The calling goroutine reads and answers requests in their order; one more goroutine sends reports, from
// the first of them on.
func (s *Server) Serve(ctx context.Context, a mms.Association) error {
	ss := s.open(a)
	s.count.associations.Add(1)
	defer s.count.associations.Add(-1)
	s.emit(Associated{Principal: ss.principal()})
	ss.audit(AuditRecord{Principal: ss.principal(), Service: "associate", Right: NumRight, AddCause: model.AddCauseNone})
	s.trackService(model.ServiceAssociate, ss.principal(), "", "", model.ErrorNone)
	err := ss.loop(ctx)
	a.Abort(err)
	ss.out.close()
	ss.closeFiles()
	s.lose(ss)
	ended, end := model.ServiceAbort, AuditRecord{Principal: ss.principal(), Service: "abort", Right: NumRight, Err: err, AddCause: model.AddCauseNone}
	if errors.Is(err, mms.ErrReleased) {
		ended, end.Service, end.Err = model.ServiceRelease, "release", nil
	}
	ss.audit(end)
	s.trackService(ended, ss.principal(), "", "", model.ErrorNone)
	close(ss.gone)
	s.emit(Ended{Principal: ss.principal(), Cause: err})
	if errors.Is(err, mms.ErrReleased) {
		return nil
	}
	return err
}

func (s *Server) open(a mms.Association) *session {
	ss := &session{s: s, id: s.count.sessions.Add(1), a: a, params: a.Params(), gone: make(chan struct{})}
	ss.out.init(ss)
	return ss
}

func (ss *session) loop(ctx context.Context) error {
	for {
		p, err := ss.a.Recv(ctx)
		if err != nil {
			return err
		}
		if err := ss.lost(); err != nil {
			return err
		}
		if p, err = ss.intercept(p); err != nil {
			return err
		}
		if answer := ss.handle(p); answer != nil {
			if err := ss.send(answer); err != nil {
				return err
			}
		}
		for len(ss.afters) > 0 {
			f := ss.afters[0]
			ss.afters = ss.afters[1:]
			f()
		}
	}
}

// lost tells why the association ended, unless it was released: what a peer asked for before it was lost, and nobody has
// looked at yet, is not done any more. It could not be answered, and the peer takes it for failed.
func (ss *session) lost() error {
	select {
	case <-ss.a.Done():
		if err := ss.a.Err(); !errors.Is(err, mms.ErrReleased) {
			return err
		}
	default:
	}
	return nil
}

// end is why the association ended.
func (ss *session) end() error {
	if err := ss.a.Err(); err != nil {
		return err
	}
	return mms.ErrAborted
}

// lose ends what the association held: reports, selects, commands, data sets.
func (s *Server) lose(ss *session) {
	s.mu.Lock()
	defer s.unlock()
	now := s.now()
	for _, r := range s.reports.blocks {
		if r.owner == ss {
			r.lose(now)
		}
	}
	for _, c := range s.controls {
		c.lose(ss)
	}
	for _, g := range s.settings {
		g.lose(ss)
	}
	for _, c := range s.publishers {
		c.lose(ss)
	}
	for _, set := range ss.lists {
		for _, r := range slices.Clone(set.users) {
			r.forgetSet()
		}
		s.reports.unsubscribe(set)
	}
	s.schedule()
}

// await waits until owner has let go of everything, if its association has ended already: a client that comes back at
// once finds what it had, and not itself in the way. owner is read under Server.mu, which is not held here.
func (ss *session) await(owner *session) {
	if owner == nil || owner == ss {
		return
	}
	select {
	case <-owner.a.Done():
		select {
		case <-owner.gone:
		case <-ss.a.Done(): // it may wait for this one
		}
	default:
	}
}

// principal is who is at the other end, now.
func (ss *session) principal() *model.Principal {
	if p := ss.a.Peer(); p != nil {
		return p
	}
	return anonymous
}

// answered has f called once the answer to the running request has been sent.
func (ss *session) answered(f func()) { ss.afters = append(ss.afters, f) }

// pump moves buffered entries on, now that there is room.
func (ss *session) pump() {
	ss.s.mu.Lock()
	defer ss.s.unlock()
	ss.s.reports.pump(ss)
}

// handle gives the answer to a PDU, nil when there is none.
func (ss *session) handle(p mms.PDU) mms.PDU {
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		ss.s.count.requests.Add(1)
		return ss.counted(ss.confirmed(p.InvokeID, p.Service))
	case *mms.ConfirmedResponse, *mms.ConfirmedError, *mms.Reject:
		return ss.counted(ss.fetched(p))
	case *mms.CancelRequest:
		return ss.cancelRequest(p.InvokeID)
	}
	return nil
}

// counted counts what an answer, if there is one yet, does not give.
func (ss *session) counted(answer mms.PDU) mms.PDU {
	if answer != nil {
		ss.s.count.failures.Add(failures(answer))
	}
	return answer
}

func (ss *session) confirmed(id uint32, service mms.Service) mms.PDU {
	switch r := service.(type) {
	case *mms.Read:
		return ss.read(id, r)
	case *mms.Write:
		return ss.write(id, r)
	case *mms.GetNameList:
		return ss.getNameList(id, r)
	case *mms.GetVariableAccessAttributes:
		return ss.getVariableAccessAttributes(id, r)
	case *mms.GetNamedVariableListAttributes:
		return ss.getListAttributes(id, r)
	case *mms.DefineNamedVariableList:
		return ss.defineList(id, r)
	case *mms.DeleteNamedVariableList:
		return ss.deleteList(id, r)
	case *mms.Identify:
		return ss.identify(id)
	case *mms.Status:
		return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.StatusResponse{}} // state-changes-allowed, operational
	case *mms.GetCapabilityList:
		return ss.capabilities(id, r)
	}
	if answer, ok := ss.journalService(id, service); ok {
		return answer
	}
	if answer, ok := ss.fileService(id, service); ok {
		return answer
	}
	return ss.unrecognized(id)
}

func (ss *session) unrecognized(id uint32) mms.PDU {
	ss.s.emit(Rejected{Principal: ss.principal(), Reason: "unrecognized service"})
	return reject(id, mms.RejectUnrecognizedService)
}

func (ss *session) identify(id uint32) mms.PDU {
	if ss.s.known(ss.principal()) != nil {
		return failed(id, mms.ErrAccess, mms.AccessDenied)
	}
	c := &ss.s.cfg
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.IdentifyResponse{Vendor: c.Vendor, Model: c.ModelName, Revision: c.Revision}}
}

func reject(id uint32, code int32) mms.PDU {
	return &mms.Reject{HasInvokeID: true, InvokeID: id, Reason: mms.RejectReason{Class: mms.RejectConfirmedRequest, Code: code}}
}

func failed(id uint32, class mms.ErrorClass, code int32) mms.PDU {
	return &mms.ConfirmedError{InvokeID: id, Error: *serviceError(class, code)}
}
