package mmsbinding

import (
	"errors"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/stanza"
)

// Receive takes a stanza that is not answered elsewhere. It tells whether it was for 61850 (and is dealt with); an iq
// request that was not must be answered by somebody. PDUs borrow nothing from the stanza.
func (c *Core) Receive(s *stanza.Stanza, now time.Time) (handled bool) {
	switch {
	case s.Kind == stanza.Presence:
		c.presence(s, now)
		return true
	case s.Type == stanza.TypeError:
		return c.stanzaError(s, now)
	}
	id, octets, err := c.frame.unwrap(s.Payload)
	if err != nil {
		if p, ours := c.pending[s.ID]; ours && carrierOf(s) == iqResult && p.assoc.Peer == s.From && len(s.Payload) == 0 {
			c.ignore(s.From, WhyEmpty)
			return true
		}
		if errors.Is(err, errBadFrame) {
			c.ignore(s.From, WhyNoFrame)
			c.answerError(s, stanza.BadRequest)
			return true
		}
		return carrierOf(s) == iqResult && len(s.Payload) == 0
	}
	if len(octets) == 0 {
		c.abortedByPeer(s, id, now)
		return true
	}
	if !c.allowed(s.From) {
		c.ignore(s.From, WhyNotListed)
		c.answerError(s, stanza.Forbidden)
		return true
	}
	c.frameIn(s, id, octets, now)
	return true
}

// answerError answers an iq request, and nothing else, with a stanza error: the sender's association with us does not
// exist, or is not what it thinks.
func (c *Core) answerError(s *stanza.Stanza, cond string) {
	if s.IsRequest() {
		c.send(nil, s.ErrorReply(stanza.NewError(cond, "")))
	}
}

func (c *Core) frameIn(s *stanza.Stanza, id pair, octets []byte, now time.Time) {
	carried := carrierOf(s)
	a := c.peers[s.From].find(id)
	if waiting, ok := c.pending[s.ID]; ok && carried == iqResult && waiting.assoc.state == initiating {
		pdu, err := c.decode(octets, c.cfg.Limits.MaxPDU)
		if err != nil {
			pdu = nil
		}
		c.accepted(s, waiting.assoc, id, pdu, now)
		return
	}
	if a == nil && carried == iqSet && id.called == 0 {
		c.opening(s, id, octets, now)
		return
	}
	if a == nil {
		c.ignore(s.From, WhyUnknown)
		c.answerError(s, stanza.ItemNotFound)
		return
	}
	if len(octets) > a.Params.MaxPDU {
		c.ignore(s.From, WhySize)
		c.invalid(s, a, nil, now)
		return
	}
	pdu, err := c.decode(octets, a.Params.MaxPDU)
	if err != nil {
		c.ignore(s.From, WhyUndecodable)
		c.invalid(s, a, pdu, now)
		return
	}
	if !carried.fits(pdu) {
		c.ignore(s.From, WhyCarrier)
		c.answerError(s, stanza.BadRequest)
		return
	}
	c.pdu(s, a, pdu, now)
}

// opening takes what may be an initiate.
func (c *Core) opening(s *stanza.Stanza, id pair, octets []byte, now time.Time) {
	pdu, err := c.decode(octets, minPDU)
	r, ok := pdu.(*mms.InitiateRequest)
	switch {
	case err != nil:
		c.ignore(s.From, WhyUndecodable)
		c.answerError(s, stanza.BadRequest)
	case !ok:
		c.ignore(s.From, WhyUnknown)
		c.answerError(s, stanza.ItemNotFound)
	default:
		c.asked(s, id, r, now)
	}
}

// pdu takes a PDU of an open association in the right stanza.
func (c *Core) pdu(s *stanza.Stanza, a *Assoc, p mms.PDU, now time.Time) {
	switch p := p.(type) {
	case *mms.ConcludeRequest:
		c.concludedByPeer(s, a, now)
		return
	case *mms.ConcludeResponse, *mms.ConcludeError:
		if a.state == concluding && s.ID == a.iq {
			c.end(a, mms.ErrReleased, now)
		} else {
			c.ignore(s.From, WhyLate)
		}
		return
	case *mms.InitiateRequest, *mms.InitiateResponse, *mms.InitiateError:
		c.ignore(s.From, WhyReplay)
		return
	case *mms.ConfirmedRequest:
		if !a.seen.fresh(p.InvokeID) {
			c.ignore(s.From, WhyReplay)
			return
		}
	case *mms.CancelRequest:
		if a.cancels == nil {
			a.cancels = make(map[uint32]string)
		}
		if len(a.cancels) >= a.Params.OutstandingIn {
			c.ignore(s.From, WhyReplay)
			return
		}
		a.cancels[p.InvokeID] = s.ID
	case *mms.CancelResponse, *mms.CancelError:
		if !c.settleCancel(s, a) {
			return
		}
	}
	before := a.machine.Counters()
	deliver, reply := a.machine.Receive(p, s.ID)
	after := a.machine.Counters()
	switch {
	case deliver:
		c.out.Received = append(c.out.Received, Received{Assoc: a, PDU: p})
	case after.Mismatched != before.Mismatched:
		c.ignore(s.From, WhyMismatch)
	case after.Late != before.Late:
		c.ignore(s.From, WhyLate)
	case after.Excess != before.Excess:
		c.count.Excess++
	}
	if reply != nil {
		c.reject(s, a, reply.(*mms.Reject))
	}
	c.settled(s, p)
	c.concludeWhenQuiet(a, now)
}

