package schedule

import (
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// shown is what a node shows of its schedule.
type shown struct {
	n           *node
	state       State
	entry       int
	err         EnableError
	value       model.Value
	began, next time.Time
}

// shown takes a picture of the schedule. The caller holds Manager.mu.
func (n *node) shown() shown {
	s := shown{n: n, state: n.m.State(), entry: n.m.Entry(), err: n.err, began: n.m.Began(), next: n.m.NextStart()}
	s.value, _ = n.m.Value()
	return s
}

// show writes states, entries and values in one transaction.
func (m *Manager) show(now time.Time, list []shown, decisions []decision) error {
	if len(list) == 0 && len(decisions) == 0 {
		return nil
	}
	return m.cfg.Server.Update(now, func(tx *server.Tx) {
		for _, s := range list {
			s.n.set(tx, "SchdSt.stVal", model.Int(int64(s.state)))
			s.n.set(tx, "SchdEntr.stVal", model.Int(int64(s.entry)))
			s.n.set(tx, "SchdEnaErr.stVal", model.Int(int64(s.err)))
			s.n.setTime(tx, "ActStrTm.setTm", s.began)
			s.n.setTime(tx, "NxtStrTm.setTm", s.next)
			s.n.setValue(tx, s.value)
			s.n.stamp(tx, "SchdSt", "SchdEntr", "SchdEnaErr")
		}
		for _, d := range decisions {
			text := ""
			if d.active {
				text = d.Schedule.String()
			}
			d.c.set(tx, "ActSchdRef.setSrcRef", model.Visible(text))
			d.c.set(tx, "ActSchdRef.stVal", model.Visible(text))
			d.c.setValue(tx, d.Value)
		}
	})
}

func (m *Manager) showError(n *node, now time.Time, reason EnableError) error {
	return m.cfg.Server.Update(now, func(tx *server.Tx) {
		n.set(tx, "SchdEnaErr.stVal", model.Int(int64(reason)))
		n.stamp(tx, "SchdEnaErr")
	})
}

// set changes an attribute that the model has, in the kind that it has.
func (n *node) set(tx *server.Tx, path string, v model.Value) {
	ref, t, ok := n.leaf(model.FCNone, path)
	if !ok {
		return
	}
	kind, size := t.Layout()
	switch x, isNumber := number(v); {
	case kind == v.Kind() && kind != model.KindFloat:
	case kind == model.KindUint && isNumber && x >= 0:
		v = model.Uint(uint64(x))
	case kind == model.KindInt && isNumber:
		v = model.Int(int64(x))
	case kind == model.KindFloat && isNumber && size == 64:
		v = model.Float64(x)
	case kind == model.KindFloat && isNumber:
		v = model.Float32(float32(x))
	default:
		return
	}
	tx.Set(ref, v)
}

func (n *node) setTime(tx *server.Tx, path string, at time.Time) {
	if ref, _, ok := n.leaf(model.FCNone, path); ok {
		var t model.Timestamp
		if !at.IsZero() {
			t = model.NewTimestamp(at, model.AccuracyMillisecond)
		}
		tx.Set(ref, model.Time(t))
	}
}

// setValue shows the running value; without one it keeps the last.
func (n *node) setValue(tx *server.Tx, v model.Value) {
	if v.IsZero() {
		return
	}
	for _, f := range families {
		for _, path := range f.shown {
			n.set(tx, path, v)
		}
	}
	n.stamp(tx, "ValMV", "ValINS", "ValSPS", "ValENS")
}

// stamp gives data objects the time of the transaction and good quality.
func (n *node) stamp(tx *server.Tx, objects ...string) {
	for _, o := range objects {
		for _, fc := range []model.FC{model.ST, model.MX} {
			if _, _, ok := n.leaf(fc, o+".t"); ok {
				do := n.ref
				do.Path = o
				do.FC = fc
				tx.Time(do)
			}
		}
	}
}
