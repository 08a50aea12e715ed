package device

import (
	"math"
	"time"
)

// gridSeed makes every device see the same frequency, as in one synchronous area.
const gridSeed = 50

// electrical fills in what a meter at the terminals reads when w and q flow in the given shares a phase.
func (d *Device) electrical(s *State, now time.Time, w, q float64, share [3]float64) {
	c := &d.cfg
	s.W, s.VAr = w, q
	s.VA = math.Hypot(w, q)
	s.PF = 1
	if s.VA > 0 {
		s.PF = w / s.VA
	}
	s.Hz = c.Hz * (1 + 0.0004*smooth(gridSeed, chanHz, now, 5*time.Minute) + 0.0002*smooth(gridSeed, chanHzFast, now, 11*time.Second))
	for i := range 3 {
		s.PhW[i] = w * share[i]
		v := c.Voltage * (1 + 0.012*smooth(c.Seed, chanVolt+uint64(i), now, 7*time.Minute))
		// The service line lifts the voltage of a producer by up to 1.5 %.
		v *= 1 + 0.015*clamp(3*s.PhW[i]/c.Rated, -1, 1)
		s.PhV[i] = v
		s.A[i] = s.VA * share[i] / v
	}
	for i := range 3 {
		a, b := s.PhV[i], s.PhV[(i+1)%3]
		s.PPV[i] = math.Sqrt(a*a + b*b + a*b) // 120° apart
	}
}

var balanced = [3]float64{1.0 / 3, 1.0 / 3, 1.0 / 3}
