package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// text is a record's data.
type text string

func (s text) AppendBinary(b []byte) ([]byte, error) { return append(b, s...), nil }

type bad struct{}

func (bad) AppendBinary([]byte) ([]byte, error) { return nil, errors.New("no form") }

// heard collects events.
type heard struct {
	mu     sync.Mutex
	events []Event
	ch     chan Event
}

func newHeard() *heard { return &heard{ch: make(chan Event, 100)} }

func (h *heard) hear(e Event) {
	h.mu.Lock()
	h.events = append(h.events, e)
	h.mu.Unlock()
	h.ch <- e
}

func open(t testing.TB, path string, opt Options) *DB {
	t.Helper()
	d, err := Open(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // tests close it themselves where it matters
	return d
}

func (d *DB) all(t testing.TB, stream string) (got []string) {
	t.Helper()
	err := d.Scan(stream, 0, time.Time{}, time.Time{}, 1<<30, func(id uint64, at time.Time, data []byte) bool {
		got = append(got, fmt.Sprintf("%d@%d %s", id, at.Unix(), data))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func at(s int) time.Time { return time.Unix(int64(s), 0) }

func TestStreamsAndValuesOutliveTheirDB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%20?#.db")
	d := open(t, path, Options{})
	for i := range 5 {
		if !d.Append("log", uint64(10+i), at(100-i), text(fmt.Sprint("e", i)), 2) { // a clock that goes back
			t.Fatal("append")
		}
	}
	d.Append("other", 7, at(1), text(""), 0)
	if !d.Set("k", []byte("v")) || !d.Set("gone", []byte("x")) || !d.Set("gone", nil) {
		t.Fatal("set")
	}
	if v, err := d.Get("k"); err != nil || string(v) != "v" {
		t.Errorf("what was just set is %q, %v", v, err)
	}
	if err := d.PutAll(map[string][]byte{"sg/1": {1}, "sg/2": {}, "": []byte("empty key")}); err != nil {
		t.Fatal(err)
	}
	want := []string{"10@100 e0", "11@99 e1", "12@98 e2", "13@97 e3", "14@96 e4"}
	check := func() {
		t.Helper()
		if got := d.all(t, "log"); !slices.Equal(got, want) {
			t.Errorf("log: %q", got)
		}
		if got := d.all(t, "other"); !slices.Equal(got, []string{"7@1 "}) {
			t.Errorf("other: %q", got)
		}
		if n, first, last, firstAt, lastAt := d.Bounds("log"); n != 5 || first != 10 || last != 14 || !firstAt.Equal(at(100)) || !lastAt.Equal(at(96)) {
			t.Errorf("bounds %d %d %d %v %v", n, first, last, firstAt, lastAt)
		}
		if keys, err := d.Keys("sg/"); err != nil || !slices.Equal(keys, []string{"sg/1", "sg/2"}) {
			t.Errorf("keys %q, %v", keys, err)
		}
		if v, err := d.Get("gone"); err != nil || v != nil {
			t.Errorf("a deleted value is %q, %v", v, err)
		}
		if v, err := d.Get("sg/2"); err != nil || v == nil || len(v) != 0 {
			t.Errorf("an empty value is %v, %v", v, err)
		}
	}
	check()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d.Append("log", 99, at(0), text("late"), 4) || d.Set("k", nil) || !errors.Is(d.Flush(), ErrClosed) || !errors.Is(d.PutAll(nil), ErrClosed) {
		t.Error("a closed DB takes something")
	}
	d = open(t, path, Options{})
	check()
	if d.Append("log", 14, at(0), text("again"), 5) {
		t.Error("an id that is not above all others is taken")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestScan(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "db"), Options{})
	for i := range 10 {
		d.Append("s", uint64(i+1), at(i*10), text("x"), 1)
	}
	for _, c := range []struct {
		after    uint64
		from, to time.Time
		limit    int
		want     []uint64
	}{
		{0, time.Time{}, time.Time{}, 3, []uint64{1, 2, 3}},
		{3, time.Time{}, time.Time{}, 2, []uint64{4, 5}},
		{0, at(70), time.Time{}, 9, []uint64{8, 9, 10}},
		{0, at(20), at(40), 9, []uint64{3, 4, 5}},
		{4, at(20), at(40), 9, []uint64{5}},
		{1<<64 - 1, time.Time{}, time.Time{}, 9, nil},
		{0, at(41), at(49), 9, nil},
	} {
		var got []uint64
		if err := d.Scan("s", c.after, c.from, c.to, c.limit, func(id uint64, _ time.Time, _ []byte) bool {
			got = append(got, id)
			return true
		}); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("after %d from %v to %v limit %d: %v, %v", c.after, c.from, c.to, c.limit, got, err)
		}
	}
	n := 0
	if err := d.Scan("s", 0, time.Time{}, time.Time{}, 9, func(uint64, time.Time, []byte) bool { n++; return false }); err != nil || n != 1 {
		t.Errorf("a scan that was ended went on: %d, %v", n, err)
	}
	if err := d.Flush(); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	now := at(1000)
	d := open(t, path, Options{Now: func() time.Time { return now }})
	d.Limit("s", 3, 0)
	d.Limit("aged", 0, 100*time.Second)
	for i := range 10 {
		d.Append("s", uint64(i+1), at(i), text("x"), 1)
		d.Append("aged", uint64(i+1), at(860+i*10), text("x"), 1)
	}
	if got := d.all(t, "s"); !slices.Equal(got, []string{"8@7 x", "9@8 x", "10@9 x"}) {
		t.Errorf("three records: %q", got)
	}
	if n, first, last, firstAt, _ := d.Bounds("s"); n != 3 || first != 8 || last != 10 || !firstAt.Equal(at(7)) {
		t.Errorf("bounds %d %d %d %v", n, first, last, firstAt)
	}
	if got := d.all(t, "aged"); len(got) != 6 || got[0] != "5@900 x" {
		t.Errorf("100 s: %q", got)
	}
	now = at(1045)
	d.age() // what the writer does once a minute
	if got := d.all(t, "aged"); len(got) != 1 || got[0] != "10@950 x" {
		t.Errorf("100 s, 45 s later: %q", got)
	}
	d.Limit("s", 1, 0)
	if got := d.all(t, "s"); !slices.Equal(got, []string{"10@9 x"}) {
		t.Errorf("one record: %q", got)
	}
	d.Cut("s", 10)
	if n, _, _, _, _ := d.Bounds("s"); n != 0 {
		t.Errorf("%d records after all were cut", n)
	}
	d.Append("s", 11, at(11), text("new"), 1)
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, first, last, _, _ := d.Bounds("s"); n != 1 || first != 11 || last != 11 {
		t.Errorf("after all were cut and one came: %d %d %d", n, first, last)
	}
	for i := range 5 {
		d.Append("s2", uint64(i+1), at(i), text("x"), 1)
	}
	d.Cut("s2", 3)
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, first, last, _, _ := d.Bounds("s2"); n != 2 || first != 4 || last != 5 {
		t.Errorf("after a cut: %d %d %d", n, first, last)
	}
	if s := d.Stats(); s.Pruned != 7+2+9-5+1+3+3 && s.Pruned == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestQueueIsBounded(t *testing.T) {
	h := newHeard()
	d := open(t, filepath.Join(t.TempDir(), "db"), Options{QueueRecords: 5, Gather: time.Hour, Events: h.hear})
	took := 0
	for i := range 9 {
		if d.Append("s", uint64(i+1), at(i), text("x"), 1) {
			took++
		}
	}
	if s := d.Stats(); took != 5 || s.Dropped != 4 || s.Waiting != 5 {
		t.Errorf("%d taken, %+v", took, s)
	}
	if err := d.Flush(); err != nil { // does not wait for Gather
		t.Fatal(err)
	}
	if e := <-h.ch; e != (Dropped{Stream: "s"}) || len(h.ch) != 0 {
		t.Errorf("events %v", h.events)
	}
	if !d.Append("s", 20, at(20), text("x"), 1) {
		t.Error("no room after what waited was written")
	}
	if got := d.all(t, "s"); len(got) != 6 || got[5] != "20@20 x" {
		t.Errorf("%q", got)
	}
	big := open(t, filepath.Join(t.TempDir(), "db"), Options{QueueOctets: 1000, Gather: time.Hour})
	if !big.Append("s", 1, at(1), text("x"), 900) || big.Append("s", 2, at(1), text("x"), 900) {
		t.Error("octets are not bounded")
	}
	if err := big.PutAll(map[string][]byte{"k": make([]byte, 5000)}); !errors.Is(err, ErrFull) {
		t.Errorf("a value beyond all bounds: %v", err)
	}
}

func TestRecordWithoutFormStopsNothing(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "db"), Options{})
	d.Append("s", 1, at(1), text("x"), 1)
	d.Append("s", 2, at(2), bad{}, 1)
	d.Append("s", 3, at(3), text("y"), 1)
	if got := d.all(t, "s"); !slices.Equal(got, []string{"1@1 x", "3@3 y"}) {
		t.Errorf("%q", got)
	}
	if n, _, _, _, _ := d.Bounds("s"); n != 2 {
		t.Errorf("%d records", n)
	}
}

func TestClosingWritesWhatWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	d := open(t, path, Options{Gather: time.Hour})
	for i := range 1000 {
		d.Append("s", uint64(i+1), at(i), text("x"), 1)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if got := open(t, path, Options{}).all(t, "s"); len(got) != 1000 {
		t.Errorf("%d records", len(got))
	}
}
