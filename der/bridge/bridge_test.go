package bridge

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestModelAndValuesAreTheDevices(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		noErr(t, g.device.Update(time.Now(), func(tx *server.Tx) { tx.Float(ref("TLD0/GGIO1.AnIn2.mag.f[MX]"), 42.5) }))
		c := g.client("center@grid.example/IEC")
		_, err := c.Identify(t.Context())
		noErr(t, err)
		near, err := g.dial(t.Context(), maxPDU)
		noErr(t, err)
		direct := client.New(near, client.Options{})
		defer direct.Close()
		for _, ld := range []string{"TLD0", "TLD1"} {
			got, err := c.Variables(t.Context(), ld)
			noErr(t, err)
			want, err := direct.Variables(t.Context(), ld)
			noErr(t, err)
			if d := cmp.Diff(want, got); d != "" || len(got) < 20 {
				t.Errorf("variables of %s (-device +bridge):\n%s", ld, d)
			}
		}
		v, err := c.ReadOne(t.Context(), ref("TLD0/GGIO1.AnIn2.mag.f[MX]"))
		noErr(t, err)
		if f, _ := v.AsFloat(); f != 42.5 {
			t.Errorf("read %v, want 42.5", v)
		}
		noErr(t, c.Write(t.Context(), ref("TLD0/GGIO1.Set1.setMag.f[SP]"), model.Float32(7)))
		if v, err = g.device.Get(ref("TLD0/GGIO1.Set1.setMag.f[SP]")); err != nil || !v.Equal(model.Float32(7)) {
			t.Errorf("the device has %v, %v, want 7", v, err)
		}
		who, err := c.Identify(t.Context())
		noErr(t, err)
		if who.Vendor != "Vendor" || who.Model != "device" {
			t.Errorf("identify: %+v", who)
		}
		if got, want := g.sizes[0], 65536/growth; got != want {
			t.Errorf("the device was asked for PDUs of %d octets, want %d", got, want)
		}
	})
}

func TestReportsReachTheirOwnerAlone(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		a, b := g.client("a@grid.example/IEC"), g.client("b@grid.example/IEC")
		var got []*client.Report
		_, err := a.Subscribe(t.Context(), ref("TLD0/LLN0.urcb01[RP]"), client.ReportOptions{
			Triggers: model.TrgDataChange | model.TrgGI,
		}, func(r *client.Report) { got = append(got, r) })
		noErr(t, err)
		if _, err := b.Subscribe(t.Context(), ref("TLD0/LLN0.urcb01[RP]"), client.ReportOptions{}, func(*client.Report) {
			t.Error("a report reached the other client")
		}); !errors.Is(err, client.ErrReserved) {
			t.Errorf("second client: %v, want ErrReserved", err)
		}
		noErr(t, g.device.Update(time.Now(), func(tx *server.Tx) { tx.Set(ref("TLD0/GGIO1.Ind1.stVal[ST]"), model.Bool(true)) }))
		synctest.Wait()
		if len(got) != 1 || len(got[0].Entries) != 1 || got[0].Entries[0].Reason&client.ReasonDataChange == 0 {
			t.Fatalf("reports: %+v", got)
		}
		a.Close()
		<-a.Done()
		synctest.Wait()
		_, err = b.Subscribe(t.Context(), ref("TLD0/LLN0.urcb01[RP]"), client.ReportOptions{}, func(*client.Report) {})
		if err != nil {
			t.Errorf("the block stays reserved after its client has gone: %v", err)
		}
	})
}

