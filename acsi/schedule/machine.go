package schedule

import (
	"time"

	"github.com/gridward/gridward/model"
)

// State is the value of SchdSt, IEC 61850-7-4 (ScheduleStateKind).
type State int8

// The states.
const (
	NotReady          State = 1
	StartTimeRequired State = 2
	Ready             State = 3
	Running           State = 4
)

var stateNames = map[State]string{NotReady: "not-ready", StartTimeRequired: "start-time-required", Ready: "ready", Running: "running"}

func (s State) String() string {
	if n, ok := stateNames[s]; ok {
		return n
	}
	return "invalid"
}

// A Plan is what a schedule does, as it stood when it was enabled.
type Plan struct {
	Values   []model.Value // one for each entry
	Interval time.Duration // that each entry lasts
	Starts   []Start       // when it begins; with none only an event starts it
	Event    bool          // an event starts it too (EvTrg)
	Reuse    bool          // it may run again
	Priority int64         // the highest of those that run decides
}

// length is how long a run lasts.
func (p *Plan) length() time.Duration { return time.Duration(len(p.Values)) * p.Interval }

// next gives the first start at or after t.
func (p *Plan) next(t time.Time) (time.Time, bool) {
	var first time.Time
	for _, s := range p.Starts {
		if at, ok := s.Next(t); ok && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, !first.IsZero()
}

// A Machine is one schedule. The zero value is not ready. It is not safe for concurrent use.
type Machine struct {
	state   State
	plan    Plan
	began   time.Time // of the run
	start   time.Time // next one; zero: none
	entry   int       // of the run, from 0
	changed bool
}

// State gives the state.
func (m *Machine) State() State {
	if m.state == 0 {
		return NotReady
	}
	return m.state
}

// Priority is that of the plan.
func (m *Machine) Priority() int64 { return m.plan.Priority }

// Entry gives the number of the running entry, from 1; 0 when it does not run.
func (m *Machine) Entry() int {
	if m.state != Running {
		return 0
	}
	return m.entry + 1
}

// Value gives the value of the running entry.
func (m *Machine) Value() (model.Value, bool) {
	if m.state != Running {
		return model.Value{}, false
	}
	return m.plan.Values[m.entry], true
}

// Began gives the start of the present run, zero when it does not run.
func (m *Machine) Began() time.Time {
	if m.state != Running {
		return time.Time{}
	}
	return m.began
}

// NextStart gives the start of the next run, zero when none is known.
func (m *Machine) NextStart() time.Time { return m.start }

// Enable takes a plan that was found valid. A plan with neither start nor event waits for a start time.
func (m *Machine) Enable(p Plan, now time.Time) {
	*m = Machine{plan: p, state: Ready, changed: true}
	m.await(now)
	m.Step(now)
}

// Resume takes a plan whose run began at a time in the past, before a restart: it goes on where it would be.
func (m *Machine) Resume(p Plan, began, now time.Time) {
	m.Enable(p, now)
	if !began.IsZero() && !began.After(now) && now.Sub(began) < p.length() {
		m.state, m.began, m.changed = Running, began, true
		m.Step(now)
	}
}

// Disable ends the run, and forgets the plan.
func (m *Machine) Disable() { *m = Machine{state: NotReady, changed: true} }

// Trigger is the event that a plan with Event waits for. It reports whether the schedule has begun.
func (m *Machine) Trigger(now time.Time) bool {
	if m.state != Ready || !m.plan.Event {
		return false
	}
	m.begin(now, now)
	return true
}

// await makes an enabled schedule ready for its next start.
func (m *Machine) await(after time.Time) {
	m.start = time.Time{}
	at, ok := m.plan.next(after)
	switch {
	case ok:
		m.state, m.start = Ready, at
	case m.plan.Event:
		m.state = Ready
	default:
		m.state = StartTimeRequired
	}
	m.changed = true
}

func (m *Machine) begin(at, now time.Time) {
	m.state, m.began, m.entry, m.changed = Running, at, 0, true
	m.start, _ = m.plan.next(at.Add(m.plan.length()))
	m.move(now)
}

// Step does what is due at now. It reports whether anything has changed since it was last asked.
func (m *Machine) Step(now time.Time) bool {
	for range 1000 { // a run may have been missed as a whole
		if m.state == Ready && !m.start.IsZero() && !now.Before(m.start) {
			m.begin(m.start, now)
			continue
		}
		if m.state == Running && m.move(now) {
			continue
		}
		break
	}
	c := m.changed
	m.changed = false
	return c
}

// move goes to the entry that holds at now, or ends the run, which it reports.
func (m *Machine) move(now time.Time) bool {
	n := int(now.Sub(m.began) / m.plan.Interval)
	if n < len(m.plan.Values) {
		if n = max(n, 0); n != m.entry {
			m.entry, m.changed = n, true
		}
		return false
	}
	m.entry, m.changed = 0, true
	if !m.plan.Reuse {
		*m = Machine{state: NotReady, changed: true}
		return false
	}
	end := m.began.Add(m.plan.length())
	if now.Sub(end) > time.Minute { // asleep for long: what is missed is missed
		end = now
	}
	m.await(end)
	return true
}

// Deadline tells when Step has something to do, zero for never.
func (m *Machine) Deadline() time.Time {
	switch m.state {
	case Running:
		return m.began.Add(time.Duration(m.entry+1) * m.plan.Interval)
	case Ready:
		return m.start
	}
	return time.Time{}
}
