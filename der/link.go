package der

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
)

// xmppLink is the Link over XMPP: a host of the 8-2 binding that dials out.
type xmppLink struct {
	host *mmsbinding.Host

	mu     sync.Mutex
	accept func(mms.Association)
	events func(Event)
}

func newXMPPLink(cfg *Config) (Link, error) {
	peers := make(map[jid.JID]bool)
	for _, p := range cfg.Peers {
		peers[p.Bare()] = true
	}
	l := &xmppLink{events: cfg.Events}
	host, err := mmsbinding.NewHost(mmsbinding.HostConfig{
		XMPP: xmpp.Config{JID: cfg.JID, TLS: cfg.TLS, Hosts: cfg.Hosts, Peers: cfg.Peers, Spread: cfg.Spread},
		Binding: mmsbinding.Config{
			InsecureClear61850: cfg.InsecureClear61850,
			Accept:             l.accepted,
			Allow:              func(peer jid.JID) bool { return peers[peer.Bare()] },
			Events:             l.bound,
			Now:                cfg.Now,
		},
		Session: l.session,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	l.host = host
	return l, nil
}

// Run dials, and dials again, until ctx ends.
func (l *xmppLink) Run(ctx context.Context, accept func(mms.Association), events func(Event)) error {
	l.mu.Lock()
	l.accept, l.events = accept, events
	l.mu.Unlock()
	return l.host.Run(ctx)
}

func (l *xmppLink) accepted(a mms.Association) {
	l.mu.Lock()
	accept := l.accept
	l.mu.Unlock()
	if accept == nil { // nothing arrives before Run
		a.Abort(errors.New("der: not running"))
		return
	}
	accept(a)
}

// bound passes on what an operator should know of the binding. The agent itself tells of associations that it serves.
func (l *xmppLink) bound(e mmsbinding.Event) {
	switch e := e.(type) {
	case mmsbinding.Refused:
		l.emit(AssociationRefused{Peer: e.Peer.String(), Why: e.Err})
	case mmsbinding.Ignored:
		if e.Why == mmsbinding.WhyNotListed {
			l.emit(AssociationRefused{Peer: e.From.String(), Why: mmsbinding.ErrNotAllowed})
		}
	case mmsbinding.PolicyDenied:
		l.emit(AssociationRefused{Peer: e.Peer.String(), Why: e.Err})
	}
}

// ignored counts the stanzas that brought nothing about, by reason.
func (l *xmppLink) ignored() map[string]uint64 {
	c := l.host.Endpoint().Counters()
	n := map[string]uint64{"invalid-pdu": c.Rejected, "too-many-requests": c.Excess, "stanza-error": c.StanzaErrs}
	for why, count := range c.Ignored {
		n[mmsbinding.Why(why).String()] = count
	}
	return n
}

func (l *xmppLink) session(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		l.emit(LinkUp{JID: ev.JID, Resumed: ev.Resumed})
	case xmpp.Down:
		if !errors.Is(ev.Err, context.Canceled) { // the end of Run is no fault
			l.emit(LinkDown{Err: ev.Err})
		}
	case xmpp.Retry:
		l.emit(LinkDown{Err: ev.Err, Retry: ev.After})
	}
}

func (l *xmppLink) emit(e Event) {
	l.mu.Lock()
	events := l.events
	l.mu.Unlock()
	events(e)
}
