package device

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 6, 21, 11, 20, 0, 0, time.UTC) // solar noon near 10° east

var munich = Site{Latitude: 48.1, Longitude: 11.6}

func newDevice(t testing.TB, c Config) *Device {
	t.Helper()
	if c.Site == (Site{}) {
		c.Site = munich
	}
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func drawConfig(t *rapid.T) Config {
	return Config{
		Kind:  rapid.SampledFrom(Kinds()).Draw(t, "kind"),
		Site:  Site{rapid.Float64Range(-65, 65).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon")},
		Seed:  rapid.Uint64().Draw(t, "seed"),
		Rated: rapid.Float64Range(5000, 50000).Draw(t, "rated"),
		// At least 20 s for a ramp and an hour of storage: then the taper alone never needs a faster ramp.
		RampTime: time.Duration(rapid.IntRange(5, 120).Draw(t, "ramp")) * time.Second,
		PF:       rapid.Float64Range(0.8, 1).Draw(t, "pf"),
		SoC:      rapid.Float64Range(0.05, 0.98).Draw(t, "soc"),
	}
}

// TestInvariants drives a device of any kind with any sequence of commands, steps and faults.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		now := noon.Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "start")) * time.Minute)
		d.Step(now)
		rate := c.Rated / c.RampTime.Seconds()
		for range rapid.IntRange(5, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "action") {
			case 0:
				r := d.Config().Limits()
				if err := d.SetLimit(rapid.Float64Range(r.Min, r.Max).Draw(t, "limit")); err != nil {
					t.Fatal(err)
				}
			case 1:
				if r, ok := d.Config().Targets(); ok {
					if err := d.SetTarget(rapid.Float64Range(r.Min, r.Max).Draw(t, "target")); err != nil {
						t.Fatal(err)
					}
				}
			case 2:
				d.ClearTarget()
			}
			before := d.State()
			dt := time.Duration(rapid.Int64Range(1, int64(maxStep)).Draw(t, "dt"))
			now = now.Add(dt)
			d.Step(now)
			s := d.State()
			checkState(t, d, s)
			slew := rate*dt.Seconds() + 1e-6
			switch c.Kind {
			case PV: // falls with the sun, rises along the ramp
				if s.W-before.W > slew {
					t.Fatalf("rose by %g W in %v, ramp is %g", s.W-before.W, dt, slew)
				}
			case ChargePoint: // starts at 6 A, stops at once, otherwise ramps up
				if six := 6 * 3 * 230 * d.Config().PF; -s.W+before.W > slew && -s.W > six+1e-6 {
					t.Fatalf("consumption rose by %g W in %v, ramp is %g", before.W-s.W, dt, slew)
				}
			case Battery: // falls to zero as its state of charge comes to a bound, otherwise keeps to the ramp
				falls := math.Abs(s.W) < math.Abs(before.W) && s.W*before.W >= 0
				if math.Abs(s.W-before.W) > slew && !falls {
					t.Fatalf("moved from %g to %g W in %v, ramp is %g", before.W, s.W, dt, slew)
				}
			default:
				if math.Abs(s.W-before.W) > slew {
					t.Fatalf("moved by %g W in %v, ramp is %g", s.W-before.W, dt, slew)
				}
			}
			if wh := s.W * dt.Hours(); math.Abs((s.ExportWh-before.ExportWh)-(s.ImportWh-before.ImportWh)-wh) > 1e-6*(1+s.ExportWh+s.ImportWh) {
				t.Fatalf("meter moved by %g Wh, power says %g", s.ExportWh-before.ExportWh-s.ImportWh+before.ImportWh, wh)
			}
		}
	})
}

type fataler interface{ Fatalf(string, ...any) }

func checkState(t fataler, d *Device, s State) {
	c := d.Config()
	for name, v := range map[string]float64{
		"W": s.W, "VAr": s.VAr, "VA": s.VA, "PF": s.PF, "Hz": s.Hz, "PhV": s.PhV[0] + s.PhV[1] + s.PhV[2],
		"A": s.A[0] + s.A[1] + s.A[2], "export": s.ExportWh, "import": s.ImportWh, "limit": s.Limit, "target": s.Target,
		"available": s.Available, "irradiance": s.Irradiance, "ambient": s.Ambient, "SoC": s.SoC, "lost": s.LostWh,
	} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("%s is %g", name, v)
		}
	}
	if math.Abs(s.W) > c.Rated*1.0001 {
		t.Fatalf("power %g W beyond the rating %g", s.W, c.Rated)
	}
	if s.SoC < 0 || s.SoC > 1 || s.LostWh < -1e-6 {
		t.Fatalf("state of charge %g, lost %g Wh", s.SoC, s.LostWh)
	}
	if s.Irradiance < 0 || s.Irradiance > 1200 {
		t.Fatalf("irradiance %g W/m²", s.Irradiance)
	}
	sum, va := 0.0, 0.0
	for i := range 3 {
		sum += s.PhW[i]
		va += s.A[i] * s.PhV[i]
		if s.PhV[i] < 0.9*c.Voltage || s.PhV[i] > 1.1*c.Voltage {
			t.Fatalf("voltage %g", s.PhV[i])
		}
		if r := s.PPV[i] / s.PhV[i]; r < 1.65 || r > 1.82 {
			t.Fatalf("phase to phase %g of %g", s.PPV[i], s.PhV[i])
		}
	}
	if math.Abs(sum-s.W) > 1e-6*c.Rated {
		t.Fatalf("phases add up to %g W, total %g", sum, s.W)
	}
	if math.Abs(va-s.VA) > 1e-6*c.Rated || math.Abs(s.VA*s.VA-s.W*s.W-s.VAr*s.VAr) > 1e-6*c.Rated*c.Rated {
		t.Fatalf("V·A %g, VA %g, W %g, VAr %g", va, s.VA, s.W, s.VAr)
	}
	if s.VA > 0 && math.Abs(math.Abs(s.PF)-c.PF) > 1e-6 {
		t.Fatalf("power factor %g, want %g", s.PF, c.PF)
	}
	if s.Hz < 0.998*c.Hz || s.Hz > 1.002*c.Hz {
		t.Fatalf("frequency %g", s.Hz)
	}
}

