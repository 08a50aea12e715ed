package plant_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gridward/gridward/interop/peers"
)

// TestExamplePlant runs the script of docs/first-plant.md: keys, all example configurations, processes, a set-point.
func TestExamplePlant(t *testing.T) {
	for _, p := range []string{"curl", "jq"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip("missing peer: ", err)
		}
	}
	addrs, err := peers.FreeAddrs(2)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "plant")
	cmd := exec.Command("../../examples/plant/plant.sh", dir)
	cmd.Env = append(os.Environ(), "GRIDWARD="+gridward, "ROUTER="+addrs[0], "HTTP="+addrs[1])
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`{"id":"bat1@grid.example","kind":"battery","state":"online","rating":5000}`,
		`{"der":"bat1@grid.example","quantity":"setpoint","value":-2000,"state":"terminated"}`,
		"\n-2000 W\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
