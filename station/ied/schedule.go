package ied

import (
	"errors"
	"time"

	"github.com/gridward/gridward/acsi/schedule"
	"github.com/gridward/gridward/model"
)

// schedules reports whether a data object of a logical node is driven by its schedule.
func schedules(class, object string) bool { return schedule.Owns(class, object) }

// scheduler runs the schedules of the model as a task.
type scheduler struct {
	d *IED
	m *schedule.Manager
}

func newScheduler(d *IED) (*scheduler, error) {
	s := &scheduler{d: d}
	var err error
	s.m, err = schedule.NewManager(schedule.Config{
		Model: d.cfg.Model, Server: d.srv, Store: d.cfg.Store, Now: d.cfg.Now, Wake: d.rouse, Apply: s.apply,
		Changed: func(c schedule.Change) {
			if c.Entry > 1 && c.Err == nil {
				return // the entries of a run are no news
			}
			var why error
			if c.Err != nil && !errors.Is(c.Err, schedule.EnableOK) {
				why = c.Err
			}
			d.cfg.Events(Scheduled{Schedule: c.Schedule, State: c.State.String(), Err: why})
		},
	})
	return s, err
}

// apply gives the controlled entity the value of its schedule: a set-point, a setting or a status, as a command would.
func (s *scheduler) apply(c schedule.Command) error {
	p, err := findPoint(s.d.cfg.Model, c.Entity.String())
	if err != nil {
		return err
	}
	values, err := p.assign(plain(c.Value))
	if err != nil {
		return err
	}
	return s.d.nodes.apply(s.d.cfg.Now(), []setting{{p: p, values: values}})
}

// plain gives a value as assign takes it.
func plain(v model.Value) any {
	if b, ok := v.AsBool(); ok {
		return b
	}
	if i, ok := v.AsInt(); ok {
		return i
	}
	f, _ := magnitude(v)
	return f
}

// step implements task.
func (s *scheduler) step(now time.Time) (time.Time, error) { return s.m.Step(now) }
