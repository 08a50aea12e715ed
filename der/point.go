package der

import (
	"math"

	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/model"
)

// A Point is one thing that a device measures or says about itself. Configurations name points by Name.
type Point struct {
	Name string
	// value reads the point from a state.
	value func(s *device.State) float64
	kind  pointKind
	// scale is the value to which the dead-band refers (dbRef), and db the default dead-band in thousandths of a percent
	// of it (IEC 61850-7-3: db).
	scale func(c *device.Config) float64
	db    uint32
}

type pointKind uint8

const (
	analogue pointKind = iota // MV, CMV, APC: a float
	counter                   // BCR: an integer
	flag                      // SPS
	ordinal                   // ENS
	fixed                     // ASG: set once
)

func rated(c *device.Config) float64 { return c.Rated }

func volts(c *device.Config) float64 { return c.Voltage }

func unity(*device.Config) float64 { return 1 }

func hundred(*device.Config) float64 { return 100 }

func amps(c *device.Config) float64 { return c.Rated / 3 / c.Voltage }

func phases(name string, scale func(*device.Config) float64, db uint32, get func(s *device.State) *[3]float64, suffix [3]string) []Point {
	var ps []Point
	for i, x := range suffix {
		ps = append(ps, Point{Name: name + "." + x, scale: scale, db: db, value: func(s *device.State) float64 { return get(s)[i] }})
	}
	return ps
}

var (
	abc = [3]string{"phsA", "phsB", "phsC"}
	ab  = [3]string{"phsAB", "phsBC", "phsCA"}
)

// points are all points, in the order in which they are listed.
var points = func() []Point {
	a := func(name string, scale func(*device.Config) float64, db uint32, v func(s *device.State) float64) Point {
		return Point{Name: name, scale: scale, db: db, value: v}
	}
	of := func(k pointKind, name string, v func(s *device.State) float64) Point {
		return Point{Name: name, kind: k, value: v}
	}
	ps := []Point{
		a("W", rated, 200, func(s *device.State) float64 { return s.W }),
		a("VAr", rated, 500, func(s *device.State) float64 { return s.VAr }),
		a("VA", rated, 500, func(s *device.State) float64 { return s.VA }),
		a("PF", unity, 1000, func(s *device.State) float64 { return s.PF }),
		a("Hz", func(c *device.Config) float64 { return c.Hz }, 10, func(s *device.State) float64 { return s.Hz }),
	}
	ps = append(ps, phases("PhV", volts, 500, func(s *device.State) *[3]float64 { return &s.PhV }, abc)...)
	ps = append(ps, phases("PPV", volts, 500, func(s *device.State) *[3]float64 { return &s.PPV }, ab)...)
	ps = append(ps, phases("A", amps, 500, func(s *device.State) *[3]float64 { return &s.A }, abc)...)
	ps = append(ps, phases("PhW", rated, 500, func(s *device.State) *[3]float64 { return &s.PhW }, abc)...)
	return append(ps,
		of(counter, "exportWh", func(s *device.State) float64 { return s.ExportWh }),
		of(counter, "importWh", func(s *device.State) float64 { return s.ImportWh }),
		of(ordinal, "operating", func(s *device.State) float64 { return float64(s.Operating) + 1 }),
		a("limit", rated, 0, func(s *device.State) float64 { return s.Limit }),
		a("target", rated, 0, func(s *device.State) float64 { return s.Target }),
		a("limitPct", hundred, 0, func(s *device.State) float64 { return 100 * s.Limit / s.Rated }),
		a("targetPct", hundred, 0, func(s *device.State) float64 { return 100 * s.Target / s.Rated }),
		a("available", rated, 500, func(s *device.State) float64 { return s.Available }),
		a("irradiance", func(*device.Config) float64 { return 1000 }, 1000, func(s *device.State) float64 { return s.Irradiance }),
		a("ambient", hundred, 500, func(s *device.State) float64 { return s.Ambient }),
		a("soc", hundred, 500, func(s *device.State) float64 { return 100 * s.SoC }),
		a("storedWh", func(c *device.Config) float64 { return max(c.Capacity, 1) }, 500, func(s *device.State) float64 { return s.StoredWh }),
		of(flag, "vehicle", func(s *device.State) float64 {
			if s.Vehicle {
				return 1
			}
			return 0
		}),
		a("sessionWh", func(*device.Config) float64 { return 50e3 }, 200, func(s *device.State) float64 { return s.SessionWh }),
	)
}()

// ratings are points of the configuration, not of the state.
var ratings = map[string]func(c *device.Config) float64{
	"ratedW":   rated,
	"ratedVA":  func(c *device.Config) float64 { return c.Rated / c.PF },
	"capacity": func(c *device.Config) float64 { return c.Capacity },
	"voltage":  volts,
}

// Points that the agent itself makes.
const (
	pointFailSafe = "failSafe"
)

// PointNames lists the names that Config.Map may use.
func PointNames() []string {
	var names []string
	for _, p := range points {
		names = append(names, p.Name)
	}
	return append(names, "ratedW", "ratedVA", "capacity", "voltage", pointFailSafe)
}

func findPoint(name string) (Point, bool) {
	for _, p := range points {
		if p.Name == name {
			return p, true
		}
	}
	if f, ok := ratings[name]; ok {
		return Point{Name: name, kind: fixed, scale: f}, true
	}
	if name == pointFailSafe {
		return Point{Name: name, kind: flag}, true
	}
	return Point{}, false
}

// valueOf makes the value of a leaf of the given type, reporting false when the type cannot hold a number.
func valueOf(t *model.Type, x float64) (model.Value, bool) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		x = 0
	}
	kind, size := t.Layout()
	switch kind {
	case model.KindFloat:
		if size == 64 {
			return model.Float64(x), true
		}
		return model.Float32(float32(x)), true
	case model.KindInt:
		return model.Int(int64(clampTo(math.Round(x), size, true))), true
	case model.KindUint:
		return model.Uint(uint64(clampTo(math.Round(x), size, false))), true
	case model.KindBool:
		return model.Bool(x != 0), true
	}
	return model.Value{}, false
}

// clampTo keeps x within an integer of size bits.
func clampTo(x float64, size int, signed bool) float64 {
	bits := 64.0
	if size > 0 && size < 64 {
		bits = float64(size)
	}
	low, high := 0.0, math.Exp2(bits)
	if signed {
		low, high = -math.Exp2(bits-1), math.Exp2(bits-1)
	}
	return max(low, min(x, math.Nextafter(high, 0)))
}
