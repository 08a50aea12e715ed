package store

import (
	"encoding"
	"time"
)

type opKind uint8

const (
	opAppend opKind = iota
	opCut
	opPrune
	opSet
	opPutAll
	opBarrier // of Flush
)

// An op is one thing that the writer does.
type op struct {
	kind   opKind
	stream *stream
	id     uint64
	at     time.Time
	data   encoding.BinaryAppender
	key    string
	value  []byte            // nil deletes
	values map[string][]byte // of opPutAll
	seq    uint64            // of opSet and opPutAll
	octets int
	done   chan error // of opPutAll and opBarrier; capacity 1
}

// unsaved is a value that is not committed yet.
type unsaved struct {
	value []byte
	seq   uint64
}

// push queues an op if there is room. What somebody waits for, and what removes, is always taken. The caller holds mu.
func (d *DB) push(o op) bool {
	if o.kind == opAppend || o.kind == opSet {
		if d.waiting >= d.opt.QueueRecords || d.octets+o.octets > d.opt.QueueOctets && d.waiting > 0 {
			d.count.dropped.Add(1)
			return false
		}
		d.full = false
	}
	d.queue = append(d.queue, o)
	d.waiting++
	d.octets += o.octets
	if o.done != nil {
		d.urgent = true
	}
	return true
}

// signal wakes the writer.
func (d *DB) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// take waits for something to do and gives it all. While nobody is in a hurry it lets more come together. ok is false once
// the DB has been closed and nothing is left.
func (d *DB) take() (batch []op, ok bool) {
	gathered := false
	for {
		d.mu.Lock()
		some, urgent, closed, ages := len(d.queue) > 0, d.urgent, d.closed, d.ages()
		if some && (urgent || gathered || d.opt.Gather < 0) || closed {
			batch, d.queue, d.urgent = d.queue, nil, closed
			d.mu.Unlock()
			return batch, len(batch) > 0
		}
		d.mu.Unlock()
		switch {
		case some:
			gathered = d.pause(d.opt.Gather, func() bool { return d.urgent })
		case ages:
			if d.pause(time.Minute, func() bool { return len(d.queue) > 0 || d.closed }) {
				d.age()
			}
		default:
			<-d.wake
		}
	}
}

// pause waits, not longer than until enough. It reports whether the whole time has passed.
func (d *DB) pause(wait time.Duration, enough func() bool) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case <-d.wake:
			d.mu.Lock()
			end := enough()
			d.mu.Unlock()
			if end {
				return false
			}
		}
	}
}

// ages tells whether records of some stream go by age. The caller holds mu.
func (d *DB) ages() bool {
	for _, st := range d.streams {
		if st.maxAge > 0 && st.n > 0 {
			return true
		}
	}
	return false
}

// age queues the removal of what has become too old while nothing was written.
func (d *DB) age() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, st := range d.streams {
		if st.maxAge > 0 && st.n > 0 && st.firstAt.Before(d.opt.Now().Add(-st.maxAge)) {
			d.push(op{kind: opPrune, stream: st})
		}
	}
}
