package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var (
	// ErrConfig is wrapped by every error of New.
	ErrConfig = errors.New("bridge: bad configuration")
	// ErrBusy ends an association for which the device has none left.
	ErrBusy = errors.New("bridge: the device has no further association")
	// ErrDevice ends an association whose device is not there, or has gone; it wraps why.
	ErrDevice = errors.New("bridge: the device is not reachable")
)

// Config of a Bridge. Dial is required, all the rest has a safe zero value.
type Config struct {
	// Dial makes an association with the device whose PDUs are at most maxPDU octets of BER.
	Dial func(ctx context.Context, maxPDU int) (mms.Association, error)
	// Associations is how many the device may be asked for at once; 0: 4.
	Associations int

	// Authorizer decides about every service, as in acsi/server. Nil allows everything to every authenticated principal.
	Authorizer server.Authorizer
	// InsecureAnonymous lets principals without proof do whatever Authorizer allows.
	InsecureAnonymous bool
	// Audit hears of every denial and of every service that changes something. Nil: nobody does.
	Audit server.Audit
	// Freshness is how old, or ahead, the T of a command may be where the carrier may replay; 0: 10 s.
	Freshness time.Duration

	DialTimeout time.Duration // 0: 10 s
	Timeout     time.Duration // of the device for an answer; 0: 30 s
	Events      func(Event)   // must not block; nil: nobody hears
	Now         func() time.Time
}

// An Event is something that the operator of the bridge should know: one of the types of this file.
type Event interface{ event() }

type (
	// Associated and Ended: a client has got an association with the device, and has it no more, or could not have one.
	Associated struct{ Principal *model.Principal }
	Ended      struct {
		Principal *model.Principal
		Cause     error
	}
	// DeviceUp and DeviceDown: the device could, or could not, be associated with. They come when that changes. Identity is
	// empty when it was a client for whom it could.
	DeviceUp   struct{ Identity mms.IdentifyResponse }
	DeviceDown struct{ Err error }
	// Denied: a service was refused before the device heard of it.
	Denied struct {
		Principal *model.Principal
		Right     server.Right
		Ref       model.Ref
		Service   string
		Err       error
	}
	// TooLong: a report of the device is longer than the client takes. It was left out.
	TooLong struct {
		Principal *model.Principal
		Size      int // octets
	}
	// Illegible: the device said what cannot be said in the client's encoding, a name that is not UTF-8 perhaps. It was
	// left out, or the request was refused.
	Illegible struct{ Principal *model.Principal }
)

func (Associated) event() {}
func (Ended) event()      {}
func (DeviceUp) event()   {}
func (DeviceDown) event() {}
func (Denied) event()     {}
func (TooLong) event()    {}
func (Illegible) event()  {}

// Validate tells what is wrong with c.
func (c *Config) Validate() error {
	switch {
	case c.Dial == nil:
		return fmt.Errorf("%w: no device", ErrConfig)
	case c.Associations < 0:
		return fmt.Errorf("%w: %d associations", ErrConfig, c.Associations)
	case c.Freshness < 0 || c.DialTimeout < 0 || c.Timeout < 0:
		return fmt.Errorf("%w: a negative time", ErrConfig)
	}
	return nil
}

func (c *Config) defaults() {
	if c.Associations == 0 {
		c.Associations = 4
	}
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{{&c.Freshness, 10 * time.Second}, {&c.DialTimeout, 10 * time.Second}, {&c.Timeout, 30 * time.Second}} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}
