package mms

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/model"
)

func TestNegotiate(t *testing.T) {
	mine := Terms{MaxPDU: 65536, MinPDU: 8192, Outstanding: 5, Nesting: 10}
	for name, tc := range map[string]struct {
		peer Terms
		pdu  int
		out  int
		nest int
	}{
		"equal":   {mine, 65536, 5, 10},
		"smaller": {Terms{MaxPDU: 8192, Outstanding: 2, Nesting: 5}, 8192, 2, 5},
		"larger":  {Terms{MaxPDU: 180000, Outstanding: 16, Nesting: 20}, 65536, 5, 10},
	} {
		answer, called, err := mine.Answer(tc.peer.Propose(model.Value{}), model.Value{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		calling, err := tc.peer.Accept(answer)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for end, p := range map[string]Params{"called": called, "calling": calling} {
			if p.MaxPDU != tc.pdu || p.OutstandingIn != tc.out || p.OutstandingOut != tc.out || p.Nesting != tc.nest {
				t.Errorf("%s, %s: %+v", name, end, p)
			}
		}
	}
}

func TestNegotiateUneven(t *testing.T) {
	mine := Terms{MaxPDU: 65536, Outstanding: 5, Nesting: 10}
	r := mine.Propose(model.Value{})
	r.MaxServCalling, r.MaxServCalled = 2, 4
	a, called, err := mine.Answer(r, model.Value{})
	if err != nil || called.OutstandingIn != 2 || called.OutstandingOut != 4 {
		t.Fatalf("called end %+v, %v", called, err)
	}
	calling, err := mine.Accept(a)
	if err != nil || calling.OutstandingOut != 2 || calling.OutstandingIn != 4 {
		t.Errorf("calling end %+v, %v", calling, err)
	}
}

func TestNegotiateRefuses(t *testing.T) {
	mine := Terms{MaxPDU: 65536, MinPDU: 8192, Outstanding: 5, Nesting: 10}
	for name, change := range map[string]func(r *InitiateRequest){
		"short PDUs":  func(r *InitiateRequest) { r.LocalDetail = 8191 },
		"no requests": func(r *InitiateRequest) { r.MaxServCalling = 0 },
		"version 0":   func(r *InitiateRequest) { r.Version = 0 },
		"nesting":     func(r *InitiateRequest) { r.NestingLevel = -1 },
		"negative":    func(r *InitiateRequest) { r.LocalDetail = -5 },
	} {
		r := mine.Propose(model.Value{})
		change(r)
		if _, p, err := mine.Answer(r, model.Value{}); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	a := InitiateResponse(*mine.Propose(model.Value{}))
	a.LocalDetail++
	if _, err := mine.Accept(&a); !errors.Is(err, ErrProtocol) {
		t.Errorf("more than proposed: %v", err)
	}
}
