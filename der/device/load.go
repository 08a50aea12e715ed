package device

import (
	"math"
	"time"
)

// load is a consumer of which all but MustRun can be shed.
type load struct {
	cfg    *Config
	demand float64 // W, positive
	w      float64
}

func (l *load) auto(time.Time) float64 { return -l.cfg.Rated }

// share is slightly uneven, as single-phase consumers are never spread perfectly.
func (l *load) share() [3]float64 { return [3]float64{0.36, 0.33, 0.31} }

func (l *load) advance(now time.Time, _ time.Duration, cmd command) float64 {
	l.demand = l.wish(now)
	take := min(l.demand, max(cmd.limit, l.cfg.MustRun))
	if cmd.limit == 0 && cmd.target == 0 { // tripped
		take = 0
	}
	l.w = approach(cmd.prev, -take, cmd.slew)
	return l.w
}

// wish is the demand without shedding: low at night, a peak in the morning and a higher one in the evening.
func (l *load) wish(now time.Time) float64 {
	c := l.cfg
	h := c.Site.solarHour(now)
	bell := func(centre, width float64) float64 {
		d := math.Abs(h - centre)
		d = min(d, 24-d)
		return math.Exp(-d * d / (2 * width * width))
	}
	x := 0.32 + 0.25*bell(8, 1.5) + 0.18*bell(13, 2.5) + 0.38*bell(19, 2)
	if wd := now.UTC().Weekday(); wd == time.Saturday || wd == time.Sunday {
		x *= 0.85
	}
	x += 0.08*smooth(c.Seed, chanDemand, now, 20*time.Minute) + 0.04*smooth(c.Seed, chanDemandFast, now, 90*time.Second)
	return c.Rated * clamp(x, 0.05, 1)
}

func (l *load) fill(s *State) {
	s.Available = l.demand
	s.Operating = Consuming
	if -l.w < 0.98*l.demand {
		s.Operating = Curtailed
	}
}
