package mmstcp

import (
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
)

// A request that nobody has received yet is cancelled, and only that.
func TestCancelOfWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		for id := range uint32(3) {
			send(t, a, request(id))
		}
		send(t, a, &mms.CancelRequest{InvokeID: 1})
		if c := recv[*mms.CancelResponse](t, a); c.InvokeID != 1 {
			t.Errorf("got %+v", c)
		}
		if e := recv[*mms.ConfirmedError](t, a); e.InvokeID != 1 || e.Error.Class != mms.ErrServicePreempt || e.Error.Code != mms.PreemptCancel {
			t.Errorf("got %+v", e)
		}
		for _, id := range []uint32{0, 2} {
			if r := recv[*mms.ConfirmedRequest](t, b); r.InvokeID != id {
				t.Errorf("got request %d, want %d", r.InvokeID, id)
			}
			send(t, b, response(id, ""))
			recv[*mms.ConfirmedResponse](t, a)
		}
		send(t, a, &mms.CancelRequest{InvokeID: 2}) // done already
		if c := recv[*mms.CancelRequest](t, b); c.InvokeID != 2 {
			t.Errorf("got %+v", c)
		}
		send(t, a, request(1)) // the number is free again
		recv[*mms.ConfirmedRequest](t, b)
	})
}

// A request under an invokeID that is open is rejected, and the open one is answered all the same.
func TestDuplicateInvokeID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		send(t, a, request(5))
		pdu, err := mms.AppendBER(nil, request(5))
		if err != nil {
			t.Fatal(err)
		}
		a.raw(pdu)
		recv[*mms.ConfirmedRequest](t, b)
		r := recv[*mms.Reject](t, a)
		if r.InvokeID != 5 || r.Reason != (mms.RejectReason{Class: mms.RejectConfirmedRequest, Code: mms.RejectInvalidInvokeID}) {
			t.Errorf("%+v", r)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if n := b.machine.Counters().Duplicate; n != 1 {
			t.Errorf("%d duplicates counted", n)
		}
		if _, open := b.machine.Outstanding(); open != 1 {
			t.Errorf("%d requests are open", open)
		}
	})
}
