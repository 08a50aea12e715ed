package der

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/model"
)

func TestPointsReachAClient(t *testing.T) {
	for _, kind := range device.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, Config{
					Device: device.Config{Kind: kind, Rated: 12e3, Site: device.Site{Latitude: 48, Longitude: 11}},
					Start:  time.Date(2026, 6, 21, 10, 0, 0, 0, time.UTC),
				})
				c, _ := b.link.connect()
				time.Sleep(time.Minute)
				synctest.Wait()
				s, health, n, _ := b.State()
				if health != HealthOK || n != 1 {
					t.Errorf("health %v, %d associations", health, n)
				}
				if got := float(t, c, "DER1LD0/MMXU1.TotW.instMag.f[MX]"); math.Abs(got-s.W) > 1 {
					t.Errorf("instMag %g, device %g", got, s.W)
				}
				if got := float(t, c, "DER1LD0/MMXU1.TotW.mag.f[MX]"); math.Abs(got-s.W) > 0.002*12e3+1 {
					t.Errorf("mag %g, device %g", got, s.W)
				}
				if got := float(t, c, "DER1LD0/MMXU1.PhV.phsB.cVal.mag.f[MX]"); math.Abs(got-s.PhV[1]) > 2 {
					t.Errorf("voltage %g, device %g", got, s.PhV[1])
				}
				if got := float(t, c, "DER1LD0/DWMX1.WMaxSpt.mxVal.f[MX]"); got != 12e3 {
					t.Errorf("limit %g", got)
				}
				if got := float(t, c, "DER1LD0/DWMX1.WMaxSpt.maxVal.f[CF]"); got != 12e3 {
					t.Errorf("maxVal %g", got)
				}
				if q := quality(t, c, "DER1LD0/MMXU1.Hz.q[MX]"); q != model.Good {
					t.Errorf("quality %v", q)
				}
				v, err := c.ReadOne(t.Context(), ref(t, "DER1LD0/LPHD1.PhyNam.model[DC]"))
				if text, _ := v.AsText(); err != nil || text != "Gridward "+string(kind) {
					t.Errorf("model %q, %v", text, err)
				}
				v, err = c.ReadOne(t.Context(), ref(t, "DER1LD0/MMXU1.TotW.t[MX]"))
				if ts, ok := v.AsTime(); err != nil || !ok || time.Since(ts.Time()) > time.Hour || time.Since(ts.Time()) < 0 {
					t.Errorf("time %v, %v", v, err)
				}
			})
		})
	}
}

func TestReportsFollowTheDeadBand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery})
		c, _ := b.link.connect()
		ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ctl.Operate(t.Context(), model.Float32(1000), client.OperateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		var mu sync.Mutex
		reports := map[string]int{}
		_, err = c.Subscribe(t.Context(), ref(t, "DER1LD0/LLN0.brcbEV01[BR]"), client.ReportOptions{PurgeBuf: true}, func(r *client.Report) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range r.Entries {
				reports[e.Ref.String()]++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		count := func(r string) int {
			mu.Lock()
			defer mu.Unlock()
			return reports[r]
		}
		if n := count("DER1LD0/MMXU1.TotW[MX]"); n != 0 {
			t.Errorf("%d reports of a power that stands", n)
		}
		if _, err := ctl.Operate(t.Context(), model.Float32(4000), client.OperateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := count("DER1LD0/MMXU1.TotW[MX]"); n < 3 || n > 5 {
			t.Errorf("%d reports of a ramp of 3 s", n)
		}
		if n := count("DER1LD0/DWGC1.WSpt[MX]"); n < 3 {
			t.Errorf("%d reports of the set-point", n)
		}
	})
}

func TestFailSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery, FailSafe: FailSafe{After: 5 * time.Minute, Limit: 1000, Release: true}})
		c, near := b.link.connect()
		for do, w := range map[string]float32{"DER1LD0/DWGC1.WSpt": 8000, "DER1LD0/DWMX1.WMaxSpt": 9000} {
			ctl, err := c.Control(t.Context(), ref(t, do))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ctl.Operate(t.Context(), model.Float32(w), client.OperateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Minute)
		if _, _, _, active := b.State(); active {
			t.Fatal("fail-safe with a client associated")
		}
		near.Cut()
		time.Sleep(4 * time.Minute)
		if s, _, n, active := b.State(); active || n != 0 || s.Limit != 9000 || s.W != 8000 {
			t.Fatalf("after 4 minutes: active %v, %d associations, limit %g, %g W", active, n, s.Limit, s.W)
		}
		time.Sleep(2 * time.Minute)
		if s, _, _, active := b.State(); !active || s.Limit != 1000 || s.Dispatched || math.Abs(s.W) > 1000 {
			t.Fatalf("after 6 minutes: active %v, limit %g, dispatched %v, %g W", active, s.Limit, s.Dispatched, s.W)
		}
		c, _ = b.link.connect()
		time.Sleep(time.Minute)
		synctest.Wait()
		if s, _, _, active := b.State(); active || s.Limit != 9000 {
			t.Errorf("associated again: active %v, limit %g", active, s.Limit)
		}
		if n := whole(t, c, "DER1LD0/GGIO1.Ind1.stVal[ST]"); n != 0 {
			t.Errorf("Ind1 %d", n)
		}
		if n, last := seen[FailSafeChanged](b); n != 2 || last.Active {
			t.Errorf("%d changes, last %+v", n, last)
		}
	})
}

// TestLongLifeAtSpeed: a device that lives fast for long lives on.
func TestLongLifeAtSpeed(t *testing.T) {
	m, err := compile("battery.icd", must(Template(device.Battery)), "TEMPLATE", "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	cfg := Config{Device: battery, Speed: 10_000}
	cfg.defaults()
	u, err := newUnit(&cfg, m, now)
	if err != nil {
		t.Fatal(err)
	}
	defer u.srv.Close()
	for range 400 { // 800 h: more than 292 years, the longest time.Duration
		now = now.Add(2 * time.Hour)
		if err := u.tick(now); err != nil {
			t.Fatal(err)
		}
		if u.health != HealthOK {
			t.Fatalf("health %v at %v", u.health, u.state.Time)
		}
	}
	if want := cfg.Start.AddDate(900, 0, 0); u.state.Time.Before(want) {
		t.Errorf("the device is at %v, want after %v", u.state.Time, want)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
