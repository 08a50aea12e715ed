package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/center/fleet/fleettest"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

const one = "der1@plant.example"

var oneFull = jid.MustParse(one + "/IEC")

// rig is a fleet with simulated devices under a virtual clock.
type rig struct {
	t      *testing.T
	fleet  *fleet.Fleet
	plant  *fleettest.Plant
	device *fleettest.Device // der1

	mu     sync.Mutex
	events []fleet.Event
}

// run gives f a running fleet of one photovoltaic plant in a synctest bubble.
func run(t *testing.T, change func(*fleet.Config), f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, plant: fleettest.NewPlant(), device: fleettest.NewDevice(fleet.KindPV, 50e3)}
		r.plant.Add(one, r.device)
		cfg := fleet.Config{DERs: []fleet.Entry{{JID: one, Name: "Solar roof", Location: "Feeder 1"}}, Events: func(e fleet.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.events = append(r.events, e)
		}}
		if change != nil {
			change(&cfg)
		}
		var err error
		if r.fleet, err = fleet.New(cfg, r.plant); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.fleet.Run(ctx) }()
		synctest.Wait()
		f(r)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *rig) one() fleet.Summary {
	r.t.Helper()
	s, err := r.fleet.Get(one)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *rig) detail() fleet.Detail {
	r.t.Helper()
	d, err := r.fleet.Detail(one)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func (r *rig) wantState(want fleet.State) {
	r.t.Helper()
	if s := r.one(); s.State != want {
		r.t.Fatalf("state is %s (%s), want %s", s.State, s.Reason, want)
	}
}

// path gives the states that the DER went through.
func (r *rig) path() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var states []string
	for _, e := range r.events {
		if c, ok := e.(*fleet.StateChanged); ok {
			states = append(states, string(c.To))
		}
	}
	return strings.Join(states, " ")
}

func TestFromPresenceToValues(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.wantState(fleet.Offline)
		if s := r.one(); s.ActivePower.Known() || !s.Stale || s.Kind != fleet.KindUnknown {
			t.Errorf("before presence: %+v", s)
		}
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		if got, want := r.path(), "associating reading online"; got != want {
			t.Errorf("states %q, want %q", got, want)
		}
		s := r.one()
		if s.State != fleet.Online || s.Stale || s.Quality != "good" || s.Health != "ok" || s.Abnormal() {
			t.Errorf("summary %+v", s)
		}
		if s.Kind != fleet.KindPV || s.Name != "Solar roof" || s.Location != "Feeder 1" {
			t.Errorf("identity %+v", s)
		}
		if math.Abs(float64(s.ActivePower)-r.device.Power()) > 2500 || s.Rating != 50e3 || s.Limit != 50e3 || !s.Frequency.Known() || s.Voltage < 200 {
			t.Errorf("values %+v", s)
		}
		if s.Setpoints == nil || s.Setpoints.Min != 0 || s.Setpoints.Max != 50e3 || s.Limits == nil || s.Limits.Max != 50e3 {
			t.Errorf("bounds %+v %+v", s.Setpoints, s.Limits)
		}
		if s.Time == nil || time.Since(*s.Time) > 2*time.Second || s.Age > 2 {
			t.Errorf("time %v, age %v", s.Time, s.Age)
		}
		d := r.detail()
		if d.Blocks[0].Resynced {
			t.Error("the first association claims to continue another")
		}
		if len(d.Blocks) != 2 || d.Blocks[0].Ref != "DERLD0/LLN0.brcbEV01[BR]" || d.Blocks[1].Ref != "DERLD0/LLN0.urcbMX01[RP]" {
			t.Errorf("report control blocks %+v", d.Blocks)
		}
		if d.Counters.BadMembers != 0 || d.Counters.Reports < 2 {
			t.Errorf("counters %+v", d.Counters)
		}
		roles := map[fleet.Role]string{}
		for _, m := range d.Measurements {
			roles[m.Role] = fmt.Sprint(m.Ref, " ", m.FC, " ", m.Unit)
		}
		if roles[fleet.ActivePower] != "DERLD0/MMXU1.TotW MX W" || roles[fleet.Voltage] != "DERLD0/MMXU1.PhV.phsA MX V" ||
			roles[fleet.Rating] != "DERLD0/DGEN1.WMaxRtg SP W" {
			t.Errorf("measurements by role: %v", roles)
		}
	})
}

