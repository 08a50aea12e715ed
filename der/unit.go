package der

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/model"
)

// unit is the agent without its link: the device, its points in the server, its controls and its fail-safe. Everything
// happens in tick, which takes the time, and in the control handlers. Safe for concurrent use.
type unit struct {
	cfg      *Config
	dev      Device
	model    *model.Server
	srv      *server.Server
	bindings []*binding // what they show is changed by tick alone
	marks    []mark     // Health and PhyHealth

	shownHealth Health

	mu       sync.Mutex
	ticked   time.Time // wall clock of the last tick
	clock    time.Time // the device's own time then
	moved    time.Time // wall clock of the last step that moved the device
	state    device.State
	health   Health
	quality  model.Quality
	controls []*control
	failSafe failSafe
	assocs   int
	settled  bool     // a command has been carried out since the last tick
	after    []func() // to be called once mu has been released
}

// mark is a data object that shows the health.
type mark struct{ value, q, t int }

// newUnit builds the server of a model and shows what does not change.
func newUnit(cfg *Config, m *model.Server, now time.Time) (*unit, error) {
	u := &unit{cfg: cfg, dev: cfg.Adapter, model: m, ticked: now, moved: now, quality: model.Questionable | model.QOldData, shownHealth: HealthOK}
	if u.dev == nil {
		d, err := device.New(cfg.Device)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		u.dev = d
		cfg.Device = d.Config()
	}
	if cfg.Start.IsZero() {
		cfg.Start = now
	}
	u.clock = cfg.Start
	u.failSafe.since = now
	var err error
	if u.bindings, err = bind(m, DefaultMap(cfg.Device.Kind), cfg.Map); err != nil {
		return nil, err
	}
	if len(u.bindings) == 0 {
		return nil, fmt.Errorf("%w: the model of %s shows no point of the device", ErrMap, m.IED)
	}
	u.srv, err = server.New(server.Config{
		Model: m, Vendor: "Gridward", ModelName: "DER " + string(cfg.Device.Kind), Revision: version(),
		Authorizer: cfg.Authorizer, Audit: cfg.Audit, Events: u.served, Now: cfg.Now,
	})
	if err != nil {
		return nil, err
	}
	if err := u.introduce(now); err != nil {
		return nil, err
	}
	return u, u.control()
}

// served passes on an event of the server. A command that was refused, by the server or by its handler, and one that ended
// badly is told here alone.
func (u *unit) served(e server.Event) {
	if c, ok := e.(server.Commanded); ok && c.AddCause != model.AddCauseNone {
		object := c.Command.Ref
		object.FC = model.FCNone
		u.cfg.Events(CommandEnded{Object: object, Peer: c.Command.Principal, AddCause: c.AddCause})
	}
	u.cfg.Events(Served{e})
}

// introduce sets what a start sets once: times, ratings, ranges, name plates.
func (u *unit) introduce(now time.Time) error {
	u.findMarks()
	stamp := timestamp(now)
	return u.srv.Update(now, func(tx *server.Tx) {
		for l := range u.model.Walk() {
			if (l.Ref.FC == model.ST || l.Ref.FC == model.MX) && l.Type.Basic == model.BasicTimestamp {
				tx.SetSlot(l.Slot, stamp)
			}
		}
		text := func(path, value string) {
			for _, d := range u.model.Devices {
				for _, n := range d.Nodes {
					if t, ok := n.Find(path, model.DC); ok && u.empty(t.Slot) {
						tx.SetSlot(t.Slot, model.Visible(value))
					}
				}
			}
		}
		text("NamPlt.swRev", version())
		text("PhyNam.swRev", version())
		text("PhyNam.model", "Gridward "+string(u.cfg.Device.Kind))
		site := u.cfg.Device.Site
		text("PhyNam.location", fmt.Sprintf("%.4f %.4f", site.Latitude, site.Longitude))
		for _, b := range u.bindings {
			u.introducePoint(tx, b)
		}
	})
}

// empty reports whether a text attribute has no configured value.
func (u *unit) empty(slot int) bool {
	s, ok := u.model.Initial[slot].AsText()
	return ok && s == ""
}

