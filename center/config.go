package center

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/center/api"
	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/xmpp/jid"
)

// ErrConfig is wrapped by every error of New about its configuration.
var ErrConfig = errors.New("center: bad configuration")

// Config describes a control centre. JID, TLS and at least one entry of Fleet.DERs must be set.
type Config struct {
	JID   jid.JID     // bare
	TLS   *tls.Config // of security/tlsprofile
	Hosts []string    // as in xmpp.Config; empty: DNS SRV of the JID's domain
	// Spread is the random pause before dialling again after the server went away; 0: as in xmpp.Config (30 s).
	Spread time.Duration
	// InsecureClear61850 allows associations without end-to-end protection: the XMPP servers on the way can read and
	// change what they carry.
	InsecureClear61850 bool

	Fleet    fleet.Config // Self is set from JID
	Dispatch dispatch.Config
	API      api.Config
	// MaxAssociations bounds the associations at once; default 20,000.
	MaxAssociations int

	Events func(Event) // told what happens; must be quick; may be nil
}

func (c *Config) prepare() error {
	switch {
	case !c.JID.IsBare() || c.JID.Local() == "":
		return fmt.Errorf("%w: JID %q is not a bare account", ErrConfig, c.JID)
	case c.TLS == nil:
		return fmt.Errorf("%w: no TLS configuration", ErrConfig)
	case len(c.Fleet.DERs) == 0:
		return fmt.Errorf("%w: no DER", ErrConfig)
	case !c.InsecureClear61850:
		return fmt.Errorf("%w: end-to-end protection of IEC 61850 is not available yet: set InsecureClear61850", ErrConfig)
	case c.MaxAssociations < 0:
		return fmt.Errorf("%w: %d associations", ErrConfig, c.MaxAssociations)
	}
	if c.MaxAssociations == 0 {
		c.MaxAssociations = 20_000
	}
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	c.Fleet.Self = c.JID
	return nil
}

// An Event is something that the operator of the centre should know: one of the types of this file.
type Event interface{ event() }

type (
	// LinkUp: the XMPP session is bound to a full JID.
	LinkUp struct {
		JID     jid.JID
		Resumed bool
		Host    string
	}
	// LinkDown: there is no session any more, or none could be had. Text says when the next attempt is made.
	LinkDown struct {
		Err     error
		Text    string
		Refused bool // the server refuses us, or we it, for a reason that does not go away by itself
	}
	// Stray is a stanza that belongs to nothing, or an association that somebody asked of us.
	Stray struct {
		From jid.JID
		Why  string
	}
	// Fleet is an event of the fleet.
	Fleet struct{ Event fleet.Event }
)

func (LinkUp) event()   {}
func (LinkDown) event() {}
func (Stray) event()    {}
func (Fleet) event()    {}
