package dispatch_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/center/fleet/fleettest"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

const one = "der1@plant.example"

type rig struct {
	t      *testing.T
	fleet  *fleet.Fleet
	device *fleettest.Device
	d      *dispatch.Dispatcher
	states []dispatch.State
}

func run(t *testing.T, cfg dispatch.Config, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, device: fleettest.NewDevice(fleet.KindBattery, 100e3)}
		r.device.Delay = 2 * time.Second
		plant := fleettest.NewPlant()
		plant.Add(one, r.device)
		var err error
		if r.fleet, err = fleet.New(fleet.Config{DERs: []fleet.Entry{{JID: one}, {JID: "der2@plant.example"}}}, plant); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = r.fleet.Run(ctx) }()
		cfg.OnChange = func(c dispatch.Command) { r.states = append(r.states, c.State) }
		r.d = dispatch.New(cfg, r.fleet)
		r.fleet.Available(jid.MustParse(one + "/IEC"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		f(r)
		r.d.Close()
		cancel()
		synctest.Wait()
	})
}

func set(w float64) dispatch.Request {
	return dispatch.Request{DER: one, Quantity: fleet.Setpoint, Watts: w, Operator: "operator"}
}

// do submits and waits for the end.
func (r *rig) do(q dispatch.Request) dispatch.Command {
	r.t.Helper()
	c, done, err := r.d.Submit(q)
	if err != nil {
		r.t.Fatal(err)
	}
	<-done
	c, err = r.d.Get(c.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func TestTerminatedAndObeyed(t *testing.T) {
	run(t, dispatch.Config{}, func(r *rig) {
		c := r.do(set(-40e3))
		if c.State != dispatch.Terminated || c.Reason != "" || c.Finished.Sub(*c.Started) != 2*time.Second || c.Operator != "operator" {
			t.Errorf("command %+v", c)
		}
		time.Sleep(15 * time.Second)
		if p := r.device.Power(); math.Abs(p+40e3) > 500 {
			t.Errorf("power %v W, want -40 kW", p)
		}
		c = r.do(dispatch.Request{DER: one, Quantity: fleet.Limit, Watts: 10e3})
		time.Sleep(15 * time.Second)
		if p := r.device.Power(); c.State != dispatch.Terminated || math.Abs(p+10e3) > 500 {
			t.Errorf("%+v, power %v W, want -10 kW", c, p)
		}
	})
}

func TestTestCommandChangesNothing(t *testing.T) {
	run(t, dispatch.Config{}, func(r *rig) {
		q := set(50e3)
		q.Test = true
		if c := r.do(q); c.State != dispatch.Terminated || !c.Test {
			t.Errorf("command %+v", c)
		}
		time.Sleep(10 * time.Second)
		if s, _ := r.fleet.Get(one); s.Setpoint == 50e3 {
			t.Error("a test command was carried out")
		}
	})
}

func TestChecks(t *testing.T) {
	run(t, dispatch.Config{}, func(r *rig) {
		for _, c := range []struct {
			name string
			q    dispatch.Request
			want error
		}{
			{"beyond rating", set(100_001), dispatch.ErrBounds},
			{"beyond rating, other direction", set(-100_001), dispatch.ErrBounds},
			{"NaN", set(math.NaN()), dispatch.ErrBounds},
			{"infinite", set(math.Inf(1)), dispatch.ErrBounds},
			{"negative limit", dispatch.Request{DER: one, Quantity: fleet.Limit, Watts: -1}, dispatch.ErrBounds},
			{"unknown DER", dispatch.Request{DER: "x@plant.example", Quantity: fleet.Limit}, fleet.ErrUnknown},
			{"offline DER", dispatch.Request{DER: "der2@plant.example", Quantity: fleet.Limit}, fleet.ErrOffline},
			{"no such control", dispatch.Request{DER: one, Quantity: fleet.Frequency}, fleet.ErrNoControl},
		} {
			if _, _, err := r.d.Submit(c.q); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		if n := len(r.d.List("", 10)); n != 0 {
			t.Errorf("%d commands are in the history", n)
		}
		var b *dispatch.BoundsError
		if err := r.d.Check(set(2e5)); !errors.As(err, &b) || b.Bounds.Max != 100e3 ||
			err.Error() != "dispatch: setpoint of 200000 W is outside -100000 to 100000 W" {
			t.Errorf("bounds: %v", err)
		}
	})
}

func TestBadEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fleettest.Device)
		state  dispatch.State
		cause  string
		step   string
	}{
		{"refused at once", fleettest.Refuse(model.AddCauseBlockedByMode, false), dispatch.Refused, "blocked-by-mode", "operate"},
		{"ended badly", fleettest.Refuse(model.AddCauseAbortedByDeviation, true), dispatch.Refused, "abortion-due-to-deviation", "termination"},
		{"no termination", fleettest.Hang(true), dispatch.Timeout, "", ""},
		{"association lost meanwhile", fleettest.Drop(true), dispatch.Lost, "abortion-by-communication-loss", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, dispatch.Config{Timeout: 30 * time.Second}, func(r *rig) {
				r.device.Set(c.change)
				got := r.do(set(1))
				if got.State != c.state || got.AddCause != c.cause || got.Step != c.step || got.Reason == "" {
					t.Errorf("command %+v", got)
				}
				if n := r.d.Counts()[c.state]; n != 1 {
					t.Errorf("%d commands counted as %s", n, c.state)
				}
			})
		})
	}
}

func TestLostWhileWaitingForTermination(t *testing.T) {
	run(t, dispatch.Config{}, func(r *rig) {
		_, done, err := r.d.Submit(set(1))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.device.Break(mms.ErrLinkLost)
		<-done
		if c := r.d.List(one, 1)[0]; c.State != dispatch.Lost {
			t.Errorf("command %+v", c)
		}
	})
}

func TestOneAfterTheOther(t *testing.T) {
	run(t, dispatch.Config{Queue: 3, History: 3}, func(r *rig) {
		var last <-chan struct{}
		for i := range 4 { // one runs, three wait
			_, done, err := r.d.Submit(set(float64(i)))
			if err != nil {
				t.Fatalf("command %d: %v", i, err)
			}
			last = done
			synctest.Wait()
		}
		if _, _, err := r.d.Submit(set(9)); !errors.Is(err, dispatch.ErrBusy) {
			t.Errorf("the fifth: %v", err)
		}
		start := time.Now()
		<-last
		if d := time.Since(start); d != 8*time.Second {
			t.Errorf("four commands of 2 s took %v", d)
		}
		list := r.d.List(one, 10)
		if len(list) != 3 || list[0].Value != 3 || list[2].Value != 1 {
			t.Errorf("history %+v", list)
		}
		if _, err := r.d.Get(1); !errors.Is(err, dispatch.ErrNoCommand) {
			t.Errorf("the oldest command: %v", err)
		}
		running := 0
		for _, s := range r.states {
			switch s {
			case dispatch.Executing:
				running++
			case dispatch.Terminated:
				running--
			}
			if running > 1 {
				t.Fatalf("two commands ran at once: %v", r.states)
			}
		}
	})
}

func TestClose(t *testing.T) {
	run(t, dispatch.Config{}, func(r *rig) {
		r.device.Set(fleettest.Hang(true))
		_, done, err := r.d.Submit(set(1))
		if err != nil {
			t.Fatal(err)
		}
		r.d.Close()
		<-done
		if _, _, err := r.d.Submit(set(1)); !errors.Is(err, dispatch.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if c := r.d.List("", 1)[0]; !c.State.Final() {
			t.Errorf("command %+v", c)
		}
	})
}
