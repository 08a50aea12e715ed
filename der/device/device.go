package device

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Steps of the model. A longer time between two calls of Step is walked through in pieces of at most maxStep; beyond
// maxGap (a clock that jumped) the device starts anew at the later time with its state as it was.
const (
	maxStep = 5 * time.Second
	maxGap  = 6 * time.Hour
)

// ErrRange is wrapped when a limit or set-point lies outside what the device can do.
var ErrRange = errors.New("device: out of range")

// plant is the physics of one kind. advance moves it by dt to now and returns the active power over that time, which
// must agree with cmd; fill adds what is special to the kind.
type plant interface {
	advance(now time.Time, dt time.Duration, cmd command) float64
	auto(now time.Time) float64 // the set-point that the device gives itself
	fill(s *State)
	share() [3]float64
}

// command is what an advance has to obey.
type command struct {
	target float64 // W
	limit  float64 // W, of the magnitude
	prev   float64 // W, power of the step before
	slew   float64 // W, largest change in this step
}

// A Device is one simulated resource. Make it with New. It is not safe for concurrent use.
type Device struct {
	cfg        Config
	plant      plant
	limit      ramp
	target     ramp
	dispatched bool
	started    bool
	stalled    bool
	failed     bool
	state      State
}

// New makes a device that has not been stepped yet.
func New(c Config) (*Device, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	rate := c.Rated / c.RampTime.Seconds()
	d := &Device{cfg: c, limit: ramp{c.Rated, c.Rated, rate}, target: ramp{rate: rate}}
	switch c.Kind {
	case PV:
		d.plant = &pv{cfg: &d.cfg}
	case Battery:
		d.plant = &battery{cfg: &d.cfg, wh: c.SoC * c.Capacity}
	case Load:
		d.plant = &load{cfg: &d.cfg}
	case ChargePoint:
		d.plant = &chargePoint{cfg: &d.cfg}
	}
	return d, nil
}

// Config gives the configuration with defaults filled in.
func (d *Device) Config() Config { return d.cfg }

// SetLimit limits the magnitude of active power to w. The device gets there along its ramp. A photovoltaic plant
// generates no more, a battery neither charges nor discharges faster, a load sheds, a charge point takes less.
func (d *Device) SetLimit(w float64) error {
	if r := d.cfg.Limits(); !r.Contains(w) {
		return fmt.Errorf("%w: limit %g W, want %g to %g", ErrRange, w, r.Min, r.Max)
	}
	// A lower limit starts to act at once, not after a ramp through power that does not flow.
	if w < d.limit.value {
		d.limit.value = max(w, min(d.limit.value, math.Abs(d.state.W)))
	}
	d.limit.goal = w
	return nil
}

// SetTarget gives a set-point of active power. The limit prevails over it.
func (d *Device) SetTarget(w float64) error {
	r, ok := d.cfg.Targets()
	if !ok || !r.Contains(w) {
		return fmt.Errorf("%w: set-point %g W, want %g to %g", ErrRange, w, r.Min, r.Max)
	}
	// Like a limit, a set-point acts at once: it starts from the power that flows, unless it asks for more of the same.
	if v := d.target.value; !d.dispatched || math.Abs(w) < math.Abs(v) || w*v < 0 {
		d.target.value = d.state.W
	}
	d.dispatched = true
	d.target.goal = w
	return nil
}

// ClearTarget returns the device to its own schedule.
func (d *Device) ClearTarget() { d.dispatched = false }

// LimitReached reports whether the limit has arrived at the one that SetLimit gave.
func (d *Device) LimitReached() bool { return d.limit.done() }

// TargetReached reports whether the set-point in force has arrived at the one that SetTarget gave. Power may still be
// lower: the sun, an empty battery, the limit or the vehicle decide that.
func (d *Device) TargetReached() bool { return d.target.done() }

// Stall freezes the device, as a controller that hangs: Step does nothing until it is called with false.
func (d *Device) Stall(on bool) { d.stalled = on }

// Fail makes the device trip: no power, State.Failed, until it is called with false.
func (d *Device) Fail(on bool) { d.failed = on }

// State gives the state after the last Step.
func (d *Device) State() State { return d.state }

// Step advances the device to now. Time that does not advance changes nothing.
func (d *Device) Step(now time.Time) {
	if d.stalled {
		return
	}
	last := d.state.Time
	gap := now.Sub(last)
	if !d.started || gap > maxGap || gap < -maxGap {
		if !d.started && !d.dispatched {
			d.target.value = d.plant.auto(now)
		}
		d.started = true
		last, gap = now.Add(-time.Second), time.Second
	}
	if gap <= 0 {
		return
	}
	for gap > 0 {
		dt := min(gap, maxStep)
		gap -= dt
		last = last.Add(dt)
		d.advance(last, dt)
	}
}

func (d *Device) advance(now time.Time, dt time.Duration) {
	if !d.dispatched {
		d.target.goal = d.plant.auto(now)
	}
	d.target.step(dt)
	d.limit.step(dt)
	s := &d.state
	cmd := command{target: d.target.value, limit: d.limit.value, prev: s.W, slew: d.target.rate * dt.Seconds()}
	if d.failed {
		cmd.target, cmd.limit, cmd.prev = 0, 0, 0
	}
	w := d.plant.advance(now, dt, cmd)
	wh := w * dt.Hours()
	s.ExportWh += max(wh, 0)
	s.ImportWh += max(-wh, 0)
	// Reactive power is drawn, whatever the direction of the active power.
	q := -math.Abs(w) * math.Tan(math.Acos(d.cfg.PF))
	if d.cfg.PF == 1 {
		q = 0
	}
	s.Time, s.Failed, s.Rated = now, d.failed, d.cfg.Rated
	s.Limit, s.LimitGoal = d.limit.value, d.limit.goal
	s.Target, s.TargetGoal, s.Dispatched = d.target.value, d.target.goal, d.dispatched
	s.Ambient = d.cfg.Site.ambient(now, d.cfg.Seed)
	d.electrical(s, now, w, q, d.plant.share())
	d.plant.fill(s)
	if d.failed {
		s.Operating = Fault
	}
}
