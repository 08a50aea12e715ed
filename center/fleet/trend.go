package fleet

import "math"

// ring holds the last samples of one DER or of the whole fleet; missing ones are NaN.
type ring struct {
	power, setpoint, limit []float32
}

func newRing(n int) ring {
	r := ring{make([]float32, n), make([]float32, n), make([]float32, n)}
	nan := float32(math.NaN())
	for i := range n {
		r.power[i], r.setpoint[i], r.limit[i] = nan, nan, nan
	}
	return r
}

func (r *ring) put(i int64, power, setpoint, limit float64) {
	k := int(i % int64(len(r.power)))
	r.power[k], r.setpoint[k], r.limit[k] = float32(power), float32(setpoint), float32(limit)
}

// Trend is what the last minutes looked like, in columns of equal length, the oldest sample first.
type Trend struct {
	Step        float64  `json:"step"` // s between samples
	Time        []int64  `json:"time"` // Unix ms
	ActivePower []Number `json:"activePower"`
	Setpoint    []Number `json:"setpoint"` // in force at the DER; null for a whole fleet
	Limit       []Number `json:"limit"`    // in force at the DER; null for a whole fleet
}

// columns unrolls the ring whose newest sample has index last.
func (r *ring) columns(last int64) (power, setpoint, limit []Number) {
	n := min(last+1, int64(len(r.power)))
	power, setpoint, limit = make([]Number, n), make([]Number, n), make([]Number, n)
	for i := range n {
		k := (last - n + 1 + i) % int64(len(r.power))
		power[i], setpoint[i], limit[i] = Number(r.power[k]), Number(r.setpoint[k]), Number(r.limit[k])
	}
	return power, setpoint, limit
}
