package store

import (
	"path/filepath"
	"testing"
)

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "db")
	for b.Loop() {
		d, err := Open(path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
