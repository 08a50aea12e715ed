package bridge

import (
	"slices"
	"testing"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// TestPagesWithNothingToSee: a client gets to the logical devices that it may see past pages of others, and learns of none of those.
func TestPagesWithNothingToSee(t *testing.T) {
	all := []string{"A", "B", "C", "D", "E"}
	for _, c := range []struct {
		see  []string
		want [][]string // pages
	}{
		{[]string{"C", "E"}, [][]string{{"C"}, {"E"}}},
		{[]string{"A"}, [][]string{{"A"}, {}}},
		{nil, [][]string{{}}},
	} {
		authorizer := deny(server.RightView, func(r model.Ref) bool { return !slices.Contains(c.see, r.LDevice) })
		bridged(t, Config{Authorizer: authorizer}, func(t *testing.T, g *rig) {
			client, up := mmstest.Pipe(mms.Params{})
			down, device := mmstest.Pipe(mms.Params{})
			go func() { _ = newRelay(g.bridge, up, down).run(g.ctx) }() // ends with the client
			go func() {                                                 // gives one name a page
				for {
					p, err := device.Recv(g.ctx)
					if err != nil {
						return
					}
					q := p.(*mms.ConfirmedRequest)
					i := slices.Index(all, q.Service.(*mms.GetNameList).ContinueAfter) + 1
					page := &mms.GetNameListResponse{Names: all[i : i+1], MoreFollows: i+1 < len(all)}
					if device.Send(&mms.ConfirmedResponse{InvokeID: q.InvokeID, Service: page}) != nil {
						return
					}
				}
			}()
			after := ""
			for i, want := range c.want {
				p := g.ask(client, uint32(i+1), &mms.GetNameList{Class: mms.ClassDomain, ContinueAfter: after})
				page, ok := p.(*mms.ConfirmedResponse).Service.(*mms.GetNameListResponse)
				if !ok || !slices.Equal(page.Names, want) || page.MoreFollows != (i+1 < len(c.want)) {
					t.Fatalf("%v: page %d is %+v, want %v", c.see, i, page, want)
				}
				if len(want) > 0 {
					after = want[len(want)-1]
				}
			}
			client.Abort(nil)
		})
	}
}