func TestKinds(t *testing.T) {
	for _, k := range []fleet.Kind{fleet.KindPV, fleet.KindBattery, fleet.KindLoad, fleet.KindChargePoint} {
		if got := fleet.KindOf(fleettest.Model(k)); got != k {
			t.Errorf("a %s is taken for a %s", k, got)
		}
	}
	if got := fleet.KindOf(&model.Server{}); got != fleet.KindUnknown {
		t.Errorf("an empty model is taken for a %s", got)
	}
}

func TestSilentDeviceGoesStale(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		before, version := r.fleet.Changed(0)
		if len(before) != 1 || before[0].Stale {
			t.Fatalf("before: %+v", before)
		}
		r.device.Set(fleettest.Silence(true))
		r.pass(10 * time.Second)
		if s := r.one(); s.Stale || s.Age < 9 {
			t.Errorf("after 10 s: stale %v, age %v", s.Stale, s.Age)
		}
		r.pass(8 * time.Second)
		s := r.one()
		if !s.Stale || !s.Abnormal() || !s.ActivePower.Known() || s.State != fleet.Online {
			t.Errorf("after 18 s: %+v", s)
		}
		if changed, _ := r.fleet.Changed(version); len(changed) != 1 || !changed[0].Stale {
			t.Errorf("the change to stale is not told: %+v", changed)
		}
		if tot := r.fleet.Totals(); tot.Counted != 0 || tot.ActivePower != 0 || tot.Abnormal != 1 {
			t.Errorf("totals count a stale value: %+v", tot)
		}
	})
}

// TestForgottenAssociation: an association that the DER has ended without our being told is found out, and made anew.
func TestForgottenAssociation(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		r.wantState(fleet.Online)
		r.device.Set(fleettest.Forgotten())
		r.fleet.LinkDown() // while our own link is down, everybody is silent
		r.pass(50 * time.Second)
		r.wantState(fleet.Online)
		r.fleet.LinkUp()
		r.pass(10 * time.Second)
		if s := r.one(); s.State != fleet.Online || s.Stale {
			t.Errorf("not back after 10 s: %+v", s)
		}
		if n := strings.Count(r.path(), "failed"); n != 1 {
			t.Errorf("%d failures: %s", n, r.path())
		}
	})
}

func TestInvalidQualityIsShownAndNotCounted(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.device.Set(fleettest.Quality(model.Invalid | model.QFailure))
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		if s := r.one(); s.Quality != "invalid+failure" || !s.Abnormal() {
			t.Errorf("summary %+v", s)
		}
		if tot := r.fleet.Totals(); tot.Counted != 0 {
			t.Errorf("totals %+v", tot)
		}
		r.device.Set(fleettest.Quality(model.Good), fleettest.Unwell(3))
		r.device.Event(time.Now())
		r.pass(2 * time.Second)
		if s := r.one(); s.Quality != "good" || s.Health != "alarm" || !s.Abnormal() {
			t.Errorf("summary %+v", s)
		}
	})
}

func TestNonsenseDoesNotSpoilTheTotals(t *testing.T) {
	run(t, func(c *fleet.Config) { c.DERs = append(c.DERs, fleet.Entry{JID: "der2@plant.example"}) }, func(r *rig) {
		r.plant.Add("der2@plant.example", fleettest.NewDevice(fleet.KindBattery, math.Inf(1))) // measures NaN
		r.fleet.Available(oneFull)
		r.fleet.Available(jid.MustParse("der2@plant.example/IEC"))
		r.pass(3 * time.Second)
		if s, err := r.fleet.Get("der2@plant.example"); err != nil || s.State != fleet.Online || s.ActivePower.Known() {
			t.Fatalf("the device does not measure nonsense: %+v, %v", s, err)
		}
		tot := r.fleet.Totals()
		if tot.Counted != 1 || !tot.ActivePower.Known() || tot.ActivePower != r.one().ActivePower || !tot.Rating.Known() {
			t.Errorf("totals %+v", tot)
		}
		if tr := r.fleet.TotalTrend(); !tr.ActivePower[len(tr.ActivePower)-1].Known() {
			t.Errorf("trend %v", tr.ActivePower)
		}
	})
}

