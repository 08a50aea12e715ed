package center

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/center/api"
	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A Center is a control centre. Make it with New, run it with Run, and serve Handler.
type Center struct {
	cfg      Config
	xmpp     *xmpp.Client
	endpoint *mmsbinding.Endpoint
	fleet    *fleet.Fleet
	dispatch *dispatch.Dispatcher
	api      *api.API
}

// New makes a centre that is not connected yet.
func New(cfg Config) (*Center, error) {
	if err := cfg.prepare(); err != nil {
		return nil, err
	}
	c := &Center{cfg: cfg}
	cfg.Fleet.Events = func(e fleet.Event) { c.cfg.Events(Fleet{e}) }
	var err error
	if c.fleet, err = fleet.New(cfg.Fleet, dialer{c}); err != nil {
		return nil, err
	}
	conf := mmsbinding.Config{
		InsecureClear61850: cfg.InsecureClear61850,
		Events:             c.bound,
		Limits:             mmsbinding.Limits{Associations: cfg.MaxAssociations, Peers: max(4096, cfg.MaxAssociations)},
	}
	if err := conf.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c.endpoint = mmsbinding.New(conf)
	var peers []jid.JID
	for _, e := range cfg.Fleet.DERs {
		if _, pattern := e.Pattern(); pattern {
			continue
		}
		peer, err := jid.Parse(e.JID)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		peers = append(peers, peer)
	}
	c.xmpp, err = xmpp.New(xmpp.Config{
		JID: cfg.JID, TLS: cfg.TLS, Hosts: cfg.Hosts, Peers: peers, Spread: cfg.Spread, Handler: link{c},
		Namespaces: []string{mmsbinding.NS},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c.endpoint.Bind(c.xmpp)
	c.api = api.New(cfg.API, c.fleet)
	if err := c.api.Collect(binding{c.endpoint}); err != nil {
		return nil, err
	}
	commands := cfg.Dispatch
	commands.OnChange = c.api.CommandChanged
	c.dispatch = dispatch.New(commands, c.fleet)
	c.api.SetDispatcher(c.dispatch)
	return c, nil
}

// Run connects and serves until ctx ends, then releases every association. It returns nil after an orderly end.
func (c *Center) Run(ctx context.Context) error {
	// The link outlives the fleet, so that associations can be released over it.
	linkCtx, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	linked := make(chan error, 1)
	go func() { linked <- c.xmpp.Run(linkCtx) }()

	group, run := errgroup.WithContext(ctx)
	group.Go(func() error { return c.fleet.Run(run) })
	group.Go(func() error { return c.api.Run(run) })
	var early error
	group.Go(func() error {
		select {
		case early = <-linked:
			return fmt.Errorf("center: XMPP client ended: %w", early)
		case <-run.Done():
			return nil
		}
	})
	err := group.Wait()
	c.dispatch.Close()
	c.endpoint.Close()
	cut()
	if early == nil {
		if err := <-linked; err != nil && ctx.Err() == nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Handler serves the HTTP interface, and the dashboard's files from web if it is not nil.
func (c *Center) Handler(web fs.FS) http.Handler { return c.api.Handler(web) }

// link is the xmpp.Handler of a centre.
type link struct{ *Center }

// HandleStanza passes a stanza to the binding.
func (l link) HandleStanza(s *stanza.Stanza) { l.endpoint.HandleStanza(s) }

// HandleEvent passes the state of the link to the binding and the fleet.
func (l link) HandleEvent(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		l.endpoint.Up(ev.JID, ev.Resumed)
		l.fleet.LinkUp()
		l.cfg.Events(LinkUp{JID: ev.JID, Resumed: ev.Resumed, Host: ev.Host})
	case xmpp.Down:
		l.endpoint.Down()
		l.fleet.LinkDown()
		l.cfg.Events(LinkDown{Err: ev.Err})
	case xmpp.Lost:
		l.endpoint.Lost(ev.Err)
		l.fleet.LinkLost()
	case xmpp.Retry:
		l.cfg.Events(LinkDown{Err: ev.Err, Text: "trying again in " + ev.After.Round(100_000_000).String(), Refused: ev.Refused})
	}
}

// bound passes presence to the fleet and oddities to the operator.
func (c *Center) bound(e mmsbinding.Event) {
	switch e := e.(type) {
	case mmsbinding.PeerAvailable:
		c.fleet.Available(e.JID)
	case mmsbinding.PeerUnavailable:
		c.fleet.Unavailable(e.JID)
	case mmsbinding.Refused:
		c.cfg.Events(Stray{From: e.Peer, Why: e.Err.Error()})
	case mmsbinding.PolicyDenied:
		c.cfg.Events(Stray{From: e.Peer, Why: e.Err.Error()})
	case mmsbinding.Ignored:
		c.cfg.Events(Stray{From: e.From, Why: e.Why.String()})
	}
}

// dialer is the fleet.Dialer of a centre.
type dialer struct{ *Center }

// Associate opens an association and puts an ACSI client on it.
func (d dialer) Associate(ctx context.Context, peer jid.JID) (fleet.Session, error) {
	a, err := d.endpoint.Associate(ctx, peer)
	if err != nil {
		return nil, err
	}
	ident := d.cfg.JID.Local()
	return &session{client.New(a, client.Options{Origin: client.Origin{Cat: client.OrRemoteControl, Ident: strings.Clone(ident)}})}, nil
}
