package ied

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// A Simulation moves measured values and now and then a status, plausibly and always alike for one seed.
type Simulation struct {
	Seed  uint64
	Every time.Duration // 0: 1 s
}

// A simulator is a Simulation under way. One goroutine steps it.
type simulator struct {
	d      *IED
	every  time.Duration
	due    time.Time
	rand   *rand.Rand
	values []*walker
	status []*point // booleans that change now and then
	counts []*point // counters that run
}

// A walker is a value that wanders about a mean.
type walker struct {
	p            *point
	mean, spread float64
	x            float64 // distance from the mean, in spreads
}

// nominal gives the mean and spread of a measured value by the name of its data object, in SI units of a medium-voltage
// feeder of 20 kV.
var nominal = []struct {
	name         string
	mean, spread float64
}{
	{"Hz", 50, 0.01},
	{"TotPF", 0.95, 0.01},
	{"PF", 0.95, 0.01},
	{"TotW", 2.0e6, 5e4},
	{"TotVAr", 4e5, 2e4},
	{"TotVA", 2.1e6, 5e4},
	{"PPV", 20000, 60},
	{"PNV", 11547, 35},
	{"PhV", 11547, 35},
	{"A", 60, 2},
	{"W", 6.7e5, 2e4},
	{"VAr", 1.3e5, 7e3},
	{"VA", 7e5, 2e4},
	{"Vol", 11547, 35},
	{"Amp", 60, 2},
	{"Watt", 6.7e5, 2e4},
	{"Tmp", 35, 0.5},
	{"EnvTmp", 15, 0.3},
	{"SoC", 60, 0.5},
}

// angles of the phases in degrees.
var angles = map[string]float64{"phsA": 0, "phsB": -120, "phsC": 120, "phsAB": 30, "phsBC": -90, "phsCA": 150}

func newSimulator(d *IED, cfg Simulation) *simulator {
	s := &simulator{d: d, every: cfg.Every, rand: rand.New(rand.NewPCG(cfg.Seed, 61850))}
	if s.every == 0 {
		s.every = time.Second
	}
	var taken map[int]bool
	if d.cfg.Scenario != nil {
		taken = d.cfg.Scenario.claims()
	}
	for _, ld := range d.cfg.Model.Devices {
		for _, ln := range ld.Nodes {
			for i := range ln.Objects {
				o := &ln.Objects[i]
				s.find(ln, model.Ref{LDevice: ld.Name, LN: ln.Name(), Path: o.Name}, model.Target{Object: o, Type: o.Type, Slot: o.Slot}, cfg.Seed, taken)
			}
		}
	}
	return s
}

// find takes the data objects at and below one that the simulation moves.
func (s *simulator) find(ln *model.LogicalNode, ref model.Ref, at model.Target, seed uint64, taken map[int]bool) {
	p, err := findPoint(s.d.cfg.Model, ref.String())
	if err == nil && !taken[firstLeaf(p)] && !schedules(ln.Class, at.Object.Name) {
		_, controllable := at.Child("Oper")
		switch {
		case controllable:
		case p.ref.FC == model.MX:
			if w := newWalker(p, ref, seed); w != nil {
				s.values = append(s.values, w)
			}
		case at.Type.CDC == "SPS" && (ln.Class == "GGIO" || ln.Class == "CALH"):
			s.status = append(s.status, p)
		case at.Type.CDC == "BCR":
			s.counts = append(s.counts, p)
		}
	}
	for i := range at.Type.Fields {
		f := &at.Type.Fields[i]
		if f.FC == model.FCNone && f.Type.Basic == model.BasicStruct && f.Count == 0 {
			s.find(ln, ref.Child(f.Name), at.Field(f), seed, taken)
		}
	}
}

func firstLeaf(p *point) int {
	for l := range p.parts[0].Leaves(p.ref, model.FCNone) {
		return l.Slot
	}
	return -1
}

func newWalker(p *point, ref model.Ref, seed uint64) *walker {
	w := &walker{p: p, mean: 100, spread: 3}
	first, _, _ := strings.Cut(ref.Path, ".")
	bare := strings.TrimRight(first, "0123456789")
	for _, n := range nominal {
		if n.name == bare {
			w.mean, w.spread = n.mean, n.spread
			break
		}
	}
	// Alike devices are not quite alike.
	h := fnv.New64a()
	fmt.Fprint(h, seed, ref)
	r := rand.New(rand.NewPCG(h.Sum64(), seed))
	if bare != "Hz" {
		w.mean *= 1 + 0.01*(2*r.Float64()-1)
	}
	if _, err := p.assign(w.round(w.mean)); err != nil {
		return nil
	}
	return w
}

// round keeps a whole number whole.
func (w *walker) round(x float64) float64 {
	if whole(w.p.parts[0]) {
		return float64(int64(x))
	}
	return x
}

// step implements task.
func (s *simulator) step(now time.Time) (time.Time, error) {
	if now.Before(s.due) {
		return s.due, nil
	}
	first := s.due.IsZero()
	s.due = now.Add(s.every)
	var list []setting
	add := func(p *point, x any) error {
		values, err := p.assign(x)
		list = append(list, setting{p: p, values: values})
		return err
	}
	for _, w := range s.values {
		w.x = 0.9*w.x + 0.4*s.rand.NormFloat64()
		var x any = w.round(w.mean + w.spread*w.x)
		if v, ok := w.vector(x.(float64)); ok {
			x = v
		}
		if err := add(w.p, x); err != nil {
			return now, err
		}
	}
	for _, p := range s.counts {
		old, err := s.d.srv.Get(p.ref)
		if err != nil {
			return now, err
		}
		if err := add(p, ordinal(old)+1+s.rand.Int64N(3)); err != nil {
			return now, err
		}
	}
	if len(s.status) > 0 && !first && s.rand.IntN(20) == 0 {
		p := s.status[s.rand.IntN(len(s.status))]
		old, err := s.d.srv.Get(p.ref)
		if err != nil {
			return now, err
		}
		on, _ := old.AsBool()
		if err := add(p, !on); err != nil {
			return now, err
		}
	}
	if first {
		list = append(list, s.closed()...)
	}
	return s.due, s.d.nodes.apply(now, list)
}

// vector gives a complex value its angle, when it has one.
func (w *walker) vector(x float64) (any, bool) {
	t := w.p.parts[0]
	if _, ok := t.Child("mag"); !ok {
		return nil, false
	}
	if _, ok := t.Child("ang"); !ok {
		return nil, false
	}
	parts := strings.Split(w.p.ref.Path, ".") // PhV.phsA.cVal
	phase := ""
	if len(parts) > 1 {
		phase = parts[len(parts)-2]
	}
	return map[string]any{"mag": x, "ang": angles[phase]}, true
}

// closed shows every switch closed that the file leaves in between.
func (s *simulator) closed() []setting {
	var list []setting
	for _, c := range s.d.controls.all {
		if c.kind != double || c.status == nil {
			continue
		}
		for _, p := range []*point{c.status, c.moves} {
			if p == nil {
				continue
			}
			if old, err := s.d.srv.Get(p.ref); err == nil && position(old) == model.DbposIntermediate {
				list = append(list, p.at(positionValue(p.parts[0].Type, model.DbposOn)))
			}
		}
	}
	return list
}
