package client_test

import (
	"context"
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

// TestBurst: events come many times faster than any queue on the way can take. Sending waits for the stream, the buffer of
// the control block overflows and says so, and the association lives on: what arrives is in order, every gap is told,
// and the newest value arrives.
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := client.New(n.associate(ctx, centre, there), client.Options{})
	const events = 20000
	last, arrived, overflows := 0, 0, 0
	newest := make(chan struct{})
	_, err = c.Subscribe(ctx, brcb1, client.ReportOptions{}, func(r *client.Report) {
		if r.Gap {
			t.Errorf("gap before report %d", r.SqNum)
		}
		if r.BufOvfl {
			overflows++
		}
		for _, v := range numbers([]*client.Report{r}) {
			if v <= last || v > last+1 && !r.BufOvfl {
				t.Errorf("%d after %d, and overflow is %v", v, last, r.BufOvfl)
			}
			last = v
			arrived++
			if v == events {
				close(newest)
			}
		}
	})
	noErr(t, err)
	s := &site{TB: t, srv: srv}
	for i := range events {
		s.put(i + 1)
	}
	select {
	case <-newest:
	case <-c.Done():
		t.Fatalf("the association ended after %d: %v", last, c.Err())
	case <-ctx.Done():
		t.Fatalf("the last of %d values that came is %d", arrived, last)
	}
	if arrived < events && overflows == 0 {
		t.Errorf("%d of %d arrived, and no overflow was told", arrived, events)
	}
	t.Logf("%d of %d arrived, %d overflows", arrived, events, overflows)
	c.Close()
	<-c.Done()
}
