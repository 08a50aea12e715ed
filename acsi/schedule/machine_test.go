package schedule

import (
	"math"
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

var noon = time.Date(2026, 6, 21, 12, 0, 0, 0, time.UTC)

func floats(list ...float32) (out []model.Value) {
	for _, f := range list {
		out = append(out, model.Float32(f))
	}
	return out
}

func at(d time.Duration) Start { return Start{At: noon.Add(d)} }

// TestMachine drives a schedule through its states: what it shows at each moment, and when it wants to be called.
func TestMachine(t *testing.T) {
	type moment struct {
		at    time.Duration
		state State
		value float32 // 0: none
		next  time.Duration
	}
	const s = time.Second
	for name, c := range map[string]struct {
		plan Plan
		want []moment
	}{
		"once": {
			Plan{Values: floats(1, 2), Interval: 10 * s, Starts: []Start{at(5 * s)}},
			[]moment{{0, Ready, 0, 5 * s}, {5 * s, Running, 1, 15 * s}, {14 * s, Running, 1, 15 * s}, {15 * s, Running, 2, 25 * s}, {25 * s, NotReady, 0, 0}, {60 * s, NotReady, 0, 0}},
		},
		"again": {
			Plan{Values: floats(1), Interval: 10 * s, Starts: []Start{at(5 * s), at(30 * s)}, Reuse: true},
			[]moment{{0, Ready, 0, 5 * s}, {6 * s, Running, 1, 15 * s}, {16 * s, Ready, 0, 30 * s}, {31 * s, Running, 1, 40 * s}, {40 * s, StartTimeRequired, 0, 0}},
		},
		"seamless": {
			Plan{Values: floats(1, 2), Interval: 30 * s, Starts: []Start{{Calendar: Calendar{Occ: 1, Period: PerHour, Minute: 1}}, {Calendar: Calendar{Occ: 1, Period: PerHour, Minute: 2}}}, Reuse: true},
			[]moment{{0, Ready, 0, 60 * s}, {60 * s, Running, 1, 90 * s}, {119 * s, Running, 2, 120 * s}, {120 * s, Running, 1, 150 * s}},
		},
		"no start time": {
			Plan{Values: floats(1), Interval: s},
			[]moment{{0, StartTimeRequired, 0, 0}, {time.Hour, StartTimeRequired, 0, 0}},
		},
		"late": { // the whole run was slept through
			Plan{Values: floats(1), Interval: 10 * s, Starts: []Start{at(5 * s)}},
			[]moment{{0, Ready, 0, 5 * s}, {time.Hour, NotReady, 0, 0}},
		},
		"in the middle": {
			Plan{Values: floats(1, 2, 3), Interval: 10 * s, Starts: []Start{at(0)}},
			[]moment{{0, Running, 1, 10 * s}, {22 * s, Running, 3, 30 * s}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var m Machine
			if m.State() != NotReady || m.Step(noon) {
				t.Error("the zero value is not idle")
			}
			m.Enable(c.plan, noon)
			for _, w := range c.want {
				m.Step(noon.Add(w.at))
				v, ok := m.Value()
				f, _ := v.AsFloat()
				if m.State() != w.state || ok != (w.value != 0) || float32(f) != w.value {
					t.Errorf("after %v: %v %v, want %v %v", w.at, m.State(), f, w.state, w.value)
				}
				if d := m.Deadline(); w.next == 0 && !d.IsZero() || w.next != 0 && !d.Equal(noon.Add(w.next)) {
					t.Errorf("after %v: deadline %v, want %v", w.at, d, w.next)
				}
			}
			m.Disable()
			if m.State() != NotReady || !m.Deadline().IsZero() || m.Entry() != 0 || !m.NextStart().IsZero() {
				t.Error("disabled, but", m.State())
			}
		})
	}
}

// TestNextStart: while a schedule runs, its next start is that of another run.
func TestNextStart(t *testing.T) {
	var m Machine
	m.Enable(Plan{Values: floats(1), Interval: 10 * time.Second, Starts: []Start{at(5 * time.Second), at(12 * time.Second), at(30 * time.Second)}, Reuse: true}, noon)
	m.Step(noon.Add(6 * time.Second))
	if m.State() != Running || !m.NextStart().Equal(noon.Add(30*time.Second)) {
		t.Errorf("%v, next at %v", m.State(), m.NextStart())
	}
}

// TestTrigger: an event starts a schedule that is ready for it, and no other.
func TestTrigger(t *testing.T) {
	p := Plan{Values: floats(7, 8), Interval: time.Minute, Event: true, Reuse: true}
	var m Machine
	if m.Trigger(noon) {
		t.Error("a schedule that is not ready was started")
	}
	m.Enable(p, noon)
	if m.State() != Ready || !m.Trigger(noon) || m.State() != Running || m.Entry() != 1 || !m.Began().Equal(noon) {
		t.Errorf("%v", m.State())
	}
	if m.Trigger(noon.Add(time.Second)) {
		t.Error("started twice")
	}
	m.Step(noon.Add(2 * time.Minute))
	if m.State() != Ready {
		t.Errorf("at its end %v", m.State())
	}
	p.Event = false
	p.Starts = []Start{at(time.Hour)}
	m.Enable(p, noon)
	if m.Trigger(noon) {
		t.Error("a schedule without EvTrg was started by an event")
	}
}

// TestResume: after a restart a run goes on where it would be; one that is over is not begun anew.
func TestResume(t *testing.T) {
	p := Plan{Values: floats(1, 2, 3), Interval: time.Minute, Starts: []Start{at(0)}, Reuse: true}
	var m Machine
	m.Resume(p, noon, noon.Add(90*time.Second))
	if m.State() != Running || m.Entry() != 2 {
		t.Errorf("%v %d", m.State(), m.Entry())
	}
	m.Resume(p, noon, noon.Add(4*time.Minute))
	if m.State() != StartTimeRequired {
		t.Errorf("%v", m.State())
	}
}

func TestPlanCheck(t *testing.T) {
	ok := Plan{Values: floats(1), Interval: time.Second, Starts: []Start{at(time.Hour)}}
	with := func(f func(*Plan)) *Plan {
		p := ok
		f(&p)
		return &p
	}
	nan := model.Float64(math.NaN())
	for name, c := range map[string]struct {
		p     *Plan
		given bool
		want  EnableError
	}{
		"valid":         {&ok, true, EnableOK},
		"no values":     {with(func(p *Plan) { p.Values = nil }), true, EnableNumEntr},
		"no interval":   {with(func(p *Plan) { p.Interval = 0 }), true, EnableSchdIntv},
		"negative":      {with(func(p *Plan) { p.Interval = -1 }), true, EnableSchdIntv},
		"too long":      {with(func(p *Plan) { p.Interval = 2 * MaxInterval }), true, EnableSchdIntv},
		"overflow":      {with(func(p *Plan) { p.Interval = MaxInterval; p.Values = make([]model.Value, 1000) }), true, EnableSchdIntv},
		"a missing one": {with(func(p *Plan) { p.Values = []model.Value{{}} }), true, EnableValues},
		"no number":     {with(func(p *Plan) { p.Values = []model.Value{nan} }), true, EnableValues},
		"all over":      {with(func(p *Plan) { p.Starts = []Start{at(-time.Hour)} }), true, EnableStrTm},
		"none given":    {with(func(p *Plan) { p.Starts = nil }), false, EnableOK},
		"event":         {with(func(p *Plan) { p.Starts, p.Event = []Start{at(-time.Hour)}, true }), true, EnableOK},
	} {
		if got := c.p.Check(noon, c.given); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestCalendar(t *testing.T) {
	day := func(text string) time.Time {
		d, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for name, c := range map[string]struct {
		c    Calendar
		want []string // after 2026-06-21 12:00, a Sunday; "": never
	}{
		"hourly":                 {Calendar{Occ: 1, Minute: 30}, []string{"2026-06-21 12:30", "2026-06-21 13:30"}},
		"daily":                  {Calendar{Occ: 1, Period: PerDay, Hour: 6}, []string{"2026-06-22 06:00", "2026-06-23 06:00"}},
		"weekly":                 {Calendar{Occ: 1, Period: PerWeek, WeekDay: 1, Hour: 6}, []string{"2026-06-22 06:00", "2026-06-29 06:00"}},
		"monthly":                {Calendar{Occ: 1, Period: PerMonth, Day: 31}, []string{"2026-07-31 00:00", "2026-08-31 00:00", "2026-10-31 00:00"}},
		"yearly":                 {Calendar{Occ: 1, Period: PerYear, Month: 2, Day: 29}, []string{"2028-02-29 00:00", "2032-02-29 00:00"}},
		"last Sunday of a month": {Calendar{Type: OccWeekDay, Period: PerMonth, WeekDay: 7, Hour: 1}, []string{"2026-06-28 01:00", "2026-07-26 01:00"}},
		"first Monday":           {Calendar{Occ: 1, Type: OccWeekDay, Period: PerMonth, WeekDay: 1}, []string{"2026-07-06 00:00"}},
		"last Sunday of March":   {Calendar{Type: OccWeekDay, Period: PerYear, WeekDay: 7, Month: 3, Hour: 1}, []string{"2027-03-28 01:00", "2028-03-26 01:00"}},
		"last day of a month":    {Calendar{Type: OccDayOfMonth, Period: PerMonth, Hour: 23}, []string{"2026-06-30 23:00", "2026-07-31 23:00"}},
		"day of the year":        {Calendar{Occ: 366, Type: OccDayOfYear, Period: PerYear}, []string{"2028-12-31 00:00"}},
		"week of the year":       {Calendar{Occ: 1, Type: OccWeekOfYear, Period: PerYear, WeekDay: 1}, []string{"2027-01-04 00:00"}},
		"unset":                  {Calendar{}, []string{""}},
		"no such hour":           {Calendar{Occ: 1, Period: PerDay, Hour: 24}, []string{""}},
		"no such day":            {Calendar{Occ: 1, Period: PerMonth, Day: 32}, []string{""}},
	} {
		from := day("2026-06-21 12:00")
		for _, want := range c.want {
			got, ok := c.c.Next(from)
			if !ok && want == "" {
				continue
			}
			if !ok || !got.Equal(day(want)) {
				t.Errorf("%s: after %v comes %v, want %v", name, from, got, want)
				break
			}
			from = got.Add(time.Minute)
		}
	}
}
