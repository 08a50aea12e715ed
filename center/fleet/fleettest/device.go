package fleettest

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/model"
)

// A Device is a simulated DER. Its power follows the set-point within the limit, with a time constant of a second. It is
// safe for concurrent use; the exported fields are set before it is first used.
type Device struct {
	Kind   fleet.Kind
	Rating float64       // W
	Period time.Duration // between measurements; default 1 s
	Delay  time.Duration // from a command to its termination
	Phase  float64       // of what the device does on its own, so that devices differ

	mu       sync.Mutex
	srv      *model.Server
	values   map[model.Ref]model.Value // leaves
	power    float64
	setpoint float64
	limit    float64
	soc      float64
	quality  model.Quality
	health   int64
	refuse   model.AddCause // of the next commands; AddCauseNone accepts
	late     bool           // refuse with the termination instead of the response
	hang     bool           // never terminate a command
	drop     bool           // lose the association when a command comes
	silent   bool           // send no reports and stand still
	taken    map[string]bool
	denied   map[string]error
	revision string
	buffer   []fleet.Report // of the buffered blocks: all events
	entry    uint64
	lost     uint64 // entries up to this one are forgotten
	last     time.Time
	sessions map[*session]bool
	discover int
}

// NewDevice makes a device that is at rest.
func NewDevice(kind fleet.Kind, rating float64) *Device {
	d := &Device{
		Kind: kind, Rating: rating, Period: time.Second, srv: Model(kind), values: map[model.Ref]model.Value{}, limit: rating,
		soc: 50, health: 1, refuse: model.AddCauseNone, taken: map[string]bool{}, denied: map[string]error{}, revision: "1", sessions: map[*session]bool{},
		setpoint: math.NaN(),
	}
	switch kind {
	case fleet.KindPV:
		d.power = 0.6 * rating
	case fleet.KindLoad:
		d.power = -0.5 * rating
	case fleet.KindChargePoint:
		d.power = -0.7 * rating
	}
	return d
}

// want is the power that the device goes to at a time.
func (d *Device) want(now time.Time) float64 {
	w := d.setpoint
	if math.IsNaN(w) {
		s := math.Sin(float64(now.UnixMilli())/40e3 + d.Phase)
		switch d.Kind {
		case fleet.KindPV:
			w = d.Rating * (0.62 + 0.15*s)
		case fleet.KindBattery:
			w = d.Rating * 0.3 * s
		case fleet.KindLoad:
			w = d.Rating * (-0.55 + 0.1*s)
		default:
			w = d.Rating * (-0.7 + 0.05*s)
		}
	}
	return max(-d.limit, min(d.limit, w))
}

// step moves the device to now; d.mu is held.
func (d *Device) step(now time.Time) {
	dt := now.Sub(d.last).Seconds()
	if d.last.IsZero() {
		dt = 0
	}
	d.last = now
	d.power += (d.want(now) - d.power) * (1 - math.Exp(-dt))
	if math.Abs(d.want(now)-d.power) < d.Rating/2000 {
		d.power = d.want(now)
	}
	if d.Kind == fleet.KindBattery {
		d.soc = max(0, min(100, d.soc-d.power/d.Rating*dt/72))
	}
	t := model.NewTimestamp(now, model.AccuracyMillisecond)
	d.measure("MMXU1", "TotW.mag.f", d.power, t)
	d.measure("MMXU1", "TotVAr.mag.f", -0.1*math.Abs(d.power), t)
	d.measure("MMXU1", "Hz.mag.f", 50+0.02*math.Sin(float64(now.UnixMilli())/9e3), t)
	d.measure("MMXU1", "PhV.phsA.cVal.mag.f", 230+d.power/d.Rating*2, t)
	d.measure("DWMX1", "WMaxSpt.mxVal.f", d.limit, t)
	d.measure(ratingClass[d.Kind]+"1", "SocUsePct.mag.f", d.soc, t)
	d.measure("DEEV1", "SocPct.mag.f", d.soc, t)
	d.measure("MMET1", "HorInsol.mag.f", 600, t)
	sp := d.setpoint
	if math.IsNaN(sp) {
		sp = d.power
	}
	d.measure("DWGC1", "WSpt.mxVal.f", sp, t)
	d.values[ref("LLN0", "Health.stVal", model.ST)] = model.Int(d.health)
	d.values[ref("LLN0", "Beh.stVal", model.ST)] = model.Int(1)
}

