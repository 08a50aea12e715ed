package ied

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/gridward/gridward/model"
)

// A motion is a value that moves: a ramp or a wave.
type motion struct {
	p     *point
	q     model.Quality
	every time.Duration // between two values
	until time.Duration // from its start; 0: until it is stopped

	ramp     bool
	from, to float64
	hasFrom  bool // otherwise from the value that there is

	shape                  string
	mean, amplitude, phase float64 // phase in turns
	period                 time.Duration
}

// shapes of a wave, each from a phase of 0 to 1 to a value of -1 to 1.
var shapes = map[string]func(x float64) float64{
	"sine": func(x float64) float64 { return math.Sin(2 * math.Pi * x) },
	"square": func(x float64) float64 {
		if x < 0.5 {
			return 1
		}
		return -1
	},
	"triangle": func(x float64) float64 { return 1 - 4*math.Abs(math.Mod(x+0.25, 1)-0.5) },
	"sawtooth": func(x float64) float64 { return 2*x - 1 },
	"noise":    nil, // seeded by the moment
}

// at gives the value after a time, and whether it is the last.
func (m *motion) at(after time.Duration) (float64, bool) {
	last := m.until > 0 && after >= m.until
	if m.ramp {
		if last {
			return m.to, true
		}
		return m.from + (m.to-m.from)*float64(after)/float64(m.until), false
	}
	if m.shape == "noise" {
		r := rand.New(rand.NewPCG(uint64(after/m.every), uint64(m.p.parts[0].Slot)))
		return m.mean + m.amplitude*(2*r.Float64()-1), last
	}
	x := math.Mod(float64(after)/float64(m.period)+m.phase, 1)
	if x < 0 {
		x++
	}
	return m.mean + m.amplitude*shapes[m.shape](x), last
}

// value makes the setting for a number; whole numbers are rounded.
func (m *motion) value(x float64) (setting, error) {
	s := setting{p: m.p, q: m.q}
	if whole(m.p.parts[0]) {
		x = math.Round(x)
	}
	var err error
	s.values, err = m.p.assign(x)
	return s, err
}

// whole reports whether a number ends up in an integer.
func whole(t model.Target) bool {
	for t.Type.Basic == model.BasicStruct {
		next, ok := model.Target{}, false
		for _, name := range []string{"f", "i", "mag", "posVal"} {
			if next, ok = t.Child(name); ok {
				break
			}
		}
		if !ok {
			return false
		}
		t = next
	}
	kind, _ := t.Type.Layout()
	return kind == model.KindInt || kind == model.KindUint
}

func (r *scenarioReader) ramp(p *point, d *doc) motion {
	m := motion{p: p, ramp: true, every: time.Second}
	hasTo := false
	r.fields(d, "a ramp", map[string]func(*doc){
		"to":    func(d *doc) { m.to, hasTo = r.number(d), true },
		"from":  func(d *doc) { m.from, m.hasFrom = r.number(d), true },
		"over":  func(d *doc) { m.until = r.duration(d, time.Millisecond, maxTime) },
		"every": func(d *doc) { m.every = r.duration(d, minEvery, maxTime) },
		"q":     func(d *doc) { m.q = r.quality(d) },
	})
	if !hasTo || m.until == 0 {
		r.add(d.pos, ErrScenario, "for example {to: 1000, over: 10s}", "a ramp needs to and over")
	}
	r.moves(&m, d, m.to, m.from)
	return m
}

// minEvery is the least time between two values.
const minEvery = time.Millisecond

func (r *scenarioReader) wave(p *point, d *doc) motion {
	m := motion{p: p, shape: "sine", amplitude: 1, every: time.Second, period: time.Minute}
	r.fields(d, "a wave", map[string]func(*doc){
		"shape": func(d *doc) {
			m.shape, _ = d.leaf.(string)
			if _, ok := shapes[m.shape]; !ok {
				r.add(d.pos, ErrScenario, "use sine, square, triangle, sawtooth or noise", "%s is not a shape", show(d.value()))
			}
		},
		"mean":      func(d *doc) { m.mean = r.number(d) },
		"amplitude": func(d *doc) { m.amplitude = r.number(d) },
		"phase":     func(d *doc) { m.phase = r.number(d) / 360 },
		"period":    func(d *doc) { m.period = r.duration(d, time.Millisecond, maxTime) },
		"every":     func(d *doc) { m.every = r.duration(d, minEvery, maxTime) },
		"for":       func(d *doc) { m.until = r.duration(d, time.Millisecond, maxTime) },
		"q":         func(d *doc) { m.q = r.quality(d) },
	})
	r.moves(&m, d, m.mean+m.amplitude, m.mean-m.amplitude)
	return m
}

// moves sees that a motion's point takes its numbers.
func (r *scenarioReader) moves(m *motion, d *doc, extremes ...float64) {
	for _, x := range extremes {
		if _, err := m.value(x); err != nil {
			r.told(d, err)
			return
		}
	}
}
