package device

import (
	"math"
	"time"
)

// hash mixes a seed, a channel and an index to 64 even bits (the finaliser of SplitMix64).
func hash(seed, channel uint64, i int64) uint64 {
	x := seed*0x9e3779b97f4a7c15 ^ channel*0xd1342543de82ef95 ^ uint64(i)*0xaf251af3b0f025b5
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform gives a number in [0, 1).
func uniform(seed, channel uint64, i int64) float64 {
	return float64(hash(seed, channel, i)>>11) / (1 << 53)
}

// smooth is value noise in [-1, 1]: random values at multiples of period, joined by a curve without kinks. It depends on
// the time alone, not on how often it is asked.
func smooth(seed, channel uint64, t time.Time, period time.Duration) float64 {
	x := float64(t.Unix())/period.Seconds() + float64(t.Nanosecond())/1e9/period.Seconds()
	i := math.Floor(x)
	f := x - i
	a, b := uniform(seed, channel, int64(i)), uniform(seed, channel, int64(i)+1)
	return 2*(a+(b-a)*f*f*(3-2*f)) - 1
}

// Channels of noise, so that clouds and temperature are not the same curve.
const (
	chanCloud uint64 = 1 + iota
	chanCloudFast
	chanDay
	chanTemp
	chanDemand
	chanDemandFast
	chanHz
	chanHzFast
	chanVolt // and the two after it, one a phase
	_
	_
	chanSession
)