func TestBounds(t *testing.T) {
	nan := fleet.Number(math.NaN())
	for _, c := range []struct {
		b    fleet.Bounds
		w    float64
		want bool
	}{
		{fleet.Bounds{Min: -5, Max: 5}, 5, true},
		{fleet.Bounds{Min: -5, Max: 5}, -5.001, false},
		{fleet.Bounds{Min: nan, Max: 5}, -1e9, true},
		{fleet.Bounds{Min: nan, Max: nan}, 1e300, false}, // would become infinite
		{fleet.Bounds{Min: nan, Max: nan}, math.Inf(-1), false},
		{fleet.Bounds{Min: nan, Max: nan}, math.NaN(), false},
	} {
		if got := c.b.Contains(c.w); got != c.want {
			t.Errorf("%+v contains %g: %v", c.b, c.w, got)
		}
	}
}

func TestFailureBacksOff(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.plant.RefuseAssociation(one, mms.ErrRefused)
		r.fleet.Available(oneFull)
		r.pass(time.Millisecond)
		s := r.one()
		if s.State != fleet.Failed || !strings.Contains(s.Reason, "refused") || s.RetryAt == nil {
			t.Fatalf("summary %+v", s)
		}
		r.pass(5 * time.Minute)
		n := strings.Count(r.path(), "associating")
		if n < 10 || n > 20 { // 1, 2, 4, 8, 16, 30, 30, ... s, each up to a fifth less
			t.Errorf("%d attempts in 5 minutes", n)
		}
		r.plant.RefuseAssociation(one, nil)
		r.pass(31 * time.Second)
		r.wantState(fleet.Online)
	})
}

func TestForbiddenTrafficWaitsLong(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.plant.RefuseAssociation(one, fmt.Errorf("associating: %w", mms.ErrPolicy))
		r.fleet.Available(oneFull)
		r.pass(3 * time.Minute)
		if n := strings.Count(r.path(), "associating"); n != 1 {
			t.Errorf("%d attempts in 3 minutes, want 1", n)
		}
		r.pass(3 * time.Minute)
		if n := strings.Count(r.path(), "associating"); n != 2 {
			t.Errorf("%d attempts in 6 minutes, want 2", n)
		}
	})
}

func TestNewPresenceDoesNotWaitForTheBackoff(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.plant.RefuseAssociation(one, mms.ErrPolicy)
		r.fleet.Available(oneFull)
		r.pass(10 * time.Second)
		r.plant.RefuseAssociation(one, nil)
		r.fleet.Unavailable(oneFull)
		r.pass(time.Second)
		r.wantState(fleet.Offline)
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		r.wantState(fleet.Online)
	})
}

func TestFlappingPresenceIsSlowedDown(t *testing.T) {
	run(t, nil, func(r *rig) {
		for range 200 {
			r.fleet.Available(oneFull)
			r.pass(10 * time.Millisecond)
			r.fleet.Unavailable(oneFull)
			r.pass(10 * time.Millisecond)
		}
		if n := strings.Count(r.path(), "associating"); n > 210 {
			t.Errorf("%d attempts in 4 s", n)
		}
		r.fleet.Available(oneFull)
		r.pass(3 * time.Second)
		r.wantState(fleet.Online)
	})
}

func TestReportsContinueWhereTheyStopped(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		before := r.detail().Counters
		r.device.Break(mms.ErrLinkLost)
		for range 7 {
			r.device.Event(time.Now()) // while nobody listens
		}
		r.pass(5 * time.Second)
		r.wantState(fleet.Online)
		d := r.detail()
		if !d.Blocks[0].Resynced {
			t.Errorf("the buffered block was not resynchronised: %+v", d.Blocks[0])
		}
		if d.Blocks[0].Reports != 8 { // the seven, and the general interrogation
			t.Errorf("%d reports after the loss, want 8", d.Blocks[0].Reports)
		}
		if d.Counters.BufferOverflow != before.BufferOverflow || d.Counters.Failures != 1 || d.Counters.Associations != 2 {
			t.Errorf("counters %+v", d.Counters)
		}
		if n := r.device.Discovered(); n != 1 {
			t.Errorf("the model was read %d times, though its revision is the same", n)
		}
	})
}

