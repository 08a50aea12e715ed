package der

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// counted gives the sum of a counter over the labels with that value.
func counted(t testing.TB, a *Agent, name, label string) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	if err := reg.Register(a); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum, found := 0.0, false
	for _, f := range families {
		if f.GetName() != "gridward_der_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			if label == "" || len(m.GetLabel()) > 0 && m.GetLabel()[0].GetValue() == label {
				sum, found = sum+m.GetCounter().GetValue(), true
			}
		}
	}
	if !found {
		t.Fatalf("no metric %s %s", name, label)
	}
	return sum
}

// TestHostileCommands: each is refused by name, told as an event, counted, and leaves the device as it was.
func TestHostileCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery})
		c, _ := b.link.connectWith(mms.Params{Freshness: true})
		ctl, err := c.Control(t.Context(), ref(t, "DER1LD0/DWGC1.WSpt"))
		if err != nil {
			t.Fatal(err)
		}
		ago := func(d time.Duration) model.Timestamp {
			return model.NewTimestamp(time.Now().Add(-d), model.AccuracyMillisecond)
		}
		for i, x := range []struct {
			what string
			w    float32
			opt  client.OperateOptions
			want model.AddCause
		}{
			{"a command of 11 s ago", 1000, client.OperateOptions{T: ago(11 * time.Second)}, model.AddCauseTimeLimitOver},
			{"a command of the future", 1000, client.OperateOptions{T: ago(-11 * time.Second)}, model.AddCauseTimeLimitOver},
			{"a test", 1000, client.OperateOptions{Test: true}, model.AddCauseBlockedByMode},
			{"not a number", float32(math.NaN()), client.OperateOptions{}, model.AddCauseInconsistentParameters},
			{"infinite", float32(math.Inf(-1)), client.OperateOptions{}, model.AddCauseInconsistentParameters},
			{"the largest", math.MaxFloat32, client.OperateOptions{}, model.AddCauseInconsistentParameters},
			{"just beyond the rating", math.Nextafter32(10e3, 11e3), client.OperateOptions{}, model.AddCauseInconsistentParameters},
		} {
			_, err := ctl.Operate(t.Context(), model.Float32(x.w), x.opt)
			var ce *client.ControlError
			if !errors.As(err, &ce) || ce.AddCause != x.want {
				t.Errorf("%s: %v, want %v", x.what, err, x.want)
			}
			n, last := seen[CommandEnded](b)
			if n != i+1 || last.AddCause != x.want || last.Object.String() != "DER1LD0/DWGC1.WSpt" || last.Peer == nil {
				t.Errorf("%s: told %d times, last %+v", x.what, n, last)
			}
			if got := counted(t, b.Agent, "commands_total", "failed"); got != float64(i+1) {
				t.Errorf("%s: %g failed commands are counted, want %d", x.what, got, i+1)
			}
		}
		if s, _, _, _ := b.State(); s.Dispatched {
			t.Errorf("a refused set-point was taken: %+v", s)
		}
		// The least values are values.
		for _, w := range []float32{float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32} {
			if _, err := ctl.Operate(t.Context(), model.Float32(w), client.OperateOptions{}); err != nil {
				t.Errorf("%g W: %v", w, err)
			}
		}
	})
}

// TestHostileAccess: what is unknown, read-only or of another type is refused by name and counted.
func TestHostileAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Device: battery})
		c, _ := b.link.connect()
		ctx := t.Context()
		before := counted(t, b.Agent, "failures_total", "")
		for what, x := range map[string]struct {
			ref  string
			v    model.Value
			want mms.DataAccessError
		}{
			"a measurement":   {"DER1LD0/MMXU1.TotW.mag.f[MX]", model.Float32(1), mms.ObjectAccessDenied},
			"a status":        {"DER1LD0/LLN0.Health.stVal[ST]", model.Int(3), mms.ObjectAccessDenied},
			"a control model": {"DER1LD0/DWGC1.WSpt.ctlModel[CF]", model.Int(0), mms.ObjectAccessDenied},
			"nothing":         {"DER1LD0/MMXU9.TotW.mag.f[MX]", model.Float32(1), mms.ObjectNonExistent},
			"another type":    {"DER1LD0/MMXU1.TotW.db[CF]", model.Visible("1"), mms.TypeInconsistent},
			"part of a command": {
				"DER1LD0/DWGC1.WSpt.Oper.ctlVal.f[CO]", model.Float32(1), mms.ObjectAccessDenied,
			},
		} {
			if err := c.Write(ctx, ref(t, x.ref), x.v); !errors.Is(err, x.want) {
				t.Errorf("%s: %v, want %v", what, err, x.want)
			}
		}
		if _, err := c.ReadOne(ctx, ref(t, "DER1LD0/LLN0.Nope[ST]")); !errors.Is(err, mms.ObjectNonExistent) {
			t.Errorf("an unknown object: %v", err)
		}
		if got := counted(t, b.Agent, "failures_total", "") - before; got != 7 {
			t.Errorf("%g refusals are counted, want 7", got)
		}
		if h := whole(t, c, "DER1LD0/LLN0.Health.stVal[ST]"); h != 1 {
			t.Errorf("health %d", h)
		}
	})
}
