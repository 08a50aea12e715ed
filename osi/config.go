package osi

import (
	"errors"
	"time"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/presentation"
)

// Ends of an association. Every error of a Machine wraps one of them.
var (
	ErrProtocol = errors.New("osi: peer violated the protocol")
	ErrRefused  = errors.New("osi: association refused")
	ErrAborted  = errors.New("osi: association aborted by the peer")
	ErrTimeout  = errors.New("osi: peer did not answer in time")
	ErrState    = errors.New("osi: not possible in this state")
)

// A Syntax is an abstract syntax that presentation data may have.
type Syntax struct {
	Abstract asn1.OID
	Encoding presentation.Encoding
}

// MMS is the syntax of MMS PDUs.
var MMS = Syntax{Abstract: presentation.MMS, Encoding: presentation.SingleASN1}

// A Refusal is one of the two forms in which an association is refused.
type Refusal uint8

// The forms.
const (
	ByResponse Refusal = iota // AC with CPA and AARE rejected
	ByAbort                   // RF with CPR and ABRT
)

// Config of a Machine. At the called end the zero value refuses everybody: it needs an Authenticator, a Channel with a
// principal, or InsecureAnonymous.
type Config struct {
	// Local is this end. At the called end a selector that is given must be the one called.
	Local acse.Address
	// Remote is who is called. Selectors that are not given are TSEL 0001, SSEL 0001, PSEL 00000001.
	Remote acse.Address

	Authenticator     acse.Authenticator
	InsecureAnonymous bool         // called end: without an Authenticator and a Channel whoever asks is let in
	Channel           acse.Channel // the protected transport; nil: a clear one
	Addr              string       // of the peer, host:port

	Syntaxes         []Syntax // none: MMS
	ExtendedUserData bool     // CN carries more than 512 octets of user data in PGI 194
	Refusal          Refusal  // how the called end refuses

	Ref      uint16 // COTP reference, 0: 1
	Limits   Limits
	Timeouts Timeouts
}

// Limits of a Machine in octets. Zero members take the defaults.
type Limits struct {
	Handshake int // TSDU before the association is accepted; 16,384
	Margin    int // what a TSDU may have beyond the negotiated PDU afterwards; 1,024
}

// Timeouts of a Machine. Zero members take the defaults.
type Timeouts struct {
	Associate time.Duration // from the start to the association; 10 s
	Progress  time.Duration // without an octet meanwhile; 3 s
	Release   time.Duration // for the answer to a release, and for the peer to close afterwards; 5 s
}

func orDefault[T int | uint16 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

func (c *Config) setDefaults() {
	orDefault(&c.Limits.Handshake, 16<<10)
	orDefault(&c.Limits.Margin, 1024)
	orDefault(&c.Timeouts.Associate, 10*time.Second)
	orDefault(&c.Timeouts.Progress, 3*time.Second)
	orDefault(&c.Timeouts.Release, 5*time.Second)
	orDefault(&c.Ref, 1)
	if len(c.Syntaxes) == 0 {
		c.Syntaxes = []Syntax{MMS}
	}
}

// WithDefaults gives the configuration with which c is run.
func (c Config) WithDefaults() Config {
	c.setDefaults()
	return c
}

// called fills in the selectors that a calling end gives when it is not told any.
func (c *Config) called() {
	for _, a := range []*acse.Address{&c.Local, &c.Remote} {
		if a.TSEL == nil {
			a.TSEL = []byte{0, 1}
		}
		if a.SSEL == nil {
			a.SSEL = []byte{0, 1}
		}
		if a.PSEL == nil {
			a.PSEL = []byte{0, 0, 0, 1}
		}
	}
	orDefault(&c.Ref, 1)
}

// A RefusedError is a refusal by the peer. It is ErrRefused.
type RefusedError struct {
	Layer      string           // "transport", "session", "presentation", "acse"
	Reason     int              // of that layer
	Diagnostic *acse.Diagnostic // of an AARE, or nil
	UserPDU    []byte           // that came with the refusal
	Cause      error            // or nil
}
