package mmsbench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRun measures everything a little: every scenario gives figures, and bars say whether they are met.
func TestRun(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "gridward")
	if out, err := exec.Command("go", "build", "-o", exe, "../../cmd/gridward").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	rep, err := Run(ctx, Options{
		Exe: exe, Args: []string{"bench", "mms-worker"}, Dir: t.TempDir(), Rounds: 1, Each: 50 * time.Millisecond, Many: 20, Clients: 3,
		Progress: func(s string) { t.Log(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Question < 30 || rep.Question > 200 || rep.Answer < 20 || rep.Answer > 200 {
		t.Errorf("a question of %d octets, an answer of %d", rep.Question, rep.Answer)
	}
	if rep.Missing != "" && os.Getenv("CI") != "" {
		t.Error(rep.Missing)
	}
	seen := map[string]bool{}
	for _, f := range rep.Figures {
		seen[f.Scenario] = true
		if f.Value < 0 || f.Value == 0 && !strings.Contains(f.Name, "missing") {
			t.Errorf("%s: %+v", f.Name, f)
		}
		if met := f.Value >= f.Bar && !f.AtMost || f.Value <= f.Bar && f.AtMost; f.Met != nil && *f.Met != met {
			t.Errorf("%s: %v, bar %v: %v", f.Name, f.Value, f.Bar, *f.Met)
		}
		if strings.HasPrefix(f.Name, "reports that are missing") && f.Value != 0 {
			t.Errorf("%s: %v", f.Name, f.Value)
		}
	}
	for _, s := range Scenarios() {
		if !seen[s[0]] {
			t.Errorf("no figure of %s", s[0])
		}
	}
}

func TestUnknownScenario(t *testing.T) {
	if _, err := Run(t.Context(), Options{Scenarios: []string{"reed"}}); err == nil || !strings.Contains(err.Error(), "reed") {
		t.Errorf("%v", err)
	}
}

func TestWorkTellsWhatIsWrong(t *testing.T) {
	var out bytes.Buffer
	in := strings.NewReader("nonsense\n{\"op\":\"unknown\"}\n{\"op\":\"reads\",\"ref\":\"[\"}\n{\"op\":\"collect\"}\n{\"op\":\"mallocs\"}\n")
	if err := Work(t.Context(), in, &out); err != nil {
		t.Fatal(err)
	}
	var errs int
	dec := json.NewDecoder(&out)
	for range 5 {
		var r result
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Error != "" {
			errs++
		}
	}
	if errs != 4 {
		t.Errorf("%d of 4 orders failed", errs)
	}
}

func TestMedianAndRatios(t *testing.T) {
	if m := median([]float64{5, 1, 3}); m != 3 {
		t.Errorf("median %v", m)
	}
	got := ratios(&lane{rates: []float64{6, 3}}, &lane{rates: []float64{2, 6}})
	if len(got) != 2 || got[0] != 3 || got[1] != 0.5 {
		t.Errorf("%v", got)
	}
}