func TestControlsTerminate(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		var seen []server.Command
		for _, do := range []string{"SPCSO1", "SPCSO2", "SPCSO3", "SPCSO4"} {
			noErr(t, g.device.Handle(ref("TLD0/GGIO1."+do), server.ControlFunc(func(c *server.Command) model.AddCause {
				seen = append(seen, *c)
				if on, _ := c.Value.AsBool(); !on {
					return model.AddCauseBlockedByProcess
				}
				return model.AddCauseNone
			})))
		}
		c := g.client("center@grid.example/IEC")
		for i, do := range []string{"SPCSO1", "SPCSO2", "SPCSO3", "SPCSO4"} {
			k, err := c.Control(t.Context(), ref("TLD0/GGIO1."+do))
			noErr(t, err)
			_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
			noErr(t, err)
			if len(seen) != 2*i+1 || seen[2*i].Model != model.ControlModel(i+1) {
				t.Fatalf("%s: commands %+v", do, seen)
			}
			var refused *client.ControlError
			if _, err = k.Operate(t.Context(), model.Bool(false), client.OperateOptions{}); !errors.As(err, &refused) || refused.AddCause != model.AddCauseBlockedByProcess {
				t.Errorf("%s: %v, want blocked-by-process", do, err)
			}
		}
		records := g.audited()
		last := records[len(records)-1]
		if last.Service != "operate" || last.Principal.Name != "center@grid.example/IEC" || last.Ref.String() != "TLD0/GGIO1.SPCSO4.Oper[CO]" {
			t.Errorf("audit has %+v", last)
		}
	})
}

// TestAuditKnowsTheAssociation: from its beginning to its end.
func TestAuditKnowsTheAssociation(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		for i := range 2 {
			c := g.client("center@grid.example/IEC")
			noErr(t, c.Write(t.Context(), ref("TLD0/GGIO1.Set1.setMag.f[SP]"), model.Float32(7)))
			if i == 0 {
				noErr(t, c.Release(t.Context()))
			} else {
				c.Close()
			}
			<-c.Done()
			synctest.Wait()
		}
		var got []string
		for _, r := range g.records {
			got = append(got, fmt.Sprint(r.Association, " ", r.Service, " ", r.Err != nil))
		}
		want := []string{"1 associate false", "1 write false", "1 release false", "2 associate false", "2 write false", "2 abort true"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("audit (-want +got):\n%s", d)
		}
	})
}

func TestOldCommandIsRefusedHere(t *testing.T) {
	for _, age := range []time.Duration{-11 * time.Second, -10 * time.Second, 0, 10 * time.Second, 11 * time.Second} {
		bridged(t, Config{}, func(t *testing.T, g *rig) {
			var done int
			noErr(t, g.device.Handle(ref("TLD0/GGIO1.SPCSO1"), server.ControlFunc(func(*server.Command) model.AddCause {
				done++
				return model.AddCauseNone
			})))
			c := g.client("center@grid.example/IEC")
			k, err := c.Control(t.Context(), ref("TLD0/GGIO1.SPCSO1"))
			noErr(t, err)
			at := model.NewTimestamp(time.Now().Add(-age), model.LeapSecondsKnown|model.AccuracyMillisecond)
			_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{T: at})
			if age.Abs() <= 10*time.Second {
				if err != nil || done != 1 {
					t.Errorf("age %v: %v, executed %d times", age, err, done)
				}
				return
			}
			var refused *client.ControlError
			if !errors.As(err, &refused) || refused.AddCause != model.AddCauseTimeLimitOver || refused.Step != "operate" {
				t.Errorf("age %v: %v, want time-limit-over", age, err)
			}
			if len(reached[*mms.Write](g)) != 0 {
				t.Errorf("age %v: the command reached the device", age)
			}
			if r := g.audited(); len(r) != 1 || r[0].AddCause != model.AddCauseTimeLimitOver {
				t.Errorf("age %v: audit has %+v", age, r)
			}
		})
	}
}

func TestDeviceGone(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		c := g.client("center@grid.example/IEC")
		_, err := c.Identify(t.Context())
		noErr(t, err)
		g.ends[0].Cut()
		<-c.Done()
		if !errors.Is(c.Err(), mms.ErrAborted) {
			t.Errorf("the client's association ended with %v", c.Err())
		}
		if down := happened[DeviceDown](g); len(down) != 1 || !errors.Is(down[0].Err, mms.ErrLinkLost) {
			t.Errorf("events %+v", g.events)
		}
		if g.bridge.Associations() != 0 || g.bridge.Up() {
			t.Errorf("%d associations, up %t", g.bridge.Associations(), g.bridge.Up())
		}
		again := g.client("center@grid.example/IEC")
		_, err = again.Identify(t.Context())
		noErr(t, err)
		if up := happened[DeviceUp](g); !g.bridge.Up() || len(up) != 2 {
			t.Errorf("up %t, events %+v", g.bridge.Up(), up)
		}
	})
}

