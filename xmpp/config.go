package xmpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// Resource is the resource of every IEC 61850 endpoint (IEC 61850-8-2: one account for each IED).
const Resource = "IEC"

// A Dialer makes connections; *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// A Resolver looks up service records; *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
}

// A Config describes a client. JID, TLS and Handler must be set; everything else has a default.
type Config struct {
	JID      jid.JID     // the account; must be bare
	Resource string      // always asked for, no other is accepted; "" = Resource
	TLS      *tls.Config // made by security/tlsprofile: own certificate, and the check of the server's
	Hosts    []string    // "host:port/direct" or "host:port/starttls", tried in order; empty: DNS SRV, then domain:5222
	Handler  Handler

	Peers         []jid.JID // bare JIDs with which presence is subscribed both ways; only foreign servers need it
	Namespaces    []string  // of iq requests that the handler answers, also shown as features; nil: all go to the handler
	Mechanisms    func() []sasl.Client
	RedirectAllow []string // "host:port" that a see-other-host of the server may lead to

	DialTimeout  time.Duration // of one address; 0 = 5 s
	PingAfter    time.Duration // of silence; 0 = 30 s
	PingTimeout  time.Duration // 0 = 10 s
	WriteTimeout time.Duration // of a connection that takes no bytes; 0 = 30 s
	BackoffMin   time.Duration // first pause; 0 = 1 s
	BackoffMax   time.Duration // 0 = 60 s
	UpReset      time.Duration // a link that was up so long starts again with the first pause; 0 = 60 s
	Spread       time.Duration // extra random pause after the server went away; 0 = 30 s, < 0 = none
	RefusedPause time.Duration // after conflict, not-authorized or a refused certificate; 0 = 5 min
	HoldIQ       time.Duration // how long a request waits for a detached link; 0 = sm.HoldIQ
	ResumeMax    time.Duration // longest pause that is asked for and relied upon; 0 = sm.ResumeMax
	NoResume     bool          // no stream management
	Limit        int           // octets of one stanza, both ways; 0 = xmlscan.LimitDefault
	MaxPending   int           // open calls of IQ; 0 = 1024

	Rand     *rand.Rand // nil = seeded by the system
	Dialer   Dialer     // nil = net.Dialer
	Resolver Resolver   // nil = net.DefaultResolver
}

// ErrConfig is matched by every error of Validate.
var ErrConfig = errors.New("xmpp: configuration")

// Validate reports what is wrong with the configuration.
func (c *Config) Validate() error {
	switch {
	case !c.JID.IsBare() || c.JID.Local() == "":
		return fmt.Errorf("%w: JID %q is not the bare address of an account", ErrConfig, c.JID)
	case c.TLS == nil:
		return fmt.Errorf("%w: no TLS configuration", ErrConfig)
	case c.Handler == nil:
		return fmt.Errorf("%w: no handler", ErrConfig)
	case c.Limit != 0 && (c.Limit < xmlscan.LimitLeast || c.Limit > xmlscan.LimitMost):
		return fmt.Errorf("%w: stanza limit %d is not within %d and %d", ErrConfig, c.Limit, xmlscan.LimitLeast, xmlscan.LimitMost)
	case c.ResumeMax > sm.ResumeBound:
		return fmt.Errorf("%w: resumption after more than %s", ErrConfig, sm.ResumeBound)
	}
	if _, err := c.JID.WithResource(c.resource()); err != nil {
		return fmt.Errorf("%w: resource %q: %w", ErrConfig, c.Resource, err)
	}
	for _, h := range c.Hosts {
		if _, err := parseHost(h); err != nil {
			return err
		}
	}
	for _, p := range c.Peers {
		if !p.IsBare() {
			return fmt.Errorf("%w: peer %q is not a bare JID", ErrConfig, p)
		}
	}
	return nil
}

func (c *Config) resource() string {
	if c.Resource == "" {
		return Resource
	}
	return c.Resource
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	c.Resource = c.resource()
	def(&c.DialTimeout, 5*time.Second)
	def(&c.PingAfter, 30*time.Second)
	def(&c.PingTimeout, 10*time.Second)
	def(&c.WriteTimeout, 30*time.Second)
	def(&c.BackoffMin, time.Second)
	def(&c.BackoffMax, time.Minute)
	def(&c.UpReset, time.Minute)
	def(&c.Spread, 30*time.Second)
	def(&c.RefusedPause, 5*time.Minute)
	def(&c.HoldIQ, sm.HoldIQ)
	def(&c.ResumeMax, sm.ResumeMax)
	if c.Limit == 0 {
		c.Limit = xmlscan.LimitDefault
	}
	if c.MaxPending == 0 {
		c.MaxPending = 1024
	}
	if c.Mechanisms == nil {
		account := c.JID
		c.Mechanisms = func() []sasl.Client { return []sasl.Client{sasl.ExternalClient(account)} }
	}
	if c.Rand == nil {
		c.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if c.Dialer == nil {
		c.Dialer = &net.Dialer{Timeout: c.DialTimeout, FallbackDelay: 250 * time.Millisecond}
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	return c
}

// host is a place to connect to.
type host struct {
	addr   string // host:port
	direct bool   // direct TLS (XEP-0368)
}

func (h host) String() string {
	if h.direct {
		return h.addr + "/direct"
	}
	return h.addr + "/starttls"
}

// parseHost reads "host:port/mode".
func parseHost(s string) (host, error) {
	addr, mode, found := strings.Cut(s, "/")
	name, port, err := net.SplitHostPort(addr)
	if !found || err != nil || name == "" || port == "" || mode != "direct" && mode != "starttls" {
		return host{}, fmt.Errorf("%w: host %q is not host:port/direct or host:port/starttls", ErrConfig, s)
	}
	return host{addr, mode == "direct"}, nil
}
