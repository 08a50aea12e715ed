package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	xmppserver "github.com/gridward/gridward/xmpp/server"
)

// A burst is what a client has seen of values that count up.
type burst struct {
	testing.TB
	events                   int
	last, arrived, overflows int
	id                       client.EntryID // up to which nothing is missing
	newest                   chan struct{}
}

// follow subscribes and takes reports until the newest value has come, or something is missing and the association is of no use
// any more: its end, or a gap that the server that knows of it cannot have told before its end.
func (b *burst) follow(ctx context.Context, c *client.Client) error {
	broken := make(chan struct{})
	gap := false
	sub, err := c.Subscribe(ctx, brcb1, client.ReportOptions{EntryID: b.id}, func(r *client.Report) {
		if gap {
			return
		}
		if r.Gap {
			gap = true
			close(broken)
			return
		}
		if r.BufOvfl {
			b.overflows++
		}
		for _, v := range numbers([]*client.Report{r}) {
			if v <= b.last || v > b.last+1 && !r.BufOvfl {
				b.Errorf("%d after %d, and overflow is %v", v, b.last, r.BufOvfl)
			}
			b.last = v
			b.arrived++
			if v == b.events {
				close(b.newest)
			}
		}
		b.id = r.EntryID
	})
	if err != nil {
		return err
	}
	select {
	case <-b.newest:
	case <-broken:
		return errGap
	case <-sub.Done():
		return sub.Err()
	case <-ctx.Done():
		b.Fatalf("the last of %d values that came is %d", b.arrived, b.last)
	}
	return nil
}

var errGap = errors.New("reports are missing")

// TestBurst: events come many times faster than any queue on the way can take. Sending waits for the stream, and the buffer of the
// control block overflows and says so. Should a server on the way have no room all the same, the association ends, and the client
// learns of it and goes on where it was: what arrives is in order, what is missing is told, and the newest value arrives.
func TestBurst(t *testing.T) {
	n := newPlantNet(t, xmppserver.Limits{StanzaRate: 1e9, StanzaBurst: 1e9, ByteRate: 1e12, ByteBurst: 1e12})
	srv, err := server.New(server.Config{Model: testModel(t)})
	noErr(t, err)
	t.Cleanup(srv.Close)
	n.join("der1", ca.DER, mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true, Accept: func(a mms.Association) { _ = srv.Serve(context.Background(), a) },
	}))
	there := make(chan jid.JID, 16)
	centre := mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
		if a, ok := e.(mmsbinding.PeerAvailable); ok {
			there <- a.JID
		}
	}})
	n.join("ems", ca.Center, centre)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := client.New(n.associate(ctx, centre, there), client.Options{})
	b := &burst{TB: t, events: 20000, newest: make(chan struct{})}
	go func() {
		s := &site{TB: t, srv: srv}
		for i := range b.events {
			s.put(i + 1)
		}
	}()
	again := 0
	for b.follow(ctx, c) != nil {
		again++
		c.Close()
		<-c.Done()
		for {
			a, err := centre.Associate(ctx, jid.MustParse("der1@"+domain+"/IEC"))
			if err == nil {
				c = client.New(a, client.Options{})
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("no association any more: %v", err)
			}
		}
	}
	if b.arrived < b.events && b.overflows == 0 {
		t.Errorf("%d of %d arrived, and no overflow was told", b.arrived, b.events)
	}
	t.Logf("%d of %d arrived, %d overflows, %d further associations", b.arrived, b.events, b.overflows, again)
	c.Close()
	<-c.Done()
}
