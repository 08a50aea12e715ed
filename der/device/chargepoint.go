package device

import (
	"time"
)

// minCurrent is the smallest current that a vehicle can be told to take, in A a phase (IEC 61851-1 annex A).
const minCurrent = 6.0

// chargePoint is one AC outlet. Vehicles arrive and leave by a plan that the seed and the day make.
type chargePoint struct {
	cfg   *Config
	ev    vehicle
	wh    float64 // delivered in this session
	w     float64
	avail float64
}

// vehicle is one session. The zero value is no vehicle.
type vehicle struct {
	id            uint32
	from, until   int64   // Unix seconds
	phases        float64 // 1 or 3
	current       float64 // A a phase that the vehicle can take
	capacity      float64 // Wh
	start, enough float64 // state of charge on arrival, and at which it stops
}

const chargerEfficiency = 0.92 // of the charger in the vehicle

func (p *chargePoint) auto(time.Time) float64 { return -p.cfg.Rated }

func (p *chargePoint) share() [3]float64 {
	if p.ev.phases == 1 {
		return [3]float64{1, 0, 0}
	}
	return balanced
}

// arrival gives the vehicle of a slot of the day, of Sessions equal ones; a few slots stay empty.
func (p *chargePoint) arrival(unix int64) vehicle {
	c := p.cfg
	length := int64(86400 / c.Sessions)
	slot := unix / length
	r := func(n uint64) float64 { return uniform(c.Seed, chanSession+n, slot) }
	if r(0) < 0.08 {
		return vehicle{}
	}
	v := vehicle{id: uint32(hash(c.Seed, chanSession, slot)) | 1, phases: 3, current: 16, capacity: 30e3 + 50e3*r(3)}
	v.from = slot*length + int64(r(1)*0.25*float64(length))
	v.until = slot*length + int64((0.75+0.24*r(2))*float64(length))
	if r(4) < 0.2 {
		v.phases, v.current = 1, 32
	} else if r(5) < 0.3 {
		v.current = 32
	}
	v.start = 0.1 + 0.5*r(6)
	v.enough = 0.8 + 0.2*r(7)
	if unix < v.from || unix >= v.until {
		return vehicle{}
	}
	return v
}

func (p *chargePoint) soc() float64 {
	if p.ev.id == 0 {
		return 0
	}
	return clamp(p.ev.start+p.wh*chargerEfficiency/p.ev.capacity, 0, 1)
}

func (p *chargePoint) advance(now time.Time, dt time.Duration, cmd command) float64 {
	c := p.cfg
	if ev := p.arrival(now.Unix()); ev.id != p.ev.id {
		p.ev, p.wh = ev, 0
	}
	p.w, p.avail = 0, 0
	soc := p.soc()
	if p.ev.id == 0 || soc >= p.ev.enough {
		return 0
	}
	perAmp := p.ev.phases * c.Voltage * c.PF // W
	current := min(p.ev.current, c.Rated/(3*c.Voltage*c.PF))
	// Above 85 % the battery takes less and less.
	if soc > 0.85 {
		current = max(minCurrent, current*(1-soc)/0.15)
	}
	p.avail = current * perAmp
	allowed := min(p.avail, max(0, -cmd.target), cmd.limit)
	if allowed < minCurrent*perAmp {
		return 0 // paused: less than 6 A cannot be told
	}
	// Charging starts at 6 A and ramps from there.
	allowed = min(allowed, max(-cmd.prev+cmd.slew, minCurrent*perAmp))
	// The last step stops when the vehicle has enough.
	room := (p.ev.enough - soc) * p.ev.capacity / chargerEfficiency
	p.w = -min(allowed, room/dt.Hours())
	p.wh += -p.w * dt.Hours()
	return p.w
}

func (p *chargePoint) fill(s *State) {
	s.Vehicle, s.SoC, s.SessionWh, s.SessionID, s.Available = p.ev.id != 0, p.soc(), p.wh, p.ev.id, p.avail
	switch {
	case !s.Vehicle:
		s.Operating = Off
	case p.avail == 0:
		s.Operating = Standby
	case -p.w < 0.98*p.avail:
		s.Operating = Curtailed
	default:
		s.Operating = Charging
	}
}