// settled takes an answered iq of ours out of the table.
func (c *Core) settled(s *stanza.Stanza, p mms.PDU) {
	if carrierOf(s) == iqResult {
		if w, ok := c.pending[s.ID]; ok && w.assoc.Peer == s.From && !w.open() {
			delete(c.pending, s.ID)
		}
		return
	}
	if r, ok := p.(*mms.Reject); ok && r.HasInvokeID {
		for id, w := range c.pending {
			if w.assoc.Peer == s.From && w.isCall && w.invokeID == r.InvokeID && !w.open() {
				delete(c.pending, id)
			}
		}
	}
}

// open reports whether the association still waits for the answer.
func (w pendingIQ) open() bool {
	if !w.isCall {
		return false
	}
	return w.assoc.machine.Waits(w.invokeID)
}

// settleCancel reports whether an answer to a cancel is to one of ours.
func (c *Core) settleCancel(s *stanza.Stanza, a *Assoc) bool {
	w, ok := c.pending[s.ID]
	if !ok || w.assoc != a || w.isCall {
		c.ignore(s.From, WhyLate)
		return false
	}
	return true
}

// invalid answers a PDU that cannot be read: a request is rejected by message, an answer is told to whoever waits, and
// the third within a minute ends the association. part is what could be read.
func (c *Core) invalid(s *stanza.Stanza, a *Assoc, part mms.PDU, now time.Time) {
	if a.bad.out(now) {
		c.sendAbort(a)
		c.answerError(s, stanza.BadRequest)
		c.end(a, mms.ErrProtocol, now)
		return
	}
	r := &mms.Reject{Reason: mms.RejectReason{Class: mms.RejectPDUError, Code: mms.RejectPDUInvalid}}
	if s.IsRequest() {
		c.count.Rejected++
		r.InvokeID, r.HasInvokeID = mms.InvokeID(part)
		c.reject(s, a, r)
		return
	}
	if w, ok := c.pending[s.ID]; ok && w.assoc == a && w.isCall {
		delete(c.pending, s.ID)
		a.machine.Forget(w.invokeID)
		r.InvokeID, r.HasInvokeID = w.invokeID, true
		r.Reason.Class = mms.RejectConfirmedResponse
		c.out.Received = append(c.out.Received, Received{Assoc: a, PDU: r})
	}
}

// reject sends a rejectPDU, which travels by message, and then the empty result that an iq request must have.
func (c *Core) reject(s *stanza.Stanza, a *Assoc, r *mms.Reject) {
	if payload, err := c.encode(a, r); err == nil {
		c.message(a, payload)
	}
	if s.IsRequest() {
		c.send(a, s.Reply(nil))
	}
}

// stanzaError takes an error that the server, or the peer's XMPP, answered with: it ends the association that the
// stanza belonged to.
func (c *Core) stanzaError(s *stanza.Stanza, now time.Time) bool {
	var a *Assoc
	if s.Kind == stanza.IQ {
		if w, ok := c.pending[s.ID]; ok && w.assoc.Peer == s.From {
			a = w.assoc
		}
	} else if id, ok := messagePair(s.ID); ok {
		a = c.peers[s.From].find(id)
	}
	err := named(s.Err)
	if a == nil {
		if s.Kind != stanza.Message || !c.bounced(s.From, s.ID, err, now) {
			c.ignore(s.From, WhyLate)
		}
		return s.Kind == stanza.IQ || s.Kind == stanza.Message
	}
	c.count.StanzaErrs++
	if errors.Is(err, mms.ErrPolicy) {
		if p := c.peers[a.Peer]; p != nil {
			p.policyOff = now.Add(c.cfg.Timeouts.PolicyOff)
		}
		c.event(PolicyDenied{Peer: a.Peer, Err: err})
	}
	if a.state != initiating && errors.Is(err, mms.ErrTransport) {
		c.farewell(a, now)
	}
	c.end(a, err, now)
	return true
}