func (u *unit) introducePoint(tx *server.Tx, b *binding) {
	c := &u.cfg.Device
	set := func(slot int, x float64) {
		if slot < 0 {
			return
		}
		if f, ok := u.model.Initial[slot].AsFloat(); ok && f == 0 { // nothing configured in SCL
			tx.SetSlot(slot, model.Float32(float32(x)))
		}
	}
	if b.point.scale != nil && b.point.kind == fixed {
		if v, ok := valueOf(b.mainTyp, b.point.scale(c)); ok {
			tx.SetSlot(b.main, v)
		}
		return
	}
	if b.point.scale != nil {
		set(b.dbRef, b.point.scale(c))
		if b.db >= 0 && b.point.db > 0 {
			if n, ok := u.model.Initial[b.db].AsUint(); ok && n == 0 {
				tx.SetSlot(b.db, model.Uint(uint64(b.point.db)))
			}
		}
	}
	if k, ok := controlOf(b.point.Name, c); ok {
		set(b.lowest, k.allowed.Min/k.unit)
		set(b.highest, k.allowed.Max/k.unit)
	}
}

// findMarks finds every Health and PhyHealth.
func (u *unit) findMarks() {
	for _, d := range u.model.Devices {
		for _, n := range d.Nodes {
			for _, name := range []string{"Health", "PhyHealth"} {
				v, ok := n.Find(name+".stVal", model.ST)
				q, okQ := n.Find(name+".q", model.ST)
				t, okT := n.Find(name+".t", model.ST)
				if ok && okQ && okT {
					u.marks = append(u.marks, mark{v.Slot, q.Slot, t.Slot})
				}
			}
		}
	}
}

// tick steps the device to now, looks after commands and the fail-safe, and shows the points. One goroutine calls it.
func (u *unit) tick(now time.Time) error {
	u.mu.Lock()
	u.dev.Step(u.advance(now))
	st := u.dev.State()
	if st.Time.After(u.state.Time) {
		u.moved = now
	}
	u.state = st
	u.checkHealth(now)
	err := u.checkFailSafe(now)
	u.checkCommands(now)
	v := view{state: u.state, quality: u.quality, health: u.health, failSafe: u.failSafe.active, settled: u.settled}
	u.settled = false
	calls := u.after
	u.after = nil
	u.mu.Unlock()
	// Values first: who is told that a command has ended may read what it did.
	err = errors.Join(err, u.publish(now, v))
	for _, f := range calls {
		f()
	}
	return err
}

// view is what publish shows.
type view struct {
	state    device.State
	quality  model.Quality
	health   Health
	failSafe bool
	settled  bool // dead-bands do not hold: where a command has led is shown as it is
}

// unlock releases mu and makes the calls that had to wait for that.
func (u *unit) unlock() {
	calls := u.after
	u.after = nil
	u.mu.Unlock()
	for _, f := range calls {
		f()
	}
}

// later makes a call once mu has been released. The caller holds mu.
func (u *unit) later(f func()) { u.after = append(u.after, f) }

func (u *unit) emit(e Event) { u.later(func() { u.cfg.Events(e) }) }

// advance moves the device's own time, which began at Start and runs at Speed. It goes from tick to tick: the whole life
// of a fast device is longer than a time.Duration. The caller holds mu.
func (u *unit) advance(now time.Time) time.Time {
	u.clock = u.clock.Add(time.Duration(float64(now.Sub(u.ticked)) * u.cfg.Speed))
	u.ticked = now
	return u.clock
}

func (u *unit) checkHealth(now time.Time) {
	h, q := HealthOK, model.Good
	switch {
	case u.state.Failed:
		h, q = HealthAlarm, model.Invalid|model.QFailure
	case u.state.Time.IsZero() || now.Sub(u.moved) > u.cfg.StallAfter:
		h, q = HealthWarning, model.Questionable|model.QOldData
	}
	u.quality = q
	if h != u.health {
		u.health = h
		u.emit(HealthChanged{h})
	}
}

// snapshot gives the state for metrics and tests.
func (u *unit) snapshot() (device.State, Health, int, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state, u.health, u.assocs, u.failSafe.active
}

func timestamp(t time.Time) model.Value {
	return model.Time(model.NewTimestamp(t, model.LeapSecondsKnown|model.AccuracyMillisecond))
}
