package device

import (
	"math"
	"testing"
	"time"
)

func TestSun(t *testing.T) {
	for _, tc := range []struct {
		name       string
		site       Site
		at         time.Time
		elevation  float64 // degrees
		azimuth    float64
		elevSlack  float64
		azimuthTol float64
	}{
		// 90° - latitude ± 23.44° at local noon of the solstices; the equator at an equinox.
		{"munich, summer solstice", munich, time.Date(2026, 6, 21, 11, 15, 30, 0, time.UTC), 65.3, 180, 0.6, 3},
		{"munich, winter solstice", munich, time.Date(2026, 12, 21, 11, 11, 40, 0, time.UTC), 18.5, 180, 0.6, 3},
		{"equator, equinox", Site{0, 0}, time.Date(2026, 3, 20, 12, 7, 20, 0, time.UTC), 90, 0, 1, 360},
		{"sydney, summer", Site{-33.87, 151.2}, time.Date(2026, 12, 21, 1, 53, 0, 0, time.UTC), 79.6, 0, 0.8, 6},
		{"munich, midnight", munich, time.Date(2026, 6, 21, 23, 15, 0, 0, time.UTC), -18.5, 0, 0.8, 3},
	} {
		cosZ, az := tc.site.sun(tc.at)
		elev := 90 - math.Acos(cosZ)*180/math.Pi
		azDeg := math.Mod(az*180/math.Pi+360, 360)
		diff := math.Abs(math.Mod(azDeg-tc.azimuth+540, 360) - 180)
		if math.Abs(elev-tc.elevation) > tc.elevSlack || diff > tc.azimuthTol {
			t.Errorf("%s: elevation %.2f, azimuth %.2f; want %.2f, %.2f", tc.name, elev, azDeg, tc.elevation, tc.azimuth)
		}
	}
	// In the morning the sun is in the east.
	if _, az := munich.sun(time.Date(2026, 3, 20, 6, 30, 0, 0, time.UTC)); az < 1.3 || az > 1.9 {
		t.Errorf("morning azimuth %g rad", az)
	}
}

// energy runs a device for a day and gives export and import in kWh.
func energy(t *testing.T, d *Device, from time.Time) (export, imported float64) {
	t.Helper()
	d.Step(from)
	for i := 1; i <= 24*12; i++ {
		d.Step(from.Add(time.Duration(i) * 5 * time.Minute))
		checkState(t, d, d.State())
	}
	return d.State().ExportWh / 1000, d.State().ImportWh / 1000
}

func TestPVDay(t *testing.T) {
	summer := time.Date(2026, 6, 21, 0, 0, 0, 0, time.UTC)
	clear := Config{Kind: PV, Rated: 10e3, Peak: 10e3, Cloudy: 0.0001}
	kwh, in := energy(t, newDevice(t, clear), summer)
	// A clear summer day gives a 10 kWp plant in Bavaria some 60 to 75 kWh, a winter day a fraction of it.
	if kwh < 55 || kwh > 80 || in != 0 {
		t.Errorf("summer: %g kWh out, %g in", kwh, in)
	}
	winter, _ := energy(t, newDevice(t, clear), time.Date(2026, 12, 21, 0, 0, 0, 0, time.UTC))
	if winter < 5 || winter > 0.6*kwh {
		t.Errorf("winter: %g kWh", winter)
	}
	cloudy := clear
	cloudy.Cloudy = 1
	grey := 0.0
	for seed := range uint64(5) {
		cloudy.Seed = seed
		x, _ := energy(t, newDevice(t, cloudy), summer)
		grey += x / 5
	}
	if grey > 0.75*kwh || grey < 0.05*kwh {
		t.Errorf("cloudy: %g of %g kWh", grey, kwh)
	}
	d := newDevice(t, clear)
	d.Step(summer.Add(-time.Hour))
	if s := d.State(); s.W != 0 || s.Operating != Off || s.Irradiance != 0 {
		t.Errorf("at night: %g W, %v", s.W, s.Operating)
	}
	// Tilted to the equator beats flat in winter, facing away loses.
	flat, away := clear, clear
	flat.Tilt, away.Azimuth = 0.001, 360
	at := time.Date(2026, 12, 21, 11, 0, 0, 0, time.UTC)
	power := func(c Config) float64 {
		d := newDevice(t, c)
		d.Step(at)
		d.Step(at.Add(time.Minute))
		return d.State().W
	}
	if a, b, c := power(clear), power(flat), power(away); a < b || b < c {
		t.Errorf("south %g W, flat %g W, north %g W", a, b, c)
	}
}

