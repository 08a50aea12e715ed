package ied

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/model"
)

// still makes an IED that nobody can reach, for tests of what moves its values.
func still(t testing.TB, cfg Config) (*IED, *eventLog) {
	t.Helper()
	log := &eventLog{change: make(chan struct{})}
	if cfg.Model == nil {
		cfg.Model = feeder(t)
	}
	cfg.Listen, cfg.InsecureAnonymous, cfg.Events = "127.0.0.1:0", true, log.add
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.srv.Close)
	return d, log
}

func scenario(t testing.TB, text string) *Scenario {
	t.Helper()
	s, err := ParseScenario("s.yaml", []byte(text), feeder(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func text(t testing.TB, d *IED, name string) string {
	t.Helper()
	p, err := findPoint(d.cfg.Model, name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.srv.Get(p.ref)
	if err != nil {
		t.Fatal(err)
	}
	return v.Text(p.parts[0].Type)
}

// TestScenario plays a scenario on virtual time: steps, quality, a ramp, a wave, the end of both, and the second round.
func TestScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := still(t, Config{Scenario: scenario(t, `
repeat: 40s
steps:
  - at: 0s
    set:
      CTRL/XCBR1.Pos: off
      MEAS/MMXU1.Hz: {value: 49.5, q: questionable+inaccurate}
      MEAS/MMXU1.PhV.phsA: {mag: 11500, ang: -30}
      CTRL/LLN0.Health: Warning
      PROT/PTOC1.Str: {general: true, dirGeneral: backward, q: invalid}
      CTRL/GGIO1.Ind1: true
      CTRL/GGIO1.AnIn1.t: 2026-01-31T12:00:00Z
  - at: 5s
    quality: invalid
    set:
      FEEDER1CTRL/GGIO1.Ind1.stVal[ST]: false
    ramp: {MEAS/MMXU1.TotW: {from: 100, to: 200, over: 10s, every: 1s}, CTRL/XCBR1.OpCnt: {to: 5, over: 5s, every: 2s}}
  - at: 20s
    wave: {MEAS/MMXU1.TotVAr: {shape: square, mean: 10, amplitude: 5, period: 4s, every: 1s, for: 8s}}
  - at: 23s
    stop: [MEAS/MMXU1.TotVAr]
    clock: failure
    set: {CTRL/GGIO1.Ind2: true}
`)})
		now := time.Now()
		want := func(after time.Duration, values map[string]string) {
			t.Helper()
			if _, err := d.player.step(now.Add(after)); err != nil {
				t.Fatal(err)
			}
			for name, v := range values {
				if got := text(t, d, name); got != v {
					t.Errorf("after %v: %s is %s, want %s", after, name, got, v)
				}
			}
		}
		d.cfg.Now = func() time.Time { return now }
		next, err := d.player.step(now)
		if err != nil || !next.Equal(now.Add(5*time.Second)) {
			t.Fatalf("%v %v", next, err)
		}
		want(0, map[string]string{
			"CTRL/XCBR1.Pos": "off", "MEAS/MMXU1.Hz": "{f=49.5}", "MEAS/MMXU1.Hz.instMag": "{f=49.5}", "MEAS/MMXU1.Hz.q": "questionable+inaccurate",
			"MEAS/MMXU1.PhV.phsA.cVal": "{mag={f=11500} ang={f=-30}}", "MEAS/MMXU1.PhV.phsA.instCVal.ang.f": "-30",
			"CTRL/LLN0.Health": "Warning", "PROT/PTOC1.Str.dirGeneral": "backward", "PROT/PTOC1.Str.general": "true", "PROT/PTOC1.Str.q": "invalid", "CTRL/GGIO1.Ind1": "true", "CTRL/GGIO1.Ind1.q": "good", "CTRL/GGIO1.AnIn1.t": "2026-01-31T12:00:00Z",
		})
		want(5*time.Second, map[string]string{"CTRL/GGIO1.Ind1": "false", "CTRL/GGIO1.Ind1.q": "invalid", "MEAS/MMXU1.TotW": "{f=100}"})
		want(8*time.Second, map[string]string{"MEAS/MMXU1.TotW": "{f=130}", "MEAS/MMXU1.TotW.q": "good"})
		want(15*time.Second, map[string]string{"MEAS/MMXU1.TotW": "{f=200}", "CTRL/XCBR1.OpCnt": "5"})
		want(20*time.Second, map[string]string{"MEAS/MMXU1.TotVAr": "{f=15}"})
		want(22*time.Second, map[string]string{"MEAS/MMXU1.TotVAr": "{f=5}"})
		want(23*time.Second, map[string]string{"MEAS/MMXU1.TotVAr": "{f=5}"})
		want(24*time.Second, map[string]string{"MEAS/MMXU1.TotVAr": "{f=5}", "MEAS/MMXU1.TotW": "{f=200}"}) // stopped
		v, err := d.srv.Get(ref(t, "FEEDER1CTRL/GGIO1.Ind2.t[ST]"))
		if stamp, _ := v.AsTime(); err != nil || stamp.Quality()&model.ClockFailure == 0 || stamp.Quality()&model.ClockNotSynchronized == 0 {
			t.Errorf("the clock has failed, but a time stamp is %v, %v", stamp, err)
		}
		want(41*time.Second, map[string]string{"CTRL/GGIO1.Ind1": "true"})
		want(45500*time.Millisecond, map[string]string{"MEAS/MMXU1.TotW": "{f=105}"}) // rounds do not drift
		want(48*time.Second, map[string]string{"MEAS/MMXU1.TotW": "{f=130}"})
		if len(d.player.running) == 0 || d.player.ended {
			t.Error("the second round has not begun")
		}
	})
}

// TestScenarioEnds tells when there is nothing more to come.
func TestScenarioEnds(t *testing.T) {
	d, log := still(t, Config{Scenario: scenario(t, "steps:\n  - {at: 1s, set: {CTRL/GGIO1.Ind1: true}}\n")})
	now := time.Now()
	for _, after := range []time.Duration{0, time.Second, time.Minute} {
		if _, err := d.player.step(now.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	ended := 0
	for _, e := range log.all {
		if _, ok := e.(ScenarioEnded); ok {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("ended %d times", ended)
	}
}

// TestScenarioErrors: everything that is wrong is told at once, each with its place and what to do.
func TestScenarioErrors(t *testing.T) {
	m := feeder(t)
	for _, c := range []struct{ text, where, msg, hint string }{
		{"steps:\n  - at: 0s\n    set: {CTRL/XCBR1.Poss: on}\n", "3:11", `no data object "Poss"`, "did you mean Pos?"},
		{"steps:\n  - at: 0s\n    set: {CTRL/XCBR2.Pos: on}\n", "3:11", `no logical node "XCBR2"`, "did you mean XCBR1?"},
		{"steps:\n  - at: 0s\n    set: {CTR/XCBR1.Pos: on}\n", "3:11", `no logical device "CTR"`, "FEEDER1CTRL"},
		{"steps:\n  - at: 0s\n    set: {CTRL/XCBR1.Pos.stVall: on}\n", "3:11", `no attribute "stVall"`, "did you mean stVal?"},
		{"steps:\n  - at: 0s\n    set: {\"CTRL/XCBR1.Pos.stVal[MX]\": on}\n", "3:11", "not in MX", "ST"},
		{"steps:\n  - at: 0s\n    set: {CTRL/XCBR1: on}\n", "3:11", "not a data object", ""},
		{"steps:\n  - at: 0s\n    set: {CTRL/XCBR1.Pos: closed}\n", "3:27", `"closed" is not a Dbpos`, "off, on"},
		{"steps:\n  - at: 0s\n    set: {MEAS/MMXU1.Hz: fast}\n", "3:26", `"fast" is not a FLOAT32`, ""},
		{"steps:\n  - at: 0s\n    set: {MEAS/MMXU1.Hz: true}\n", "3:26", "true is not a value of FLOAT32", ""},
		{"steps:\n  - at: 0s\n    set: {CTRL/LLN0.Health: Bad}\n", "3:29", `"Bad" is not a value of EnumType "HealthKind"`, "Ok, Warning, Alarm"},
		{"steps:\n  - at: 0s\n    set: {CTRL/LLN0.Health: 9}\n", "3:29", `"9" is not a value`, "Ok"},
		{"steps:\n  - at: 0s\n    set: {CTRL/XCBR1.OpCnt: 1.5}\n", "3:29", "1.5 is not a value of INT32", ""},
		{"steps:\n  - at: 0s\n    set: {CTRL/XCBR1.OpCnt: 5000000000}\n", "3:29", "INT32", ""},
		{"steps:\n  - at: 0s\n    set: {MEAS/MMXU1.Hz: 1e300}\n", "3:26", "FLOAT32", ""},
		{"steps:\n  - at: 0s\n    set: {MEAS/MMXU1.Hz: 1.5e+300}\n", "3:26", "too large", ""},
		{"steps:\n  - at: 0s\n    set: {MEAS/MMXU1.PhV.phsA: {mag: 1, angel: 2}}\n", "3:32", `no attribute "angel"`, "ang"},
		{"steps:\n  - at: 0s\n    set: {MEAS/MMXU1.PhV: 1}\n", "3:11", "without a main attribute", "phsA"},
		{"steps:\n  - at: 0s\n    quality: fine\n", "3:14", `"fine" is not a quality`, "questionable"},
		{"steps:\n  - at: soon\n", "2:9", `"soon" is not a duration`, "5s"},
		{"steps:\n  - at: -1s\n", "2:9", "not within", ""},
		{"steps:\n  - att: 1s\n", "2:5", `a step has no key "att"`, "did you mean at?"},
		{"steps:\n  - at: 0s\n    ramp: {MEAS/MMXU1.Hz: {to: 50}}\n", "3:27", "a ramp needs to and over", ""},
		{"steps:\n  - at: 0s\n    ramp: {CTRL/GGIO1.Ind1: {to: 50, over: 1s}}\n", "3:29", "is not a value of BOOLEAN", ""},
		{"steps:\n  - at: 0s\n    wave: {MEAS/MMXU1.Hz: {shape: round}}\n", "3:35", `"round" is not a shape`, "sine"},
		{"steps:\n  - at: 0s\n    wave: {MEAS/MMXU1.Hz: {period: 0s}}\n", "3:36", "not within", ""},
		{"steps:\n  - at: 0s\n    stop: MEAS/MMXU1.Hz\n", "3:11", "want a list", ""},
		{"steps:\n  - at: 0s\n    fault: {CTRL/GGIO1.Ind1: stuck}\n", "3:13", "not a controllable object", ""},
		{"steps:\n  - at: 0s\n    fault: {CTRL/CSWI1.Pos: broken}\n", "3:29", `"broken" is not a fault`, "interlock"},
		{"steps:\n  - at: 0s\n    clock: broken\n", "3:12", `"broken" is not a state of the clock`, "failure"},
		{"repeat: 5s\nsteps:\n  - at: 5s\n", "1:1", "before the step", ""},
		{"repeat: 5s\n", "1:1", "needs steps", ""},
		{"steps: {}\n", "1:1", "needs steps", ""},
		{"steps:\n  - at: 0s\n  - &a at: 1s\n", "", "", ""},
		{"steps: [\n", "", "", ""},
		{"", "1:1", "one YAML document", ""},
		{strings.Repeat("[", 2000), "1:1", "nested", ""},
		{"a: 1\na: 2\n", "2:1", "", ""},
	} {
		_, err := ParseScenario("s.yaml", []byte(c.text), m)
		var p *Problem
		if !errors.As(err, &p) {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := fmt.Sprintf("%d:%d", p.Line, p.Col); c.where != "" && got != c.where {
			t.Errorf("%q: at %s, want %s (%v)", c.text, got, c.where, err)
		}
		if !strings.Contains(p.Error(), c.msg) || !strings.Contains(p.Hint, c.hint) || !strings.HasPrefix(p.Error(), "s.yaml:") {
			t.Errorf("%q: %v, hint %q", c.text, p, p.Hint)
		}
	}
	_, err := ParseScenario("s.yaml", []byte("steps:\n  - at: 0s\n    set:\n      CTRL/XCBR1.Poss: on\n      MEAS/MMXU1.Hzz: 50\n"), m)
	if n := strings.Count(err.Error(), "s.yaml:"); n != 2 {
		t.Errorf("%d problems are told: %v", n, err)
	}
	if !errors.Is(err, ErrRef) || errors.Is(err, ErrScenario) || errors.Is(err, ErrValue) {
		t.Errorf("of another kind: %v", err)
	}
}

// TestMotionShapes: every wave stays within its amplitude, and has its mean.
func TestMotionShapes(t *testing.T) {
	p, err := findPoint(feeder(t), "MEAS/MMXU1.Hz")
	if err != nil {
		t.Fatal(err)
	}
	for shape := range shapes {
		m := motion{p: p, shape: shape, mean: 50, amplitude: 2, period: time.Second, every: time.Millisecond, phase: -0.3}
		sum, least, most := 0.0, 100.0, 0.0
		for i := range 1000 {
			x, last := m.at(time.Duration(i) * time.Millisecond)
			if last {
				t.Fatal(shape, "ended")
			}
			sum, least, most = sum+x, min(least, x), max(most, x)
		}
		if sum /= 1000; sum < 49.8 || sum > 50.2 || least < 48 || least > 48.1 || most > 52 || most < 51.9 {
			t.Errorf("%s: mean %g, from %g to %g", shape, sum, least, most)
		}
		if a, _ := m.at(300 * time.Millisecond); shape == "noise" {
			if b, _ := m.at(300 * time.Millisecond); a != b {
				t.Error("noise is not the same twice")
			}
		}
	}
}

// FuzzScenario: whatever a file holds, there is a scenario or an error with its place.
func FuzzScenario(f *testing.F) {
	f.Add([]byte("repeat: 1m\nsteps:\n  - at: 0s\n    set: {CTRL/XCBR1.Pos: on, MEAS/MMXU1.Hz: {value: 50, q: good}}\n    wave: {MEAS/MMXU1.TotW: {shape: sine}}\n"))
	f.Add([]byte("steps: [{at: 1s, ramp: {MEAS/MMXU1.TotW: {to: 5, over: 1s}}, fault: {CTRL/CSWI1.Pos: stuck}, stop: [MEAS/MMXU1.Hz]}]"))
	m := feeder(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseScenario("f.yaml", data, m)
		var p *Problem
		switch {
		case err == nil && s == nil:
			t.Error("neither a scenario nor an error")
		case err != nil && (!errors.As(err, &p) || p.Line < 1):
			t.Errorf("no place: %v", err)
		case err == nil:
			s.claims()
		}
	})
}
