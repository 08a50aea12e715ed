package mmssite

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gridward/gridward/vectors"
)

// TestDiffSees: a replay that answers something else than the record is told, whatever octet of the last answer differs,
// but for its times.
func TestDiffSees(t *testing.T) {
	all, err := vectors.MMSFlows()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(f vectors.Flow) bool { return f.Name == "libiec61850-client-read" })
	if i < 0 {
		t.Fatal("no flow")
	}
	f := all[i]
	want, err := Messages(f)
	if err != nil {
		t.Fatal(err)
	}
	value := []byte{0x87, 5, 8, 0x40, 0x20, 0, 0} // 2.5
	changed := 0
	for i, s := range f.Steps {
		at := bytes.Index(s.Octets, value)
		if at < 0 || s.Mark != vectors.FromServer {
			continue
		}
		g := f
		g.Steps = slices.Clone(f.Steps)
		g.Steps[i].Octets = bytes.Clone(s.Octets)
		g.Steps[i].Octets[at+4] ^= 1
		got, err := Messages(g)
		if err != nil || len(got) != len(want) {
			t.Fatal(err)
		}
		for j := range got {
			if Diff(want[j], got[j]) != "" {
				changed++
			}
		}
		if changed == 0 {
			t.Errorf("step %d: a changed value is not seen", i)
		}
	}
	if changed < 2 {
		t.Errorf("%d values were changed", changed)
	}
	for j := range want {
		if d := Diff(want[j], want[j]); d != "" {
			t.Error(d)
		}
	}
}
