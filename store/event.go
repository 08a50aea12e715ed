package store

import "sync/atomic"

// An Event is something that the operator should know: one of the types of this file. Events come from Open and from
// the goroutine that writes, with nothing locked.
type Event interface{ event() }

type (
	// MovedAside: the file was damaged. It is kept under another name, and the DB began anew.
	MovedAside struct {
		Path, To string
		Err      error
	}
	// WriteFailed: a transaction failed, as with a full disk. It is tried again; this event comes once until Recovered.
	WriteFailed struct {
		Path string
		Err  error
	}
	// Recovered: writing works again.
	Recovered struct{ Path string }
	// Dropped: there was no room in the queue. The event comes once until there is room again; Stats counts each record.
	Dropped struct{ Stream string }
)

func (MovedAside) event()  {}
func (WriteFailed) event() {}
func (Recovered) event()   {}
func (Dropped) event()     {}

// Stats count what a DB has done since it was opened.
type Stats struct {
	Records  uint64 // made durable
	Values   uint64 // made durable
	Commits  uint64
	Failures uint64 // transactions that failed, retries included
	Dropped  uint64 // records and values that found no room, or were left when the DB was closed
	Pruned   uint64 // records removed by Limit and Cut
	Waiting  int    // in the queue now
}

type counters struct{ records, values, commits, failures, dropped, pruned atomic.Uint64 }

// Stats tells the counters.
func (d *DB) Stats() Stats {
	d.mu.Lock()
	waiting := d.waiting
	d.mu.Unlock()
	c := &d.count
	return Stats{
		Records: c.records.Load(), Values: c.values.Load(), Commits: c.commits.Load(), Failures: c.failures.Load(),
		Dropped: c.dropped.Load(), Pruned: c.pruned.Load(), Waiting: waiting,
	}
}
