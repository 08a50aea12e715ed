package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// A chatty association lets whoever asks receive, and once it is told so nothing but reports of nobody, at once and
// without an end.
type chatty struct {
	*mmstest.End
	chat func() bool
}

func (a *chatty) RecvUntil(ctx context.Context, _ time.Time) (mms.PDU, error) {
	if a.chat != nil && a.chat() {
		return &mms.Unconfirmed{Service: &mms.InformationReport{Access: mms.VariableAccess{NamedList: true}}}, nil
	}
	return a.Recv(ctx)
}

// TestReportsDoNotHoldWhoGivesUp: an answer does not come, but other things come faster than they can be taken.
func TestReportsDoNotHoldWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := mmstest.Pipe(mms.Params{})
		a := &chatty{End: near}
		c := New(a, Options{Timeout: second})
		defer func() { c.Close(); <-c.Done() }()
		answering := true
		serve(t, far, func(mms.Service) any {
			if !answering {
				return nil
			}
			return &mms.IdentifyResponse{}
		})
		if _, err := c.Identify(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the turn is whoever's asks next
		answering = false
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		a.chat = func() bool {
			if n++; n == 10 {
				cancel()
			}
			return n < 1000
		}
		_, err := c.Identify(ctx)
		wantErr(t, "given up", err, context.Canceled)
		if n == 0 || n >= 1000 {
			t.Errorf("%d reports were taken", n)
		}
	})
}

// TestNoRoomForRequests: requests that nobody waits for any more are outstanding until they are answered; who asks then waits
// for that, as long as it may.
func TestNoRoomForRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := mmstest.Pipe(mms.Params{OutstandingOut: 1})
		c := New(a, Options{Timeout: 3 * second})
		defer func() { c.Close(); <-c.Done() }()
		ctx, cancel := context.WithCancel(t.Context())
		given := make(chan error, 1)
		go func() { _, err := c.Identify(ctx); given <- err }()
		synctest.Wait()
		cancel()
		wantErr(t, "given up", <-given, context.Canceled)

		_, err := c.Identify(t.Context())
		wantErr(t, "no room", err, mms.ErrTimeout)
		short, cancel := context.WithTimeout(t.Context(), second)
		defer cancel()
		_, err = c.Identify(short)
		wantErr(t, "no room in time", err, context.DeadlineExceeded)

		next := make(chan error, 2)
		go func() { _, err := c.Identify(t.Context()); next <- err }()
		go func() { next <- c.SetFile(t.Context(), "f", Source{Reader: strings.NewReader("")}) }()
		synctest.Wait()
		start := time.Now()
		serve(t, far, func(s mms.Service) any {
			if _, ok := s.(*mms.ObtainFile); ok {
				return &mms.ObtainFileResponse{}
			}
			return &mms.IdentifyResponse{}
		})
		if err := errors.Join(<-next, <-next); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d >= pace {
			t.Errorf("they wait for %v after the answer", d)
		}
	})
}

// TestAnswersBeforeTheEnd: what came before the association ended counts, however soon after it that was.
func TestAnswersBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := mmstest.Pipe(mms.Params{})
		c := New(a, Options{In: func(_ *model.Principal, p mms.PDU) (mms.PDU, error) {
			<-a.Done()
			<-time.After(second) // it is taken long after the end
			return p, nil
		}})
		defer func() { c.Close(); <-c.Done() }()
		got := make(chan error, 1)
		go func() { _, err := c.Identify(t.Context()); got <- err }()
		serve(t, far, func(mms.Service) any { return &mms.IdentifyResponse{} })
		synctest.Wait()
		far.Abort(nil)
		if err := <-got; err != nil {
			t.Error(err)
		}
		_, err := c.Identify(t.Context())
		wantErr(t, "after the end", err, mms.ErrAborted)
	})
}

// TestNextFileHasItsOwnHandle: a server that goes on reading a file whose SetFile was given up gets nothing of the next one.
func TestNextFileHasItsOwnHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := dial(t, Options{})
		given := make(chan error, 1)
		open := func(ctx context.Context) int32 {
			go func() { given <- c.SetFile(ctx, "f", Source{Reader: strings.NewReader("content")}) }()
			for {
				p, err := far.Recv(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				switch p := p.(type) {
				case *mms.ConfirmedRequest:
					if err := far.Send(&mms.ConfirmedRequest{InvokeID: p.InvokeID, Service: &mms.FileOpen{Name: mms.FileName{"f"}}}); err != nil {
						t.Fatal(err)
					}
				case *mms.ConfirmedResponse:
					return p.Service.(*mms.FileOpenResponse).FRSM
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		first := open(ctx)
		cancel()
		wantErr(t, "given up", <-given, context.Canceled)
		ctx, cancel = context.WithCancel(t.Context())
		second := open(ctx)
		if err := far.Send(&mms.ConfirmedRequest{InvokeID: 70, Service: &mms.FileRead{FRSM: first}}); err != nil {
			t.Fatal(err)
		}
		p, err := far.Recv(t.Context())
		if _, ok := p.(*mms.ConfirmedError); err != nil || !ok || first == second {
			t.Errorf("handle %d again: %+v, %v", first, p, err)
		}
		cancel()
		wantErr(t, "given up", <-given, context.Canceled)
	})
}