// measure sets a FLOAT32 with the quality and time beside it.
func (d *Device) measure(ln, path string, f float64, t model.Timestamp) {
	r := ref(ln, path, model.MX)
	d.values[r] = model.Float32(float32(f))
	for i, suffix := range []string{".mag.f", ".cVal.mag.f", ".mxVal.f"} {
		if n := len(path) - len(suffix); n > 0 && path[n:] == suffix && (i != 0 || path[max(0, n-5):n] != ".cVal") {
			d.values[ref(ln, path[:n]+".q", model.MX)] = model.QualityValue(d.quality)
			d.values[ref(ln, path[:n]+".t", model.MX)] = model.Time(t)
		}
	}
}

// value builds what a read of r or a data set member r gives; d.mu is held.
func (d *Device) value(r model.Ref) (model.Value, error) {
	t, ok := d.srv.Find(r)
	if !ok {
		return model.Value{}, fmt.Errorf("fleettest: no %s", r)
	}
	return d.build(t, r), nil
}

func (d *Device) build(t model.Target, r model.Ref) model.Value {
	if t.Type.Basic != model.BasicStruct {
		if v, ok := d.values[r]; ok {
			return v
		}
		switch {
		case r.Path == "NamPlt.configRev":
			return model.Visible(d.revision)
		case r.Path == "WMaxRtg.setMag.f", r.Path == "WSpt.maxVal.f", r.Path == "WMaxSpt.maxVal.f":
			return model.Float32(float32(d.Rating))
		case r.Path == "WSpt.minVal.f" && d.Kind != fleet.KindPV:
			return model.Float32(float32(-d.Rating))
		}
		return t.Type.Zero()
	}
	var members []model.Value
	for i := range t.Type.Fields {
		f := &t.Type.Fields[i]
		c := t.Field(f)
		if c.FC != r.FC && (c.FC != model.FCNone || !f.Type.HasFC(r.FC)) {
			continue
		}
		members = append(members, d.build(c, r.Child(f.Name)))
	}
	return model.Struct(members...)
}

// Power gives the active power now, in W.
func (d *Device) Power() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.power
}

// Discovered counts how often the model was read.
func (d *Device) Discovered() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.discover
}

// Set changes the device under its lock through the functions of this package.
func (d *Device) Set(changes ...func(*Device)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range changes {
		c(d)
	}
}

// Refuse makes the device refuse commands with a cause, at once or with the termination; AddCauseNone ends it.
func Refuse(cause model.AddCause, late bool) func(*Device) {
	return func(d *Device) { d.refuse, d.late = cause, late }
}

// Hang makes the device never terminate a command.
func Hang(on bool) func(*Device) { return func(d *Device) { d.hang = on } }

// Drop makes the device lose the association when a command comes.
func Drop(on bool) func(*Device) { return func(d *Device) { d.drop = on } }

// Silence stops the reports while the association stands.
func Silence(on bool) func(*Device) { return func(d *Device) { d.silent = on } }

// Forgotten makes the device end its associations without the peer being told: requests are refused, reports do not come.
func Forgotten() func(*Device) {
	return func(d *Device) {
		for s := range d.sessions {
			s.forgotten = true
		}
	}
}

// Quality is what the device says of its measurements.
func Quality(q model.Quality) func(*Device) { return func(d *Device) { d.quality = q } }

// Unwell sets the health: 1 ok, 2 warning, 3 alarm.
func Unwell(health int64) func(*Device) { return func(d *Device) { d.health = health } }

// Taken gives a report control block to another client, by name.
func Taken(block string, on bool) func(*Device) { return func(d *Device) { d.taken[block] = on } }

// Deny makes a report control block refuse to be enabled with an error, until nil.
func Deny(block string, err error) func(*Device) {
	return func(d *Device) { d.denied[block] = err }
}

// Revise gives the device a new configuration revision.
func Revise(revision string) func(*Device) { return func(d *Device) { d.revision = revision } }

// Forget empties the report buffer, so that a client cannot continue.
func Forget() func(*Device) {
	return func(d *Device) { d.buffer, d.lost = nil, d.entry }
}
