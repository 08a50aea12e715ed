package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/model"
	"pgregory.net/rapid"
)

// A buffer that is too small, a peer that is slow, associations that end: whatever is lost, the next report says so.
func TestWhateverIsLostIsTold(t *testing.T) {
	m := testModel(t)
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		s, err := New(Config{Model: m, Now: func() time.Time { return now }, Limits: Limits{
			QueueReports: rapid.IntRange(1, 8).Draw(t, "queue"), BufferEntries: rapid.IntRange(1, 8).Draw(t, "buffer"),
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		l := &link{s: s, t: t}
		l.connect()
		next, last := float32(0), float32(0)
		deliver := func(n int) {
			for ; n > 0 && len(l.ss.out.items) > 0; n-- {
				it, _ := l.ss.out.next()
				e := it.report.entry
				f, _ := e.members[0].value.At(0).At(0).AsFloat()
				got := float32(f)
				if got > last+1 && !it.report.ovfl {
					t.Fatalf("%v follows %v, and no overflow was told", got, last)
				}
				last, l.lastID = got, e.id
				if l.ss.out.sent(true) {
					l.ss.pump()
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				for range rapid.IntRange(1, 5).Draw(t, "changes") {
					next++
					if err := s.Update(now, func(tx *Tx) { tx.Set(anIn1.Child("mag.f"), model.Float32(next)) }); err != nil {
						t.Fatal(err)
					}
				}
			},
			"enable": func(*rapid.T) {
				if !l.enabled {
					l.write("RptEna", model.Bool(true))
					l.enabled = true
				}
			},
			"disable": func(*rapid.T) { l.disable() },
			"deliver": func(t *rapid.T) { deliver(rapid.IntRange(1, 5).Draw(t, "n")) },
			"lose": func(t *rapid.T) { // and continue behind the last that came, if it is still known
				s.lose(l.ss)
				l.connect()
				l.enabled = false
				if l.lastID != 0 && rapid.Bool().Draw(t, "resync") {
					n := s.devices["TLD0"].items["LLN0$BR$brcb01$EntryID"]
					_ = l.ss.writeRCB(l.q.peer, n, entryIDValue(l.lastID)) // a refusal is told in the next report
				}
			},
		})
	})
}
