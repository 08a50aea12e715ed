package fleet

import (
	"time"

	"github.com/gridward/gridward/model"
)

// Summary is what a list of DERs shows of one. Numbers are the newest ones heard of; null means never.
type Summary struct {
	ID            string     `json:"id"` // bare JID
	Name          string     `json:"name"`
	Kind          Kind       `json:"kind"`
	Location      string     `json:"location"`
	State         State      `json:"state"`
	Reason        string     `json:"reason"` // of Failed
	Since         time.Time  `json:"since"`  // of the state
	RetryAt       *time.Time `json:"retryAt"`
	ActivePower   Number     `json:"activePower"`   // W, positive into the grid
	ReactivePower Number     `json:"reactivePower"` // var
	Frequency     Number     `json:"frequency"`     // Hz
	Voltage       Number     `json:"voltage"`       // V, phase A to neutral
	StateOfCharge Number     `json:"stateOfCharge"` // %
	Setpoint      Number     `json:"setpoint"`      // W, in force at the DER
	Limit         Number     `json:"limit"`         // W, in force at the DER
	Rating        Number     `json:"rating"`        // W
	Setpoints     *Bounds    `json:"setpointBounds"`
	Limits        *Bounds    `json:"limitBounds"`
	Quality       string     `json:"quality"` // of the active power: good, questionable, ... with details
	Health        string     `json:"health"`
	Time          *time.Time `json:"time"`     // of the active power, by the DER's clock
	Received      *time.Time `json:"received"` // when we last heard of the active power
	Age           Number     `json:"age"`      // s since then
	Stale         bool       `json:"stale"`    // not to be relied on: no association, or not heard of for too long
}

// Measurement is one data object with a process value.
type Measurement struct {
	Ref      string     `json:"ref"` // data object, LD/LN.DO
	FC       string     `json:"fc"`
	Role     Role       `json:"role"`  // "" when it is none of the known ones
	Value    any        `json:"value"` // number, boolean or text
	Text     string     `json:"text"`  // the value's name, "" when it has none
	Unit     string     `json:"unit"`
	Quality  string     `json:"quality"`
	Time     *time.Time `json:"time"`
	Received time.Time  `json:"received"`
	Age      Number     `json:"age"` // s
	Stale    bool       `json:"stale"`
}

// Block is a report control block in use.
type Block struct {
	Ref      string     `json:"ref"`
	DataSet  string     `json:"dataSet"`
	Buffered bool       `json:"buffered"`
	Resynced bool       `json:"resynced"` // continued where the association before had stopped
	Reports  uint64     `json:"reports"`
	Last     *time.Time `json:"last"`
}

// Detail is all that the fleet knows of a DER.
type Detail struct {
	Summary
	Measurements []Measurement `json:"measurements"`
	Blocks       []Block       `json:"reportBlocks"`
	Counters     Counters      `json:"counters"`
}

// List gives all DERs in the order in which they came to be known.
func (f *Fleet) List() []Summary {
	now := time.Now()
	all := f.all()
	out := make([]Summary, len(all))
	for i, d := range all {
		d.mu.Lock()
		d.summary(&out[i], now)
		d.mu.Unlock()
	}
	return out
}

// Changed gives the DERs that changed after a version, and the version to ask for next time; 0 gives all.
func (f *Fleet) Changed(since uint64) ([]Summary, uint64) {
	upto := f.version.Load()
	if upto == since && since > 0 {
		return nil, upto
	}
	now := time.Now()
	var out []Summary
	for _, d := range f.all() {
		if since > 0 && d.version.Load() <= since {
			continue
		}
		var s Summary
		d.mu.Lock()
		d.summary(&s, now)
		d.mu.Unlock()
		out = append(out, s)
	}
	return out, upto
}

