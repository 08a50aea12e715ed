package fleet

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

// der is one DER and its state machine. Everything below mu is guarded by it.
type der struct {
	fleet *Fleet
	id    string // bare JID
	peer  jid.JID
	entry Entry
	wake  chan struct{} // capacity 1: available or held changed

	version atomic.Uint64 // Fleet.version at the last change

	mu        sync.Mutex
	available bool
	held      bool
	state     State
	reason    string
	since     time.Time
	retryAt   time.Time          // Failed: when the next attempt starts
	attempts  int                // failures in a row
	fresh     bool               // has just become available: do not wait for retryAt
	cancel    context.CancelFunc // ends the attempt that runs; nil when none does
	session   Session            // while Online or Reading
	revision  string             // configRev of the model that was read
	values    *values            // nil until a model was read
	kind      Kind               // as found in the model
	controls  map[Role]Bounds    // set-points and limits that the DER takes
	blocks    []*block
	entryIDs  map[model.Ref]string // last entry seen, by buffered control block
	counters  Counters
	trend     ring
	stale     bool // as last told
}

// block is a report control block in use.
type block struct {
	ref      model.Ref
	dataSet  string
	buffered bool
	source   uint8
	resynced bool
	lost     bool          // reports between the association before and this one are missing, and it was told
	period   time.Duration // of integrity reports, 0: none
	reports  uint64
	last     time.Time
}

// Counters of one DER since the start, or of a fleet.
type Counters struct {
	Associations   uint64 `json:"associations"`
	Failures       uint64 `json:"failures"`
	Reports        uint64 `json:"reports"`
	Values         uint64 `json:"values"`
	BadMembers     uint64 `json:"badMembers"`
	LateValues     uint64 `json:"lateValues"`
	BufferOverflow uint64 `json:"bufferOverflows"`
	Gaps           uint64 `json:"gaps"`
}

func (c *Counters) add(d Counters) {
	c.Associations += d.Associations
	c.Failures += d.Failures
	c.Reports += d.Reports
	c.Values += d.Values
	c.BadMembers += d.BadMembers
	c.LateValues += d.LateValues
	c.BufferOverflow += d.BufferOverflow
	c.Gaps += d.Gaps
}

// Bounds are the smallest and largest value of a set-point or limit, in W.
type Bounds struct {
	Min Number `json:"min"`
	Max Number `json:"max"`
}

// Contains reports whether w lies in b and can travel as a FLOAT32; a bound that is not known holds nothing back.
func (b Bounds) Contains(w float64) bool {
	return math.Abs(w) <= math.MaxFloat32 && !(w < float64(b.Min)) && !(w > float64(b.Max))
}

func newDER(f *Fleet, peer jid.JID, e Entry, now time.Time) *der {
	d := &der{
		fleet: f, id: peer.String(), peer: peer, entry: e, wake: make(chan struct{}, 1), held: e.Hold, state: Offline,
		since: now, entryIDs: map[model.Ref]string{}, trend: newRing(f.cfg.TrendLen),
	}
	if e.Name == "" || e.JID != d.id { // a pattern's name would be everybody's
		d.entry.Name = peer.Local()
	}
	if d.held {
		d.state = Held
	}
	return d
}

// poke makes the state machine look at available and held.
func (d *der) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// set changes the state and tells of it.
func (d *der) set(to State, reason string) {
	now := time.Now()
	d.mu.Lock()
	from := d.state
	same := from == to && d.reason == reason
	d.state, d.reason = to, reason
	if from != to {
		d.since = now
	}
	if to != Failed {
		d.retryAt = time.Time{}
	}
	d.mu.Unlock()
	if same {
		return
	}
	d.fleet.touch(d)
	d.fleet.cfg.Events(&StateChanged{ID: d.id, From: from, To: to, Reason: reason})
}

// handle takes a report of block b.
func (d *der) handle(b *block, r *Report) {
	now := time.Now()
	var bad *BadReport
	d.mu.Lock()
	if d.values == nil { // cannot happen: blocks are enabled after the model was read
		d.mu.Unlock()
		return
	}
	for _, e := range r.Entries {
		took, err := d.values.apply(e.Ref, e.Value, b.source, now)
		switch {
		case err != nil:
			d.counters.BadMembers++
			if bad == nil {
				bad = &BadReport{ID: d.id, Block: b.ref.String(), Member: e.Ref.String(), Err: err}
			}
		case took:
			d.counters.Values++
		default:
			d.counters.LateValues++
		}
	}
	if b.buffered && r.EntryID != "" {
		d.entryIDs[b.ref] = r.EntryID
	}
	b.reports++
	b.last = now
	d.counters.Reports++
	told := b.lost && b.reports == 1 // the first report repeats what lostPlace has told
	overflow := r.BufOvfl && !told
	if overflow {
		d.counters.BufferOverflow++
		b.lost = b.lost || b.reports == 1
	}
	if r.Gap {
		d.counters.Gaps++
	}
	d.mu.Unlock()
	d.fleet.touch(d)
	if overflow || r.Gap {
		d.fleet.cfg.Events(&ReportsMissing{ID: d.id, Block: b.ref.String(), Overflow: overflow})
	}
	if bad != nil {
		d.fleet.cfg.Events(bad)
	}
}

// measured gives the newest number with a role, and whether it is to be believed: the DER is online, the value finite and
// not stale, and its quality not invalid.
func (d *der) measured(r Role, now time.Time) (v float64, ok bool) {
	if d.values == nil {
		return 0, false
	}
	p := d.values.byRole[r]
	if p == nil || d.values.at[p.slot] == 0 {
		return 0, false
	}
	v, ok = p.number(d.values.value[p.slot])
	return v, ok && Number(v).Known() && d.state == Online && !d.old(p, now) && d.qualityOf(p).Validity() != model.Invalid
}

// old reports whether p has not been heard of for longer than it should. A value that is only read once (a rating) and
// one that is reported only when it changes do not age as long as the association stands.
func (d *der) old(p *point, now time.Time) bool {
	at := d.values.at[p.slot]
	if at == 0 {
		return true
	}
	switch {
	case p.period > 0:
		return now.UnixNano()-at > int64(max(d.fleet.cfg.Stale, 3*p.period))
	case p.covered || p.ref.FC == model.SP:
		return false
	}
	return now.UnixNano()-at > int64(d.fleet.cfg.Stale)
}

func (d *der) qualityOf(p *point) model.Quality {
	if p.quality < 0 || d.values.value[p.quality].IsZero() {
		return model.Good
	}
	q, ok := d.values.value[p.quality].AsQuality()
	if !ok {
		return model.Invalid | model.QInconsistent
	}
	return q
}
