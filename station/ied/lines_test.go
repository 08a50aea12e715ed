package ied

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gridward/gridward/model"
)

// TestLines: good lines change values, in one transaction each; bad ones are told with their number and change nothing.
func TestLines(t *testing.T) {
	in := strings.Join([]string{
		`{"ref": "CTRL/XCBR1.Pos", "value": "off"}`,
		`{"ref": "FEEDER1MEAS/MMXU1.TotW.mag.f[MX]", "value": 12.5, "q": "questionable", "t": "2026-01-31T12:00:00Z"}`,
		``,
		`{"set": {"MEAS/MMXU1.Hz": 50.02, "CTRL/GGIO1.Ind2": true, "MEAS/MMXU1.A.phsB": {"mag": 61, "ang": -120}}}`,
		`[{"ref": "CTRL/GGIO1.Ind1", "value": true}, {"ref": "CTRL/GGIO1.AnIn1", "value": 7}]`,
		`[{"ref": "CTRL/GGIO1.AnIn1", "value": 8}, {"ref": "CTRL/GGIO1.AnInn1", "value": 7}]`,
		`{"ref": "CTRL/XCBR1.Pos"`,
		`{"ref": "CTRL/XCBR1.Pos", "value": "halfway"}`,
		`{"value": 1}`,
		`{"ref": "CTRL/XCBR1.Pos", "set": {}}`,
		`{"ref": "CTRL/XCBR1.Pos", "value": "on", "q": "great"}`,
		`{"ref": "CTRL/XCBR1.Pos", "value": "on", "t": "now"}`,
		`{"ref": "CTRL/XCBR1.Pos", "valeu": "on"}`,
		`{"ref": "CTRL/XCBR1.Pos", "value": "on"} {}`,
		`{"ref": "` + strings.Repeat("x", maxLine) + `"}`,
		`{"ref": "CTRL/CSWI1.Pos", "fault": "blocked-by-process"}`,
		`{"ref": "CTRL/GGIO1.Ind1", "fault": "stuck"}`,
		`{"ref": "CTRL/CSWI1.Pos", "fault": "tired"}`,
		`{"ref": "CTRL/XCBR1.OpCnt", "value": 3, "q": "good"}`,
		`{"ref": "CTRL/GGIO1.Ind2", "value": null, "q": "invalid+failure"}`,
		`null`,
		`{"ref": "MEAS/MMTR1.SupWh", "value": 9007199254740993}`,
	}, "\n")
	d, log := still(t, Config{Lines: strings.NewReader(in)})
	newLines(d).run(t.Context())
	for name, want := range map[string]string{
		"CTRL/XCBR1.Pos": "off", "MEAS/MMXU1.TotW": "{f=12.5}", "MEAS/MMXU1.TotW.q": "questionable", "MEAS/MMXU1.TotW.t": "2026-01-31T12:00:00Z",
		"MEAS/MMXU1.Hz": "{f=50.02}", "CTRL/GGIO1.Ind2": "true", "CTRL/GGIO1.Ind2.q": "invalid+failure", "MEAS/MMXU1.A.phsB": "{mag={f=61} ang={f=-120}}",
		"CTRL/GGIO1.Ind1": "true", "CTRL/GGIO1.AnIn1": "{f=7}", "CTRL/XCBR1.OpCnt": "3", "MEAS/MMTR1.SupWh": "9007199254740993",
	} {
		if got := text(t, d, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	var bad []int
	ended := false
	for _, e := range log.all {
		switch e := e.(type) {
		case LineRefused:
			bad = append(bad, e.Line)
			if e.Line == 15 && !strings.Contains(e.Err.Error(), "longer than") {
				t.Errorf("line 15: %v", e.Err)
			}
			if !errors.Is(e.Err, ErrLine) && !errors.Is(e.Err, ErrRef) && !errors.Is(e.Err, ErrValue) {
				t.Errorf("line %d: %v", e.Line, e.Err)
			}
		case LinesEnded:
			ended = e.Err == nil
		}
	}
	want := []int{6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 21}
	if len(bad) != len(want) || !ended {
		t.Fatalf("refused %v, want %v; ended %t", bad, want, ended)
	}
	for i := range want {
		if bad[i] != want[i] {
			t.Fatalf("refused %v, want %v", bad, want)
		}
	}
	if f := d.controls.all[ref(t, "FEEDER1CTRL/CSWI1.Pos")].now(); f.Cause != model.AddCauseBlockedByProcess {
		t.Errorf("%+v", f)
	}
}

// TestLinesFail: the end of the input by an error is told.
func TestLinesFail(t *testing.T) {
	broken := errors.New("broken pipe")
	d, log := still(t, Config{Lines: iotest.ErrReader(broken)})
	newLines(d).run(t.Context())
	if e := await(t, log, func(LinesEnded) bool { return true }); !errors.Is(e.Err, broken) {
		t.Errorf("%v", e.Err)
	}
}

// FuzzLine: no line panics, and a bad one changes nothing.
func FuzzLine(f *testing.F) {
	f.Add(`{"ref": "CTRL/XCBR1.Pos", "value": "off"}`)
	f.Add(`[{"set": {"MEAS/MMXU1.A.phsB": {"mag": 61, "ang": [1]}}}]`)
	d, _ := still(f, Config{})
	f.Fuzz(func(t *testing.T, line string) {
		if strings.TrimSpace(line) == "" {
			return
		}
		before := d.srv.Stats().Associations
		if err := d.setLine([]byte(line)); err != nil && d.srv.Stats().Associations != before {
			t.Error(err)
		}
	})
}
