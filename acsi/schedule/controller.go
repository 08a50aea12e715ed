package schedule

import (
	"github.com/gridward/gridward/model"
)

// A controller is one FSCC: of the schedules that it names, the one that runs with the highest priority decides.
type controller struct {
	node
	active model.Ref // logical node of the FSCH that decides; zero: none
	value  model.Value
}

// A decision is a Command with what the controller shows of it.
type decision struct {
	Command
	c      *controller
	active bool // a schedule decides
}

// schedules gives the schedules that the controller names in Schd, Schd1 …, in their order.
func (m *Manager) schedules(c *controller) []*node {
	var list []*node
	for _, name := range numbered(c.ln, "Schd") {
		if ref, ok := m.reference(&c.node, name); ok {
			ref.Path = ""
			if n := m.byRef[ref]; n != nil {
				list = append(list, n)
			}
		}
	}
	return list
}

// reference reads an ORG.
func (m *Manager) reference(n *node, name string) (model.Ref, bool) {
	v, _, ok := n.value(m.cfg.Server, name+".setSrcRef", name+".stVal")
	text, _ := v.AsText()
	if !ok || text == "" {
		return model.Ref{}, false
	}
	ref, err := model.ParseRef(text)
	return ref, err == nil
}

// decide finds what has changed for every controlled entity. The caller holds mu.
func (m *Manager) decide() []decision {
	var list []decision
	for _, c := range m.controllers {
		var best *node
		if c.on(m.cfg.Server) {
			for _, n := range m.schedules(c) {
				if n.m.State() == Running && (best == nil || n.m.Priority() > best.m.Priority()) {
					best = n
				}
			}
		}
		if best == nil {
			if c.active != (model.Ref{}) {
				c.active, c.value = model.Ref{}, model.Value{}
				list = append(list, decision{c: c, Command: Command{Controller: c.ref}})
			}
			continue // the entity keeps its last value
		}
		v, _ := best.m.Value()
		if best.ref == c.active && v.Equal(c.value) {
			continue
		}
		c.active, c.value = best.ref, v
		d := decision{c: c, active: true, Command: Command{Controller: c.ref, Schedule: best.ref, Value: v}}
		if ref, ok := m.reference(&c.node, "CtlEnt"); ok {
			ref.FC = model.FCNone
			d.Entity = ref
		}
		list = append(list, d)
	}
	return list
}

// on tells whether the controller may act: its behaviour is on, or it has none.
func (c *controller) on(src Source) bool {
	v, _, ok := c.node.value(src, "Beh.stVal")
	beh, _ := v.AsInt()
	return !ok || beh == 0 || beh == 1
}

// fits tells whether the controlled entity of every controller that names the schedule takes such a value. The caller
// holds mu.
func (m *Manager) fits(n *node, v model.Value) bool {
	for _, c := range m.controllers {
		ref, ok := m.reference(&c.node, "CtlEnt")
		if !ok {
			continue
		}
		for _, s := range m.schedules(c) {
			if s == n && !m.takes(ref, v) {
				return false
			}
		}
	}
	return true
}

// mains are the attributes of a data object that a schedule may give a value, and the values that they take.
var mains = []string{"mxVal.f", "mxVal.i", "setMag.f", "setMag.i", "mag.f", "setVal", "stVal"}

func (m *Manager) takes(object model.Ref, v model.Value) bool {
	object.FC = model.FCNone
	if _, ok := m.cfg.Model.Find(object); !ok {
		return false
	}
	for _, path := range mains {
		r := object
		r.Path += "." + path
		t, ok := m.cfg.Model.Find(r)
		if !ok || t.FC == model.FCNone || t.FC == model.CO {
			continue
		}
		kind, _ := t.Type.Layout()
		switch v.Kind() {
		case model.KindFloat:
			return kind == model.KindFloat || kind == model.KindInt
		case model.KindBool:
			return kind == model.KindBool || t.Type.Basic == model.BasicDbpos
		}
		return kind == model.KindInt || kind == model.KindUint || kind == model.KindFloat
	}
	return false
}
