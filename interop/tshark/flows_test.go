package tshark

import (
	"encoding/hex"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/gridward/gridward/vectors"
)

// theirFaults are packets of others that tshark rightly complains about.
var theirFaults = map[string]string{
	"0300001e02f0800915110101c110a00e610c300a020101a0056403800100": "hat-drivers: an abort of presentation and ACSE in a FINISH of the session",
	"0300000b02f0800902c100": "iec61850: a FINISH of its own without user data, while it answers one",
	"0300000b02f0800a02c100": "iec61850: a DISCONNECT without user data before the one that answers",
}

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
	var of []string // the flow of each packet; "" for a fault
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
			name := f.Name
			if theirFaults[hex.EncodeToString(s.Octets)] != "" {
				name = ""
			}
			for range r.frames(from, s.Octets) {
				of = append(of, name)
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
		if of[i] == "" {
			continue
		}
		bad := slices.DeleteFunc(p.complaints(), func(s string) bool {
			return strings.HasPrefix(s, "_ws.expert.message Disconnect Request(DR)") // a note: OpenIEC61850 ends associations so
		})
		if len(bad) > 0 {
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
