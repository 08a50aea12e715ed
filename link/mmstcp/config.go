package mmstcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
)

// ErrPDUSize is a PDU longer than negotiated.
var ErrPDUSize = errors.New("mmstcp: PDU longer than negotiated")

// Config of associations. As for osi.Config, a zero value accepts nobody.
type Config struct {
	// OSI are addresses, authentication and limits of the layers below MMS. Addr and Channel are filled in here.
	OSI osi.Config
	// Secure puts a protected transport on a connection before anything else crosses it; nil: it stays clear.
	Secure func(ctx context.Context, nc net.Conn) (net.Conn, acse.Channel, error)

	// Frames has what comes in the abstract syntaxes that OSI.Syntaxes names after that of MMS, which is the first. pdu is
	// valid during the call, and nothing else is read until it returns. An error ends the association. Without it the peer
	// is told that there are no such syntaxes.
	Frames func(f Framer, syntax int, pdu []byte) error

	MaxPDU      int // octets of a PDU that are proposed or borne; 65,000
	MinPDU      int // the least that the peer may bear; 1,000
	Outstanding int // requests, either way; 10
	Nesting     int // depth of structures; 10

	Queue        int           // PDUs that nobody has received before reading stops; 1,024
	Unsent       int           // octets that could not be sent before Send waits; 262,144
	WriteTimeout time.Duration // without progress of what is to be sent; 10 s
	Conclude     time.Duration // for the answer to a conclude, and what follows it; 5 s

	Events func(Event) // of Serve; from several goroutines; nil: none
}

// An Event is Accepted or Refused.
type Event interface{ event() }

type (
	// Accepted is an association that was accepted.
	Accepted struct{ Peer *model.Principal }
	// Refused is a connection that did not come to an association.
	Refused struct {
		Addr string
		Err  error
	}
)

func (Accepted) event() {}
func (Refused) event()  {}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

func (c *Config) setDefaults() {
	if c.Frames == nil && len(c.OSI.Syntaxes) > 1 {
		c.OSI.Syntaxes = c.OSI.Syntaxes[:1]
	}
	orDefault(&c.MaxPDU, 65000)
	orDefault(&c.MinPDU, 1000)
	orDefault(&c.Outstanding, 10)
	orDefault(&c.Nesting, 10)
	orDefault(&c.Queue, 1024)
	orDefault(&c.Unsent, 256<<10)
	orDefault(&c.WriteTimeout, 10*time.Second)
	orDefault(&c.Conclude, 5*time.Second)
}

// WithDefaults gives the configuration with which c is run.
func (c Config) WithDefaults() Config {
	c.setDefaults()
	c.OSI = c.OSI.WithDefaults()
	return c
}

// Validate tells what a Config asks for that cannot be.
func (c *Config) Validate() error {
	var errs []error
	outside := func(name string, v, least, most int) {
		if v != 0 && (v < least || v > most) {
			errs = append(errs, fmt.Errorf("mmstcp: %s %d is not within %d and %d", name, v, least, most))
		}
	}
	if len(c.OSI.Syntaxes) > 0 && c.OSI.Syntaxes[0] != osi.MMS {
		errs = append(errs, errors.New("mmstcp: the first of OSI.Syntaxes is not MMS"))
	}
	outside("MaxPDU", c.MaxPDU, 1000, 1<<20)
	outside("MinPDU", c.MinPDU, 64, 65000)
	outside("Outstanding", c.Outstanding, 1, 1000)
	outside("Nesting", c.Nesting, 1, 100)
	return errors.Join(errs...)
}

func (c *Config) terms() mms.Terms {
	return mms.Terms{MaxPDU: c.MaxPDU, MinPDU: c.MinPDU, Outstanding: c.Outstanding, Nesting: c.Nesting}
}
