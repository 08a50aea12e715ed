package mmstcp

import (
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
)

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		if p := a.Params(); p.MaxPDU != 65000 || p.OutstandingOut != 10 || p.Nesting != 10 || p.Freshness {
			t.Errorf("%+v", p)
		}
		for id := range uint32(300) {
			send(t, a, request(id))
			if got := recv[*mms.ConfirmedRequest](t, b); got.InvokeID != id {
				t.Fatalf("request %d", got.InvokeID)
			}
			vendor := strings.Repeat("v", int(id)*200)
			send(t, b, response(id, vendor))
			if got := recv[*mms.ConfirmedResponse](t, a); got.Service.(*mms.IdentifyResponse).Vendor != vendor {
				t.Fatalf("response %d", id)
			}
		}
		if err := b.Send(response(7, "")); !errors.Is(err, mms.ErrInvokeID) {
			t.Errorf("answer to nothing: %v", err)
		}
		send(t, a, request(1))
		recv[*mms.ConfirmedRequest](t, b)
		if err := b.Send(response(1, strings.Repeat("v", 65000))); !errors.Is(err, ErrPDUSize) {
			t.Errorf("too long: %v", err)
		}
		send(t, b, response(1, "")) // the request is open still
	})
}

func TestExcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		for id := range uint32(10) {
			send(t, a, request(id))
		}
		if err := a.Send(request(10)); !errors.Is(err, mms.ErrOutstanding) {
			t.Errorf("%v", err)
		}
		pdu, err := mms.AppendBER(nil, request(10))
		if err != nil {
			t.Fatal(err)
		}
		a.raw(pdu)
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		b.mu.Lock()
		defer b.mu.Unlock()
		if here, there := a.machine.Counters(), b.machine.Counters(); there.Excess != 1 || here.Late != 1 {
			t.Errorf("%+v, %+v", here, there)
		}
	})
}

func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		stop := make(chan struct{})
		go func() {
			a, err := Server(t.Context(), far, anyone)
			if err != nil {
				t.Error(err)
				return
			}
			began := time.Now()
			report := &mms.Unconfirmed{Service: &mms.InformationReport{Access: mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: "RPT"}}}}
			for err == nil {
				err = a.Send(report)
			}
			if d := time.Since(began); !errors.Is(err, mms.ErrTransport) || d < 10*time.Second || d > 12*time.Second {
				t.Errorf("%v after %v", err, d)
			}
			close(stop)
		}()
		a, err := Client(t.Context(), near, Config{Queue: 10})
		if err != nil {
			t.Fatal(err)
		}
		<-stop
		a.Abort(nil)
		<-a.(*conn).closed
	})
}

func TestBytesBelongToTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		send(t, a, request(1))
		send(t, a, request(2))
		recv[*mms.ConfirmedRequest](t, b)
		recv[*mms.ConfirmedRequest](t, b)
		send(t, b, response(1, "first"))
		send(t, b, response(2, "other"))
		first := recv[*mms.ConfirmedResponse](t, a)
		recv[*mms.ConfirmedResponse](t, a)
		if v := first.Service.(*mms.IdentifyResponse).Vendor; v != "first" {
			t.Errorf("became %q", v)
		}
	})
}