func TestLostBufferIsToldAndNewModelRead(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		r.device.Break(mms.ErrLinkLost)
		r.device.Event(time.Now())
		r.device.Set(fleettest.Forget())
		r.pass(5 * time.Second)
		if d := r.detail(); d.Blocks[0].Resynced || d.Counters.BufferOverflow != 1 {
			t.Errorf("blocks %+v counters %+v", d.Blocks, d.Counters)
		}
		r.device.Set(fleettest.Revise("2"))
		r.device.Break(mms.ErrLinkLost)
		r.pass(5 * time.Second)
		if n := r.device.Discovered(); n != 2 {
			t.Errorf("the model was read %d times, want again after a new revision", n)
		}
		if m, err := r.fleet.Model(one); err != nil || m.Revision != "2" {
			t.Errorf("model revision %q, %v", m.Revision, err)
		}
	})
}

func TestTakenBlocksArePassedOver(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.device.Set(fleettest.Taken("brcbEV01", true), fleettest.Taken("urcbMX01", true), fleettest.Taken("urcbMX02", true))
		r.fleet.Available(oneFull)
		r.pass(7 * time.Second)
		d := r.detail()
		if len(d.Blocks) != 1 || d.Blocks[0].Ref != "DERLD0/LLN0.brcbEV02[BR]" {
			t.Errorf("blocks %+v", d.Blocks)
		}
		// What no block reports is read.
		if !d.ReactivePower.Known() || !d.Frequency.Known() || d.State != fleet.Online {
			t.Errorf("summary %+v", d.Summary)
		}
	})
}

func TestBlocksThatCannotBeEnabled(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.device.Set(fleettest.Deny("brcbEV01", mms.ObjectAccessUnsupported), fleettest.Deny("brcbEV02", mms.ObjectAccessUnsupported))
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		r.wantState(fleet.Online)
		if d := r.detail(); len(d.Blocks) != 2 || d.Blocks[0].Ref != "DERLD0/LLN0.urcbEV01[RP]" {
			t.Errorf("blocks %+v", d.Blocks)
		}
		refused := 0
		for _, e := range r.events {
			if e, ok := e.(*fleet.BlockRefused); ok && errors.Is(e.Err, mms.ObjectAccessUnsupported) {
				refused++
			}
		}
		if refused != 2 {
			t.Errorf("%d refusals were told, want 2", refused)
		}
	})
}

func TestBackloggedReportDoesNotOverwrite(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		r.device.Event(time.Now()) // delivered now
		r.pass(2 * time.Second)
		late := r.detail().Counters.LateValues
		// An event with an old time stamp, as a buffered block would deliver after the unbuffered one went on.
		r.device.Event(time.Now().Add(-time.Hour))
		r.device.Event(time.Now())
		r.pass(time.Second)
		s := r.one()
		if s.Time == nil || time.Since(*s.Time) > 3*time.Second {
			t.Errorf("time of the active power went back to %v", s.Time)
		}
		if got := r.detail().Counters.LateValues; got < late {
			t.Errorf("late values %d, before %d", got, late)
		}
	})
}

func TestHold(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		if err := r.fleet.Hold(one, true); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		r.wantState(fleet.Held)
		if s := r.one(); s.Abnormal() || !s.Stale {
			t.Errorf("held: %+v", s)
		}
		r.pass(time.Minute)
		r.wantState(fleet.Held)
		if err := r.fleet.Hold(one, false); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		r.wantState(fleet.Online)
		if err := r.fleet.Hold("nobody@plant.example", true); !errors.Is(err, fleet.ErrUnknown) {
			t.Errorf("hold of an unknown DER: %v", err)
		}
	})
}

