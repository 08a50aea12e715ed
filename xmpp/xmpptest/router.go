// Package xmpptest is the twin of an XMPP server and its clients without sockets: a Router connects any number of Peers,
// which behave towards their Handler as xmpp.Client does. The router can be made malicious: a Tamper sees every stanza
// under way and may drop, delay, reorder, duplicate, replay, rewrite, mis-stamp or swap it. It is for tests, and works
// inside testing/synctest.
package xmpptest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// ErrMalformed is returned by Peer.Send for a stanza that a real server would refuse.
var ErrMalformed = errors.New("xmpptest: stanza does not parse")

// A Router delivers stanzas between its peers: it writes the true sender into each, keeps their order, announces the
// presence of every peer to every other, and answers requests to absent ones. It is safe for concurrent use.
type Router struct {
	mu      sync.Mutex
	peers   map[jid.JID]*Peer
	tampers []Tamper
	seen    int
	wg      sync.WaitGroup
}

// NewRouter returns a router without peers that tampers with nothing. Close it at the end of the test.
func NewRouter() *Router { return &Router{peers: map[jid.JID]*Peer{}} }

// Pair returns a new router with two peers that are up, the shortest way to a session pair.
func Pair(a, b jid.JID, ha, hb xmpp.Handler) (*Router, *Peer, *Peer) {
	r := NewRouter()
	pa, pb := r.Peer(a), r.Peer(b)
	pa.Start(ha)
	pb.Start(hb)
	return r, pa, pb
}

// Tamper puts tampers in the way of all stanzas from now on, instead of those set before. Each sees what the one before
// it lets through. Answers that the router makes itself, and presence that it announces, pass them too.
func (r *Router) Tamper(ts ...Tamper) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tampers = ts
}

// Seen returns the number of stanzas that were sent.
func (r *Router) Seen() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// Close stops all peers and waits for their goroutines.
func (r *Router) Close() {
	r.mu.Lock()
	var ps []*Peer
	for _, p := range r.peers {
		ps = append(ps, p)
	}
	r.mu.Unlock()
	for _, p := range ps {
		p.Stop(xmpp.ErrLost)
	}
	r.wg.Wait()
}

// Peer returns a client with the full address, which is not up until Start. There is one for each address.
func (r *Router) Peer(full jid.JID) *Peer {
	if !full.IsFull() {
		panic(fmt.Sprintf("xmpptest: %q is not a full JID", full))
	}
	p := &Peer{r: r, full: full, pending: map[string]*call{}}
	p.cond = sync.NewCond(&p.mu)
	return p
}

// Inject delivers a stanza as it is, as if the router had received it: what a server can forge.
func (r *Router) Inject(s *stanza.Stanza) { r.deliver(s.Clone()) }

// route sends a stanza on its way through the tampers.
func (r *Router) route(s *stanza.Stanza) {
	r.mu.Lock()
	r.seen++
	ts := r.tampers
	r.mu.Unlock()
	r.through(ts, Delivery{Stanza: s})
}

func (r *Router) through(ts []Tamper, d Delivery) {
	if d.After > 0 {
		time.AfterFunc(d.After, func() { r.through(ts, Delivery{Stanza: d.Stanza}) })
		return
	}
	if len(ts) == 0 {
		r.deliver(d.Stanza)
		return
	}
	for _, next := range ts[0](d.Stanza) {
		r.through(ts[1:], next)
	}
}

// deliver hands a stanza to the peer that it is for, or answers in its place.
func (r *Router) deliver(s *stanza.Stanza) {
	r.mu.Lock()
	to := r.peers[s.To]
	r.mu.Unlock()
	if to != nil {
		to.receive(s.Clone())
		return
	}
	cond := stanza.ServiceUnavailable
	switch {
	case s.Type == stanza.TypeError, s.Kind == stanza.Presence, s.Kind == stanza.IQ && !s.IsRequest():
		return
	case s.Kind == stanza.Message && s.To.IsFull():
		cond = stanza.RecipientUnavailable
	}
	r.route(s.ErrorReply(stanza.NewError(cond, "")))
}

// announce tells every other peer that p is there or gone, and p of all that are there.
func (r *Router) announce(p *Peer, typ string) {
	r.mu.Lock()
	var others []*Peer
	for j, o := range r.peers {
		if j != p.full {
			others = append(others, o)
		}
	}
	r.mu.Unlock()
	for _, o := range others {
		r.route(&stanza.Stanza{Kind: stanza.Presence, Type: typ, From: p.full, To: o.full})
		if typ == "" {
			r.route(&stanza.Stanza{Kind: stanza.Presence, From: o.full, To: p.full})
		}
	}
}

// wire passes a stanza through its written form, as a real connection does.
func wire(s *stanza.Stanza) (*stanza.Stanza, error) {
	sc := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitDefault)
	sc.Feed([]byte("<stream:stream xmlns='jabber:client' xmlns:stream='" + xmlscan.NSStream + "'>"))
	if _, err := sc.Next(); err != nil {
		return nil, err
	}
	sc.Feed(s.Append(nil))
	it, err := sc.Next()
	if err != nil || it != xmlscan.Child {
		return nil, errors.Join(ErrMalformed, err)
	}
	var p stanza.Parser
	var out stanza.Stanza
	if err := p.Parse(sc.Element, &out); err != nil {
		return nil, errors.Join(ErrMalformed, err)
	}
	return out.Clone(), nil
}
