package client

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Every PDU of either way passes the interceptors, which may change or drop it.
func TestInterceptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var log []string
		see := func(way string, pdu mms.PDU) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, fmt.Sprintf("%s %T", way, pdu))
		}
		opt := Options{
			In: func(p *model.Principal, pdu mms.PDU) (mms.PDU, error) {
				see("in", pdu)
				if p.Name != "server" {
					t.Errorf("principal %+v", p)
				}
				if r, ok := pdu.(*mms.ConfirmedResponse); ok {
					return &mms.ConfirmedResponse{InvokeID: r.InvokeID, Service: &mms.GetCapabilityListResponse{Capabilities: []string{"changed"}}}, nil
				}
				return pdu, nil
			},
			Out: func(_ *model.Principal, pdu mms.PDU) (mms.PDU, error) {
				see("out", pdu)
				if _, ok := pdu.(*mms.Reject); ok {
					return nil, nil
				}
				return pdu, nil
			},
		}
		c, far := dial(t, opt)
		serve(t, far, func(mms.Service) any { return &mms.GetCapabilityListResponse{Capabilities: []string{"a"}} })
		got, err := c.Capabilities(t.Context())
		if err != nil || !slices.Equal(got, []string{"changed"}) {
			t.Errorf("%v, %v", got, err)
		}
		if err := far.Send(&mms.ConfirmedRequest{InvokeID: 1, Service: &mms.Status{}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		want := []string{"out *mms.ConfirmedRequest", "in *mms.ConfirmedResponse", "in *mms.ConfirmedRequest", "out *mms.Reject"}
		if !slices.Equal(log, want) {
			t.Errorf("%q", log)
		}
	})
}

// An interceptor's error ends the association, with its cause.
func TestInterceptorsRefuse(t *testing.T) {
	no := errors.New("refused by the test")
	refuse := func(*model.Principal, mms.PDU) (mms.PDU, error) { return nil, no }
	for name, opt := range map[string]Options{"in": {In: refuse}, "out": {Out: refuse}} {
		synctest.Test(t, func(t *testing.T) {
			c, far := dial(t, opt)
			serve(t, far, func(mms.Service) any { return &mms.GetCapabilityListResponse{} })
			if _, err := c.Capabilities(t.Context()); !errors.Is(err, no) {
				t.Errorf("%s: %v", name, err)
			}
			<-c.Done()
			<-far.Done()
			if !errors.Is(c.Err(), no) {
				t.Errorf("%s: ended with %v", name, c.Err())
			}
		})
	}
}
