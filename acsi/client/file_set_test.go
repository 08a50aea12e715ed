package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
)

// TestSetFileWaitsForThoseWhoGaveUp: a request whose asker has gone still counts at the server until it is answered.
func TestSetFileWaitsForThoseWhoGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := mmstest.Pipe(mms.Params{OutstandingOut: 1})
		c := client.New(near, client.Options{})
		gone, leave := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			leave()
		}()
		if _, err := c.Identify(gone); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		first, err := far.Recv(t.Context())
		noErr(t, err)
		set := make(chan error, 1)
		go func() {
			set <- c.SetFile(t.Context(), "x", client.Source{Reader: strings.NewReader("abc")})
		}()
		time.Sleep(10 * time.Millisecond) // SetFile has tried
		id, _ := mms.InvokeID(first)
		noErr(t, far.Send(&mms.ConfirmedResponse{InvokeID: id, Service: &mms.IdentifyResponse{}}))
		var q *mms.ConfirmedRequest
		for q == nil { // a cancel may come before
			p, err := far.Recv(t.Context())
			noErr(t, err)
			q, _ = p.(*mms.ConfirmedRequest)
		}
		if _, ok := q.Service.(*mms.ObtainFile); !ok {
			t.Errorf("the server got %+v", q)
		}
		noErr(t, far.Send(&mms.ConfirmedResponse{InvokeID: q.InvokeID, Service: &mms.ObtainFileResponse{}}))
		if err := <-set; err != nil {
			t.Error(err)
		}
		c.Close()
		<-c.Done()
	})
}
