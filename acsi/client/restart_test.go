package client_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store"
)

// A server that ends and comes back on its file gives a client that comes back what it missed: buffered reports by EntryID,
// log entries after the last one it has.
func TestServerRestarts(t *testing.T) {
	for _, name := range []string{"osi", "xmpp", "pipeXER"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ied.db")
			m := testModel(t)
			rcb := ref("TLD0/LLN0.brcb01[BR]")
			n := 0
			event := func(srv *server.Server) {
				n++
				noErr(t, srv.Update(time.Now(), func(tx *server.Tx) { tx.Float(ref("TLD0/GGIO1.AnIn1.mag.f[MX]"), float64(n)) }))
			}
			var last client.EntryID
			var at time.Time
			var logged client.EntryID
			var reports, entries []float64
			for life := range 3 {
				st, err := store.Open(file, store.Options{Events: func(e store.Event) { t.Errorf("store: %+v", e) }})
				noErr(t, err)
				srv, err := server.New(server.Config{Model: m, Store: st, Persist: true})
				noErr(t, err)
				event(srv) // before anybody is there
				ctx, cancel := context.WithCancel(t.Context())
				s := &site{TB: t, srv: srv, path: paths[name](), ctx: ctx}
				noErr(t, s.path.open(s))
				a, err := s.path.dial(s, "cc")
				noErr(t, err)
				c := client.New(a, client.Options{})
				got := make(chan *client.Report, 100)
				sub, err := c.Subscribe(t.Context(), rcb, client.ReportOptions{EntryID: last, ResvTms: 600}, func(r *client.Report) { got <- r })
				noErr(t, err)
				if !sub.Resynced() {
					t.Errorf("life %d: the EntryID was refused", life)
				}
				event(srv)
				for len(reports) < n {
					r := <-got
					if r.BufOvfl || last != "" && r.EntryID <= last {
						t.Errorf("report %+v", r)
					}
					f, _ := r.Entries[0].Value.At(0).At(0).AsFloat()
					reports, last = append(reports, f), r.EntryID
				}
				all, values := loggedValues(t, c.QueryLogAfter(t.Context(), eventLog, at, logged))
				entries = append(entries, values...)
				at, logged = all[len(all)-1].At, all[len(all)-1].ID
				if v, err := c.ReadOne(t.Context(), rcb.Child("ResvTms")); err != nil || !v.Equal(model.Int(600)) {
					t.Errorf("ResvTms %v, %v", v, err)
				}
				event(srv) // somebody will miss it
				event(srv)
				for range 2 {
					r := <-got
					f, _ := r.Entries[0].Value.At(0).At(0).AsFloat()
					reports, last = append(reports, f), r.EntryID
				}
				c.Close()
				<-c.Done()
				event(srv) // this one is missed
				cancel()
				s.path.close()
				srv.Close()
				noErr(t, st.Close())
			}
			want := make([]float64, n)
			for i := range want {
				want[i] = float64(i + 1)
			}
			if !slices.Equal(reports, want[:n-1]) {
				t.Errorf("reports %v", reports)
			}
			if len(entries) < n-4 || !slices.Equal(entries, want[:len(entries)]) {
				t.Errorf("log %v", entries)
			}
		})
	}
}
