package der

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/model"
)

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

// TestEndOfACommandIsShown: where a command has led is shown although it is within the dead-band of what was shown before.
func TestEndOfACommandIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery})
		c, _ := b.link.connect()
		ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range []float32{0, 1010, 2000, 1993} { // a step is 1000 W, the dead-band 20 W
			if _, err := ctl.Operate(t.Context(), model.Float32(w), client.OperateOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := float(t, c, "DER1LD0/MMXU1.TotW.mag.f[MX]"); got != float64(w) {
				t.Errorf("%g W are shown after a set-point of %g W", got, w)
			}
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
