package client

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// serve answers requests at the far end of a pipe with what answer gives; nil leaves a request unanswered.
func serve(t *testing.T, a mms.Association, answer func(s mms.Service) any) {
	t.Helper()
	go func() {
		for {
			p, err := a.Recv(context.Background())
			if err != nil {
				return
			}
			r, ok := p.(*mms.ConfirmedRequest)
			if !ok {
				continue
			}
			switch s := answer(r.Service).(type) {
			case nil:
			case *mms.ServiceError:
				err = a.Send(&mms.ConfirmedError{InvokeID: r.InvokeID, Error: *s})
			case mms.Service:
				err = a.Send(&mms.ConfirmedResponse{InvokeID: r.InvokeID, Service: s})
			}
			if err != nil && a.Err() == nil {
				t.Errorf("answer to %T: %v", r.Service, err)
			}
		}
	}()
}

// dial makes a client and the server's end of its association. Both end with the test.
func dial(t *testing.T, opt Options) (*Client, *mmstest.End) {
	t.Helper()
	a, b := mmstest.Pipe(mms.Params{})
	c := New(a, opt)
	t.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	return c, b
}

func mustRef(t *testing.T, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ok(values ...model.Value) []mms.AccessResult {
	rs := make([]mms.AccessResult, len(values))
	for i, v := range values {
		rs[i].Value = v
	}
	return rs
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}

const second = time.Second
