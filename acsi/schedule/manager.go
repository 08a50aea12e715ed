package schedule

import (
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// Config of a Manager. Model and Server are required.
type Config struct {
	Model  *model.Server
	Server *server.Server
	// Apply gives the controlled entity (CtlEnt of the controller) a value; the running schedule decided. A simulated IED
	// shows it there, an agent of a resource (a FSCC over DWGC.WSpt, for example) gives it to its device as a set-point. It
	// is called without locks held and may update the Server. Nil: nothing is controlled.
	Apply func(c Command) error
	// Changed hears of every change of state, and of plans that could not be enabled. It must not block. Nil: nobody does.
	Changed func(Change)
	// Wake is called when Step has to be called before the time that it last gave. It must not block. Nil: nobody is.
	Wake func()
	// Store keeps what is enabled over a restart; nil: nothing is.
	Store Store
	Now   func() time.Time // nil: time.Now
}

// A Command is a value for a controlled entity.
type Command struct {
	Controller model.Ref // logical node of the FSCC
	Schedule   model.Ref // logical node of the FSCH that decided
	Entity     model.Ref // data object
	Value      model.Value
}

// A Change is news of a schedule.
type Change struct {
	Schedule model.Ref // logical node
	State    State
	Entry    int   // running, from 1
	Err      error // an EnableError, or what Apply said
}

// A Manager runs the schedules of one server. It is safe for concurrent use.
type Manager struct {
	cfg Config

	mu          sync.Mutex
	nodes       []*node
	byRef       map[model.Ref]*node
	controllers []*controller
}

// NewManager finds the schedules of a model and takes over their controls. A model without any has a Manager that does
// nothing.
func NewManager(cfg Config) (*Manager, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Changed == nil {
		cfg.Changed = func(Change) {}
	}
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	m := &Manager{cfg: cfg, byRef: make(map[model.Ref]*node)}
	for _, d := range cfg.Model.Devices {
		for _, ln := range d.Nodes {
			ref := model.Ref{LDevice: d.Name, LN: ln.Name()}
			switch ln.Class {
			case "FSCH":
				n := &node{ref: ref, ln: ln, err: EnableOK, seen: true}
				m.nodes, m.byRef[ref] = append(m.nodes, n), n
				if err := m.handle(n); err != nil {
					return nil, err
				}
			case "FSCC":
				m.controllers = append(m.controllers, &controller{node: node{ref: ref, ln: ln}})
			}
		}
	}
	return m, m.restore(cfg.Now())
}

// Len tells how many schedules there are.
func (m *Manager) Len() int { return len(m.nodes) }

// Owns reports whether a data object of a class is one of those that a Manager controls.
func Owns(class, object string) bool {
	return class == "FSCH" && (object == "EnaReq" || object == "DsaReq")
}

// State tells the state of a schedule by its logical node.
func (m *Manager) State(ref model.Ref) (State, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.byRef[ref]
	if n == nil {
		return 0, false
	}
	return n.m.State(), true
}

// Enable enables a schedule as its EnaReq does.
func (m *Manager) Enable(ref model.Ref, now time.Time) error {
	m.mu.Lock()
	n := m.byRef[ref]
	if n == nil {
		m.mu.Unlock()
		return fmt.Errorf("%w: %s is no schedule", server.ErrUnknown, ref)
	}
	var p Plan
	reason := EnableOther
	if n.m.State() == NotReady {
		if p, reason = n.plan(m.cfg.Server, now); reason == EnableOK && !m.fits(n, p.Values[0]) {
			reason = EnableCDC
		}
	}
	n.err = reason
	if reason == EnableOK {
		n.m.Enable(p, now)
		n.m.changed = true // shown by the next step
	}
	state := n.m.State()
	m.mu.Unlock()
	defer m.cfg.Wake()
	if reason != EnableOK {
		m.cfg.Changed(Change{Schedule: ref, State: state, Err: reason})
		return m.showError(n, now, reason)
	}
	return m.save(n)
}

// Disable disables a schedule as its DsaReq does.
func (m *Manager) Disable(ref model.Ref) error {
	m.mu.Lock()
	n := m.byRef[ref]
	if n == nil {
		m.mu.Unlock()
		return fmt.Errorf("%w: %s is no schedule", server.ErrUnknown, ref)
	}
	n.m.Disable()
	m.mu.Unlock()
	defer m.cfg.Wake()
	return m.forget(n)
}

// Trigger is the event that a schedule with EvTrg waits for. It reports whether it has begun.
func (m *Manager) Trigger(ref model.Ref, now time.Time) bool {
	m.mu.Lock()
	n := m.byRef[ref]
	began := n != nil && n.m.Trigger(now)
	m.mu.Unlock()
	if began {
		m.cfg.Wake()
	}
	return began
}

// eventPoll is how often the reference in InSyn is looked at.
const eventPoll = 100 * time.Millisecond

// Step does what is due at now, shows it, and tells when it wants to be called again, zero for never.
func (m *Manager) Step(now time.Time) (time.Time, error) {
	m.mu.Lock()
	var next time.Time
	var changed []*node
	for _, n := range m.nodes {
		m.waited(n, now)
		if poll := m.watch(n, now); poll {
			next = sooner(next, now.Add(eventPoll))
		}
		if n.m.Step(now) {
			changed = append(changed, n)
		}
		next = sooner(next, n.m.Deadline())
	}
	commands := m.decide()
	shows := make([]shown, len(changed))
	for i, n := range changed {
		shows[i] = n.shown()
	}
	m.mu.Unlock()
	if err := m.show(now, shows, commands); err != nil {
		return next, err
	}
	for _, s := range shows {
		m.cfg.Changed(Change{Schedule: s.n.ref, State: s.state, Entry: s.entry})
		var err error
		switch {
		case s.state == NotReady:
			err = m.forget(s.n)
		case s.state != s.n.kept || !s.began.Equal(s.n.keptBegan):
			err = m.save(s.n)
		}
		s.n.kept, s.n.keptBegan = s.state, s.began
		if err != nil {
			return next, err
		}
	}
	for _, c := range commands {
		if m.cfg.Apply == nil || c.Entity.Path == "" {
			continue
		}
		if err := m.cfg.Apply(c.Command); err != nil {
			m.cfg.Changed(Change{Schedule: c.Schedule, State: Running, Err: err})
		}
	}
	return next, nil
}

// waited gives a schedule that waits for a start time the one that was written meanwhile.
func (m *Manager) waited(n *node, now time.Time) {
	if n.m.State() != StartTimeRequired {
		return
	}
	p, reason := n.plan(m.cfg.Server, now)
	if _, ok := p.next(now); ok && reason == EnableOK {
		n.m.Enable(p, now)
		n.m.changed = true
	}
}

// watch looks for the event of a schedule, and tells whether it has to look again.
func (m *Manager) watch(n *node, now time.Time) bool {
	if n.m.state != Ready || !n.m.plan.Event {
		n.seen = true // an edge begins with false
		return false
	}
	v, _, ok := n.value(m.cfg.Server, "InSyn.setSrcRef")
	text, _ := v.AsText()
	if !ok || text == "" {
		return false
	}
	ref, err := model.ParseRef(text)
	if err != nil {
		return false
	}
	on := false
	for _, path := range []string{"", ".stVal", ".general"} {
		r := ref
		r.Path += path
		r.FC = model.ST
		if v, err := m.cfg.Server.Get(r); err == nil {
			if b, ok := v.AsBool(); ok {
				on = b
				break
			}
		}
	}
	if on && !n.seen {
		n.m.Trigger(now)
	}
	n.seen = on
	return true
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
