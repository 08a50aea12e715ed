package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gridward/gridward/acsi/check"
)

func TestMMSCheck(t *testing.T) {
	_, target := serveTest(t, nil)
	junit := filepath.Join(t.TempDir(), "junit.xml")
	out, errs, code := mmsRun(t, "mms", "check", target, "--scl", "../../acsi/server/testdata/test.icd", "--allow-writes", "--junit", junit)
	if code != 0 || !strings.Contains(out, " 0 failed") {
		t.Fatalf("code %d: %s%s", code, out, errs)
	}
	for _, want := range []string{"\nreports\n", "  PASS  GetServerDirectory: ", "  SKIP  Operate TLD0/GGIO1.SPCSO1: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	b, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(b, &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests < 100 || suites.Failures != 0 || len(suites.Suites) < 10 {
		t.Errorf("JUnit: %d tests, %d failures, %d suites", suites.Tests, suites.Failures, len(suites.Suites))
	}
}

// TestMMSCheckFails: a server that is not what SCL says fails, in every form of the output.
func TestMMSCheckFails(t *testing.T) {
	_, target := serveTest(t, nil)
	b, err := os.ReadFile("../../acsi/server/testdata/test.icd")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.icd")
	if err := os.WriteFile(other, []byte(strings.Replace(string(b), `<DO name="AnIn1" type="MV"/>`, `<DO name="AnIn1" type="MV"/><DO name="AnIn3" type="MV"/>`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"mms", "check", target, "--scl", other, "--only", "model", "--failures"}
	out, _, code := mmsRun(t, args...)
	if code != 1 || !strings.Contains(out, "got      missing TLD0/GGIO1.AnIn3") || strings.Contains(out, "PASS") {
		t.Errorf("code %d: %s", code, out)
	}
	out, _, code = mmsRun(t, append(args, "-o", "json")...)
	var all struct {
		Results []check.Result
		Summary check.Summary
	}
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 1 || all.Summary.Fail != 1 || len(all.Results) != 1 || all.Results[0].Outcome != check.Fail {
		t.Errorf("code %d, %v: %s", code, err, out)
	}
	out, _, code = mmsRun(t, append(args, "-o", "jsonl")...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 1 || len(lines) != 2 || !strings.Contains(lines[0], `"outcome":"FAIL"`) || !strings.Contains(lines[1], `"fail":1`) {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestMMSCheckUsage(t *testing.T) {
	_, target := serveTest(t, nil)
	for _, args := range [][]string{
		{"mms", "check"},
		{"mms", "check", target, "--only", "reportz"},
		{"mms", "check", target, "--allow-controls", "nonsense"},
		{"mms", "check", target, "--parallel", "0"},
	} {
		if out, errs, code := mmsRun(t, args...); code != 2 || !strings.Contains(errs, "hint:") {
			t.Errorf("%v: code %d: %s%s", args, code, out, errs)
		}
	}
}

func TestMMSTUIUsage(t *testing.T) {
	for _, args := range [][]string{
		{"mms", "tui", "127.0.0.1:1"}, // no terminal
		{"mms", "tui", "127.0.0.1:1", "--interval", "1ms"},
		{"mms", "tui"},
	} {
		want(t, 2, args, "hint:")
	}
}
