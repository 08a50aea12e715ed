package mmstcp

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
)

func TestBadPDUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		a.mu.Lock()
		_, err := a.machine.Send(request(77), struct{}{}, time.Time{})
		a.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		a.raw([]byte{0xa0, 5, 2, 1, 77, 0x82, 9}) // identify that is cut
		if r := recv[*mms.Reject](t, a); r.InvokeID != 77 || r.Reason.Class != mms.RejectPDUError {
			t.Errorf("%+v", r)
		}
		send(t, a, request(5))
		recv[*mms.ConfirmedRequest](t, b)
		b.raw([]byte{0xa1, 5, 2, 1, 5, 0xa2, 9})
		if r := recv[*mms.Reject](t, a); r.InvokeID != 5 || r.Reason.Class != mms.RejectConfirmedResponse {
			t.Errorf("%+v", r)
		}
		a.raw([]byte{0xff})
		a.raw([]byte{0xff})
		<-b.Done()
		if !errors.Is(b.Err(), mms.ErrProtocol) {
			t.Errorf("%v", b.Err())
		}
		<-a.Done()
		if !errors.Is(a.Err(), mms.ErrAborted) {
			t.Errorf("%v", a.Err())
		}
	})
}
