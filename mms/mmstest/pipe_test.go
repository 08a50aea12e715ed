package mmstest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var _ mms.Association = (*End)(nil)

func read(id uint32) *mms.ConfirmedRequest {
	return &mms.ConfirmedRequest{InvokeID: id, Service: &mms.Read{Access: mms.VariableAccess{
		List: []mms.VariableSpec{{Name: mms.InDomain("LD0", "MMXU1$MX$TotW"), Alternate: []mms.AlternateAccess{{Component: "mag"}}}},
	}}}
}

func TestPipeCarriesCopies(t *testing.T) {
	c, s := Pipe(mms.Params{})
	p := read(1)
	if err := c.Send(p); err != nil {
		t.Fatal(err)
	}
	p.Service.(*mms.Read).Access.List[0].Alternate[0].Component = "changed"
	got, err := s.Recv(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(mms.PDU(read(1)), got); diff != "" {
		t.Error(diff)
	}
	answer := &mms.ConfirmedResponse{InvokeID: 1, Service: &mms.ReadResponse{Results: []mms.AccessResult{{Value: model.Float32(1.5)}}}}
	if err := s.Send(answer); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Recv(t.Context()); err != nil || !got.(*mms.ConfirmedResponse).Service.(*mms.ReadResponse).Results[0].Value.Equal(model.Float32(1.5)) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestPipeHoldsLimits(t *testing.T) {
	c, s := Pipe(mms.Params{OutstandingOut: 2, OutstandingIn: 2})
	for id := range uint32(2) {
		if err := c.Send(read(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Send(read(2)); !errors.Is(err, mms.ErrOutstanding) {
		t.Errorf("third of two: %v", err)
	}
	if err := s.Send(&mms.ConfirmedResponse{InvokeID: 9, Service: &mms.ReadResponse{}}); !errors.Is(err, mms.ErrInvokeID) {
		t.Errorf("answer to nothing: %v", err)
	}
}

func TestPipeEnds(t *testing.T) {
	cause := errors.New("operator said so")
	for name, tc := range map[string]struct {
		end            func(c, s *End)
		client, server error
		drained        bool
	}{
		"release": {func(c, _ *End) { _ = c.Release(context.Background()) }, mms.ErrReleased, mms.ErrReleased, true},
		"abort":   {func(c, _ *End) { c.Abort(cause) }, cause, mms.ErrAborted, false},
		"cut":     {func(c, _ *End) { c.Cut() }, mms.ErrLinkLost, mms.ErrLinkLost, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := Pipe(mms.Params{})
				if err := c.Send(read(1)); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { _, err := c.Recv(t.Context()); ended <- err }()
				synctest.Wait()
				tc.end(c, s)
				if err := <-ended; !errors.Is(err, tc.client) {
					t.Errorf("client: %v", err)
				}
				_, err := s.Recv(t.Context())
				if tc.drained {
					if err != nil {
						t.Errorf("what was sent before is lost: %v", err)
					}
					_, err = s.Recv(t.Context())
				}
				if !errors.Is(err, tc.server) || !errors.Is(s.Err(), tc.server) {
					t.Errorf("server: %v, %v", err, s.Err())
				}
				<-c.Done()
				if err := c.Send(read(2)); !errors.Is(err, tc.client) {
					t.Errorf("send after the end: %v", err)
				}
			})
		})
	}
}

func TestPipeRecvHeedsContext(t *testing.T) {
	c, _ := Pipe(mms.Params{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Recv(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