func TestDeviceNotThere(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		g.dialled = errors.New("connection refused")
		for range 3 {
			a := g.associate("center@grid.example/IEC")
			<-a.Done()
		}
		if down := happened[DeviceDown](g); len(down) != 1 {
			t.Errorf("%d times down, want to hear of it once", len(down))
		}
		ctx, cancel := context.WithCancel(t.Context())
		go g.bridge.Watch(ctx, time.Minute)
		synctest.Wait()
		g.mu.Lock()
		g.dialled = nil
		g.mu.Unlock()
		time.Sleep(16 * time.Second)
		if up := happened[DeviceUp](g); len(up) != 1 || up[0].Identity.Vendor != "Vendor" || !g.bridge.Up() {
			t.Errorf("events %+v", g.events)
		}
		cancel()
	})
}

func TestEveryAssociationInUse(t *testing.T) {
	bridged(t, Config{Associations: 2}, func(t *testing.T, g *rig) {
		a, b := g.client("a@grid.example/IEC"), g.client("b@grid.example/IEC")
		_, err := a.Identify(t.Context())
		noErr(t, err)
		_, err = b.Identify(t.Context())
		noErr(t, err)
		third := g.associate("c@grid.example/IEC")
		<-third.Done()
		if _, err := b.Identify(t.Context()); err != nil {
			t.Errorf("another client was disturbed: %v", err)
		}
		if len(g.sizes) != 2 {
			t.Errorf("the device was dialled %d times, want 2", len(g.sizes))
		}
		if _, _, err := g.bridge.Probe(t.Context()); err != nil {
			t.Errorf("probe while all are in use: %v", err)
		}
		noErr(t, a.Release(t.Context()))
		synctest.Wait()
		released := 0
		for _, e := range g.ends {
			if errors.Is(e.Err(), mms.ErrReleased) {
				released++
			}
		}
		if g.bridge.Associations() != 1 || released != 1 {
			t.Errorf("%d associations; %d of the device's were released", g.bridge.Associations(), released)
		}
		fourth := g.client("d@grid.example/IEC")
		_, err = fourth.Identify(t.Context())
		noErr(t, err)
	})
}

func TestSilentDevice(t *testing.T) {
	bridged(t, Config{Timeout: 3 * time.Second}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		g.dropped = func(p mms.PDU) bool { _, ok := p.(*mms.ConfirmedResponse); return ok }
		start := time.Now()
		for id := uint32(1); id <= 4; id++ { // the device bears 2 at once
			noErr(t, a.Send(&mms.ConfirmedRequest{InvokeID: id, Service: &mms.Identify{}}))
		}
		answered := map[uint32]bool{}
		for range 4 {
			e, ok := g.next(a).(*mms.ConfirmedError)
			if !ok || e.Error.AdditionalDescription != "the device did not answer in time" {
				t.Fatalf("answer %+v", e)
			}
			answered[e.InvokeID] = true
		}
		if took := time.Since(start); took != 6*time.Second || len(answered) != 4 {
			t.Errorf("it took %v, want 6 s; answered were %v", took, answered)
		}
		if n := len(reached[*mms.Identify](g)); n != 2 {
			t.Errorf("%d requests reached the device, want as many as it bears", n)
		}
		a.Abort(nil)
	})
}

func TestReportThatIsTooLong(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		g.ask(a, 1, &mms.Identify{})
		long := make([]mms.AccessResult, 2000)
		for i := range long {
			long[i].Value = model.Visible("some forty octets of a visible string...")
		}
		report := func(rs []mms.AccessResult) *mms.Unconfirmed {
			return &mms.Unconfirmed{Service: &mms.InformationReport{
				Access: mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: "RPT"}}, Results: rs,
			}}
		}
		r := &relay{b: g.bridge, client: a}
		noErr(t, r.report(report(long)))
		if e := happened[TooLong](g); len(e) != 1 || e[0].Size <= 65536 {
			t.Errorf("events %+v", e)
		}
		a.Abort(nil)
	})
}
