package mmsbinding

import (
	"errors"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
)

// A farewell is the abort of an association that ended here because a server on the way had no room for what we sent. The
// peer knows nothing of that, and the abort may find no room either: it is sent again until it does.
type farewell struct {
	assoc *Assoc
	id    string    // of the stanza, once sent
	at    time.Time // when it is sent next; zero: it is on its way
	wait  time.Duration
	until time.Time // when it is taken for delivered, while it is on its way
}

// Of farewells. As many are kept as there may be associations.
const (
	firstFarewell = time.Second
	lastFarewell  = 30 * time.Second
	farewellTaken = time.Minute // an error would have come by then
)

// farewell has the peer of an ended association told.
func (c *Core) farewell(a *Assoc, now time.Time) {
	if len(c.farewells) >= c.cfg.Limits.Associations {
		c.farewells = c.farewells[1:]
	}
	f := &farewell{assoc: a, at: now.Add(firstFarewell), wait: firstFarewell}
	c.farewells = append(c.farewells, f)
	c.due(f.at)
}

// bounced takes the error of a message for an association that has ended, and tells whether it was a farewell.
func (c *Core) bounced(from jid.JID, id string, err error, now time.Time) bool {
	for i, f := range c.farewells {
		if f.assoc.Peer != from || f.id == "" || f.id != id {
			continue
		}
		if !errors.Is(err, mms.ErrTransport) { // the peer is gone, or out of reach for good
			c.farewells = append(c.farewells[:i], c.farewells[i+1:]...)
			return true
		}
		f.wait = min(2*f.wait, lastFarewell)
		f.at, f.id = now.Add(f.wait), ""
		c.due(f.at)
		return true
	}
	return false
}

// sendFarewells sends those that are due and forgets those that have arrived.
func (c *Core) sendFarewells(now time.Time) {
	left := c.farewells[:0]
	for _, f := range c.farewells {
		switch {
		case f.at.IsZero() && !now.Before(f.until):
			continue
		case f.at.IsZero() || now.Before(f.at):
		case !c.up:
			f.at = now.Add(f.wait)
		default:
			c.sendAbort(f.assoc)
			f.id, f.at, f.until = c.lastMessage(f.assoc), time.Time{}, now.Add(farewellTaken)
		}
		left = append(left, f)
		c.due(f.at)
		if f.at.IsZero() {
			c.due(f.until)
		}
	}
	clear(c.farewells[len(left):])
	c.farewells = left
}
