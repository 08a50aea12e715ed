package mmsbinding

import (
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/stanza"
)

// Release concludes an association as soon as our own requests are answered or given up. Its end is in Output.
func (c *Core) Release(a *Assoc, now time.Time) {
	if a.state != open {
		return
	}
	a.state = releasing
	c.concludeWhenQuiet(a, now)
}

func (c *Core) concludeWhenQuiet(a *Assoc, now time.Time) {
	if out, _ := a.machine.Outstanding(); a.state != releasing || out > 0 {
		return
	}
	payload, err := c.encode(a, &mms.ConcludeRequest{})
	if err != nil {
		c.end(a, err, now)
		return
	}
	a.state, a.iq, a.deadline = concluding, stanza.NewID(), now.Add(c.cfg.Timeouts.Conclude)
	c.pending[a.iq] = pendingIQ{assoc: a}
	c.due(a.deadline)
	c.iq(a, iqSet, a.iq, payload)
}

// concludedByPeer agrees. Requests of ours that are open get no answer any more.
func (c *Core) concludedByPeer(s *stanza.Stanza, a *Assoc, now time.Time) {
	if payload, err := c.encode(a, &mms.ConcludeResponse{}); err == nil {
		c.send(a, s.Reply(payload))
	}
	c.end(a, mms.ErrReleased, now)
}

// Abort ends an association at once and tells the peer.
func (c *Core) Abort(a *Assoc, cause error, now time.Time) {
	if a.state == ended {
		return
	}
	c.sendAbort(a)
	c.end(a, cause, now)
}

func (c *Core) sendAbort(a *Assoc) {
	if !c.up {
		return
	}
	payload, err := c.frame.wrap(nil, a.id, nil)
	if err == nil {
		c.message(a, payload)
	}
}

// abortedByPeer takes the frame without a PDU.
func (c *Core) abortedByPeer(s *stanza.Stanza, id pair, now time.Time) {
	a := c.peers[s.From].find(id)
	switch {
	case carrierOf(s) != message:
		c.ignore(s.From, WhyCarrier)
		c.answerError(s, stanza.BadRequest)
	case a == nil && id.called == 0:
		// The caller gave up before our answer reached it.
		if p := c.peers[s.From]; p != nil {
			for _, a := range append([]*Assoc(nil), p.assocs...) {
				if !a.Calling && a.id.calling == id.calling {
					c.end(a, mms.ErrAborted, now)
				}
			}
		}
	case a == nil:
		c.ignore(s.From, WhyUnknown)
	default:
		c.end(a, mms.ErrAborted, now)
	}
}