func TestLoadDay(t *testing.T) {
	d := newDevice(t, Config{Kind: Load, Rated: 100e3, Seed: 3})
	out, in := energy(t, d, time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC))
	if out != 0 || in < 24*25 || in > 24*75 {
		t.Errorf("%g kWh out, %g in", out, in)
	}
	at := func(h int) float64 {
		d.Step(time.Date(2026, 3, 6, h, 0, 0, 0, time.UTC))
		d.Step(time.Date(2026, 3, 6, h, 1, 0, 0, time.UTC))
		return -d.State().W
	}
	if night, evening := at(2), at(18); night > 0.7*evening {
		t.Errorf("night %g W, evening %g W", night, evening)
	}
	if err := d.SetLimit(30e3); err != nil {
		t.Fatal(err)
	}
	d.Step(time.Date(2026, 3, 6, 18, 3, 0, 0, time.UTC))
	if s := d.State(); s.W < -30e3-1e-6 || s.Operating != Curtailed || s.Available < 40e3 {
		t.Errorf("shed to %g W of %g, %v", s.W, s.Available, s.Operating)
	}
}

func TestChargePointSessions(t *testing.T) {
	d := newDevice(t, Config{Kind: ChargePoint, Rated: 11e3, Seed: 1})
	start := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	six := 6 * 230 * 0.99
	seen := map[uint32]float64{}
	charging := 0
	for i := range 7 * 24 * 60 {
		d.Step(start.Add(time.Duration(i) * time.Minute))
		s := d.State()
		checkState(t, d, s)
		if s.W > 0 {
			t.Fatal("a charge point feeds in")
		}
		if s.W < 0 {
			charging++
			// The last minute of a session may be a part of one.
			if -s.W < six-1e-6 && s.SoC < 0.8 {
				t.Fatalf("charges with %g W, less than 6 A", -s.W)
			}
			if !s.Vehicle {
				t.Fatal("charges no vehicle")
			}
		}
		if s.Vehicle {
			if s.SessionWh < seen[s.SessionID] {
				t.Fatal("session energy fell")
			}
			seen[s.SessionID] = s.SessionWh
		}
	}
	if len(seen) < 25 || len(seen) > 42 || charging < 7*24*60/5 {
		t.Errorf("%d sessions, charging %d minutes a week", len(seen), charging)
	}
}

func TestChargePointObeysLimit(t *testing.T) {
	d := newDevice(t, Config{Kind: ChargePoint, Rated: 11e3, Seed: 1})
	now := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	for d.State().W > -10e3 {
		now = now.Add(time.Minute)
		d.Step(now)
	}
	if err := d.SetTarget(-6000); err != nil {
		t.Fatal(err)
	}
	d.Step(now.Add(20 * time.Second))
	if w := d.State().W; math.Abs(w+6000) > 1 {
		t.Errorf("set-point -6000 W: %g W", w)
	}
	if err := d.SetLimit(3000); err != nil { // less than 6 A in three phases
		t.Fatal(err)
	}
	d.Step(now.Add(40 * time.Second))
	if s := d.State(); s.W != 0 || s.Operating != Curtailed {
		t.Errorf("below 6 A: %g W, %v", s.W, s.Operating)
	}
}
