package mmsbinding

import (
	"context"

	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/stanza"
)

// HostConfig describes a Host.
type HostConfig struct {
	XMPP    xmpp.Config // Handler and Namespaces are filled in by NewHost
	Binding Config
	Session func(xmpp.Event) // hears what happens to the XMPP session; must not block; nil: nobody does
}

// A Host is one XMPP address at which associations may be opened: a session that dials out and an Endpoint on it. Make
// it with NewHost, run it once with Run.
type Host struct {
	cfg      HostConfig
	client   *xmpp.Client
	endpoint *Endpoint
}

// NewHost checks the configuration. Nothing is dialled before Run.
func NewHost(cfg HostConfig) (*Host, error) {
	if err := cfg.Binding.Validate(); err != nil {
		return nil, err
	}
	h := &Host{cfg: cfg, endpoint: New(cfg.Binding)}
	cfg.XMPP.Handler, cfg.XMPP.Namespaces = h, []string{NS}
	client, err := xmpp.New(cfg.XMPP)
	if err != nil {
		return nil, err
	}
	h.client = client
	h.endpoint.Bind(client)
	return h, nil
}

// Run dials, and dials again, until ctx ends; then it aborts every association and waits for the Accept functions.
func (h *Host) Run(ctx context.Context) error {
	err := h.client.Run(ctx)
	h.endpoint.Close()
	return err
}

// Endpoint gives what associates with peers and counts.
func (h *Host) Endpoint() *Endpoint { return h.endpoint }

// HandleStanza makes a Host an xmpp.Handler.
func (h *Host) HandleStanza(s *stanza.Stanza) { h.endpoint.HandleStanza(s) }

// HandleEvent makes a Host an xmpp.Handler.
func (h *Host) HandleEvent(ev xmpp.Event) {
	h.endpoint.HandleEvent(ev)
	if h.cfg.Session != nil {
		h.cfg.Session(ev)
	}
}
