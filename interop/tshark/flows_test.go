package tshark

import (
	"os/exec"
	"testing"

	"github.com/gridward/gridward/vectors"
)

// TestFlows: every recorded association with another implementation is dissected at every layer without complaint, ours and
// theirs alike.
func TestFlows(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark: missing peer")
	}
	flows, err := vectors.MMSFlows()
	if err != nil {
		t.Fatal(err)
	}
	// One capture for all: a connection each.
	var out []byte
	var of []string // the flow of each packet
	for i, f := range flows {
		r := newCapture(out, uint16(40000+i))
		for _, s := range f.Steps {
			if s.Mark == vectors.Stimulus {
				continue
			}
			from := 0
			if s.Mark == vectors.FromServer {
				from = 1
			}
			n := r.frames(from, s.Octets)
			for range n {
				of = append(of, f.Name)
			}
		}
		out = r.out
	}
	packets := dissect(t, out)
	if len(packets) != len(of) {
		t.Fatalf("%d packets, want %d", len(packets), len(of))
	}
	seen := map[string]map[string]int{}
	for i, p := range packets {
		if bad := p.complaints(); len(bad) > 0 {
			t.Errorf("%s: packet %d: tshark complains: %v", of[i], i+1, bad)
		}
		if seen[of[i]] == nil {
			seen[of[i]] = map[string]int{}
		}
		for _, proto := range []string{"tpkt", "cotp", "ses", "pres", "acse", "mms"} {
			if p.proto(proto) != nil {
				seen[of[i]][proto]++
			}
		}
	}
	for name, s := range seen {
		if s["acse"] < 2 || s["mms"] < 1 || s["cotp"] < s["pres"] {
			t.Errorf("%s: layers %v", name, s)
		}
	}
	t.Logf("%d packets of %d flows", len(packets), len(flows))
}
