package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// ErrConfig is matched by everything that is wrong with a Config, other than its policy.
var ErrConfig = errors.New("server: bad configuration")

// Conflict says what happens when an account binds a resource that another session of it holds.
type Conflict string

// The policies. Probe is the default.
const (
	Probe   Conflict = "probe"   // ask the old session; if it answers, the new one is refused
	Replace Conflict = "replace" // the new session wins
	Refuse  Conflict = "refuse"  // the old session wins
)

// A Config describes a server. Domain, TLS and Policy must be set.
type Config struct {
	Domain   string
	TLS      *tls.Config // of security/tlsprofile: must require and verify client certificates
	Policy   Policy
	Conflict Conflict
	Limits   Limits
	// Events is told what happens. It is called from many goroutines and must not block.
	Events func(Event)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Limits bounds what peers can take. Zero fields get the defaults of DefaultLimits.
type Limits struct {
	Sessions        int           // bound or being negotiated
	UnauthPerIP     int           // connections of one address (IPv6: /64) that are not authenticated yet
	Handshakes      int           // TLS handshakes at the same time
	AuthTimeout     time.Duration // from accept to authenticated
	BindTimeout     time.Duration // from authenticated to bound
	StanzaTimeout   time.Duration // from the first to the last octet of a stanza
	StanzaPreAuth   int           // octets of one stanza before authentication
	Stanza          int           // octets of one stanza afterwards
	LoginFailures   int           // per address and minute, then it is blocked
	BlockTime       time.Duration // for how long
	StanzaRate      float64       // stanzas a second of one session; faster senders are slowed down
	StanzaBurst     float64
	ByteRate        float64 // octets a second of one session
	ByteBurst       float64
	OutBuffer       int           // octets waiting to be sent to one session, then it is disconnected
	WriteTimeout    time.Duration // for one write to make progress
	PendingIQ       int           // requests of one session that wait for an answer
	IQTimeout       time.Duration // then they are answered with remote-server-timeout
	PresenceTargets int           // sessions that the presence of one session goes to
	PingAfter       time.Duration // silence of a client before it is pinged
	PingTimeout     time.Duration // silence after that before it is given up
	ResumeMax       time.Duration // how long a detached session waits
	HoldIQ          time.Duration // how long a request waits for a detached session
	QueueStanzas    int           // of a managed session
	QueueBytes      int           // of a managed session
	ProbeTimeout    time.Duration // for the old session to answer when another binds
	CloneAlarm      int           // conflicts of one account in ten minutes that raise an alarm
}

// DefaultLimits returns the limits that zero fields get.
func DefaultLimits() Limits {
	return Limits{
		Sessions: 100_000, UnauthPerIP: 32, Handshakes: 512,
		AuthTimeout: 30 * time.Second, BindTimeout: 10 * time.Second, StanzaTimeout: 30 * time.Second,
		StanzaPreAuth: xmlscan.LimitPreAuth, Stanza: xmlscan.LimitDefault,
		LoginFailures: 30, BlockTime: 5 * time.Minute,
		StanzaRate: 50, StanzaBurst: 200, ByteRate: 128 << 10, ByteBurst: 1 << 20,
		OutBuffer: 1 << 20, WriteTimeout: 30 * time.Second,
		PendingIQ: 64, IQTimeout: 60 * time.Second, PresenceTargets: 4096,
		PingAfter: 60 * time.Second, PingTimeout: 10 * time.Second,
		ResumeMax: 60 * time.Second, HoldIQ: 10 * time.Second, QueueStanzas: 256, QueueBytes: 1 << 20,
		ProbeTimeout: 3 * time.Second, CloneAlarm: 3,
	}
}

// or replaces zero fields by those of d.
func (l Limits) or(d Limits) Limits {
	num(&l.Sessions, d.Sessions)
	num(&l.UnauthPerIP, d.UnauthPerIP)
	num(&l.Handshakes, d.Handshakes)
	num(&l.AuthTimeout, d.AuthTimeout)
	num(&l.BindTimeout, d.BindTimeout)
	num(&l.StanzaTimeout, d.StanzaTimeout)
	num(&l.StanzaPreAuth, d.StanzaPreAuth)
	num(&l.Stanza, d.Stanza)
	num(&l.LoginFailures, d.LoginFailures)
	num(&l.BlockTime, d.BlockTime)
	num(&l.StanzaRate, d.StanzaRate)
	num(&l.StanzaBurst, d.StanzaBurst)
	num(&l.ByteRate, d.ByteRate)
	num(&l.ByteBurst, d.ByteBurst)
	num(&l.OutBuffer, d.OutBuffer)
	num(&l.WriteTimeout, d.WriteTimeout)
	num(&l.PendingIQ, d.PendingIQ)
	num(&l.IQTimeout, d.IQTimeout)
	num(&l.PresenceTargets, d.PresenceTargets)
	num(&l.PingAfter, d.PingAfter)
	num(&l.PingTimeout, d.PingTimeout)
	num(&l.ResumeMax, d.ResumeMax)
	num(&l.HoldIQ, d.HoldIQ)
	num(&l.QueueStanzas, d.QueueStanzas)
	num(&l.QueueBytes, d.QueueBytes)
	num(&l.ProbeTimeout, d.ProbeTimeout)
	num(&l.CloneAlarm, d.CloneAlarm)
	return l
}

func num[T int | float64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// Validate reports the first limit that is out of range.
func (l Limits) Validate() error {
	l = l.or(DefaultLimits())
	checks := []struct {
		ok   bool
		what string
	}{
		{l.Sessions > 0 && l.UnauthPerIP > 0 && l.Handshakes > 0, "sessions, unauthenticated connections and handshakes must be positive"},
		{l.AuthTimeout > 0 && l.BindTimeout > 0 && l.StanzaTimeout > 0 && l.WriteTimeout > 0, "timeouts must be positive"},
		{l.StanzaPreAuth >= xmlscan.LimitLeast && l.StanzaPreAuth <= l.Stanza, "stanza size before login must be 10000 or more, and no larger than after it"},
		{l.Stanza >= xmlscan.LimitLeast && l.Stanza <= xmlscan.LimitMost, "stanza size must be 10000 to 1048576"},
		{l.ResumeMax > 0 && l.ResumeMax <= 300*time.Second, "resume_max must be 300 s or less"},
		{l.HoldIQ > 0 && l.HoldIQ <= l.ResumeMax, "iq_hold_max must be no longer than resume_max"},
		{l.StanzaRate > 0 && l.StanzaBurst >= 1 && l.ByteRate > 0 && l.ByteBurst >= 1, "rates and bursts must be positive"},
		{l.OutBuffer >= l.Stanza, "the outbound buffer must hold a stanza"},
		{l.PendingIQ > 0 && l.IQTimeout > 0 && l.QueueStanzas > 0 && l.QueueBytes > 0, "queues must be positive"},
		{l.LoginFailures > 0 && l.CloneAlarm > 0 && l.PresenceTargets > 0, "counts must be positive"},
		{l.PingAfter > 0 && l.PingTimeout > 0 && l.ProbeTimeout > 0 && l.BlockTime > 0, "times must be positive"},
	}
	for _, c := range checks {
		if !c.ok {
			return fmt.Errorf("%w: %s", ErrConfig, c.what)
		}
	}
	return nil
}

func checkTLS(c *tls.Config) error {
	switch {
	case c == nil:
		return fmt.Errorf("%w: no TLS", ErrConfig)
	case c.ClientAuth != tls.RequireAndVerifyClientCert || c.MinVersion < tls.VersionTLS12:
		return fmt.Errorf("%w: TLS must be 1.2 or later and require client certificates", ErrConfig)
	}
	return nil
}

// prepare checks the configuration and fills in defaults.
func (c *Config) prepare() error {
	d, err := jid.Parse(c.Domain)
	if err != nil || d.Domain() != d.String() {
		return fmt.Errorf("%w: domain %q", ErrConfig, c.Domain)
	}
	if err := checkTLS(c.TLS); err != nil {
		return err
	}
	c.Domain = d.String()
	switch c.Conflict {
	case "":
		c.Conflict = Probe
	case Probe, Replace, Refuse:
	default:
		return fmt.Errorf("%w: conflict policy %q", ErrConfig, c.Conflict)
	}
	if err := c.Limits.Validate(); err != nil {
		return err
	}
	c.Limits = c.Limits.or(DefaultLimits())
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	return nil
}
