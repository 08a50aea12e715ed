package server

import "time"

// A bucket is a token bucket that may be overdrawn: what has been read is handled, and the next read waits until the debt
// is paid. The zero value is full at its first use. Not safe for concurrent use.
type bucket struct {
	level float64
	last  time.Time
}

// take draws n tokens and returns how long to wait before the next draw.
func (b *bucket) take(n, rate, burst float64, now time.Time) time.Duration {
	if b.last.IsZero() {
		b.level = burst
	} else if d := now.Sub(b.last); d > 0 {
		b.level = min(b.level+d.Seconds()*rate, burst)
	}
	b.last = now
	b.level -= n
	if b.level >= 0 {
		return 0
	}
	return time.Duration(-b.level / rate * float64(time.Second))
}
