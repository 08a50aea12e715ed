package plant_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestSmallDemo: as many DERs as were asked for, in a directory of one's own that stays.
func TestSmallDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plant")
	demo := start(t, "demo", "demo", "--listen", "127.0.0.1:0", "--ders", "2", "--dir", dir)
	var base string
	await(t, "two DERs online", 20*time.Second, func() (bool, string) {
		out := demo.out.String()
		if m := regexp.MustCompile(`dashboard +(http://\S+)/\n`).FindStringSubmatch(out); m != nil {
			base = m[1]
		}
		return strings.Contains(out, "2 DERs online") && base != "", out
	})
	ders, err := api{base}.ders()
	if err != nil || len(ders) != 2 {
		t.Errorf("%d DERs, %v", len(ders), err)
	}
	demo.stop(t)
	for _, name := range []string{"*.yaml", "*/ca.crt"} {
		if found, err := filepath.Glob(filepath.Join(dir, name)); err != nil || len(found) == 0 {
			left, _ := os.ReadDir(dir)
			t.Errorf("no %s is left in the directory that was given: %v, %v", name, left, err)
		}
	}
}
