package fleet

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gridward/gridward/xmpp/jid"
)

// Entry configures one DER, or with a pattern all those that fit it.
type Entry struct {
	JID      string `yaml:"jid"`      // bare JID, or *@domain for every account of a domain
	Name     string `yaml:"name"`     // shown to operators; default: the local part of the JID
	Kind     Kind   `yaml:"kind"`     // default: found in the model
	Location string `yaml:"location"` // free text
	Hold     bool   `yaml:"hold"`     // do not associate until an operator releases it
}

// Pattern reports whether e stands for a whole domain, and which.
func (e Entry) Pattern() (domain string, ok bool) { return strings.CutPrefix(e.JID, "*@") }

// Config of a Fleet. Zero durations and numbers get the defaults named here.
type Config struct {
	DERs      []Entry
	Self      jid.JID       // our own address, never taken for a DER
	Resource  string        // resource at which a DER serves IEC 61850-8-2; default "IEC"
	Integrity time.Duration // integrity period asked of the DERs; default 5 s
	BufTm     time.Duration // buffer time asked of the DERs; default 0: as configured there
	Stale     time.Duration // a value not heard of for so long is stale; default 3 times Integrity
	Sample    time.Duration // step of trends and totals; default 1 s
	TrendLen  int           // samples a trend; default 900
	MaxDERs   int           // DERs that patterns may add; default 10,000

	AssociateTimeout time.Duration // association, model and reports; default 60 s
	MinBackoff       time.Duration // first wait after a failure; default 1 s
	MaxBackoff       time.Duration // longest wait; default 30 s
	PolicyBackoff    time.Duration // wait after the traffic was forbidden; default 5 min
	Parallel         int           // DERs being associated and read at once; default 16

	Events func(Event) // told of what happens; may be nil, must be quick and must not call the fleet
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	num := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	if c.Resource == "" {
		c.Resource = "IEC"
	}
	def(&c.Integrity, 5*time.Second)
	def(&c.Stale, 3*c.Integrity)
	def(&c.Sample, time.Second)
	num(&c.TrendLen, 900)
	num(&c.MaxDERs, 10_000)
	def(&c.AssociateTimeout, time.Minute)
	def(&c.MinBackoff, time.Second)
	def(&c.MaxBackoff, 30*time.Second)
	def(&c.PolicyBackoff, 5*time.Minute)
	num(&c.Parallel, 16)
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	return c
}

// ErrConfig is wrapped by the errors of Config.Validate.
var ErrConfig = errors.New("fleet: bad configuration")

// Validate checks c, after defaults.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	seen := map[string]bool{}
	for i, e := range c.DERs {
		key := e.JID
		if domain, ok := e.Pattern(); ok {
			if d, err := jid.Parse(domain); err != nil || !d.IsBare() || d.Local() != "" {
				bad("ders[%d].jid: %q: want *@domain", i, e.JID)
			}
		} else if j, err := jid.Parse(e.JID); err != nil || !j.IsBare() || j.Local() == "" {
			bad("ders[%d].jid: %q: want a bare JID (local@domain) or *@domain", i, e.JID)
		} else {
			key = j.String()
		}
		if seen[key] {
			bad("ders[%d].jid: %s is there twice", i, e.JID)
		}
		seen[key] = true
		if e.Kind != "" && !e.Kind.valid() {
			bad("ders[%d].kind: %q, want one of %v", i, e.Kind, Kinds())
		}
		if len(e.Name) > 128 || len(e.Location) > 256 || !utf8.ValidString(e.Name+e.Location) {
			bad("ders[%d]: name of at most 128 and location of at most 256 octets of UTF-8", i)
		}
	}
	span := func(name string, d, low, high time.Duration) {
		if d < low || d > high {
			bad("%s is %v, want %v to %v", name, d, low, high)
		}
	}
	span("integrity", c.Integrity, 100*time.Millisecond, 24*time.Hour)
	span("bufTm", c.BufTm, 0, time.Hour)
	span("stale", c.Stale, 100*time.Millisecond, 48*time.Hour)
	span("sample", c.Sample, 100*time.Millisecond, time.Hour)
	span("associateTimeout", c.AssociateTimeout, time.Second, time.Hour)
	span("minBackoff", c.MinBackoff, 10*time.Millisecond, c.MaxBackoff)
	span("maxBackoff", c.MaxBackoff, c.MinBackoff, 24*time.Hour)
	if c.TrendLen < 1 || c.TrendLen > 100_000 {
		bad("trend length %d, want 1 to 100000", c.TrendLen)
	}
	if c.Parallel < 1 || c.MaxDERs < 1 {
		bad("parallel and maxDERs must be positive")
	}
	return errors.Join(errs...)
}
