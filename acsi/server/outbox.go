package server

import (
	"sync"

	"github.com/gridward/gridward/mms"
)

// An outbox is the one queue of an association for reports and command terminations: first in, first out, bounded
// (mms.md section 8). Its one goroutine starts with the first item and ends with the association.
type outbox struct {
	ss *session

	mu      sync.Mutex // inside Server.mu, never around it
	wake    sync.Cond
	items   []outItem
	octets  int
	running bool
	sending bool // the first item is on its way
	closed  bool
	starved bool // a buffered control block found no room
	done    chan struct{}
}

// An outItem is a report, or PDUs that go out as they are.
type outItem struct {
	report *report
	pdus   []mms.PDU
	octets int
}

func (o *outbox) init(ss *session) {
	o.ss, o.done = ss, make(chan struct{})
	o.wake.L = &o.mu
}

// offer queues a report. When the queue is full, the oldest report of an unbuffered control block goes. The caller holds
// Server.mu.
func (o *outbox) offer(r *report) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed && !r.form.r.buffered {
		return
	}
	for o.full(r.entry.octets) {
		if !o.drop() {
			break
		}
	}
	if o.full(r.entry.octets) && !r.form.r.buffered {
		o.lost(r)
		return
	}
	o.push(outItem{report: r, octets: r.entry.octets})
}

// send queues PDUs of a command. There are never more than commands in execution, so they are always taken.
func (o *outbox) send(pdus ...mms.PDU) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.push(outItem{pdus: pdus, octets: 256})
	}
}

func (o *outbox) full(octets int) bool {
	lim := &o.ss.s.cfg.Limits
	return len(o.items) > 0 && (len(o.items) >= lim.QueueReports || o.octets+octets > lim.QueueOctets)
}

// room tells whether a buffered control block may move an entry here, and remembers when it may not.
func (o *outbox) room(octets int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.full(octets) {
		o.starved = true
		return false
	}
	return !o.closed
}

// drop removes the oldest report of an unbuffered control block.
func (o *outbox) drop() bool {
	first := 0
	if o.sending {
		first = 1
	}
	for i := first; i < len(o.items); i++ {
		if r := o.items[i].report; r != nil && !r.form.r.buffered {
			o.octets -= o.items[i].octets
			o.items = append(o.items[:i], o.items[i+1:]...)
			o.lost(r)
			return true
		}
	}
	return false
}

func (o *outbox) lost(r *report) {
	o.ss.s.count.reportsLost.Add(1)
	o.ss.s.tell(ReportLost{Ref: r.form.r.ref, Principal: o.ss.a.Peer()})
}

func (o *outbox) push(it outItem) {
	o.items = append(o.items, it)
	o.octets += it.octets
	if !o.running && !o.closed && !o.ss.manual {
		o.running = true
		go o.run()
	}
	o.wake.Signal()
}

// forget takes all waiting reports of r out. It gives the first one's EntryID, 0 when there was none, whether one of them
// told an overflow, and whether buffered entries of others wait for the room. The caller holds Server.mu.
func (o *outbox) forget(r *reportControl) (first uint64, ovfl, pump bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := o.items[:0]
	for i, it := range o.items {
		if it.report == nil || it.report.form.r != r || o.sending && i == 0 {
			kept = append(kept, it)
			continue
		}
		if first == 0 {
			first = it.report.entry.id
		}
		ovfl = ovfl || it.report.ovfl
		o.octets -= it.octets
	}
	clear(o.items[len(kept):])
	o.items = kept
	return first, ovfl, o.relieved()
}

// first gives the EntryID of the first report of r that waits, 0 when there is none.
func (o *outbox) first(r *reportControl) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.items {
		if it := &o.items[i]; it.report != nil && it.report.form.r == r {
			return it.report.entry.id
		}
	}
	return 0
}

// next waits for an item. It stays the first until sent or failed is called.
func (o *outbox) next() (it outItem, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.items) == 0 && !o.closed {
		o.wake.Wait()
	}
	if o.closed {
		return outItem{}, false
	}
	o.sending = true
	return o.items[0], true
}

// sent takes the first item out, if it is gone, and tells whether buffered entries wait for room.
func (o *outbox) sent(gone bool) (pump bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sending = false
	if gone {
		o.octets -= o.items[0].octets
		o.items[0] = outItem{}
		o.items = o.items[1:]
	}
	return o.relieved() && gone
}

// relieved tells, once, that there is room again for buffered entries that had found none. The caller holds mu.
func (o *outbox) relieved() bool {
	lim := &o.ss.s.cfg.Limits
	if !o.starved || len(o.items) > lim.QueueReports/2 || o.octets > lim.QueueOctets/2 {
		return false
	}
	o.starved = false
	return true
}

// run sends until the association ends.
func (o *outbox) run() {
	defer close(o.done)
	for {
		it, ok := o.next()
		if !ok {
			return
		}
		pdus := it.pdus
		if it.report != nil {
			pdus = it.report.pdus(&o.ss.params, o.ss.s)
			o.ss.s.count.reports.Add(1)
		}
		for _, p := range pdus {
			if err := o.ss.send(p); err != nil {
				o.sent(false)
				o.ss.a.Abort(err)
				return
			}
		}
		if o.sent(true) {
			o.ss.pump()
		}
	}
}

// close stops the goroutine and waits for it. What was not sent stays for forget.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	running := o.running
	o.wake.Signal()
	o.mu.Unlock()
	if running {
		<-o.done
	}
}
