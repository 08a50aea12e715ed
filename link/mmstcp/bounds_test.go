package mmstcp

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// TestQueueThatIsNeverEmpty: somebody receives so slowly that something waits always, and that needs no more room by and by.
func TestQueueThatIsNeverEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := anyone
		server.Queue = 8
		a, b := joined(t, Config{}, server)
		const all = 2000
		go func() {
			for id := range uint32(all) {
				if err := a.Send(&mms.CancelRequest{InvokeID: id}); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		for id := range uint32(all) {
			<-time.After(2 * patience) // the association reads by itself meanwhile
			if r := recv[*mms.CancelRequest](t, b); r.InvokeID != id {
				t.Fatalf("%d instead of %d", r.InvokeID, id)
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if n := cap(b.queue); n > 512 {
			t.Errorf("room for %d PDUs, of which 8 may wait", n)
		}
	})
}

// TestAnswersThatNobodyTakes: a peer that is answered on the spot, again and again, and reads nothing, does not make us keep
// all that.
func TestAnswersThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := Config{Queue: 1}
		a, b := joined(t, client, anyone)
		for id := range uint32(10) {
			send(t, a, request(id))
			recv[*mms.ConfirmedRequest](t, b)
		}
		go func() {
			for range 1000 { // a reads no more soon
				if b.Send(&mms.CancelRequest{}) != nil {
					return
				}
			}
		}()
		excess, err := mms.AppendBER(nil, request(11))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _, _ = b.Recv(ctx) }() // it reads
		synctest.Wait()
		most := 0
		for range 50_000 {
			a.raw(excess)
			if a.Err() != nil || b.Err() != nil {
				break
			}
			b.mu.Lock()
			if b.out != nil {
				most = max(most, len(b.out.b))
			}
			b.mu.Unlock()
		}
		synctest.Wait()
		if err := b.Err(); !errors.Is(err, mms.ErrTransport) {
			t.Errorf("%v", err)
		}
		if most > b.cfg.Unsent+2*overdraft {
			t.Errorf("%d octets waited", most)
		}
	})
}

// TestEachWriteHasItsTime: a peer that takes one thing after the other, each in time, is not too slow.
func TestEachWriteHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := anyone
		server.Queue = 1
		a, b := joined(t, Config{WriteTimeout: 10 * time.Second}, server)
		<-time.After(2 * patience) // the other end reads by itself from now on
		large := &mms.Unconfirmed{Service: &mms.InformationReport{
			Access:  mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: "RPT"}},
			Results: []mms.AccessResult{{Value: model.Octets(strings.Repeat("x", 2*room))}},
		}}
		for range 3 {
			go func() {
				if err := a.Send(large); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait() // the first waits to be received, the second is being written, the third waits for that
		}
		for range 3 {
			<-time.After(9 * time.Second)
			if err := a.Err(); err != nil {
				t.Fatal(err)
			}
			recv[*mms.Unconfirmed](t, b)
		}
		if err := a.Err(); err != nil {
			t.Error(err)
		}
	})
}
