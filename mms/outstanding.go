package mms

import (
	"errors"
	"time"
)

// Why a request cannot be opened.
var (
	ErrOutstanding = errors.New("mms: too many requests outstanding")
	ErrInvokeID    = errors.New("mms: invokeID in use or unknown")
)

// Outstanding is the table of requests that have no answer yet, by invokeID (ISO 9506-2 5.5: an invokeID names one
// outstanding request of one association and direction). V is what the owner keeps for each. The zero value holds
// nothing and admits nothing; NewOutstanding gives one that does. It is not safe for concurrent use.
type Outstanding[V any] struct {
	limit int
	last  uint32
	open  []openRequest[V]
	late  uint64
}

type openRequest[V any] struct {
	invokeID uint32
	deadline time.Time
	value    V
}

// NewOutstanding gives a table for at most limit requests.
func NewOutstanding[V any](limit int) *Outstanding[V] {
	return &Outstanding[V]{limit: limit, open: make([]openRequest[V], 0, min(max(limit, 0), 2))}
}

// Open admits a request under the next free invokeID, which increases and wraps. A zero deadline is none. It fails with
// ErrOutstanding.
func (o *Outstanding[V]) Open(v V, deadline time.Time) (invokeID uint32, err error) {
	for {
		o.last++
		if o.index(o.last) < 0 {
			return o.last, o.Add(o.last, v, deadline)
		}
	}
}

// Add admits a request under an invokeID that somebody else chose. It fails with ErrInvokeID when that is in use, with
// ErrOutstanding when the table is full.
func (o *Outstanding[V]) Add(invokeID uint32, v V, deadline time.Time) error {
	if o.index(invokeID) >= 0 {
		return ErrInvokeID
	}
	if len(o.open) >= o.limit {
		return ErrOutstanding
	}
	o.open = append(o.open, openRequest[V]{invokeID, deadline, v})
	return nil
}

// Get finds an open request.
func (o *Outstanding[V]) Get(invokeID uint32) (v V, ok bool) {
	if i := o.index(invokeID); i >= 0 {
		return o.open[i].value, true
	}
	return v, false
}

// Close takes an answered request out. An answer to nothing (late, or never asked for) is counted and reported false.
func (o *Outstanding[V]) Close(invokeID uint32) (v V, ok bool) {
	i := o.index(invokeID)
	if i < 0 {
		o.late++
		return v, false
	}
	v = o.open[i].value
	o.remove(i)
	return v, true
}

// Drop takes a request out without an answer; whatever comes for it later counts as late.
func (o *Outstanding[V]) Drop(invokeID uint32) {
	if i := o.index(invokeID); i >= 0 {
		o.remove(i)
	}
}

// Expire takes out every request whose deadline has come and calls f, if not nil, for each.
func (o *Outstanding[V]) Expire(now time.Time, f func(invokeID uint32, v V)) {
	for i := 0; i < len(o.open); {
		r := o.open[i]
		if r.deadline.IsZero() || now.Before(r.deadline) {
			i++
			continue
		}
		o.remove(i)
		if f != nil {
			f(r.invokeID, r.value)
		}
	}
}

// Deadline is the earliest deadline, zero when there is none.
func (o *Outstanding[V]) Deadline() time.Time {
	var first time.Time
	for i := range o.open {
		first = earlier(first, o.open[i].deadline)
	}
	return first
}

// Each calls f for every open request in the order of arrival. f must not change the table.
func (o *Outstanding[V]) Each(f func(invokeID uint32, v V)) {
	for _, r := range o.open {
		f(r.invokeID, r.value)
	}
}

// Len is the number of open requests.
func (o *Outstanding[V]) Len() int { return len(o.open) }

// Late is the number of answers that matched no open request.
func (o *Outstanding[V]) Late() uint64 { return o.late }

func (o *Outstanding[V]) index(invokeID uint32) int {
	for i := range o.open {
		if o.open[i].invokeID == invokeID {
			return i
		}
	}
	return -1
}

// remove keeps the order of arrival, which Expire and diagnostics show.
func (o *Outstanding[V]) remove(i int) {
	o.open = append(o.open[:i], o.open[i+1:]...)
	clear(o.open[len(o.open) : len(o.open)+1])
}

// earlier gives the earlier of two deadlines of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
