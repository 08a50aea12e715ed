package mmstcp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
)

// TestEndIsSeenByNobody: the end shows although nobody receives.
func TestEndIsSeenByNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		send(t, a, request(1))
		recv[*mms.ConfirmedRequest](t, b)
		a.Abort(nil)
		<-b.Done()
		if !errors.Is(b.Err(), mms.ErrAborted) {
			t.Errorf("%v", b.Err())
		}
	})
}

// TestRecvEndsWithItsContext: others go on receiving.
func TestRecvEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		for id := range uint32(5) {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 2)
			for range 2 {
				go func() { _, err := b.Recv(ctx); ended <- err }()
			}
			synctest.Wait()
			cancel()
			if err := errors.Join(<-ended, <-ended); !errors.Is(err, context.Canceled) {
				t.Fatalf("%v", err)
			}
			got := make(chan mms.PDU, 1)
			go func() {
				p, err := b.Recv(t.Context())
				if err != nil {
					t.Error(err)
				}
				got <- p
			}()
			synctest.Wait()
			send(t, a, request(id))
			if r, ok := (<-got).(*mms.ConfirmedRequest); !ok || r.InvokeID != id {
				t.Fatalf("%+v", r)
			}
			send(t, b, response(id, ""))
			recv[*mms.ConfirmedResponse](t, a)
		}
	})
}

// TestManySendersAndReceivers: each PDU comes once, those of one sender in order.
func TestManySendersAndReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const senders, each, receivers = 8, 200, 3
		a, b := joined(t, Config{}, anyone)
		var all sync.WaitGroup
		for s := range senders {
			all.Go(func() {
				for i := range each {
					report := &mms.InformationReport{Access: mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: fmt.Sprintf("S%d$%d", s, i)}}}
					if err := a.Send(&mms.Unconfirmed{Service: report}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var mu sync.Mutex
		seen := map[string]int{}
		for range receivers {
			all.Go(func() {
				for {
					mu.Lock()
					n := len(seen)
					mu.Unlock()
					if n == senders*each {
						a.Abort(nil)
						return
					}
					p, err := b.Recv(t.Context())
					if err != nil {
						return
					}
					item := p.(*mms.Unconfirmed).Service.(*mms.InformationReport).Access.ListName.Item
					mu.Lock()
					seen[item]++
					if len(seen) == senders*each {
						a.Abort(nil) // the other receivers wait for no more
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for item, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", item, n)
			}
		}
		if len(seen) != senders*each {
			t.Errorf("%d PDUs", len(seen))
		}
	})
}

// TestReceiveWhileNobodyReceives: what comes waits, and no more of it than Config.Queue.
func TestReceiveWhileNobodyReceives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := anyone
		server.Queue = 7
		a, b := joined(t, Config{}, server)
		go func() {
			for range 5000 {
				report := &mms.InformationReport{Access: mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: "RPT"}}}
				if err := a.Send(&mms.Unconfirmed{Service: report}); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		synctest.Wait()
		b.mu.Lock()
		n := len(b.queue) - b.head
		b.mu.Unlock()
		if n > 7 {
			t.Errorf("%d PDUs wait", n)
		}
		for range 5000 {
			recv[*mms.Unconfirmed](t, b)
		}
	})
}