func TestPatterns(t *testing.T) {
	change := func(c *fleet.Config) {
		c.DERs = append(c.DERs, fleet.Entry{JID: "*@plant.example", Location: "Plant"})
		c.MaxDERs = 2
		c.Self = jid.MustParse("center@plant.example")
	}
	run(t, change, func(r *rig) {
		for i := 2; i <= 4; i++ {
			r.plant.Add(fmt.Sprintf("der%d@plant.example", i), fleettest.NewDevice(fleet.KindLoad, 1000))
		}
		for _, j := range []string{
			"center@plant.example/IEC", "der2@plant.example/phone", "der2@elsewhere.example/IEC", "plant.example/IEC",
			"der2@plant.example/IEC", "der2@plant.example/IEC", "der3@plant.example/IEC", "der4@plant.example/IEC",
		} {
			r.fleet.Available(jid.MustParse(j))
		}
		r.pass(2 * time.Second)
		var ids []string
		for _, s := range r.fleet.List() {
			ids = append(ids, s.ID+" "+s.Name+" "+string(s.State))
		}
		want := "[der1@plant.example Solar roof offline der2@plant.example der2 online der3@plant.example der3 online]"
		if got := fmt.Sprint(ids); got != want {
			t.Errorf("fleet %s, want %s", got, want)
		}
	})
}

func TestOwnLinkLost(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		r.fleet.LinkLost()
		r.pass(time.Second)
		r.wantState(fleet.Offline)
	})
}

func TestOperate(t *testing.T) {
	run(t, nil, func(r *rig) {
		ctx := r.t.Context()
		if _, err := r.fleet.Operate(ctx, one, fleet.Setpoint, 1, fleet.OperateOptions{}); !errors.Is(err, fleet.ErrOffline) {
			t.Errorf("offline: %v", err)
		}
		r.fleet.Available(oneFull)
		r.pass(2 * time.Second)
		if terminated, err := r.fleet.Operate(ctx, one, fleet.Setpoint, 12e3, fleet.OperateOptions{}); err != nil || !terminated {
			t.Fatal(terminated, err)
		}
		r.pass(15 * time.Second)
		if s := r.one(); s.Setpoint != 12e3 || math.Abs(float64(s.ActivePower)-12e3) > 100 {
			t.Errorf("set-point %v, power %v", s.Setpoint, s.ActivePower)
		}
		r.device.Set(fleettest.Refuse(model.AddCauseBlockedByMode, true))
		var refusal *fleet.Refusal
		if _, err := r.fleet.Operate(ctx, one, fleet.Limit, 1, fleet.OperateOptions{}); !errors.As(err, &refusal) || refusal.AddCause != model.AddCauseBlockedByMode {
			t.Errorf("refused: %v", err)
		}
		if _, err := r.fleet.Control("nobody@plant.example", fleet.Limit); !errors.Is(err, fleet.ErrUnknown) {
			t.Errorf("unknown: %v", err)
		}
	})
}

func TestTrend(t *testing.T) {
	run(t, func(c *fleet.Config) { c.TrendLen = 10 }, func(r *rig) {
		if tr := r.fleet.TotalTrend(); len(tr.Time) != 0 || len(tr.ActivePower) != 0 {
			t.Errorf("before the first sample: %+v", tr)
		}
		r.pass(5 * time.Second)
		r.fleet.Available(oneFull)
		r.pass(10 * time.Second)
		tr, err := r.fleet.Trend(one)
		if err != nil || len(tr.Time) != 10 || len(tr.ActivePower) != 10 || tr.Step != 1 {
			t.Fatalf("%+v, %v", tr, err)
		}
		if tr.Time[9]-tr.Time[0] != 9000 || !tr.ActivePower[9].Known() || !tr.Limit[9].Known() {
			t.Errorf("%+v", tr)
		}
		if sum := r.fleet.TotalTrend(); sum.ActivePower[9] != tr.ActivePower[9] {
			t.Errorf("sum %v, the only DER %v", sum.ActivePower[9], tr.ActivePower[9])
		}
	})
}
