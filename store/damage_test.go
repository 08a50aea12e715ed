package store

import (
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// A file whose tables are not as they were made is damaged, even if SQLite finds nothing wrong with it.
func TestMisshapenTables(t *testing.T) {
	for _, change := range []string{
		"ALTER TABLE streams RENAME COLUMN name TO nome", "ALTER TABLE records RENAME COLUMN at TO it", "DROP TABLE records",
		"ALTER TABLE records RENAME COLUMN data TO date", "ALTER TABLE vals RENAME COLUMN value TO valve",
	} {
		path := filled(t)
		s, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Exec(change); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		h := newHeard()
		d := open(t, path, Options{Events: h.hear})
		if len(h.events) != 1 {
			t.Fatalf("%s: events %v", change, h.events)
		}
		if e, ok := h.events[0].(MovedAside); !ok || !errors.Is(e.Err, ErrCorrupt) {
			t.Errorf("%s: %+v", change, h.events[0])
		}
		if !d.Append("s", 1, at(1), text("x"), 1) || d.Flush() != nil {
			t.Errorf("%s: the new file does not work", change)
		}
	}
}

// Whichever bits of a file are wrong, it is opened, or moved aside, or known to be another program's or release's.
func TestWrongBits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	d := open(t, path, Options{})
	for i := range 30 {
		d.Append("s", uint64(i+1), at(i), text("a record"), 9)
		d.Append("another", uint64(i+1), at(i), text("a record"), 9)
	}
	if err := d.Put("key", []byte("value")); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 2))
	for range 150 {
		b := append([]byte(nil), good...)
		for range 3 {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		path := filepath.Join(t.TempDir(), "db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Open(path, Options{})
		if err != nil {
			if !errors.Is(err, ErrForeign) && !errors.Is(err, ErrVersion) {
				t.Errorf("%v", err)
			}
			continue
		}
		d.Append("s", 1000, at(1), text("x"), 1)
		if err := d.Close(); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("Close: %v", err)
		}
	}
}
