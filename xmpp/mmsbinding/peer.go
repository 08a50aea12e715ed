package mmsbinding

import (
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A peer is what a Core knows of one full address.
type peer struct {
	available bool
	assocs    []*Assoc
	used      map[uint16]time.Time // identifiers of ended associations, ours and theirs (theirs + theirID), and when they ended
	policyOff time.Time            // not to be tried before
}

// theirID sets the identifiers that the peer picked apart from ours in peer.used.
const theirID = 1 << 15

// peer finds or makes the record of an address, nil when there are too many.
func (c *Core) peer(j jid.JID, now time.Time) *peer {
	p := c.peers[j]
	if p != nil {
		return p
	}
	if len(c.peers) >= c.cfg.Limits.Peers {
		c.sweep(now)
		if len(c.peers) >= c.cfg.Limits.Peers {
			return nil
		}
	}
	p = &peer{}
	c.peers[j] = p
	return p
}

// sweep forgets addresses of which nothing is worth remembering.
func (c *Core) sweep(now time.Time) {
	for j, p := range c.peers {
		p.prune(now, c.cfg.Timeouts.IDReuse)
		if !p.available && len(p.assocs) == 0 && len(p.used) == 0 && !now.Before(p.policyOff) {
			delete(c.peers, j)
		}
	}
}

func (p *peer) prune(now time.Time, reuse time.Duration) {
	for id, t := range p.used {
		if now.Sub(t) >= reuse {
			delete(p.used, id)
		}
	}
}

// drop takes an association out and keeps its identifiers from being used again.
func (p *peer) drop(a *Assoc, now time.Time) {
	for i := range p.assocs {
		if p.assocs[i] == a {
			p.assocs = append(p.assocs[:i], p.assocs[i+1:]...)
			break
		}
	}
	if p.used == nil {
		p.used = make(map[uint16]time.Time)
	}
	ours, theirs := a.id.calling, a.id.called
	if !a.Calling {
		ours, theirs = theirs, ours
	}
	p.used[ours] = now
	if theirs != 0 {
		p.used[theirs|theirID] = now
	}
}

// pick finds an identifier for us that is not in use with this peer and was not for a while. 0: there is none. The end
// whose address sorts first takes odd numbers, the other even ones: so two ends that call each other at the same time
// never give two associations the same name.
func (c *Core) pick(p *peer, to jid.JID, now time.Time) uint16 {
	p.prune(now, c.cfg.Timeouts.IDReuse)
	first, n := uint32(2), uint32(maxID/2)
	if c.self.String() < to.String() {
		first, n = 1, maxID/2+1
	}
	start := c.cfg.Rand() % n
	for i := range n {
		id := uint16(first + 2*((start+i)%n))
		if _, used := p.used[id]; used {
			continue
		}
		taken := false
		for _, a := range p.assocs {
			taken = taken || a.ours() == id
		}
		if !taken {
			return id
		}
	}
	return 0
}

// find gives the association of a peer that was accepted under an identifier, nil when there is none.
func (p *peer) find(id pair) *Assoc {
	if p == nil {
		return nil
	}
	for _, a := range p.assocs {
		if a.id == id && a.state != initiating {
			return a
		}
	}
	return nil
}

// presence keeps track of who is there. What is unavailable ends its associations: presence proves nothing, absence
// may abort.
func (c *Core) presence(s *stanza.Stanza, now time.Time) {
	if !s.From.IsFull() || s.From == c.self {
		if s.Type == stanza.Unavailable && s.From.IsBare() {
			c.unavailableBare(s.From, now)
		}
		return
	}
	switch s.Type {
	case "":
		if !c.allowed(s.From) {
			return
		}
		p := c.peer(s.From, now)
		if p == nil || p.available {
			return
		}
		p.available = true
		c.event(PeerAvailable{JID: s.From})
	case stanza.Unavailable, stanza.TypeError:
		c.unavailable(s.From, now)
	}
}

func (c *Core) unavailable(j jid.JID, now time.Time) {
	p := c.peers[j]
	if p == nil {
		return
	}
	for _, a := range append([]*Assoc(nil), p.assocs...) {
		c.end(a, mms.ErrPeerOffline, now)
	}
	if p.available {
		p.available = false
		c.event(PeerUnavailable{JID: j})
	}
}

// unavailableBare is about every resource of an account.
func (c *Core) unavailableBare(j jid.JID, now time.Time) {
	for full := range c.peers {
		if full.Bare() == j {
			c.unavailable(full, now)
		}
	}
}

// Available tells whether the presence of a full address is there.
func (c *Core) Available(j jid.JID) bool {
	p := c.peers[j]
	return p != nil && p.available
}

func (c *Core) allowed(j jid.JID) bool { return c.cfg.Allow == nil || c.cfg.Allow(j) }

// Up tells that a stream is up as the full address self. Without resumption everything from before is gone.
func (c *Core) Up(self jid.JID, resumed bool, now time.Time) {
	if !resumed {
		c.Lost(mms.ErrLinkLost, now)
	}
	c.self, c.up = self, true
}

// Down tells that the stream is down and may be resumed: associations wait.
func (c *Core) Down(time.Time) { c.up = false }

// Lost tells that the stream is gone for good: every association ends with cause, and nobody is known to be there.
func (c *Core) Lost(cause error, now time.Time) {
	c.up = false
	c.farewells = nil // the peers see us gone
	c.each(func(a *Assoc) { c.end(a, cause, now) })
	for j, p := range c.peers {
		if p.available {
			p.available = false
			c.event(PeerUnavailable{JID: j})
		}
	}
}
