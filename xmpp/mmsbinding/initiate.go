package mmsbinding

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// Associate asks a peer, by its full address, for an association. How it ends is in Output: Opened or Failed.
func (c *Core) Associate(to jid.JID, now time.Time) (*Assoc, error) {
	switch {
	case !c.cfg.InsecureClear61850:
		return nil, ErrInsecureClear
	case !c.up:
		return nil, mms.ErrLinkLost
	case !c.allowed(to):
		return nil, fmt.Errorf("%w: %s", ErrNotAllowed, to)
	case !c.Available(to):
		return nil, fmt.Errorf("%w: %s has sent no presence", mms.ErrPeerOffline, to)
	}
	p := c.peer(to, now)
	switch {
	case now.Before(p.policyOff):
		return nil, fmt.Errorf("%w: %s: not tried again before %s", mms.ErrPolicy, to, p.policyOff.UTC().Format(time.TimeOnly))
	case len(p.assocs) >= c.cfg.Limits.PerPeer || c.assocs >= c.cfg.Limits.Associations:
		return nil, ErrTooMany
	}
	id := c.pick(p, to, now)
	if id == 0 {
		return nil, ErrTooMany
	}
	a := &Assoc{Peer: to, Calling: true, id: pair{calling: id}, iq: stanza.NewID(), deadline: now.Add(c.cfg.Timeouts.Initiate)}
	a.machine = mms.NewMachine[string](mms.Params{}) // admits nothing yet
	payload, err := c.encode(a, c.cfg.terms().Propose(mms.ServicesSupported))
	if err != nil {
		return nil, err
	}
	p.assocs = append(p.assocs, a)
	c.assocs++
	c.pending[a.iq] = pendingIQ{assoc: a}
	c.due(a.deadline)
	c.send(a, &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Set, ID: a.iq, To: to, Payload: payload})
	return a, nil
}

// accepted takes the answer to our initiate.
func (c *Core) accepted(s *stanza.Stanza, a *Assoc, id pair, pdu mms.PDU, now time.Time) {
	if s.From != a.Peer || id.calling != a.id.calling {
		c.ignore(s.From, WhyMismatch)
		return
	}
	switch r := pdu.(type) {
	case *mms.InitiateResponse:
		params, err := c.cfg.terms().Accept(r)
		if err == nil && (id.called == 0 || c.peers[a.Peer].find(id) != nil) {
			err = fmt.Errorf("%w: association identifier %s", mms.ErrProtocol, id)
		}
		if err != nil {
			c.sendAbort(a)
			c.end(a, err, now)
			return
		}
		delete(c.pending, a.iq)
		a.id = id
		c.establish(a, params)
	case *mms.InitiateError:
		c.end(a, fmt.Errorf("%w: %w", mms.ErrRefused, &r.Error), now)
	default:
		c.end(a, fmt.Errorf("%w: initiate answered with %T", mms.ErrProtocol, pdu), now)
	}
}

// establish opens an association with what was negotiated.
func (c *Core) establish(a *Assoc, params mms.Params) {
	d := c.cfg.Dialects[0]
	params.Size = func(p mms.PDU) int { return mms.SizeXER(p, d) }
	params.Freshness = true
	params.FileNameItem = 64
	a.Params = params
	a.machine = mms.NewMachine[string](params)
	a.state, a.deadline, a.iq = open, time.Time{}, ""
	c.count.Accepted++
	c.out.Opened = append(c.out.Opened, a)
	c.event(AssociationUp{Peer: a.Peer, ID: a.ID(), Calling: a.Calling})
}

// asked answers a peer that wants to associate.
func (c *Core) asked(s *stanza.Stanza, id pair, r *mms.InitiateRequest, now time.Time) {
	refuse := func(e *stanza.Error, err error) {
		c.count.Refused++
		c.event(Refused{Peer: s.From, Err: err})
		if e != nil {
			c.send(nil, s.ErrorReply(e))
			return
		}
		c.refuse(s, id, err)
	}
	switch {
	case !c.cfg.InsecureClear61850:
		e := stanza.NewError(stanza.NotAcceptable, "unsecured associations are switched off")
		e.App = clearRefused
		refuse(e, ErrInsecureClear)
		return
	case c.cfg.Accept == nil:
		refuse(stanza.NewError(stanza.ServiceUnavailable, ""), errNoServer)
		return
	case !c.allowed(s.From):
		refuse(stanza.NewError(stanza.Forbidden, ""), fmt.Errorf("%w: %s", ErrNotAllowed, s.From))
		return
	}
	p := c.peer(s.From, now)
	switch {
	case p == nil:
		refuse(nil, ErrTooMany)
		return
	case p.replayed(id, now, c.cfg.Timeouts.IDReuse):
		c.ignore(s.From, WhyReplay)
		return
	case len(p.assocs) >= c.cfg.Limits.PerPeer || c.assocs >= c.cfg.Limits.Associations:
		refuse(nil, ErrTooMany)
		return
	}
	answer, params, err := c.cfg.terms().Answer(r, mms.ServicesSupported)
	if err == nil {
		if id.called = c.pick(p, s.From, now); id.called == 0 || p.find(id) != nil {
			err = ErrTooMany
		}
	}
	a := &Assoc{Peer: s.From, id: id}
	var payload []byte
	if err == nil {
		payload, err = c.encode(a, answer)
	}
	if err != nil {
		id.called = 0
		refuse(nil, err)
		return
	}
	p.assocs = append(p.assocs, a)
	c.assocs++
	c.send(a, s.Reply(payload))
	c.establish(a, params)
}

var errNoServer = errors.New("mmsbinding: no associations are accepted here")

// refuse answers with an initiate-ErrorPDU.
func (c *Core) refuse(s *stanza.Stanza, id pair, err error) {
	e := &mms.InitiateError{Error: mms.ServiceError{Class: mms.ErrInitiate, AdditionalDescription: err.Error()}}
	payload, err := c.encode(&Assoc{id: id}, e)
	if err != nil {
		c.send(nil, s.ErrorReply(stanza.NewError(stanza.InternalServerError, "")))
		return
	}
	c.send(nil, s.Reply(payload))
}

// replayed reports whether the peer uses, or has just used, the identifier.
func (p *peer) replayed(id pair, now time.Time, reuse time.Duration) bool {
	for _, a := range p.assocs {
		if !a.Calling && a.id.calling == id.calling {
			return true
		}
	}
	t, used := p.used[id.calling|theirID]
	return used && now.Sub(t) < reuse
}
