package client_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// reasons collects why members of reports are in them.
type reasons struct {
	mu  sync.Mutex
	all []string
}

func (r *reasons) take(rep *client.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range rep.Entries {
		r.all = append(r.all, e.Ref.String()+" "+e.Reason.String())
	}
}

// since gives what has come, and forgets it.
func (r *reasons) since() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

// TestTriggers: data change, quality change and data update bring reports of buffered and unbuffered blocks, each only where the
// block wants it.
func TestTriggers(t *testing.T) {
	for _, block := range []string{"TLD0/LLN0.meas01[RP]", "TLD0/LLN0.buf01[BR]"} {
		everyService(t, func(t *testing.T, s *site) {
			c := s.client("a", client.Options{})
			rcb := ref(block)
			noErr(t, c.DefineDataSet(t.Context(), ref("TLD0/LLN0.mixed"), ref("TLD0/GGIO1.Ind[ST]"), ref("TLD0/LTRK1.GenTrk[SR]")))
			change := func(stVal bool) {
				noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) { tx.Set(ref("TLD0/GGIO1.Ind.stVal[ST]"), model.Bool(stVal)) }))
			}
			quality := func(q model.Quality) {
				noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) { tx.Quality(ref("TLD0/GGIO1.Ind[ST]"), q) }))
			}
			update := func() { // written again as it was: an update, and no change
				noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) { tx.Set(ref("TLD0/LTRK1.GenTrk.objRef[SR]"), model.Visible("again")) }))
			}
			update()
			for _, w := range []struct {
				triggers model.Triggers
				want     []string
			}{
				{model.TrgDataChange, []string{"TLD0/GGIO1.Ind[ST] data-change"}},
				{model.TrgQualityChange, []string{"TLD0/GGIO1.Ind[ST] quality-change"}},
				{model.TrgDataUpdate, []string{"TLD0/LTRK1.GenTrk[SR] data-update"}},
			} {
				change(false)
				quality(0)
				var got reasons
				sub, err := c.Subscribe(t.Context(), rcb, client.ReportOptions{DataSet: ref("TLD0/LLN0.mixed"), Triggers: w.triggers, PurgeBuf: rcb.FC == model.BR}, got.take)
				noErr(t, err)
				got.since()
				change(true)
				quality(model.QInaccurate)
				update()
				if all := got.since(); len(all) != len(w.want) || all[0] != w.want[0] {
					t.Errorf("%s with %v: %q, want %q", block, w.triggers, all, w.want)
				}
				noErr(t, sub.Close(t.Context()))
			}
		})
	}
}

// TestTracking: a service of one client is seen in LTRK by another, and reported.
func TestTracking(t *testing.T) {
	everyService(t, func(t *testing.T, s *site) {
		watcher, doer := s.client("watcher", client.Options{}), s.client("doer", client.Options{})
		var got reasons
		_, err := watcher.Subscribe(t.Context(), ref("TLD0/LLN0.track01[RP]"), client.ReportOptions{Triggers: model.TrgDataUpdate}, got.take)
		noErr(t, err)
		got.since()
		sg, err := doer.SettingGroups(t.Context(), model.Ref{LDevice: "TLD0"})
		noErr(t, err)
		noErr(t, sg.SelectActive(t.Context(), 3))
		if all := got.since(); len(all) != 1 || all[0] != "TLD0/LTRK1.SgcbTrk[SR] data-update" {
			t.Errorf("reported: %q", all)
		}
		for name, want := range map[string]model.Value{
			"serviceType": model.Int(int64(model.ServiceSelectActiveSG)), "actSG": model.Uint(3), "errorCode": model.Int(0), "objRef": model.Visible("TLD0/LLN0.SGCB"),
		} {
			v, err := watcher.ReadOne(t.Context(), ref("TLD0/LTRK1.SgcbTrk."+name+"[SR]"))
			noErr(t, err)
			if !v.Equal(want) {
				t.Errorf("%s is %v, want %v", name, v, want)
			}
		}
	})
}

// TestSetDataSetValues writes all members of a data set at once.
func TestSetDataSetValues(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		set := ref("TLD0/LLN0.mine")
		members := []model.Ref{ref("TLD0/GGIO1.Set1.setMag.f[SP]"), ref("TLD0/GGIO1.Ind1.stVal[ST]"), ref("TLD0/GGIO1.ModeSet.setVal[SP]")}
		noErr(t, c.DefineDataSet(t.Context(), set, members...))
		errs, err := c.WriteDataSet(t.Context(), set, model.Float32(12), model.Bool(true), model.Int(2))
		noErr(t, err)
		if errs[0] != nil || !errors.Is(errs[1], mms.ObjectAccessDenied) || errs[2] != nil {
			t.Errorf("%v", errs)
		}
		for i, want := range []model.Value{model.Float32(12), model.Bool(false), model.Int(2)} {
			if v, err := s.srv.Get(members[i]); err != nil || !v.Equal(want) {
				t.Errorf("%s is %v, %v, want %v", members[i], v, err, want)
			}
		}
		if _, err := c.WriteDataSet(t.Context(), set, model.Bool(true)); err == nil {
			t.Error("one value for three members")
		}
		if _, err := c.WriteDataSet(t.Context(), ref("TLD0/LLN0.nobody"), model.Bool(true)); err == nil {
			t.Error("a data set that is not there was written")
		}
	})
}

// TestEnds: the server learns how an association ended, and the client that it was asked to.
func TestEnds(t *testing.T) {
	for name, p := range paths {
		t.Run(name, func(t *testing.T) {
			ends := make(chan error, 4)
			overWith(t, p(), func(c *server.Config) {
				c.Events = func(e server.Event) {
					if e, ok := e.(server.Ended); ok {
						ends <- e.Cause
					}
				}
			}, func(t *testing.T, s *site) {
				c := s.client("a", client.Options{})
				noErr(t, c.Release(t.Context()))
				<-c.Done()
				wantErr(t, "client after a release", c.Err(), mms.ErrReleased)
				wantErr(t, "server after a release", <-ends, mms.ErrReleased)
				c = s.client("b", client.Options{})
				c.Close()
				<-c.Done()
				wantErr(t, "client after an abort", c.Err(), client.ErrClosed)
				if err := <-ends; err == nil || errors.Is(err, mms.ErrReleased) {
					t.Errorf("server after an abort: %v", err)
				}
				if _, err := c.ReadOne(t.Context(), ref("TLD0/LLN0.Beh.stVal[ST]")); err == nil {
					t.Error("a read after the end")
				}
			})
		})
	}
}