// TestLimitWithinRampTime: whatever the device did before, one ramp time after a limit it is obeyed, and stays so.
func TestLimitWithinRampTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, err := New(drawConfig(t))
		if err != nil {
			t.Fatal(err)
		}
		now := noon.Add(time.Duration(rapid.IntRange(0, 24*60).Draw(t, "start")) * time.Minute)
		for range 60 {
			now = now.Add(time.Second)
			d.Step(now)
		}
		r := d.Config().Limits()
		limit := rapid.Float64Range(r.Min, r.Max).Draw(t, "limit")
		if err := d.SetLimit(limit); err != nil {
			t.Fatal(err)
		}
		now = now.Add(d.Config().RampTime + time.Second)
		d.Step(now)
		for range 100 {
			if w := math.Abs(d.State().W); w > limit+1e-6 {
				t.Fatalf("%g W, limit %g", w, limit)
			}
			if !d.LimitReached() {
				t.Fatal("limit not reached after the ramp time")
			}
			now = now.Add(time.Minute)
			d.Step(now)
		}
	})
}

func TestBatteryEnergyBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		c.Kind, c.Efficiency = Battery, rapid.Float64Range(0.8, 1).Draw(t, "eff")
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		start := d.Config().SoC * d.Config().Capacity
		now := noon
		d.Step(now)
		for range 48 {
			if err := d.SetTarget(rapid.Float64Range(-c.Rated, c.Rated).Draw(t, "target")); err != nil {
				t.Fatal(err)
			}
			now = now.Add(30 * time.Minute)
			d.Step(now)
			s := d.State()
			if diff := start + s.ImportWh - s.ExportWh - s.LostWh - s.StoredWh; math.Abs(diff) > 1e-6*d.Config().Capacity {
				t.Fatalf("energy out of balance by %g Wh", diff)
			}
			if s.SoC < d.Config().MinSoC-0.03 || s.SoC > d.Config().MaxSoC+1e-9 {
				t.Fatalf("state of charge %g", s.SoC)
			}
		}
	})
}

func TestBatteryStopsAtItsBounds(t *testing.T) {
	d := newDevice(t, Config{Kind: Battery, Rated: 10e3, Capacity: 10e3})
	now := noon
	d.Step(now)
	for _, tc := range []struct{ target, soc float64 }{{10e3, 0.05}, {-10e3, 0.98}} {
		if err := d.SetTarget(tc.target); err != nil {
			t.Fatal(err)
		}
		now = now.Add(4 * time.Hour)
		d.Step(now)
		s := d.State()
		if math.Abs(s.SoC-tc.soc) > 0.005 || math.Abs(s.W) > 100 {
			t.Errorf("target %g: state of charge %g, %g W", tc.target, s.SoC, s.W)
		}
		if !d.TargetReached() {
			t.Error("set-point not in force")
		}
	}
}

func TestFollowsSetPoint(t *testing.T) {
	d := newDevice(t, Config{Kind: Battery, Rated: 10e3, RampTime: 20 * time.Second})
	now := noon
	d.Step(now)
	if err := d.SetTarget(0); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	d.Step(now)
	if err := d.SetTarget(5000); err != nil {
		t.Fatal(err)
	}
	for i := range 10 { // 500 W a second
		if d.TargetReached() {
			t.Fatalf("reached after %d s", i)
		}
		now = now.Add(time.Second)
		d.Step(now)
		if want := 500 * float64(i+1); math.Abs(d.State().W-want) > 1 {
			t.Errorf("after %d s %g W, want %g", i+1, d.State().W, want)
		}
	}
	if !d.TargetReached() || !d.State().Dispatched {
		t.Error("not reached after 10 s")
	}
	if err := d.SetLimit(2000); err != nil {
		t.Fatal(err)
	}
	now = now.Add(20 * time.Second)
	d.Step(now)
	if w := d.State().W; w != 2000 {
		t.Errorf("with a limit of 2000 W: %g W", w)
	}
	d.ClearTarget()
	now = now.Add(time.Minute)
	d.Step(now)
	if d.State().Dispatched || d.State().W >= 0 {
		t.Errorf("around noon the own schedule charges: %g W", d.State().W)
	}
}