// Get gives one DER.
func (f *Fleet) Get(id string) (Summary, error) {
	var s Summary
	d, err := f.der(id)
	if err != nil {
		return s, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.summary(&s, time.Now())
	return s, nil
}

// Detail gives one DER with its measurements.
func (f *Fleet) Detail(id string) (Detail, error) {
	d, err := f.der(id)
	if err != nil {
		return Detail{}, err
	}
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	out := Detail{Measurements: []Measurement{}, Blocks: []Block{}, Counters: d.counters}
	d.summary(&out.Summary, now)
	if d.values != nil {
		for i := range d.values.points {
			if p := &d.values.points[i]; d.values.at[p.slot] != 0 {
				out.Measurements = append(out.Measurements, d.measurement(p, now))
			}
		}
	}
	if d.session != nil {
		for _, b := range d.blocks {
			v := Block{Ref: b.ref.String(), DataSet: b.dataSet, Buffered: b.buffered, Resynced: b.resynced, Reports: b.reports}
			if !b.last.IsZero() {
				last := b.last.UTC()
				v.Last = &last
			}
			out.Blocks = append(out.Blocks, v)
		}
	}
	return out, nil
}

func (d *der) summary(s *Summary, now time.Time) {
	*s = Summary{
		ID: d.id, Name: d.entry.Name, Kind: d.entry.Kind, Location: d.entry.Location, State: d.state, Reason: d.reason,
		Since: d.since.UTC(), Age: unknown, Stale: true,
	}
	if s.Kind == "" {
		s.Kind = d.kind
	}
	if s.Kind == "" {
		s.Kind = KindUnknown
	}
	if !d.retryAt.IsZero() {
		at := d.retryAt.UTC()
		s.RetryAt = &at
	}
	s.ActivePower, s.ReactivePower, s.Frequency, s.Voltage = d.newest(ActivePower), d.newest(ReactivePower), d.newest(Frequency), d.newest(Voltage)
	s.StateOfCharge, s.Setpoint, s.Limit, s.Rating = d.newest(StateOfCharge), d.newest(Setpoint), d.newest(Limit), d.newest(Rating)
	if d.values == nil {
		return
	}
	if b, ok := d.controls[Setpoint]; ok {
		s.Setpoints = &b
	}
	if b, ok := d.controls[Limit]; ok {
		s.Limits = &b
	}
	if p := d.values.byRole[Health]; p != nil && d.values.at[p.slot] != 0 {
		s.Health = p.text(d.values.value[p.slot])
	}
	p := d.values.byRole[ActivePower]
	if p == nil || d.values.at[p.slot] == 0 {
		return
	}
	m := d.measurement(p, now)
	s.Quality, s.Time, s.Received, s.Age, s.Stale = m.Quality, m.Time, &m.Received, m.Age, m.Stale
}

// newest gives the newest number with a role, believed or not.
func (d *der) newest(r Role) Number {
	if d.values == nil {
		return unknown
	}
	p := d.values.byRole[r]
	if p == nil || d.values.at[p.slot] == 0 {
		return unknown
	}
	if f, ok := p.number(d.values.value[p.slot]); ok {
		return Number(f)
	}
	return unknown
}

func (d *der) measurement(p *point, now time.Time) Measurement {
	at := time.Unix(0, d.values.at[p.slot])
	m := Measurement{
		Ref: p.object.String(), FC: p.ref.FC.String(), Role: p.role, Unit: p.unit, Quality: d.qualityOf(p).String(),
		Received: at.UTC(), Age: Number(now.Sub(at).Seconds()), Stale: d.state != Online || d.old(p, now),
	}
	v := d.values.value[p.slot]
	m.Value, m.Text = p.plain(v), p.text(v)
	if p.time >= 0 {
		if t, ok := d.values.value[p.time].AsTime(); ok && t>>32 != 0 {
			tt := t.Time()
			m.Time = &tt
		}
	}
	return m
}

// plain gives v as JSON shows it.
func (p *point) plain(v model.Value) any {
	if f, ok := v.AsFloat(); ok {
		return Number(f * p.scale)
	}
	if i, ok := v.AsInt(); ok {
		if p.scale != 1 {
			return Number(float64(i) * p.scale)
		}
		return i
	}
	if b, ok := v.AsBool(); ok {
		return b
	}
	if s, ok := v.AsText(); ok {
		return s
	}
	if dp, ok := v.AsDbpos(); ok {
		return dp.String()
	}
	return v.Kind().String()
}

// text gives the name of an ordinal, "" when there is none.
func (p *point) text(v model.Value) string {
	if i, ok := v.AsInt(); ok && i >= 0 && int(i) < len(p.names) {
		return p.names[i]
	}
	return ""
}

// sampleInto puts the present into sample i of the trend, and notices that the power has become stale.
func (d *der) sampleInto(i int64, now time.Time) (w float64, ok bool) {
	d.mu.Lock()
	w, ok = d.measured(ActivePower, now)
	sp, okSp := d.measured(Setpoint, now)
	lim, okLim := d.measured(Limit, now)
	nan := float64(unknown)
	pw := w
	if !ok {
		pw = nan
	}
	if !okSp {
		sp = nan
	}
	if !okLim {
		lim = nan
	}
	d.trend.put(i, pw, sp, lim)
	changed := d.stale != !ok
	d.stale = !ok
	d.mu.Unlock()
	if changed {
		d.fleet.touch(d)
	}
	return w, ok
}
