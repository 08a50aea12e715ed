package device

import (
	"math"
	"time"
)

// Site is where a device stands.
type Site struct {
	Latitude  float64 // degrees, north positive
	Longitude float64 // degrees, east positive
}

// sun gives the cosine of the zenith angle and the azimuth (radians, clockwise from north) at t. The position is good to
// about half a degree, from Spencer's series for declination and the equation of time.
func (s Site) sun(t time.Time) (cosZenith, azimuth float64) {
	t = t.UTC()
	hours := float64(t.Hour()) + float64(t.Minute())/60 + (float64(t.Second())+float64(t.Nanosecond())/1e9)/3600
	g := 2 * math.Pi / 365 * (float64(t.YearDay()-1) + (hours-12)/24)
	decl := 0.006918 - 0.399912*math.Cos(g) + 0.070257*math.Sin(g) - 0.006758*math.Cos(2*g) +
		0.000907*math.Sin(2*g) - 0.002697*math.Cos(3*g) + 0.00148*math.Sin(3*g)
	eqMinutes := 229.18 * (0.000075 + 0.001868*math.Cos(g) - 0.032077*math.Sin(g) - 0.014615*math.Cos(2*g) -
		0.040849*math.Sin(2*g))
	solar := hours + s.Longitude/15 + eqMinutes/60
	hour := (solar - 12) * math.Pi / 12
	lat := s.Latitude * math.Pi / 180
	cosZenith = clamp(math.Sin(lat)*math.Sin(decl)+math.Cos(lat)*math.Cos(decl)*math.Cos(hour), -1, 1)
	// East and north components of the direction to the sun.
	east := -math.Cos(decl) * math.Sin(hour)
	north := math.Cos(lat)*math.Sin(decl) - math.Sin(lat)*math.Cos(decl)*math.Cos(hour)
	return cosZenith, math.Atan2(east, north)
}

// solarHour is the local mean solar time in hours, 0 to 24: the clock by which people live when nobody configures a zone.
func (s Site) solarHour(t time.Time) float64 {
	t = t.UTC()
	h := float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600 + s.Longitude/15
	return math.Mod(h+48, 24)
}

// clearSky is the global horizontal irradiance in W/m² under a cloudless sky, by Haurwitz.
func clearSky(cosZenith float64) float64 {
	if cosZenith <= 0.01 {
		return 0
	}
	return 1098 * cosZenith * math.Exp(-0.059/cosZenith)
}

// ambient is the air temperature in °C: seasons, the hour of the day and some weather.
func (s Site) ambient(t time.Time, seed uint64) float64 {
	season := math.Cos(2 * math.Pi * float64(t.UTC().YearDay()-201) / 365) // warmest about 20 July
	if s.Latitude < 0 {
		season = -season
	}
	lat := math.Abs(s.Latitude) / 90
	mean := 27 - 32*lat*lat
	day := math.Cos(2 * math.Pi * (s.solarHour(t) - 15) / 24)
	return mean + (2+16*lat)*season*0.7 + 5*day + 3*smooth(seed, chanTemp, t, 9*time.Hour)
}
