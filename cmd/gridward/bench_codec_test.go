package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestBenchCodec(t *testing.T) {
	cmd := newBenchCodecCmd()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--rounds", "3", "--round", "1ms", "-o", "json"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	var r codecReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 12 || r.Rounds != 3 {
		t.Fatalf("%d results of %d rounds", len(r.Results), r.Rounds)
	}
	for _, c := range r.Results {
		// Reading one float allocates the PDU, the service and the copy of the input; writing nothing.
		limit := map[string]float64{"write": 0.5, "read": 3.5}[c.Direction]
		if c.NsPerOp <= 0 || c.Octets == 0 || c.Name != "report-50" && c.AllocsPerOp > limit {
			t.Errorf("%+v", c)
		}
	}
	if m := medianOfRounds([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median of an even number of values: %v", m)
	}
}
