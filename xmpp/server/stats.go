package server

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/xmpp/stanza"
)

// Result is what became of a stanza.
type Result uint8

// The results.
const (
	Delivered   Result = iota // handed to a session's stream
	Queued                    // waits for a detached session
	Answered                  // by the server itself
	Denied                    // by the rules
	Unavailable               // nobody there
	Dropped                   // answers that nobody waits for, presence for nobody
	Refused                   // queue full, too many requests, malformed
	resultCount
)

var resultNames = [resultCount]string{"delivered", "queued", "answered", "denied", "unavailable", "dropped", "refused"}

// String returns the stable name of the result.
func (r Result) String() string { return resultNames[r] }

// RouteBuckets are the upper bounds in seconds of the histogram of Stats.Route.
var RouteBuckets = []float64{10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 5e-3, 25e-3, 100e-3, 1}

// A Histogram counts observations: Counts[i] those up to bucket i, cumulative, as Prometheus counts them.
type Histogram struct {
	Counts []uint64
	Count  uint64
	Sum    float64 // seconds
}

// Stats is a snapshot of the counters. Maps are keyed by labels of bounded sets.
type Stats struct {
	Attached, Detached, Negotiating, Handshaking int
	Logins                                       map[string]uint64                 // by result: "ok" or why not
	Stanzas                                      map[stanza.Kind]map[Result]uint64 // by kind and result
	Denied                                       map[string]uint64                 // by rule: kind of stanza
	Rejected                                     map[string]uint64                 // connections, by reason
	StreamErrors                                 map[string]uint64                 // sent, by condition
	XMLRules                                     map[string]uint64                 // broken by peers, by rule
	Resumes                                      map[string]uint64                 // by result
	Events                                       map[EventKind]uint64
	QueueBytes                                   uint64 // held for unacknowledged or detached sessions, now
	HeldExpired                                  uint64
	BytesIn, BytesOut                            uint64    // of XML
	Route                                        Histogram // read to written, one observation a read
}

type counter struct{ m sync.Map } // string to *atomic.Uint64

func (c *counter) add(label string) {
	v, ok := c.m.Load(label)
	if !ok {
		v, _ = c.m.LoadOrStore(label, new(atomic.Uint64))
	}
	v.(*atomic.Uint64).Add(1)
}

func (c *counter) snapshot() map[string]uint64 {
	out := map[string]uint64{}
	c.m.Range(func(k, v any) bool {
		out[k.(string)] = v.(*atomic.Uint64).Load()
		return true
	})
	return out
}

type counters struct {
	logins, denied, rejected, streamErrors, xmlRules, resumes counter

	stanzas     [4][resultCount]atomic.Uint64
	events      [len(eventNames)]atomic.Uint64
	heldExpired atomic.Uint64
	bytesIn     atomic.Uint64
	bytesOut    atomic.Uint64
	queueBytes  atomic.Int64
	attached    atomic.Int64
	detached    atomic.Int64
	conns       atomic.Int64 // accepted, not bound
	handshakes  atomic.Int64
	route       histogram
}

type histogram struct {
	buckets [12]atomic.Uint64
	nanos   atomic.Uint64
}

func (h *histogram) observe(d time.Duration) {
	s, i := d.Seconds(), 0
	for i < len(RouteBuckets) && s > RouteBuckets[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.nanos.Add(uint64(max(d, 0)))
}

func (h *histogram) snapshot() Histogram {
	out := Histogram{Counts: make([]uint64, len(RouteBuckets)), Sum: float64(h.nanos.Load()) / 1e9}
	for i := range h.buckets {
		out.Count += h.buckets[i].Load()
		if i < len(out.Counts) {
			out.Counts[i] = out.Count
		}
	}
	return out
}

// Stats returns a snapshot of the counters.
func (s *Server) Stats() Stats {
	c := &s.count
	st := Stats{
		Attached: int(c.attached.Load()), Detached: int(c.detached.Load()), Negotiating: int(c.conns.Load()), Handshaking: int(c.handshakes.Load()),
		Logins: c.logins.snapshot(), Denied: c.denied.snapshot(), Rejected: c.rejected.snapshot(),
		StreamErrors: c.streamErrors.snapshot(), XMLRules: c.xmlRules.snapshot(), Resumes: c.resumes.snapshot(),
		Stanzas: map[stanza.Kind]map[Result]uint64{}, Events: map[EventKind]uint64{},
		QueueBytes: uint64(max(c.queueBytes.Load(), 0)), HeldExpired: c.heldExpired.Load(), //nolint:gosec // not negative
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(), Route: c.route.snapshot(),
	}
	for _, k := range []stanza.Kind{stanza.IQ, stanza.Message, stanza.Presence} {
		st.Stanzas[k] = map[Result]uint64{}
		for r := range resultCount {
			if n := c.stanzas[k][r].Load(); n > 0 {
				st.Stanzas[k][r] = n
			}
		}
	}
	for k := range c.events {
		if n := c.events[k].Load(); n > 0 {
			st.Events[EventKind(k)] = n //nolint:gosec // a handful
		}
	}
	return st
}

func (s *Server) stanzaResult(k stanza.Kind, r Result) { s.count.stanzas[k&3][r].Add(1) }

// emit counts an event and tells the owner.
func (s *Server) emit(e Event) {
	if e.Time.IsZero() {
		e.Time = s.cfg.Now()
	}
	s.count.events[e.Kind].Add(1)
	s.cfg.Events(e)
}
