package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

// EntryIDs grow across restarts, within one instant and while the clock goes back; only a clock that has gone back at the
// restart itself is not noticed.
func TestEntryIDsGrow(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	last, next := uint64(0), 0
	for range 3 {
		s, err := New(Config{Model: testModel(t), Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []time.Duration{0, 0, -time.Hour, time.Hour, time.Millisecond} {
			now = now.Add(d)
			next++
			if err := s.Update(now, func(tx *Tx) { tx.Set(anIn1.Child("mag.f"), model.Float32(float32(next))) }); err != nil {
				t.Fatal(err)
			}
			r := s.devices["TLD0"].items[brcb[:len(brcb)-1]].rcb
			if id := r.buffer.entries[len(r.buffer.entries)-1].id; id <= last {
				t.Fatalf("entry %d has EntryID %d after %d", next, id, last)
			}
			last = r.lastID
		}
		s.Close()
		now = now.Add(time.Millisecond)
	}
}
