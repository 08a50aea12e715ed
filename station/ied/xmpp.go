package ied

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
)

// xmppLink makes the IED reachable over XMPP: a session that dials out, and the 8-2 binding on it.
type xmppLink struct {
	d    *IED
	host *mmsbinding.Host

	mu  sync.Mutex
	ctx context.Context // of run; nil before
}

func newXMPPLink(d *IED) (*xmppLink, error) {
	x := d.cfg.XMPP
	l := &xmppLink{d: d}
	host, err := mmsbinding.NewHost(mmsbinding.HostConfig{
		XMPP: x.Client,
		Binding: mmsbinding.Config{
			InsecureClear61850: x.InsecureClear61850,
			Accept:             l.accept,
			Allow:              x.listed,
			Events:             l.bound,
			Now:                d.cfg.Now,
		},
		Session: l.session,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	l.host = host
	return l, nil
}

// listed tells whether a peer may associate.
func (x *XMPP) listed(peer jid.JID) bool {
	return slices.ContainsFunc(x.Client.Peers, func(p jid.JID) bool { return p.Bare() == peer.Bare() })
}

func (l *xmppLink) run(ctx context.Context) error {
	l.mu.Lock()
	l.ctx = ctx
	l.mu.Unlock()
	return l.host.Run(ctx)
}

func (l *xmppLink) accept(a mms.Association) {
	l.mu.Lock()
	ctx := l.ctx
	l.mu.Unlock()
	if ctx == nil { // nothing arrives before run
		a.Abort(errors.New("ied: not running"))
		return
	}
	l.d.serve(ctx, a)
}

func (l *xmppLink) bound(e mmsbinding.Event) {
	switch e := e.(type) {
	case mmsbinding.Refused:
		l.d.cfg.Events(AssociationRefused{Peer: e.Peer.String(), Why: e.Err})
	case mmsbinding.PolicyDenied:
		l.d.cfg.Events(AssociationRefused{Peer: e.Peer.String(), Why: e.Err})
	case mmsbinding.Ignored:
		if e.Why == mmsbinding.WhyNotListed {
			l.d.cfg.Events(AssociationRefused{Peer: e.From.String(), Why: mmsbinding.ErrNotAllowed})
		}
	}
}

func (l *xmppLink) session(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		l.d.cfg.Events(LinkUp{JID: ev.JID, Resumed: ev.Resumed})
	case xmpp.Down:
		if !errors.Is(ev.Err, context.Canceled) { // the end of run is no fault
			l.d.cfg.Events(LinkDown{Err: ev.Err})
		}
	case xmpp.Retry:
		l.d.cfg.Events(LinkDown{Err: ev.Err, Retry: ev.After})
	}
}
