package der

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

// twin is a Link without a network: the test opens associations with connect.
type twin struct {
	accept chan mms.Association
}

func newTwin() *twin { return &twin{accept: make(chan mms.Association)} }

func (l *twin) Run(ctx context.Context, accept func(mms.Association), events func(Event)) error {
	events(LinkUp{})
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-l.accept:
			wg.Go(func() { accept(a) })
		}
	}
}

func (l *twin) connect() (*client.Client, *mmstest.End) {
	near, far := mmstest.Pipe(mms.Params{})
	l.accept <- far
	return client.New(near, client.Options{}), near
}

// faulty is a device that a test can break.
type faulty struct {
	mu sync.Mutex
	*device.Device
}

func (f *faulty) Step(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Device.Step(now)
}

func (f *faulty) set(change func(d *device.Device)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f.Device)
}

// bench is an agent under a virtual clock.
type bench struct {
	*Agent
	link   *twin
	dev    *faulty
	mu     sync.Mutex
	events []Event
}

// start runs an agent until the end of the test. Use it inside a synctest bubble.
func start(t *testing.T, cfg Config) *bench {
	t.Helper()
	b := &bench{link: newTwin()}
	d, err := device.New(cfg.Device)
	if err != nil {
		t.Fatal(err)
	}
	b.dev = &faulty{Device: d}
	cfg.Link, cfg.Adapter, cfg.IED = b.link, b.dev, "DER1"
	cfg.Events = func(e Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
	}
	if b.Agent, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return b
}

func seen[E Event](b *bench) (n int, last E) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if x, ok := e.(E); ok {
			n, last = n+1, x
		}
	}
	return n, last
}

func ref(t testing.TB, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func float(t testing.TB, c *client.Client, s string) float64 {
	t.Helper()
	v, err := c.ReadOne(t.Context(), ref(t, s))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := v.AsFloat()
	if !ok {
		t.Fatalf("%s is no float", s)
	}
	return f
}

func quality(t testing.TB, c *client.Client, s string) model.Quality {
	t.Helper()
	v, err := c.ReadOne(t.Context(), ref(t, s))
	if err != nil {
		t.Fatal(err)
	}
	q, ok := v.AsQuality()
	if !ok {
		t.Fatalf("%s is no quality", s)
	}
	return q
}

func whole(t testing.TB, c *client.Client, s string) int64 {
	t.Helper()
	v, err := c.ReadOne(t.Context(), ref(t, s))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := v.AsInt()
	if !ok {
		if b, isBool := v.AsBool(); isBool && b {
			return 1
		}
	}
	return n
}

var battery = device.Config{Kind: device.Battery, Rated: 10e3, RampTime: 10 * time.Second, Site: device.Site{Latitude: 48, Longitude: 11}}

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

func TestSetPointIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery})
		c, _ := b.link.connect()
		ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ctl.Operate(t.Context(), model.Float32(0), client.OperateOptions{}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := ctl.Operate(t.Context(), model.Float32(5000), client.OperateOptions{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 4*time.Second || took > 7*time.Second {
			t.Errorf("terminated after %v, the ramp takes 5 s", took)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := float(t, c, "DER1LD0/MMXU1.TotW.mag.f[MX]"); math.Abs(got-5000) > 20 {
			t.Errorf("%g W after the set-point", got)
		}
		if got := float(t, c, "DER1LD0/DWGC1.WSpt.mxVal.f[MX]"); got != 5000 {
			t.Errorf("mxVal %g", got)
		}
		limit, err := c.Control(t.Context(), ref(t, "DER1LD0/DWMX1.WMaxSpt"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := limit.Operate(t.Context(), model.Float32(2000), client.OperateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if s, _, _, _ := b.State(); s.W != 2000 {
			t.Errorf("%g W with a limit of 2000 W", s.W)
		}
		if n, last := seen[CommandEnded](b); n != 3 || last.AddCause != model.AddCauseNone || last.Object.String() != "DER1LD0/DWMX1.WMaxSpt" {
			t.Errorf("%d commands ended, last %+v", n, last)
		}
	})
}

func TestCommandsAreRefusedByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery, StallAfter: 5 * time.Second})
		c, _ := b.link.connect()
		ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
		if err != nil {
			t.Fatal(err)
		}
		expect := func(w float64, want model.AddCause) {
			t.Helper()
			_, err := ctl.Operate(t.Context(), model.Float32(float32(w)), client.OperateOptions{})
			var ce *client.ControlError
			if !errors.As(err, &ce) || ce.AddCause != want {
				t.Errorf("%g W: %v, want %v", w, err, want)
			}
		}
		expect(10001, model.AddCauseInconsistentParameters)
		expect(-10001, model.AddCauseInconsistentParameters)
		expect(math.NaN(), model.AddCauseInconsistentParameters)
		expect(math.Inf(1), model.AddCauseInconsistentParameters)
		if s, _, _, _ := b.State(); s.Dispatched {
			t.Error("a refused set-point was taken")
		}

		// Trips while it ramps.
		go func() {
			time.Sleep(3 * time.Second)
			b.dev.set(func(d *device.Device) { d.Fail(true) })
		}()
		expect(10000, model.AddCauseAbortedByTrip)
		expect(1000, model.AddCauseBlockedByHealth)
		if q := quality(t, c, "DER1LD0/MMXU1.TotW.q[MX]"); q != model.Invalid|model.QFailure {
			t.Errorf("failed: quality %v", q)
		}
		if h := whole(t, c, "DER1LD0/LLN0.Health.stVal[ST]"); h != 3 {
			t.Errorf("failed: health %d", h)
		}
		b.dev.set(func(d *device.Device) { d.Fail(false) })
		time.Sleep(30 * time.Second)

		// Hangs while it ramps.
		go func() {
			time.Sleep(time.Second)
			b.dev.set(func(d *device.Device) { d.Stall(true) })
		}()
		expect(-10000, model.AddCauseTimeLimitOver)
		expect(1000, model.AddCauseBlockedByHealth)
		if q := quality(t, c, "DER1LD0/MMXU1.TotW.q[MX]"); q != model.Questionable|model.QOldData {
			t.Errorf("stalled: quality %v", q)
		}
		if h := whole(t, c, "DER1LD0/DSTO1.Health.stVal[ST]"); h != 2 {
			t.Errorf("stalled: health %d", h)
		}
		b.dev.set(func(d *device.Device) { d.Stall(false) })
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if q := quality(t, c, "DER1LD0/MMXU1.TotW.q[MX]"); q != model.Good {
			t.Errorf("recovered: quality %v", q)
		}
	})
}

func TestASecondCommandWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery})
		c, _ := b.link.connect()
		other, _ := b.link.connect()
		first, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
		if err != nil {
			t.Fatal(err)
		}
		second, err := other.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := first.Operate(t.Context(), model.Float32(9000), client.OperateOptions{})
			done <- err
		}()
		time.Sleep(2 * time.Second)
		_, err = second.Operate(t.Context(), model.Float32(-9000), client.OperateOptions{})
		var ce *client.ControlError
		if !errors.As(err, &ce) || ce.AddCause != model.AddCauseCommandInExecution {
			t.Errorf("second command: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("first command: %v", err)
		}
	})
}

func TestLoadHasNoSetPoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: device.Config{Kind: device.Load, Rated: 10e3, MustRun: 3000}})
		c, _ := b.link.connect()
		ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWMX1.WMaxSpt"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = ctl.Operate(t.Context(), model.Float32(2999), client.OperateOptions{})
		var ce *client.ControlError
		if !errors.As(err, &ce) || ce.AddCause != model.AddCauseInconsistentParameters {
			t.Errorf("a limit below what must run: %v", err)
		}
		if _, err := ctl.Operate(t.Context(), model.Float32(3000), client.OperateOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt")); err == nil {
			t.Error("a load has a set-point")
		}
	})
}

// TestOwnSCL serves an SCL file that says percent where the built-in ones say watts.
func TestOwnSCL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cid := strings.ReplaceAll(string(mustTemplate(t)), "WMaxSpt", "WMaxSptPct")
		cid = strings.ReplaceAll(cid, `"TEMPLATE"`, `"DER1"`)
		b := start(t, Config{Device: battery, SCL: []byte(cid), SCLName: "own.cid", Map: map[string]string{"limitPct": "LD0/DWMX1.WMaxSptPct"}})
		c, _ := b.link.connect()
		ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWMX1.WMaxSptPct"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ctl.Operate(t.Context(), model.Float32(101), client.OperateOptions{}); err == nil {
			t.Error("101 % accepted")
		}
		if _, err := ctl.Operate(t.Context(), model.Float32(40), client.OperateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if s, _, _, _ := b.State(); s.Limit != 4000 {
			t.Errorf("limit %g W after 40 %%", s.Limit)
		}
		if got := float(t, c, "DER1LD0/DWMX1.WMaxSptPct.mxVal.f[MX]"); got != 40 {
			t.Errorf("mxVal %g", got)
		}
		if got := float(t, c, "DER1LD0/DWMX1.WMaxSptPct.maxVal.f[CF]"); got != 100 {
			t.Errorf("maxVal %g", got)
		}
	})
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

func TestConfigRefused(t *testing.T) {
	tlsMissing := Config{Device: battery, JID: jid.MustParse("a@b.example")}
	for name, c := range map[string]Config{
		"no JID":          {Device: battery},
		"no TLS":          tlsMissing,
		"no kind":         {Link: newTwin()},
		"speed":           {Link: newTwin(), Device: battery, Speed: -1},
		"NaN speed":       {Link: newTwin(), Device: battery, Speed: math.NaN()},
		"tick":            {Link: newTwin(), Device: battery, Tick: time.Hour},
		"long steps":      {Link: newTwin(), Device: battery, Speed: 1000, Tick: 10 * time.Second},
		"stall":           {Link: newTwin(), Device: battery, StallAfter: time.Millisecond},
		"fail-safe limit": {Link: newTwin(), Device: battery, FailSafe: FailSafe{After: time.Minute, Limit: 1e6}},
		"IED":             {Link: newTwin(), Device: battery, IED: "der-1"},
		"SCL":             {Link: newTwin(), Device: battery, SCL: []byte("<SCL")},
		"no such IED":     {Link: newTwin(), Device: battery, IED: "OTHER", SCL: mustTemplate(t)},
	} {
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := New(Config{Link: newTwin(), Device: battery, Map: map[string]string{"W": "LD0/MMXU9.TotW"}})
	if !errors.Is(err, ErrMap) || !strings.Contains(err.Error(), "MMXU9") {
		t.Errorf("map: %v", err)
	}
}

func mustTemplate(t *testing.T) []byte {
	t.Helper()
	b, err := Template(device.Battery)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
