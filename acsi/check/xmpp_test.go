package check_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	"github.com/gridward/gridward/xmpp/xmpptest"
)

// TestOverXMPP checks the server that has every service over the 8-2 binding and a router in memory: several
// associations of one account.
func TestOverXMPP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := full(ctx, t)
		objects := s.handleAll()
		router := xmpptest.NewRouter()
		there := make(chan struct{}, 8)
		served, own := jid.MustParse("der1@grid.example/IEC"), jid.MustParse("hmi@dno.example/IEC")
		far := mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Accept: func(a mms.Association) { _ = s.srv.Serve(ctx, a) }})
		near := mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
			if p, ok := e.(mmsbinding.PeerAvailable); ok && p.JID == served {
				there <- struct{}{}
			}
		}})
		for j, e := range map[jid.JID]*mmsbinding.Endpoint{served: far, own: near} {
			p := router.Peer(j)
			e.Bind(p)
			p.Start(e)
		}
		<-there
		sum, err := check.Run(ctx, check.Options{
			Model: s.model, AllowWrites: true, AllowControls: objects,
			Dial: func(ctx context.Context) (*client.Client, error) {
				a, err := near.Associate(ctx, served)
				if err != nil {
					return nil, err
				}
				return client.New(a, client.Options{}), nil
			},
			Each: func(r check.Result) {
				if r.Outcome == check.Fail {
					t.Error(r)
				}
			},
		})
		if err != nil || sum.Pass < 200 {
			t.Errorf("%v %+v", err, sum)
		}
		cancel()
		synctest.Wait()
		near.Close()
		far.Close()
		router.Close()
		s.close()
	})
}
