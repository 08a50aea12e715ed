package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gridward/gridward/interop/mmsbench"
)

func TestPrintMMSBench(t *testing.T) {
	yes, no := true, false
	rep := &mmsbench.Report{Missing: "libiec61850: missing peer", Figures: []*mmsbench.Figure{
		{Name: "reads", Unit: "1/s", Value: 31679.4},
		{Name: "reads / raw TCP echo", Value: 0.764, Bar: 0.6, Met: &yes, Peer: "echo", PeerIs: 12.34, Note: "both"},
		{Name: "memory", Unit: "MB", Value: 61, Bar: 50, AtMost: true, Met: &no},
	}}
	var out bytes.Buffer
	if err := printMMSBench(&out, rep); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"31679 1/s", "0.76", "≥ 0.60 met", "12.3 echo; both", "≤ 50 missed", "missing peer: libiec61850"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
