package server

import (
	"sync"
	"time"
)

// A ring keeps streams in memory: what logs are without a Store.
type ring struct {
	now     func() time.Time
	mu      sync.Mutex
	streams map[string]*ringStream
}

type ringStream struct {
	list    []ringRecord // oldest first
	records int
	age     time.Duration
}

type ringRecord struct {
	id   uint64
	at   time.Time
	data appender
}

func newRing(now func() time.Time) *ring { return &ring{now: now, streams: map[string]*ringStream{}} }

func (r *ring) stream(name string) *ringStream {
	st := r.streams[name]
	if st == nil {
		st = &ringStream{}
		r.streams[name] = st
	}
	return st
}

// prune keeps the stream within its limits.
func (st *ringStream) prune(now time.Time) {
	gone := 0
	if st.records > 0 {
		gone = max(len(st.list)-st.records, 0)
	}
	if st.age > 0 {
		for before := now.Add(-st.age); gone < len(st.list) && st.list[gone].at.Before(before); {
			gone++
		}
	}
	clear(st.list[:gone])
	st.list = st.list[gone:]
}

// Append implements Store.
func (r *ring) Append(stream string, id uint64, at time.Time, data appender, _ int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.stream(stream)
	st.list = append(st.list, ringRecord{id, at, data})
	st.prune(r.now())
	return true
}

// Scan implements Store.
func (r *ring) Scan(stream string, after uint64, from, to time.Time, limit int, f func(id uint64, at time.Time, data []byte) bool) error {
	r.mu.Lock()
	st := r.stream(stream)
	st.prune(r.now())
	var found []ringRecord
	for _, rec := range st.list {
		if len(found) == limit {
			break
		}
		if rec.id > after && (from.IsZero() || !rec.at.Before(from)) && (to.IsZero() || !rec.at.After(to)) {
			found = append(found, rec)
		}
	}
	r.mu.Unlock()
	var b []byte
	for _, rec := range found {
		b, _ = rec.data.AppendBinary(b[:0]) // log entries have no errors
		if !f(rec.id, rec.at, b) {
			break
		}
	}
	return nil
}

// Bounds implements Store.
func (r *ring) Bounds(stream string) (n int, oldest, newest uint64, oldestAt, newestAt time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.stream(stream).list
	if n = len(list); n == 0 {
		return 0, 0, 0, time.Time{}, time.Time{}
	}
	return n, list[0].id, list[n-1].id, list[0].at, list[n-1].at
}

// Limit implements Store.
func (r *ring) Limit(stream string, records int, age time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.stream(stream)
	st.records, st.age = records, age
	st.prune(r.now())
}

// Cut implements Store.
func (r *ring) Cut(stream string, id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.stream(stream)
	for len(st.list) > 0 && st.list[0].id <= id {
		st.list[0] = ringRecord{}
		st.list = st.list[1:]
	}
}

// Flush implements Store.
func (r *ring) Flush() error { return nil }
