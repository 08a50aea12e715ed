package device

import (
	"math"
	"time"
)

// battery is a battery with its inverter.
type battery struct {
	cfg   *Config
	wh    float64 // stored
	lost  float64 // Wh
	w     float64
	avail float64
}

// taper is the width of the bands of state of charge next to the bounds in which power falls to zero.
const taper = 0.05

// auto charges around noon and discharges in the evening, as a battery beside a photovoltaic plant would.
func (b *battery) auto(now time.Time) float64 {
	h := b.cfg.Site.solarHour(now)
	hump := func(centre, width float64) float64 {
		x := (h - centre) / width
		return max(0, 1-x*x)
	}
	return b.cfg.Rated * (0.6*hump(19.5, 3) - 0.6*hump(12.5, 3))
}

func (b *battery) share() [3]float64 { return balanced }

func (b *battery) advance(_ time.Time, dt time.Duration, cmd command) float64 {
	c := b.cfg
	h := dt.Hours()
	soc := b.wh / c.Capacity
	discharge := c.Rated * clamp((soc-c.MinSoC)/taper, 0, 1)
	charge := c.Rated * clamp((c.MaxSoC-soc)/taper, 0, 1)
	// What a step may move at most without passing a bound.
	discharge = min(discharge, max(0, b.wh-c.MinSoC*c.Capacity)*c.Efficiency/h)
	charge = min(charge, max(0, c.MaxSoC*c.Capacity-b.wh)/c.Efficiency/h)
	want := clamp(cmd.target, -cmd.limit, cmd.limit)
	w := approach(cmd.prev, clamp(want, -charge, discharge), cmd.slew)
	w = clamp(w, -charge, discharge)
	self := b.wh * c.SelfDischarge * h / 24
	before := b.wh
	if w >= 0 {
		b.wh -= w * h / c.Efficiency
	} else {
		b.wh -= w * h * c.Efficiency
	}
	b.wh = clamp(b.wh-self, 0, c.Capacity)
	b.lost += before - b.wh - w*h
	b.w = w
	b.avail = discharge
	if cmd.target < 0 {
		b.avail = charge
	}
	return w
}

func (b *battery) fill(s *State) {
	s.SoC, s.StoredWh, s.LostWh, s.Available = b.wh/b.cfg.Capacity, b.wh, b.lost, b.avail
	switch {
	case math.Abs(b.w) < 0.001*b.cfg.Rated:
		s.Operating = Standby
	case b.w > 0:
		s.Operating = Generating
	default:
		s.Operating = Charging
	}
}
