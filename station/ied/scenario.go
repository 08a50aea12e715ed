package ied

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// A Scenario is a course of values, faults and quality over time, for one model.
type Scenario struct {
	repeat time.Duration // it begins again after that; 0: it does not
	steps  []scenarioStep
}

// A scenarioStep is what happens at one moment.
type scenarioStep struct {
	at     time.Duration
	sets   []setting
	moves  []motion
	stops  []*point
	faults map[model.Ref]Fault
	clock  *server.Clock
}

// ParseScenario reads a scenario for the model m:
//
//	repeat: 1m                    # begin again; leave out for once
//	steps:
//	  - at: 0s
//	    set: {LD0/XCBR1.Pos: on, LD0/MMXU1.Hz: {value: 50, q: questionable}}
//	    quality: good             # of what is set without one of its own
//	  - at: 5s
//	    ramp: {LD0/MMXU1.TotW: {to: 2e6, over: 10s, every: 500ms}}
//	    wave: {LD0/MMXU1.Hz: {shape: sine, mean: 50, amplitude: 0.02, period: 20s, every: 1s}}
//	  - at: 20s
//	    stop: [LD0/MMXU1.Hz]
//	    fault: {LD0/CSWI1.Pos: interlock}
//	    clock: not-synchronized   # the quality of time stamps from now on
//
// name is for messages. The error joins Problems, each with its place: all references and values are checked.
func ParseScenario(name string, data []byte, m *model.Server) (*Scenario, error) {
	r := &scenarioReader{reader: reader{file: name}, m: m}
	d, ok := r.parse(data)
	if !ok {
		return nil, r.err()
	}
	s := &Scenario{}
	var steps *doc
	r.fields(&d, "a scenario", map[string]func(*doc){
		"repeat": func(d *doc) { s.repeat = r.duration(d, 10*time.Millisecond, maxTime) },
		"steps":  func(d *doc) { steps = d },
	})
	if steps == nil || !steps.isSeq {
		r.add(d.pos, ErrScenario, "steps: is a list, each with at: and what happens then", "a scenario needs steps")
		return nil, r.err()
	}
	for i := range steps.list {
		s.steps = append(s.steps, r.step(&steps.list[i]))
	}
	slices.SortStableFunc(s.steps, func(a, b scenarioStep) int { return cmp.Compare(a.at, b.at) })
	if n := len(s.steps); n > 0 && s.repeat > 0 && s.steps[n-1].at >= s.repeat {
		r.add(d.pos, ErrScenario, "", "repeat after %v comes before the step at %v", s.repeat, s.steps[n-1].at)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Steps tells how many steps there are.
func (s *Scenario) Steps() int { return len(s.steps) }

// maxTime bounds every time in a scenario.
const maxTime = 366 * 24 * time.Hour

type scenarioReader struct {
	reader
	m *model.Server
}

func (r *scenarioReader) step(d *doc) scenarioStep {
	var s scenarioStep
	q := model.Good
	var sets *doc
	r.fields(d, "a step", map[string]func(*doc){
		"at":      func(d *doc) { s.at = r.duration(d, 0, maxTime) },
		"quality": func(d *doc) { q = r.quality(d) },
		"set":     func(d *doc) { sets = d },
		"ramp":    func(d *doc) { r.each(d, func(p *point, v *doc) { s.moves = append(s.moves, r.ramp(p, v)) }) },
		"wave":    func(d *doc) { r.each(d, func(p *point, v *doc) { s.moves = append(s.moves, r.wave(p, v)) }) },
		"stop": func(d *doc) {
			if !d.isSeq {
				r.add(d.pos, ErrScenario, "", "stop: want a list of references")
			}
			for i := range d.list {
				if text, ok := d.list[i].leaf.(string); ok {
					if p := r.find(text, &d.list[i]); p != nil {
						s.stops = append(s.stops, p)
					}
				} else {
					r.add(d.list[i].pos, ErrScenario, "", "stop: want a list of references")
				}
			}
		},
		"clock": func(d *doc) {
			text, _ := d.leaf.(string)
			c, ok := clocks[text]
			if !ok {
				r.add(d.pos, ErrScenario, "use synchronized, not-synchronized or failure", "%s is not a state of the clock", show(d.value()))
			}
			s.clock = &c
		},
		"fault": func(d *doc) {
			s.faults = make(map[model.Ref]Fault)
			r.faults(d, s.faults)
		},
	})
	if sets != nil {
		r.each(sets, func(p *point, v *doc) {
			if one, ok := r.setting(p, v, q); ok {
				s.sets = append(s.sets, one)
			}
		})
	}
	return s
}

// each resolves the keys of a map.
func (r *scenarioReader) each(d *doc, f func(*point, *doc)) {
	if !d.isMap {
		r.add(d.pos, ErrScenario, "for example LD0/MMXU1.TotW: 1000", "want a map from references")
		return
	}
	for i := range d.pairs {
		at := doc{pos: d.pairs[i].pos}
		if p := r.find(d.pairs[i].key, &at); p != nil {
			f(p, &d.pairs[i].val)
		}
	}
}

func (r *scenarioReader) find(text string, at *doc) *point {
	p, err := findPoint(r.m, text)
	if err != nil {
		r.told(at, err)
		return nil
	}
	return p
}

// told adds an error of a reference or value.
func (r *scenarioReader) told(at *doc, err error) {
	var re *RefError
	var ve *ValueError
	switch {
	case errors.As(err, &re):
		r.add(at.pos, ErrRef, re.Hint, "%s: %s", re.Ref, re.Msg)
	case errors.As(err, &ve):
		r.add(at.pos, ErrValue, ve.Hint, "%s: %s", ve.Ref, ve.Msg)
	default:
		r.add(at.pos, ErrScenario, "", "%v", err)
	}
}

// setting reads a value, or {value: …, q: …}.
func (r *scenarioReader) setting(p *point, d *doc, q model.Quality) (setting, bool) {
	s := setting{p: p, q: q}
	v := d
	_, own := p.parts[0].Type.Field("value")
	if other := func(x pair) bool { return x.key != "value" && x.key != "q" }; d.isMap && !own && len(d.pairs) > 0 && !slices.ContainsFunc(d.pairs, other) {
		v = nil
		r.fields(d, "a value", map[string]func(*doc){
			"value": func(d *doc) { v = d },
			"q":     func(d *doc) { s.q = r.quality(d) },
		})
	}
	if v == nil {
		return s, true // quality alone
	}
	var err error
	if s.values, err = p.assign(v.value()); err != nil {
		r.told(v, err)
		return s, false
	}
	return s, true
}

func (r *scenarioReader) quality(d *doc) model.Quality {
	text, _ := d.leaf.(string)
	q, ok := model.ParseQuality(text)
	if !ok {
		r.add(d.pos, ErrValue, "for example good, invalid, questionable+oldData or good+test", "%s is not a quality", show(d.value()))
	}
	return q
}

// clocks are the states of the clock that a scenario may bring about.
var clocks = map[string]server.Clock{
	"synchronized":     {LeapSecondsKnown: true, AccuracyBits: int(model.AccuracyMillisecond), Sync: 2},
	"not-synchronized": {LeapSecondsKnown: true, AccuracyBits: int(model.AccuracyUnspecified), NotSynchronized: true},
	"failure":          {AccuracyBits: int(model.AccuracyUnspecified), NotSynchronized: true, Failure: true},
}

// faultNames are the words of a fault, besides those of additional causes.
var faultNames = map[string]Fault{
	"none":         {Cause: model.AddCauseNone},
	"interlock":    {Interlock: true},
	"synchrocheck": {Synchrocheck: true},
	"stuck":        {Stuck: true},
}

func (r *scenarioReader) faults(d *doc, out map[model.Ref]Fault) {
	if !d.isMap {
		r.add(d.pos, ErrScenario, "for example LD0/CSWI1.Pos: interlock", "fault: want a map from controllable objects")
		return
	}
	for i := range d.pairs {
		key, v := d.pairs[i], &d.pairs[i].val
		ref, ok := controllable(r.m, key.key)
		if !ok {
			r.add(key.pos, ErrRef, "", "%s is not a controllable object", key.key)
			continue
		}
		text, _ := v.leaf.(string)
		f, ok := faultNames[text]
		if !ok {
			f.Cause, ok = model.ParseAddCause(text)
		}
		if !ok {
			names := append(slices.Sorted(maps.Keys(faultNames)), "blocked-by-process", "blocked-by-mode", "step-limit")
			r.add(v.pos, ErrScenario, "use "+strings.Join(names, ", ")+" or another additional cause", "%s is not a fault", show(v.value()))
			continue
		}
		out[ref] = f
	}
}

// controllable finds a data object with Oper.
func controllable(m *model.Server, text string) (model.Ref, bool) {
	ref, err := model.ParseRef(text)
	if err != nil || ref.Path == "" {
		return ref, false
	}
	d := findDevice(m, ref.LDevice)
	if d == nil {
		return ref, false
	}
	ref.LDevice, ref.FC = d.Name, model.FCNone
	n, ok := d.Node(ref.LN)
	if !ok {
		return ref, false
	}
	_, ok = n.Find(ref.Path+".Oper.ctlVal", model.CO)
	return ref, ok
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
