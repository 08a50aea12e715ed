package mmsbench

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/client"
)

// subscribers are associations with a report control block each.
type subscribers struct {
	all []*client.Client

	mu    sync.Mutex
	count int
	gaps  int
	late  []time.Duration
}

const keptLatencies = 200_000

// subscribe opens N associations and enables a report control block over each. Ref names the logical device.
func (w *worker) subscribe(o order) (result, error) {
	all, err := w.associate(o, o.N)
	if err != nil {
		return result{}, err
	}
	s := &subscribers{all: all, late: make([]time.Duration, 0, keptLatencies)}
	w.subs = s
	for i, c := range all {
		if _, err := c.Subscribe(w.ctx, block(o.Ref, i), client.ReportOptions{}, s.take); err != nil {
			return result{}, fmt.Errorf("%s: %w", block(o.Ref, i), err)
		}
	}
	return result{Count: len(all)}, nil
}

func (s *subscribers) take(r *client.Report) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Gap {
		s.gaps++
	}
	for _, e := range r.Entries {
		s.count++
		if at, ok := e.Value.AsInt(); ok && len(s.late) < keptLatencies {
			s.late = append(s.late, now.Sub(time.Unix(0, at)))
		}
	}
}

// collect waits until nothing has come for MS, ends the subscriptions and tells what has come since subscribe, or since
// the last collect when N is not 0.
func (w *worker) collect(o order) (result, error) {
	s := w.subs
	if s == nil {
		return result{}, fmt.Errorf("nobody has subscribed")
	}
	for before := -1; ; {
		s.mu.Lock()
		now := s.count
		s.mu.Unlock()
		if now == before {
			break
		}
		before = now
		time.Sleep(o.duration())
	}
	s.mu.Lock()
	slices.Sort(s.late)
	r := result{Count: s.count, Gaps: s.gaps}
	if n := len(s.late); n > 0 {
		r.P50, r.P99 = float64(s.late[n/2])/1e3, float64(s.late[n*99/100])/1e3
	}
	s.count, s.gaps, s.late = 0, 0, s.late[:0]
	s.mu.Unlock()
	if o.N != 0 {
		return r, nil
	}
	w.subs = nil
	for _, c := range s.all {
		c.Close()
	}
	return r, nil
}
