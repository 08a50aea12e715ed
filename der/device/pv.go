package device

import (
	"math"
	"time"
)

// pv is a photovoltaic plant with one inverter.
type pv struct {
	cfg       *Config
	ghi       float64 // W/m², global horizontal
	available float64 // W at the inverter's terminals without limit
	w         float64
}

// Constants of common crystalline modules and a three-phase string inverter.
const (
	tempCoefficient = -0.0037 // of power a kelvin above 25 °C
	cellRise        = 25.0 / 800
	soiling         = 0.97
	inverterIdle    = 0.004 // of rated power
	inverterLinear  = 0.008 // of DC power
	inverterSquare  = 0.012 // of DC power at rated power
	albedo          = 0.2
)

func (p *pv) auto(time.Time) float64 { return p.cfg.Rated }

func (p *pv) share() [3]float64 { return balanced }

func (p *pv) advance(now time.Time, _ time.Duration, cmd command) float64 {
	p.ghi, p.available = p.sunshine(now)
	want := min(p.available, max(0, min(cmd.target, cmd.limit)))
	// The inverter ramps up; down it follows a cloud at once, since there is nothing to hold the power with.
	p.w = min(want, cmd.prev+cmd.slew)
	return p.w
}

// sunshine gives the irradiance and the AC power that the inverter could deliver.
func (p *pv) sunshine(now time.Time) (ghi, watts float64) {
	c := p.cfg
	cosZ, azimuth := c.Site.sun(now)
	clear := clearSky(cosZ)
	k := p.clearness(now)
	ghi = clear * k
	if ghi <= 0 {
		return 0, 0
	}
	// A clear sky gives about 15 % diffuse light, an overcast one nothing else.
	diffuse := ghi * (0.15 + 0.85*(1-k))
	beam := (ghi - diffuse) / max(cosZ, 0.087) // no lower than 5° above the horizon
	tilt := c.Tilt * math.Pi / 180
	incidence := cosZ*math.Cos(tilt) + math.Sqrt(max(0, 1-cosZ*cosZ))*math.Sin(tilt)*math.Cos(azimuth-c.Azimuth*math.Pi/180)
	plane := beam*max(0, incidence) + diffuse*(1+math.Cos(tilt))/2 + ghi*albedo*(1-math.Cos(tilt))/2
	cell := c.Site.ambient(now, c.Seed) + cellRise*plane
	dc := c.Peak * plane / 1000 * (1 + tempCoefficient*(cell-25)) * soiling
	x := dc / c.Rated
	ac := dc - c.Rated*(inverterIdle+inverterLinear*x+inverterSquare*x*x)
	return ghi, clamp(ac, 0, c.Rated)
}

// clearness is the share of the clear-sky irradiance that clouds let through, 0.12 to 1.
func (p *pv) clearness(now time.Time) float64 {
	c := p.cfg
	day := now.Unix() / 86400
	// Some days are bright and some are grey; within a day clouds come and go.
	grey := clamp(c.Cloudy*2*uniform(c.Seed, chanDay, day), 0, 1)
	n := 0.6*smooth(c.Seed, chanCloud, now, 40*time.Minute) + 0.4*smooth(c.Seed, chanCloudFast, now, 4*time.Minute)
	cover := clamp(grey+0.9*n*math.Sqrt(grey*(1-grey))+0.1*n*grey, 0, 1)
	return 1 - 0.88*cover
}

func (p *pv) fill(s *State) {
	s.Irradiance, s.Available = p.ghi, p.available
	switch {
	case p.available == 0:
		s.Operating = Off
	case p.w < 0.98*p.available:
		s.Operating = Curtailed
	default:
		s.Operating = Generating
	}
}
