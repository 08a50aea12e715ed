package ied

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gridward/gridward/acsi/schedule"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/xmpp"
)

// ErrConfig is wrapped by every error of New about its configuration.
var ErrConfig = errors.New("ied: bad configuration")

// Config describes an IED. Model and at least one of Listen, TLSListen and XMPP must be set.
type Config struct {
	Model *model.Server

	// What identify answers. Empty ones are taken from the model.
	Vendor, ModelName, Revision string

	// Listen is the address of MMS on TCP, such as ":102"; "": none. TLSListen is that of MMS over TLS, such as ":3782",
	// with TLS of tlsprofile.Server.
	Listen    string
	TLSListen string
	TLS       *tls.Config
	// Address is how clients have to call this end: selectors that are given must be the ones called.
	Address acse.Address
	// XMPP makes the IED reachable at an address of an XMPP domain; nil: not.
	XMPP *XMPP

	// Clients are those who may associate, and what they may do. None: whoever shows a certificate that TLS or the XMPP
	// domain accepts may do everything.
	Clients []Client
	// InsecureAnonymous lets clients in that prove nothing. They may do everything, unless Clients has an entry named
	// Anonymous, which says what.
	InsecureAnonymous bool

	// Where values come from, besides the model: any of them, or none.
	Scenario *Scenario
	Lines    io.Reader // lines of JSON (see Line)
	Simulate *Simulation

	Controls Controls
	// Store keeps what schedules are enabled, over a restart; nil: nothing is.
	Store schedule.Store

	// Server settings that are passed on.
	Limits      server.Limits
	Connections tcp.Limits
	Audit       server.Audit
	BindOrigin  bool
	Extend      func(*server.Config) // changes what the server is made of, last; nil: nobody does

	Events func(Event)      // must not block; may be called by several goroutines; nil: nobody hears
	Now    func() time.Time // nil: time.Now
}

// XMPP says where the IED is to be found over IEC 61850-8-2.
type XMPP struct {
	Client xmpp.Config // JID, TLS, Hosts, Peers, Spread; Handler is filled in
	// InsecureClear61850 allows associations without end-to-end protection: the XMPP servers on the way can read and
	// change what they carry.
	InsecureClear61850 bool
}

// Controls says what becomes of commands.
type Controls struct {
	Refuse      bool          // every command is refused as not supported
	OperateTime time.Duration // that an operation takes; 0: none
}

func (c *Config) defaults() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Events == nil {
		c.Events = func(Event) {}
	}
}

// Validate checks what can be checked without listening.
func (c *Config) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...))
	}
	switch {
	case c.Model == nil:
		return bad("no model")
	case c.Listen == "" && c.TLSListen == "" && c.XMPP == nil:
		return bad("nowhere to listen")
	case c.TLSListen != "" && c.TLS == nil:
		return bad("TLS without a certificate")
	case c.XMPP != nil && !c.XMPP.InsecureClear61850:
		return bad("end-to-end protection of IEC 61850 over XMPP is not available yet: set InsecureClear61850")
	case c.XMPP != nil && len(c.XMPP.Client.Peers) == 0:
		return bad("no peers over XMPP: nobody could associate")
	case c.Controls.OperateTime < 0 || c.Controls.OperateTime > time.Hour:
		return bad("operate time is %v, want 0 to 1 h", c.Controls.OperateTime)
	case c.Listen != "" && !c.InsecureAnonymous && !c.passwords():
		return bad("nobody could associate on %s: TCP proves nothing about a client; give clients a password, or allow anonymous ones (InsecureAnonymous)", c.Listen)
	}
	return checkClients(c.Clients)
}

func (c *Config) passwords() bool {
	for _, k := range c.Clients {
		if k.InsecurePassword != "" {
			return true
		}
	}
	return false
}
