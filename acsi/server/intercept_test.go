package server

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// passing is what interceptors saw.
type passing struct {
	mu  sync.Mutex
	who []string
	log []string
}

func (s *passing) add(way string, p *model.Principal, pdu mms.PDU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who = append(s.who, p.Name)
	switch pdu := pdu.(type) {
	case *mms.ConfirmedRequest:
		s.log = append(s.log, fmt.Sprintf("%s %T", way, pdu.Service))
	case *mms.ConfirmedResponse:
		s.log = append(s.log, fmt.Sprintf("%s %T", way, pdu.Service))
	case *mms.Unconfirmed:
		s.log = append(s.log, fmt.Sprintf("%s %T", way, pdu.Service))
	default:
		s.log = append(s.log, fmt.Sprintf("%s %T", way, pdu))
	}
}

// Every PDU of either way passes: requests and answers, reports, what obtainFile asks for.
func TestInterceptorsSeeEveryPDU(t *testing.T) {
	var s passing
	cfg := Config{
		In:  func(p *model.Principal, pdu mms.PDU) (mms.PDU, error) { s.add("in", p, pdu); return pdu, nil },
		Out: func(p *model.Principal, pdu mms.PDU) (mms.PDU, error) { s.add("out", p, pdu); return pdu, nil },
	}
	withFiles(t, cfg, func(h *harness, _ string) {
		g := &giver{peer: h.peer("cc@x"), h: h}
		g.response(&mms.Status{})
		g.set(urcb+"RptEna", model.Bool(true))
		g.set(urcb+"GI", model.Bool(true))
		if n := len(g.take()); n != 1 {
			t.Errorf("%d reports", n)
		}
		g.give(g.opened(g.obtain(), 1), &mms.FileReadResponse{Data: "x"})
		g.closed()
		g.recv()
		if err := g.end.Send(&mms.CancelRequest{InvokeID: 99}); err != nil {
			t.Fatal(err)
		}
		g.recv()
	})
	want := []string{
		"in *mms.Status", "out *mms.StatusResponse", "in *mms.Write", "out *mms.WriteResponse", "in *mms.Write", "out *mms.WriteResponse",
		"out *mms.InformationReport", "in *mms.ObtainFile", "out *mms.FileOpen", "in *mms.FileOpenResponse", "out *mms.FileRead",
		"in *mms.FileReadResponse", "out *mms.FileClose", "in *mms.FileCloseResponse", "out *mms.ObtainFileResponse",
		"in *mms.CancelRequest", "out *mms.CancelError",
	}
	// The report leaves by itself and may overtake the answer that stands before it.
	slices.Sort(want)
	slices.Sort(s.log)
	if !slices.Equal(s.log, want) {
		t.Errorf("%q\nwant\n%q", s.log, want)
	}
	if slices.ContainsFunc(s.who, func(n string) bool { return n != "cc@x" }) {
		t.Errorf("principals %q", s.who)
	}
}

// What interceptors give is served and sent in the place of what came; nil is dropped.
func TestInterceptorsChangePDUs(t *testing.T) {
	cfg := Config{
		In: func(_ *model.Principal, pdu mms.PDU) (mms.PDU, error) {
			r, ok := pdu.(*mms.ConfirmedRequest)
			switch {
			case ok && r.InvokeID == 1:
				return &mms.ConfirmedRequest{InvokeID: 1, Service: &mms.Status{}}, nil
			case ok && r.InvokeID == 2:
				return nil, nil
			}
			return pdu, nil
		},
		Out: func(_ *model.Principal, pdu mms.PDU) (mms.PDU, error) {
			r, ok := pdu.(*mms.ConfirmedResponse)
			switch {
			case ok && r.InvokeID == 3:
				return failed(3, mms.ErrOthers, 0), nil
			case ok && r.InvokeID == 4:
				return nil, nil
			}
			return pdu, nil
		},
	}
	run(t, cfg, func(h *harness) {
		p := h.peer("cc")
		if _, ok := p.response(&mms.Identify{}).(*mms.StatusResponse); !ok {
			t.Error("what In gave was not served")
		}
		p.id++ // the second gets no answer
		if err := p.end.Send(&mms.ConfirmedRequest{InvokeID: p.id, Service: &mms.Status{}}); err != nil {
			t.Fatal(err)
		}
		if e := p.serviceError(&mms.Status{}); e.Class != mms.ErrOthers {
			t.Errorf("what Out gave was not sent: %s", e.Error())
		}
		p.id++ // nor does the fourth
		if err := p.end.Send(&mms.ConfirmedRequest{InvokeID: p.id, Service: &mms.Status{}}); err != nil {
			t.Fatal(err)
		}
		p.response(&mms.Status{})
	})
}

// An interceptor's error ends the association, with its cause.
func TestInterceptorsRefuse(t *testing.T) {
	no := errors.New("refused by the test")
	refuse := func(*model.Principal, mms.PDU) (mms.PDU, error) { return nil, no }
	noReports := func(_ *model.Principal, pdu mms.PDU) (mms.PDU, error) {
		if _, ok := pdu.(*mms.Unconfirmed); ok {
			return nil, no
		}
		return pdu, nil
	}
	for name, cfg := range map[string]Config{"in": {In: refuse}, "out": {Out: refuse}, "out of reports": {Out: noReports}} {
		run(t, cfg, func(h *harness) {
			p := h.peer("cc")
			if name == "out of reports" {
				p.set(urcb+"RptEna", model.Bool(true))
				gi := &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(urcb + "GI")}}, Data: []model.Value{model.Bool(true)}}
				if err := p.end.Send(&mms.ConfirmedRequest{InvokeID: 99, Service: gi}); err != nil { // it may get no answer
					t.Fatal(err)
				}
			} else if err := p.end.Send(&mms.ConfirmedRequest{InvokeID: 1, Service: &mms.Status{}}); err != nil {
				t.Fatal(err)
			}
			if err := <-p.done; !errors.Is(err, no) {
				t.Errorf("%s: %v", name, err)
			}
			<-p.end.Done()
		})
	}
}
