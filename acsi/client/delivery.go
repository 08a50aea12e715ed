package client

import "sync"

// A delivery hands reports to their handlers from one goroutine in the order of arrival, so that a handler may ask the
// server something while reports go on coming in.
type delivery struct {
	mu      sync.Mutex
	ready   sync.Cond
	waiting []delivered
	limit   int
	closed  bool
}

type delivered struct {
	sub    *Subscription
	report *Report
}

func (d *delivery) init(limit int) {
	d.limit = limit
	d.ready.L = &d.mu
}

// put queues a report, or reports false when the queue is full.
func (d *delivery) put(s *Subscription, r *Report) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) >= d.limit {
		return false
	}
	d.waiting = append(d.waiting, delivered{s, r})
	d.ready.Signal()
	return true
}

// run delivers until the queue is closed and empty.
func (d *delivery) run() {
	var batch []delivered
	for {
		d.mu.Lock()
		for len(d.waiting) == 0 && !d.closed {
			d.ready.Wait()
		}
		batch, d.waiting = d.waiting, batch[:0]
		d.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for i := range batch {
			if !d.discarding() {
				batch[i].sub.handle(batch[i].report)
			}
		}
		clear(batch)
	}
}

func (d *delivery) discarding() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed && d.limit == 0
}

// close lets run end once everything waiting is delivered, or at once when it is to be discarded.
func (d *delivery) close(discard bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if discard {
		d.waiting, d.limit = nil, 0
	}
	d.ready.Signal()
}
