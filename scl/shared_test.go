package scl

import (
	"os"
	"path/filepath"
	"testing"
)

// shared finds a file of the shared test data.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "testdata", "scl", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("shared test data: missing peer ../shared/testdata/scl")
	}
	return path
}
