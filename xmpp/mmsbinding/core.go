package mmsbinding

import (
	"errors"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A Core holds all associations of one XMPP address. Every method takes the time, and leaves what is to be done in
// Output. It is not safe for concurrent use and needs no goroutine.
type Core struct {
	cfg       Config
	frame     framing
	self      jid.JID
	up        bool // a stream is up and bound
	peers     map[jid.JID]*peer
	assocs    int
	pending   map[string]pendingIQ // our iq requests without an answer, by iq id
	farewells []*farewell
	next      time.Time // no deadline is earlier; zero: there is none
	out       Output
	count     Counters
}

// Output is what a Core wants done, each list in order.
type Output struct {
	Stanzas  []Outgoing
	Received []Received
	Opened   []*Assoc // associations that are up now
	Failed   []Failed // associations that ended, or did not come to be
	Events   []Event
}

type (
	// Outgoing is a stanza to send, and the association on whose account it goes (nil: none).
	Outgoing struct {
		Stanza *stanza.Stanza
		Assoc  *Assoc
	}
	// Received is a PDU for whoever uses an association.
	Received struct {
		Assoc *Assoc
		PDU   mms.PDU
	}
	// Failed is the end of an association. Nothing follows for it.
	Failed struct {
		Assoc *Assoc
		Err   error
	}
)

// Counters count since the Core was made.
type Counters struct {
	Ignored    [NumWhy]uint64
	Refused    uint64 // associations that we did not accept
	Excess     uint64 // requests beyond the negotiated number: rejected with code 6
	Rejected   uint64 // PDUs that were rejected as invalid
	Timeouts   uint64 // own requests without an answer in time
	Accepted   uint64 // associations accepted, here or there
	Aborted    uint64 // associations that ended otherwise than by conclude
	StanzaErrs uint64 // stanza errors that ended an association
}

// state of an association.
type state uint8

const (
	initiating state = iota // we wait for the answer to our initiate
	open
	releasing // we want to conclude as soon as our requests are answered
	concluding
	ended
)

// An Assoc is one association of a Core.
type Assoc struct {
	Peer    jid.JID // full
	Params  mms.Params
	Calling bool // we asked for it

	id       pair
	state    state
	machine  *mms.Machine[string]
	cancels  map[uint32]string // iq id of the peer's cancel requests, by invokeID
	seen     window
	iq       string    // of our initiate or conclude
	deadline time.Time // of our initiate or conclude
	bad      strikes
	message  uint32 // messages sent
}

// ID gives the identifiers of both ends: "12:7", or "12" before acceptance.
func (a *Assoc) ID() string { return a.id.String() }

// ours is the half of the identifier that we picked.
func (a *Assoc) ours() uint16 {
	if a.Calling {
		return a.id.calling
	}
	return a.id.called
}

type pendingIQ struct {
	assoc    *Assoc
	invokeID uint32
	isCall   bool // a confirmed request; otherwise initiate, conclude or cancel
}

// NewCore makes a Core. The configuration's Accept, Events and Now are the Endpoint's affair; here Accept only tells
// whether peers may associate at all.
func NewCore(cfg Config) *Core {
	cfg.setDefaults()
	return &Core{cfg: cfg, frame: clearFrame{}, peers: make(map[jid.JID]*peer), pending: make(map[string]pendingIQ)}
}

// Take moves what is to be done into o, whose lists are used again for what comes next.
func (c *Core) Take(o *Output) {
	o.clear()
	*o, c.out = c.out, *o
}

// clear empties the lists and keeps their room.
func (o *Output) clear() {
	o.Stanzas, o.Received, o.Opened = empty(o.Stanzas), empty(o.Received), empty(o.Opened)
	o.Failed, o.Events = empty(o.Failed), empty(o.Events)
}

func (o *Output) none() bool {
	return len(o.Stanzas)+len(o.Received)+len(o.Opened)+len(o.Failed)+len(o.Events) == 0
}

func empty[T any](list []T) []T {
	clear(list)
	return list[:0]
}

// Counters tells what happened so far.
func (c *Core) Counters() Counters { return c.count }

// Associations is the number of associations that have not ended.
func (c *Core) Associations() int { return c.assocs }

func (c *Core) event(e Event) { c.out.Events = append(c.out.Events, e) }

func (c *Core) ignore(from jid.JID, why Why) {
	c.count.Ignored[why]++
	c.event(Ignored{From: from, Why: why})
}

func (c *Core) send(a *Assoc, s *stanza.Stanza) {
	c.out.Stanzas = append(c.out.Stanzas, Outgoing{Stanza: s, Assoc: a})
}

// end takes an association out of the tables.
func (c *Core) end(a *Assoc, err error, now time.Time) {
	if a.state == ended {
		return
	}
	wasUp := a.state != initiating
	a.state = ended
	c.assocs--
	for id, p := range c.pending {
		if p.assoc == a {
			delete(c.pending, id)
		}
	}
	if p := c.peers[a.Peer]; p != nil {
		p.drop(a, now)
	}
	c.out.Failed = append(c.out.Failed, Failed{Assoc: a, Err: err})
	if wasUp {
		if !errors.Is(err, mms.ErrReleased) {
			c.count.Aborted++
		}
		c.event(AssociationDown{Peer: a.Peer, ID: a.ID(), Err: err})
	}
}

// each calls f for every association of every peer. f may end it.
func (c *Core) each(f func(a *Assoc)) {
	for _, p := range c.peers {
		for _, a := range append([]*Assoc(nil), p.assocs...) {
			f(a)
		}
	}
}

// Deadline is when Tick may have something to do next, zero when nothing is due. It is not later than the first
// deadline, but may be earlier: what is answered in time does not move it.
func (c *Core) Deadline() time.Time { return c.next }

// due sets a deadline.
func (c *Core) due(t time.Time) {
	if !t.IsZero() && (c.next.IsZero() || t.Before(c.next)) {
		c.next = t
	}
}

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	c.each(func(a *Assoc) {
		a.machine.Expire(now, func(invokeID uint32, iq string) {
			delete(c.pending, iq)
			c.count.Timeouts++
		})
		if a.deadline.IsZero() || now.Before(a.deadline) {
			c.concludeWhenQuiet(a, now)
			return
		}
		if a.state == initiating {
			c.sendAbort(a)
			c.end(a, mms.ErrTimeout, now)
		} else {
			c.end(a, mms.ErrReleased, now) // conclude without an answer is a local close
		}
	})
	c.next = time.Time{}
	c.sendFarewells(now)
	for _, p := range c.peers {
		for _, a := range p.assocs {
			c.due(a.deadline)
			c.due(a.machine.Deadline())
		}
	}
}

// strikes counts undecodable PDUs within a minute.
type strikes struct {
	n     int
	first time.Time
}

// out reports the third within a minute.
func (s *strikes) out(now time.Time) bool {
	if s.n == 0 || now.Sub(s.first) > time.Minute {
		s.n, s.first = 0, now
	}
	s.n++
	return s.n >= 3
}
