package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
)

func TestTimeoutThenLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late []uint32
		c, far := dial(t, Options{Timeout: 3 * second, Events: func(e Event) {
			if l, ok := e.(Late); ok {
				late = append(late, l.InvokeID)
			}
		}})
		start := time.Now()
		_, err := c.Identify(t.Context())
		wantErr(t, "no answer", err, mms.ErrTimeout)
		if d := time.Since(start); d != 3*second {
			t.Errorf("gave up after %v", d)
		}
		p, err := far.Recv(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id, _ := mms.InvokeID(p)
		if err := far.Send(&mms.ConfirmedResponse{InvokeID: id, Service: &mms.IdentifyResponse{Vendor: "late"}}); err != nil {
			t.Fatal(err)
		}
		serve(t, far, func(mms.Service) any { return &mms.IdentifyResponse{Vendor: "in time"} })
		r, err := c.Identify(t.Context())
		if err != nil || r.Vendor != "in time" {
			t.Errorf("next request: %q, %v", r.Vendor, err)
		}
		if n := c.Counters().LateAnswers; n != 1 || len(late) != 1 || late[0] != id {
			t.Errorf("late answers %d, events %v", n, late)
		}
	})
}

func TestRequestsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := mmstest.Pipe(mms.Params{OutstandingOut: 2})
		c := New(a, Options{})
		defer func() { c.Close(); <-c.Done() }()
		done := make(chan error, 5)
		for range 5 {
			go func() { _, err := c.Identify(t.Context()); done <- err }()
		}
		synctest.Wait()
		for answered := range 5 {
			p, err := far.Recv(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, in := far.Outstanding(); in != min(2, 5-answered) {
				t.Errorf("after %d answers %d requests are outstanding", answered, in)
			}
			id, _ := mms.InvokeID(p)
			if err := far.Send(&mms.ConfirmedResponse{InvokeID: id, Service: &mms.IdentifyResponse{}}); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
	})
}

func TestAskEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(cancel context.CancelFunc, c *Client, far *mmstest.End)
		want error
	}{
		"context":  {func(cancel context.CancelFunc, _ *Client, _ *mmstest.End) { cancel() }, context.Canceled},
		"link":     {func(_ context.CancelFunc, _ *Client, far *mmstest.End) { far.Cut() }, mms.ErrLinkLost},
		"abort":    {func(_ context.CancelFunc, _ *Client, far *mmstest.End) { far.Abort(nil) }, mms.ErrAborted},
		"released": {func(_ context.CancelFunc, _ *Client, far *mmstest.End) { _ = far.Release(context.Background()) }, mms.ErrReleased},
		"close":    {func(_ context.CancelFunc, c *Client, _ *mmstest.End) { c.Close() }, ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, far := dial(t, Options{})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan error, 1)
				go func() { _, err := c.Identify(ctx); done <- err }()
				synctest.Wait()
				tc.do(cancel, c, far)
				wantErr(t, "request", <-done, tc.want)
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := dial(t, Options{})
		serve(t, far, func(s mms.Service) any {
			switch s.(type) {
			case *mms.Identify:
				return &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}
			case *mms.GetNameList:
				return &mms.IdentifyResponse{}
			}
			return nil
		})
		_, err := c.Identify(t.Context())
		var se *mms.ServiceError
		if !errors.As(err, &se) || se.Code != mms.AccessDenied {
			t.Errorf("service error: %v", err)
		}
		_, err = c.Devices(t.Context())
		wantErr(t, "answer of another service", err, mms.ErrProtocol)
	})
}

func TestServesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, far := dial(t, Options{})
		if err := far.Send(&mms.ConfirmedRequest{InvokeID: 4, Service: &mms.Identify{}}); err != nil {
			t.Fatal(err)
		}
		p, err := far.Recv(t.Context())
		if r, ok := p.(*mms.Reject); !ok || r.InvokeID != 4 || r.Reason.Code != mms.RejectUnrecognizedService {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}
