package plant_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDemo runs what 'make demo' runs: eight DERs of four kinds are online within ten seconds, a limit that is posted is
// obeyed, one beyond the rating is refused, a DER that dies is seen to go, and Ctrl-C ends everything and leaves nothing.
func TestDemo(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	began := time.Now()
	demo := start(t, "demo", "demo", "--listen", "127.0.0.1:0", "--speed", "60")
	var base string
	await(t, "eight DERs online", 10*time.Second, func() (bool, string) {
		out := demo.out.String()
		m := regexp.MustCompile(`dashboard +(http://\S+)/\n`).FindStringSubmatch(out)
		if m == nil {
			return false, out
		}
		base = m[1]
		return strings.Contains(out, "8 DERs online"), out
	})
	t.Logf("8 DERs online %.1f s after the start", time.Since(began).Seconds())
	a := api{base}

	ders, err := a.ders()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, d := range ders {
		if d.State != "online" || d.ActivePower == nil || d.Quality != "good" || d.Age == nil {
			t.Errorf("DER is not shown with its power, quality and age: %s", d)
		}
		kinds[d.Kind]++
	}
	for _, k := range []string{"pv", "battery", "load", "chargepoint"} {
		if kinds[k] != 2 {
			t.Errorf("%d DERs of kind %s, want 2", kinds[k], k)
		}
	}

	const pv, bat = "pv1@grid.example", "bat1@grid.example"
	status, answer := a.setpoint(t, pv, `{"limit": 1000}`)
	if status != 200 || answer["state"] != "terminated" {
		t.Errorf("the limit was answered with %d %v", status, answer)
	}
	a.awaitPower(t, pv, func(w float64) bool { return w >= 0 && w <= 1010 }, 10*time.Second)
	status, answer = a.setpoint(t, bat, `{"activePower": -2500}`)
	if status != 200 || answer["state"] != "terminated" {
		t.Errorf("the set-point was answered with %d %v", status, answer)
	}
	a.awaitPower(t, bat, func(w float64) bool { return w > -2550 && w < -2450 }, 10*time.Second)
	if status, answer = a.setpoint(t, bat, `{"activePower": 1e9}`); status != 422 {
		t.Errorf("a set-point beyond the rating was answered with %d %v, want 422", status, answer)
	}

	// The demo's directory names its processes.
	dirs, err := filepath.Glob(filepath.Join(tmp, "gridward-demo-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("directories of the demo: %v, %v", dirs, err)
	}
	if out, err := exec.Command("pkill", "-KILL", "-f", filepath.Join(dirs[0], "load1.yaml")).CombinedOutput(); err != nil {
		t.Fatalf("pkill: %v %s", err, out)
	}
	await(t, "load1 no longer online", 90*time.Second, func() (bool, string) {
		d, err := a.der("load1@grid.example")
		if err != nil {
			return false, err.Error()
		}
		return d.State != "online" || d.Stale, d.String()
	})

	if err := demo.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-demo.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the demo did not end within 20 s of Ctrl-C")
	}
	if demo.err != nil {
		t.Errorf("the demo ended with %v", demo.err)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "gridward-demo-*")); len(left) > 0 {
		t.Errorf("the demo left %v", left)
	}
	if out, err := exec.Command("pgrep", "-f", dirs[0]).Output(); err == nil {
		t.Errorf("processes are left: %s", out)
	}
}
