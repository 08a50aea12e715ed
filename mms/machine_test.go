package mms

import (
	"errors"
	"testing"
	"time"
)

var params55 = Params{OutstandingOut: 2, OutstandingIn: 2}

func request(id uint32) PDU  { return &ConfirmedRequest{InvokeID: id, Service: &Identify{}} }
func response(id uint32) PDU { return &ConfirmedResponse{InvokeID: id, Service: &IdentifyResponse{}} }

func TestMachineServes(t *testing.T) {
	m := NewMachine[string](params55)
	for id, key := range []string{"iq0", "iq1"} {
		if deliver, reply := m.Receive(request(uint32(id)), key); !deliver || reply != nil {
			t.Fatalf("request %d: %v %v", id, deliver, reply)
		}
	}
	deliver, reply := m.Receive(request(7), "iq7")
	if r, ok := reply.(*Reject); deliver || !ok || r.InvokeID != 7 ||
		r.Reason != (RejectReason{RejectConfirmedRequest, RejectMaxServOutstanding}) {
		t.Errorf("third of two: delivered %v, reply %+v", deliver, reply)
	}
	deliver, reply = m.Receive(request(1), "iq8")
	if r, ok := reply.(*Reject); deliver || !ok || r.Reason.Code != RejectInvalidInvokeID {
		t.Errorf("invokeID in use: delivered %v, reply %+v", deliver, reply)
	}
	if key, err := m.Send(response(1), "", time.Time{}); err != nil || key != "iq1" {
		t.Errorf("answer goes to %q, %v", key, err)
	}
	if _, err := m.Send(response(1), "", time.Time{}); !errors.Is(err, ErrInvokeID) {
		t.Errorf("second answer: %v", err)
	}
	if c := m.Counters(); c.Excess != 1 || c.Duplicate != 1 {
		t.Errorf("counters %+v", c)
	}
}

func TestMachineAsks(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := NewMachine[string](params55)
	for id, key := range []string{"iq0", "iq1"} {
		if _, err := m.Send(request(uint32(id)), key, now.Add(10*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Send(request(2), "iq2", now); !errors.Is(err, ErrOutstanding) {
		t.Errorf("third of two: %v", err)
	}
	if deliver, _ := m.Receive(response(0), "iq1"); deliver {
		t.Error("answers with swapped invokeIDs were delivered")
	}
	if deliver, _ := m.Receive(response(0), "iq0"); !deliver {
		t.Error("the right answer was not delivered")
	}
	if deliver, _ := m.Receive(response(0), "iq0"); deliver {
		t.Error("an answer was delivered twice")
	}
	reject := &Reject{HasInvokeID: true, InvokeID: 1, Reason: RejectReason{RejectConfirmedRequest, RejectOther}}
	if deliver, _ := m.Receive(reject, ""); !deliver {
		t.Error("reject was not delivered")
	}
	if _, err := m.Send(request(3), "iq3", now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	m.Expire(m.Deadline(), nil)
	if deliver, _ := m.Receive(response(3), "iq3"); deliver {
		t.Error("a late answer was delivered")
	}
	if c := m.Counters(); c.Late != 2 || c.Mismatched != 1 || c.Expired != 1 {
		t.Errorf("counters %+v", c)
	}
}

func TestMachineRefusesInitiateInside(t *testing.T) {
	m := NewMachine[string](params55)
	for _, p := range []PDU{&InitiateRequest{}, &InitiateResponse{}, &InitiateError{}} {
		deliver, reply := m.Receive(p, "")
		if r, ok := reply.(*Reject); deliver || !ok || r.Reason.Class != RejectPDUError {
			t.Errorf("%T: delivered %v, reply %+v", p, deliver, reply)
		}
	}
}
