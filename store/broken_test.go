package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// filled makes a file with 500 records and closes it.
func filled(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	d := open(t, path, Options{})
	for i := range 500 {
		d.Append("s", uint64(i+1), at(i), text(strings.Repeat("x", 200)), 200)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDamagedFileIsMovedAside(t *testing.T) {
	for what, damage := range map[string]func(b []byte) []byte{
		"head":       func(b []byte) []byte { return append([]byte("no database at all, but long enough"), b...) },
		"half":       func(b []byte) []byte { return b[:len(b)/2+100] },
		"one page":   func(b []byte) []byte { copy(b[len(b)/2&^4095:], bytes.Repeat([]byte{0xff}, 4096)); return b },
		"zeroes":     func(b []byte) []byte { clear(b[4096:]); return b },
		"not SQLite": func([]byte) []byte { return []byte("hello") },
	} {
		t.Run(what, func(t *testing.T) {
			path := filled(t)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b = damage(b)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			h := newHeard()
			d := open(t, path, Options{Events: h.hear, Now: func() (n time.Time) { return at(1e9) }})
			if len(h.events) != 1 {
				t.Fatalf("events %v", h.events)
			}
			e, ok := h.events[0].(MovedAside)
			if !ok || e.Path != path || !errors.Is(e.Err, ErrCorrupt) || filepath.Base(e.To) != "db.corrupt-20010909T014640Z" {
				t.Fatalf("event %+v", h.events[0])
			}
			if kept, err := os.ReadFile(e.To); err != nil || !bytes.Equal(kept, b) {
				t.Errorf("what was moved aside is not what was there: %v", err)
			}
			if !d.Append("s", 1, at(1), text("x"), 1) || d.Flush() != nil {
				t.Error("the new file does not work")
			}
			if got := d.all(t, "s"); len(got) != 1 {
				t.Errorf("%d records in the new file", len(got))
			}
		})
	}
}

func TestSecondDamagedFileDoesNotReplaceTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	for range 3 {
		if err := os.WriteFile(path, []byte("rubbish that is no database"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := open(t, path, Options{Now: func() time.Time { return at(1e9) }})
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := filepath.Glob(path + ".corrupt-*"); err != nil || len(found) != 3 {
		t.Errorf("%q, %v", found, err)
	}
}

func TestForeignAndNewerFilesAreLeftAlone(t *testing.T) {
	for _, c := range []struct {
		what, do string
		want     error
	}{
		{"foreign", "CREATE TABLE theirs (x)", ErrForeign},
		{"newer", fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 99; CREATE TABLE x (y)", applicationID), ErrVersion},
	} {
		path := filepath.Join(t.TempDir(), "db")
		other, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Exec(c.do); err != nil {
			t.Fatal(err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{}); !errors.Is(err, c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", c.what, err)
		}
		if found, _ := filepath.Glob(path + ".corrupt-*"); len(found) > 0 {
			t.Errorf("%s: moved aside as %q", c.what, found)
		}
	}
}

func TestOneDBForAFile(t *testing.T) {
	path := filled(t)
	first := open(t, path, Options{})
	if _, err := Open(path, Options{}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second DB: %v", err)
	}
	if !first.Append("s", 501, at(501), text("x"), 1) || first.Flush() != nil {
		t.Error("the first does not work any more")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got := open(t, path, Options{}).all(t, "s"); len(got) != 501 {
		t.Errorf("%d records", len(got))
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no", "such", "folder"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that does not exist: %v", err)
	}
}

// A migration that fails leaves the file as it was.
func TestMigrationIsAtomic(t *testing.T) {
	path := filled(t)
	before := migrations
	defer func() { migrations = before }()
	migrations = append(slices.Clone(before), "CREATE TABLE extra (x)", "CREATE TABLE broken (")
	if _, err := Open(path, Options{}); err == nil {
		t.Fatal("a broken migration passed")
	}
	migrations = append(slices.Clone(before), "CREATE TABLE extra (x)")
	d := open(t, path, Options{})
	var version, tables int
	if err := errors.Join(d.sql.QueryRow("PRAGMA user_version").Scan(&version),
		d.sql.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").Scan(&tables)); err != nil || version != 2 || tables != 1 {
		t.Errorf("version %d, %d tables, %v", version, tables, err)
	}
	if got := d.all(t, "s"); len(got) != 500 {
		t.Errorf("%d records", len(got))
	}
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	h := newHeard()
	d := open(t, path, Options{MaxOctets: 200 << 10, Retry: 1, QueueRecords: 1000, Events: h.hear})
	big := text(strings.Repeat("x", 300))
	id := uint64(0)
	for d.Flush() == nil { // until the file is full
		for range 50 {
			id++
			if !d.Append("s", id, at(int(id)), big, len(big)) {
				t.Fatal("no room in the queue before the disk is full")
			}
		}
	}
	e, ok := (<-h.ch).(WriteFailed)
	if !ok || e.Path != path || e.Err == nil {
		t.Fatalf("event %+v", e)
	}
	if err := d.PutAll(map[string][]byte{"k": bytes.Repeat([]byte("v"), 100_000)}); err == nil {
		t.Error("a value was kept on a full disk")
	}
	kept := len(d.all(t, "s")) // reading works
	if n, _, _, _, _ := d.Bounds("s"); kept == 0 || kept >= int(id) || n != int(id) {
		t.Errorf("%d of %d records readable, %d known", kept, id, n)
	}
	lost := 0
	for range 2000 {
		id++
		if !d.Append("s", id, at(int(id)), big, len(big)) {
			lost++
		}
	}
	if s := d.Stats(); lost == 0 || s.Dropped != uint64(lost) || s.Failures == 0 {
		t.Errorf("%d lost, %+v", lost, s)
	}
	if e, ok := (<-h.ch).(Dropped); !ok || e.Stream != "s" {
		t.Errorf("event %+v", e)
	}
	d.Limit("s", 100, 0) // makes room
	if _, ok := (<-h.ch).(Recovered); !ok {
		t.Errorf("events %v", h.events)
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := d.all(t, "s"); len(got) != 100 {
		t.Errorf("%d records once there was room", len(got))
	}
	if v, err := d.Get("k"); v != nil || err != nil {
		t.Errorf("the value that was refused is %q, %v", v, err)
	}
	if len(h.ch) != 0 {
		t.Errorf("more events: %v", h.events)
	}
}

func TestClosingOnAFullDiskTells(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "db"), Options{MaxOctets: 100 << 10, Gather: 1 << 40})
	for i := range 300 {
		d.Append("s", uint64(i+1), at(i), text(strings.Repeat("x", 1000)), 1000)
	}
	if err := d.Close(); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("closing gave %v", err)
	}
	if s := d.Stats(); s.Dropped != 300 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// Whatever a file holds, opening it ends, and does not destroy it.
func FuzzOpen(f *testing.F) {
	path := filled(f)
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, []byte("SQLite format 4"))
	f.Add(100, []byte{0x0d})
	f.Add(4096, []byte{0xff, 0xff})
	f.Add(len(b)-10, []byte("0123456789abc"))
	f.Fuzz(func(t *testing.T, offset int, patch []byte) {
		c := slices.Clone(b)
		if offset < 0 || offset > len(c) {
			c = patch
		} else {
			copy(c[offset:], patch)
		}
		p := filepath.Join(t.TempDir(), "db")
		if err := os.WriteFile(p, c, 0o600); err != nil {
			t.Fatal(err)
		}
		moved := ""
		d, err := Open(p, Options{Events: func(e Event) {
			if m, ok := e.(MovedAside); ok {
				moved = m.To
			}
		}})
		if err == nil {
			_ = d.Scan("s", 0, time.Time{}, time.Time{}, 1<<30, func(uint64, time.Time, []byte) bool { return true }) // it may be damaged
			if err := d.Close(); err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("close: %v", err)
			}
		}
		if moved != "" {
			if kept, err := os.ReadFile(moved); err != nil || !bytes.Equal(kept, c) {
				t.Errorf("what was moved aside has changed: %v", err)
			}
		}
	})
}
