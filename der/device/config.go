package device

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Kind is what a device is.
type Kind string

// The kinds.
const (
	PV          Kind = "pv"
	Battery     Kind = "battery"
	Load        Kind = "load"
	ChargePoint Kind = "chargepoint"
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{PV, Battery, Load, ChargePoint} }

// ErrConfig is wrapped by every error of Config.Validate.
var ErrConfig = errors.New("device: bad configuration")

// Config describes a device. Kind and Rated must be set; everything else has a default. The defaults of a field apply
// where it is zero.
type Config struct {
	Kind Kind
	Site Site
	Seed uint64 // of the weather, the demand and the vehicles

	Rated    float64       // W: largest active power in either direction
	RampTime time.Duration // from 0 to Rated; default 10 s
	PF       float64       // power factor, 0.5 to 1; default 1, load 0.96, charge point 0.99. Reactive power is drawn.
	Voltage  float64       // V, phase to neutral, nominal; default 230
	Hz       float64       // nominal frequency; default 50

	// Of a photovoltaic plant.
	Peak    float64 // W of the modules under standard conditions; default 1.2 Rated
	Tilt    float64 // degrees from horizontal; default 30, use a tiny value for flat
	Azimuth float64 // degrees clockwise from north; default 180
	Cloudy  float64 // 0 to 1: how cloudy days are on average; default 0.3

	// Of a battery.
	Capacity      float64 // Wh; default 2 h of Rated
	SoC           float64 // at the start, 0 to 1; default 0.5
	MinSoC        float64 // discharging stops here; default 0.05
	MaxSoC        float64 // charging stops here; default 0.98
	Efficiency    float64 // of charging and of discharging, each; default 0.96
	SelfDischarge float64 // of the stored energy a day; default 0.001

	// Of a load.
	MustRun float64 // W that cannot be shed; default 0.3 Rated

	// Of a charge point.
	Sessions int // vehicles a day; default 6
}

func (c Config) withDefaults() Config {
	def := func(p *float64, v float64) {
		if *p == 0 {
			*p = v
		}
	}
	if c.RampTime == 0 {
		c.RampTime = 10 * time.Second
	}
	def(&c.Voltage, 230)
	def(&c.Hz, 50)
	switch c.Kind {
	case PV:
		def(&c.Peak, 1.2*c.Rated)
		def(&c.Tilt, 30)
		def(&c.Azimuth, 180)
		def(&c.Cloudy, 0.3)
	case Battery:
		def(&c.Capacity, 2*c.Rated)
		def(&c.SoC, 0.5)
		def(&c.MinSoC, 0.05)
		def(&c.MaxSoC, 0.98)
		def(&c.Efficiency, 0.96)
		def(&c.SelfDischarge, 0.001)
	case Load:
		def(&c.PF, 0.96)
		def(&c.MustRun, 0.3*c.Rated)
	case ChargePoint:
		def(&c.PF, 0.99)
		if c.Sessions == 0 {
			c.Sessions = 6
		}
	}
	def(&c.PF, 1)
	return c
}

// Validate checks every value that the kind uses, after defaults.
func (c Config) Validate() error {
	c = c.withDefaults()
	check := func(name string, v, low, high float64) error {
		if math.IsNaN(v) || v < low || v > high {
			return fmt.Errorf("%w: %s is %g, want %g to %g", ErrConfig, name, v, low, high)
		}
		return nil
	}
	errs := []error{
		check("latitude", c.Site.Latitude, -90, 90),
		check("longitude", c.Site.Longitude, -180, 180),
		check("rated power", c.Rated, 1, 1e9),
		check("ramp time in seconds", c.RampTime.Seconds(), 0.01, 3600),
		check("power factor", c.PF, 0.5, 1),
		check("voltage", c.Voltage, 50, 1e6),
		check("frequency", c.Hz, 16, 61),
	}
	switch c.Kind {
	case PV:
		errs = append(errs, check("peak power", c.Peak, 1, 2e9), check("tilt", c.Tilt, 0, 90),
			check("azimuth", c.Azimuth, 0, 360), check("cloudiness", c.Cloudy, 0, 1))
	case Battery:
		errs = append(errs, check("capacity in Wh", c.Capacity, c.Rated/20, 1e10), check("lowest state of charge", c.MinSoC, 0, 0.5),
			check("highest state of charge", c.MaxSoC, 0.6, 1), check("state of charge", c.SoC, c.MinSoC, c.MaxSoC),
			check("efficiency", c.Efficiency, 0.5, 1), check("self-discharge a day", c.SelfDischarge, 0, 0.2))
	case Load:
		errs = append(errs, check("must-run power", c.MustRun, 0, c.Rated))
	case ChargePoint:
		low := 3 * minCurrent * c.Voltage * c.PF
		errs = append(errs, check("sessions a day", float64(c.Sessions), 1, 24), check("rated power of a charge point", c.Rated, low, 1e6))
	default:
		return fmt.Errorf("%w: kind %q, want one of %v", ErrConfig, c.Kind, Kinds())
	}
	return errors.Join(errs...)
}

// Range is an interval of powers in W.
type Range struct{ Min, Max float64 }

// Contains reports whether w lies in r. NaN does not.
func (r Range) Contains(w float64) bool { return w >= r.Min && w <= r.Max }

// Limits gives the limits that Device.SetLimit obeys.
func (c Config) Limits() Range {
	if c.Kind == Load {
		return Range{c.withDefaults().MustRun, c.Rated}
	}
	return Range{0, c.Rated}
}

// Targets gives the set-points that Device.SetTarget follows, and whether the kind has any: a load has not.
func (c Config) Targets() (Range, bool) {
	switch c.Kind {
	case PV:
		return Range{0, c.Rated}, true
	case Battery:
		return Range{-c.Rated, c.Rated}, true
	case ChargePoint:
		return Range{-c.Rated, 0}, true
	}
	return Range{}, false
}