func TestRefusesBeyondRange(t *testing.T) {
	for _, k := range Kinds() {
		d := newDevice(t, Config{Kind: k, Rated: 10e3})
		for _, w := range []float64{math.NaN(), math.Inf(1), 10001, -1} {
			if err := d.SetLimit(w); !errors.Is(err, ErrRange) {
				t.Errorf("%s: limit %g: %v", k, w, err)
			}
		}
		for _, w := range []float64{math.NaN(), math.Inf(-1), 10001, -10001} {
			if err := d.SetTarget(w); !errors.Is(err, ErrRange) {
				t.Errorf("%s: set-point %g: %v", k, w, err)
			}
		}
	}
	load := newDevice(t, Config{Kind: Load, Rated: 10e3, MustRun: 2000})
	if err := load.SetLimit(1999); !errors.Is(err, ErrRange) {
		t.Errorf("limit below what must run: %v", err)
	}
	if err := load.SetTarget(-5000); !errors.Is(err, ErrRange) {
		t.Errorf("a load has no set-point: %v", err)
	}
}

func TestStallAndFail(t *testing.T) {
	d := newDevice(t, Config{Kind: PV, Rated: 10e3, Cloudy: 0.01})
	now := noon
	d.Step(now)
	now = now.Add(time.Minute)
	d.Step(now)
	before := d.State()
	if before.W < 5000 {
		t.Fatalf("%g W at noon in June", before.W)
	}
	d.Stall(true)
	d.Step(now.Add(time.Minute))
	if d.State() != before {
		t.Error("a stalled device moved")
	}
	d.Stall(false)
	d.Fail(true)
	now = now.Add(2 * time.Minute)
	d.Step(now)
	if s := d.State(); s.W != 0 || !s.Failed || s.Operating != Fault {
		t.Errorf("failed: %g W, %v", s.W, s.Operating)
	}
	d.Fail(false)
	now = now.Add(time.Minute)
	d.Step(now)
	if s := d.State(); s.W < 5000 || s.Failed {
		t.Errorf("recovered: %g W", s.W)
	}
}

func TestTimeJumps(t *testing.T) {
	for _, k := range Kinds() {
		d := newDevice(t, Config{Kind: k, Rated: 10e3})
		now := noon
		d.Step(now)
		before := d.State()
		d.Step(now.Add(-time.Second)) // a little backwards: nothing happens
		if d.State() != before {
			t.Errorf("%s: moved backwards", k)
		}
		d.Step(now.AddDate(1, 0, 0)) // a year ahead is not integrated
		s := d.State()
		checkState(t, d, s)
		if s.ExportWh+s.ImportWh > before.ExportWh+before.ImportWh+10e3/3600+1 {
			t.Errorf("%s: metered %g Wh over a jump", k, s.ExportWh+s.ImportWh)
		}
		if !s.Time.Equal(now.AddDate(1, 0, 0)) {
			t.Errorf("%s: time %v", k, s.Time)
		}
	}
}

// TestSameDayAtAnySpeed: the weather does not depend on how often the device is stepped.
func TestSameDayAtAnySpeed(t *testing.T) {
	slow := newDevice(t, Config{Kind: PV, Rated: 10e3, Seed: 7})
	fast := newDevice(t, Config{Kind: PV, Rated: 10e3, Seed: 7})
	for i := range 3600 {
		slow.Step(noon.Add(time.Duration(i) * time.Second))
		if i%600 == 0 {
			fast.Step(noon.Add(time.Duration(i) * time.Second))
			if i > 0 && math.Abs(slow.State().W-fast.State().W) > 1 {
				t.Errorf("after %d s: %g and %g W", i, slow.State().W, fast.State().W)
			}
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for name, c := range map[string]Config{
		"no kind":     {Rated: 1000},
		"no rating":   {Kind: PV},
		"NaN":         {Kind: PV, Rated: math.NaN()},
		"latitude":    {Kind: PV, Rated: 1000, Site: Site{Latitude: 91}},
		"SoC":         {Kind: Battery, Rated: 1000, SoC: 1.2},
		"must run":    {Kind: Load, Rated: 1000, MustRun: 2000},
		"weak outlet": {Kind: ChargePoint, Rated: 2000},
		"ramp":        {Kind: PV, Rated: 1000, RampTime: -time.Second},
	} {
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	d := newDevice(b, Config{Kind: PV, Rated: 10e3})
	now := noon
	for b.Loop() {
		now = now.Add(time.Second)
		d.Step(now)
	}
}
