package mmsbinding

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gridward/gridward/asn1/xer"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
)

// Config of an Endpoint or Core. The zero value refuses every association: without the secured frame InsecureClear61850
// has to be switched on at both ends.
type Config struct {
	// InsecureClear61850 lets PDUs cross unsecured: every server on the way can read and change them.
	InsecureClear61850 bool

	Accept func(a mms.Association)     // takes an association that a peer asked for, in its own goroutine; nil: none are accepted
	Allow  func(peer jid.JID) bool     // which full addresses may associate with us or be associated with; nil: all
	Events func(e Event)               // in order, one at a time; must not block; nil: none
	Roles  func(peer jid.JID) []string // roles that the peer's Principal gets (IEC 62351-8); nil: none

	Limits   Limits
	Timeouts Timeouts
	Conceal  bool           // every request is an iq set, so that a router cannot tell reading from writing
	Dialects []*xer.Dialect // the first is written, all are read; none: mms.GW1

	Now  func() time.Time // of the Endpoint; nil: time.Now
	Rand func() uint32    // for association identifiers; nil: math/rand/v2
}

// Limits of a Core. Zero members take the defaults, which are a device's; a control centre sets more.
type Limits struct {
	PerPeer      int // associations with one address; 4
	Associations int // in all; 16
	Peers        int // addresses that are remembered, for presence and for identifiers not to be used again; 4,096
	Outstanding  int // requests either way; 5, at most 16
	MaxPDU       int // XER octets of a PDU; 65,536, from 8,192 to 180,000
	Nesting      int // depth of structures; 10, at least 5
	Queue        int // PDUs of one association that nobody has received yet; 4,096
	Unsent       int // octets of one association that could not be sent yet, beyond which Send waits; 262,144
}

// Timeouts of a Core. Zero members take the defaults.
type Timeouts struct {
	Request   time.Duration // a request without an answer is forgotten; 10 s
	Initiate  time.Duration // 10 s
	Conclude  time.Duration // 5 s
	IDReuse   time.Duration // an association identifier is not used again; 10 min
	PolicyOff time.Duration // a peer that policy keeps us from is left alone; 5 min
	Unsent    time.Duration // what cannot be sent for so long ends its association; 10 s
}

// Bounds of localDetail.
const (
	minPDU         = 8192
	maxPDU         = 180_000
	maxOutstanding = 16
	minNesting     = 5
)

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (c *Config) setDefaults() {
	l, t := &c.Limits, &c.Timeouts
	orDefault(&l.PerPeer, 4)
	orDefault(&l.Associations, 16)
	orDefault(&l.Peers, 4096)
	orDefault(&l.Outstanding, 5)
	orDefault(&l.MaxPDU, 65536)
	orDefault(&l.Nesting, 10)
	orDefault(&l.Queue, 4096)
	orDefault(&l.Unsent, 262144)
	orDefault(&t.Request, 10*time.Second)
	orDefault(&t.Initiate, 10*time.Second)
	orDefault(&t.Conclude, 5*time.Second)
	orDefault(&t.IDReuse, 10*time.Minute)
	orDefault(&t.PolicyOff, 5*time.Minute)
	orDefault(&t.Unsent, 10*time.Second)
	if len(c.Dialects) == 0 {
		c.Dialects = []*xer.Dialect{mms.GW1}
	}
	if c.Rand == nil {
		c.Rand = rand.Uint32
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// WithDefaults gives the configuration with which c is run.
func (c Config) WithDefaults() Config {
	c.setDefaults()
	return c
}

// Validate tells what a Config asks for that cannot be.
func (c *Config) Validate() error {
	l := c.Limits
	var errs []error
	outside := func(name string, v, least, most int) {
		if v != 0 && (v < least || v > most) {
			errs = append(errs, fmt.Errorf("mmsbinding: %s %d is not within %d and %d", name, v, least, most))
		}
	}
	outside("MaxPDU", l.MaxPDU, minPDU, maxPDU)
	outside("Outstanding", l.Outstanding, 1, maxOutstanding)
	outside("Nesting", l.Nesting, minNesting, 127)
	outside("PerPeer", l.PerPeer, 1, 100)
	outside("Associations", l.Associations, 1, 1<<20)
	outside("Peers", l.Peers, 1, 1<<20)
	return errors.Join(errs...)
}

func (c *Config) terms() mms.Terms {
	return mms.Terms{
		MaxPDU: min(max(c.Limits.MaxPDU, minPDU), maxPDU), MinPDU: minPDU,
		Outstanding: min(max(c.Limits.Outstanding, 1), maxOutstanding), Nesting: min(max(c.Limits.Nesting, minNesting), 127),
	}
}
