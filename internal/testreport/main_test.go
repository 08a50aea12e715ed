package main

import (
	"bytes"
	"strings"
	"testing"
)

const events = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"b_test.go:7: want 1, got 2\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"c_test.go:3: missing peer tshark\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":1.5}
{"Action":"pass","Package":"q","Elapsed":0.5}
plain text of the tool chain
`

func TestReportNamesFailuresAndSkips(t *testing.T) {
	var out bytes.Buffer
	s, err := read(strings.NewReader(events), &out)
	if err != nil {
		t.Fatal(err)
	}
	s.print(&out)
	for _, want := range []string{
		"FAIL p 1.5s\n", "ok   q 0.5s\n", "plain text of the tool chain\n",
		"--- FAIL: p TestB\nb_test.go:7: want 1, got 2\n", "--- SKIP: p TestC\nc_test.go:3: missing peer tshark\n",
		"\n1 passed, 1 failed, 1 skipped\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "noise") {
		t.Error("the output of a test that passed is shown")
	}
}

// A package that does not build fails without any test of its own.
func TestReportCountsPackagesThatDoNotBuild(t *testing.T) {
	var out bytes.Buffer
	s, err := read(strings.NewReader(`{"Action":"output","Package":"p","Output":"p.go:1: undefined: x\n"}
{"Action":"fail","Package":"p"}
`), &out)
	if err != nil {
		t.Fatal(err)
	}
	s.print(&out)
	if s.failed != 1 || !strings.Contains(out.String(), "undefined: x") {
		t.Errorf("%d failures in\n%s", s.failed, out.String())
	}
}
