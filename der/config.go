package der

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
)

// ErrConfig is wrapped by every error of New about its configuration.
var ErrConfig = errors.New("der: bad configuration")

// Config describes an agent. Device and either the XMPP members or Link must be set.
type Config struct {
	// The resource. Adapter replaces the simulation by something real; Device then says what it is (Kind, Rated and
	// what Limits and Targets need).
	Device  device.Config
	Adapter Device

	// The model. IED is the name of the IED, 1 to 60 letters, digits and _. SCL is a file that describes it (SCLName for
	// messages); nil: the template of the kind. AccessPoint may stay empty when there is one. Map adds to DefaultMap, or
	// replaces parts of it: from points (PointNames) to data objects, such as "LD0/MMXU1.TotW".
	IED         string
	AccessPoint string
	SCL         []byte
	SCLName     string
	Map         map[string]string

	// XMPP. JID is the bare JID of the device, TLS comes from security/tlsprofile, Hosts are as in xmpp.Config; Peers
	// are the bare JIDs that may associate, at least one.
	JID   jid.JID
	TLS   *tls.Config
	Hosts []string
	Peers []jid.JID
	// Spread is the random pause before dialling again after the server went away, so that a fleet does not come back
	// all at once; 0: 30 s, negative: none.
	Spread time.Duration
	// InsecureClear61850 allows associations without end-to-end protection: the XMPP servers on the way can read and
	// change what they carry.
	InsecureClear61850 bool
	// Link replaces XMPP altogether.
	Link Link

	// Time. Speed is how much faster than the wall clock the device lives, default 1; Start is the time at which its day
	// begins, default now. Tick is how often the device is stepped and its points are published, default 1 s.
	Speed float64
	Start time.Time
	Tick  time.Duration
	// StallAfter is after how long without a step of the device its values are questionable; default 5 ticks.
	StallAfter time.Duration
	// CommandTimeout is how long a ramp may take before its command ends with time-limit-over; default twice the ramp
	// time of the device, at the speed, and 5 s.
	CommandTimeout time.Duration

	FailSafe FailSafe

	Authorizer server.Authorizer // nil: every authenticated peer may do everything
	Audit      server.Audit
	Events     func(Event)      // must not block; nil: nobody hears
	Now        func() time.Time // nil: time.Now
}

// FailSafe is what a device does when nobody looks after it. Once somebody has associated again, the limit from before
// holds again.
type FailSafe struct {
	After   time.Duration // without an association; 0: never
	Limit   float64       // W, limit of the magnitude of active power
	Release bool          // also forget the set-point, back to the device's own schedule
}

// Device is what the agent drives. *device.Device fits. Its methods are called by one goroutine at a time.
type Device interface {
	Step(now time.Time)
	State() device.State
	SetLimit(w float64) error
	SetTarget(w float64) error
	ClearTarget()
	LimitReached() bool
	TargetReached() bool
}

func (c *Config) defaults() {
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Tick == 0 {
		c.Tick = time.Second
	}
	if c.StallAfter == 0 {
		c.StallAfter = 5 * c.Tick
	}
	if c.Device.RampTime == 0 {
		c.Device.RampTime = 10 * time.Second
	}
	if c.CommandTimeout == 0 {
		c.CommandTimeout = time.Duration(2*float64(c.Device.RampTime)/c.Speed) + 5*time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	if c.IED == "" {
		c.IED = "DER1"
	}
	if c.SCLName == "" {
		c.SCLName = string(c.Device.Kind) + ".icd"
	}
}

// Validate checks what can be checked without connecting.
func (c Config) Validate() error {
	c.defaults()
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...))
	}
	if err := c.Device.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	switch {
	case !(c.Speed >= 0.01 && c.Speed <= 10000):
		return bad("speed is %g, want 0.01 to 10000", c.Speed)
	case c.Tick < 10*time.Millisecond || c.Tick > time.Minute:
		return bad("tick is %v, want 10 ms to 1 min", c.Tick)
	case c.Speed*c.Tick.Hours() > 1:
		return bad("speed %g and a tick of %v make steps longer than an hour", c.Speed, c.Tick)
	case c.StallAfter < c.Tick:
		return bad("stalled after %v, less than a tick", c.StallAfter)
	case c.CommandTimeout < 0:
		return bad("command timeout is %v", c.CommandTimeout)
	case c.FailSafe.After < 0:
		return bad("fail-safe after %v", c.FailSafe.After)
	case c.FailSafe.After > 0 && !c.Device.Limits().Contains(c.FailSafe.Limit):
		r := c.Device.Limits()
		return bad("fail-safe limit is %g W, want %g to %g", c.FailSafe.Limit, r.Min, r.Max)
	case !validIED(c.IED):
		return bad("%q cannot be the name of an IED", c.IED)
	case c.Link != nil:
		return nil
	case c.JID.IsZero():
		return bad("no JID")
	case c.TLS == nil:
		return bad("no TLS configuration")
	case len(c.Peers) == 0:
		return bad("no peers: nobody could associate")
	case !c.InsecureClear61850:
		return bad("end-to-end protection of IEC 61850 is not available yet: set InsecureClear61850")
	}
	return nil
}

// A Link brings associations to the agent. It dials out, and calls accept in a goroutine of its own for each association
// that a peer has opened, until ctx ends.
type Link interface {
	Run(ctx context.Context, accept func(mms.Association), events func(Event)) error
}
