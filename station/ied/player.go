package ied

import (
	"time"
)

// A player plays a scenario. One goroutine steps it.
type player struct {
	d       *IED
	s       *Scenario
	began   time.Time // of this round; zero before the first
	next    int       // step
	running []*running
	ended   bool
}

// running is a motion under way.
type running struct {
	motion
	began time.Time
	due   time.Time
}

func newPlayer(d *IED) *player { return &player{d: d, s: d.cfg.Scenario} }

// step implements task.
func (p *player) step(now time.Time) (time.Time, error) {
	if p.s == nil {
		return time.Time{}, nil
	}
	if p.began.IsZero() {
		p.began = now
	}
	for p.s.repeat > 0 && now.Sub(p.began) >= p.s.repeat {
		if err := p.steps(now); err != nil { // the rest of the round
			return now, err
		}
		p.began, p.next = p.began.Add(p.s.repeat), 0
		if now.Sub(p.began) >= p.s.repeat { // the clock has jumped: what is missed is missed
			p.began = now
		}
	}
	if err := p.steps(now); err != nil {
		return now, err
	}
	next, err := p.motions(now)
	if err != nil {
		return now, err
	}
	if p.next < len(p.s.steps) {
		next = sooner(next, p.began.Add(p.s.steps[p.next].at))
	} else if p.s.repeat > 0 {
		next = sooner(next, p.began.Add(p.s.repeat))
	} else if next.IsZero() && !p.ended {
		p.ended = true
		p.d.cfg.Events(ScenarioEnded{})
	}
	return next, nil
}

// steps takes the steps that are due.
func (p *player) steps(now time.Time) error {
	for p.next < len(p.s.steps) {
		s := &p.s.steps[p.next]
		if now.Before(p.began.Add(s.at)) {
			return nil
		}
		p.next++
		for i := range s.sets {
			p.stop(s.sets[i].p)
		}
		for _, x := range s.stops {
			p.stop(x)
		}
		if s.clock != nil {
			p.d.srv.SetClock(*s.clock)
		}
		for ref, f := range s.faults {
			p.d.controls.setFault(ref, f)
		}
		if err := p.d.nodes.apply(now, s.sets); err != nil {
			return err
		}
		for i := range s.moves {
			p.start(s.moves[i], p.began.Add(s.at))
		}
	}
	return nil
}

// stop ends the motion of a point.
func (p *player) stop(x *point) {
	kept := p.running[:0]
	for _, m := range p.running {
		if m.p.parts[0].Slot != x.parts[0].Slot {
			kept = append(kept, m)
		}
	}
	p.running = kept
}

func (p *player) start(m motion, at time.Time) {
	p.stop(m.p)
	if m.ramp && !m.hasFrom {
		if v, err := p.d.srv.Get(m.p.ref); err == nil {
			m.from, _ = magnitude(v)
		}
	}
	p.running = append(p.running, &running{motion: m, began: at, due: at})
}

// motions moves what is due.
func (p *player) motions(now time.Time) (time.Time, error) {
	var next time.Time
	var list []setting
	kept := p.running[:0]
	for _, m := range p.running {
		over := false
		if !now.Before(m.due) {
			var x float64
			x, over = m.at(now.Sub(m.began))
			s, err := m.value(x)
			if err != nil {
				return now, err
			}
			list = append(list, s)
			m.due = m.began.Add((now.Sub(m.began)/m.every + 1) * m.every)
			if end := m.began.Add(m.until); m.until > 0 && m.due.After(end) {
				m.due = end
			}
		}
		if !over {
			kept = append(kept, m)
			next = sooner(next, m.due)
		}
	}
	p.running = kept
	return next, p.d.nodes.apply(now, list)
}

// claims tells which leaves a scenario moves.
func (s *Scenario) claims() map[int]bool {
	all := make(map[int]bool)
	claim := func(p *point) {
		for _, t := range p.parts {
			for l := range t.Leaves(p.ref, 0) {
				all[l.Slot] = true
			}
		}
	}
	for _, st := range s.steps {
		for _, x := range st.sets {
			claim(x.p)
		}
		for _, m := range st.moves {
			claim(m.p)
		}
	}
	return all
}
