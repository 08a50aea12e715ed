package device

import "time"

// A ramp moves a value to a goal at a bounded rate.
type ramp struct {
	value, goal float64 // W
	rate        float64 // W/s, positive
}

func (r *ramp) step(dt time.Duration) {
	r.value = approach(r.value, r.goal, r.rate*dt.Seconds())
}

func (r *ramp) done() bool { return r.value == r.goal }

// approach moves from towards to by at most by.
func approach(from, to, by float64) float64 {
	switch {
	case to > from+by:
		return from + by
	case to < from-by:
		return from - by
	}
	return to
}

func clamp(x, low, high float64) float64 { return max(low, min(x, high)) }
