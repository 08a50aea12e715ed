package server

import (
	"testing"

	"github.com/gridward/gridward/model"
)

// A queue is an association whose reports nobody takes, with its server.
func newQueue(t *testing.T, limits Limits) (s *Server, ss *session, set func(attr string, v model.Value), change func(n int)) {
	s, ss, q := benchServer(t)
	s.cfg.Limits.QueueReports = limits.QueueReports
	ss.manual = true
	set = func(item string, v model.Value) {
		t.Helper()
		if code := ss.writeRCB(q.peer, s.devices["TLD0"].items[item], v); code != accessOK {
			t.Fatalf("%s: %v", item, code)
		}
		for _, f := range ss.afters {
			f()
		}
		ss.afters = nil
	}
	next := 0
	change = func(n int) {
		t.Helper()
		for range n {
			next++
			if err := s.Update(s.now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(next)) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s, ss, set, change
}

// A full queue loses the oldest unbuffered reports, and keeps the newest.
func TestAFullQueueLosesTheOldest(t *testing.T) {
	_, ss, set, change := newQueue(t, Limits{QueueReports: 3})
	set(urcb+"RptEna", model.Bool(true))
	change(10)
	var got []uint16
	for _, it := range ss.out.items {
		got = append(got, it.report.sqNum)
	}
	if len(got) != 3 || got[0] != 7 || got[2] != 9 {
		t.Errorf("reports %v are left of 0 to 9", got)
	}
}

// Buffered entries that found no room move on when others leave the queue without being sent.
func TestRoomThatADisabledBlockLeaves(t *testing.T) {
	_, ss, set, change := newQueue(t, Limits{QueueReports: 4})
	set(urcb+"RptEna", model.Bool(true))
	change(4)
	set(brcb+"RptEna", model.Bool(true))
	if n := len(ss.out.items); n != 4 {
		t.Fatalf("%d reports in a queue of 4", n)
	}
	set(urcb+"RptEna", model.Bool(false))
	if n := len(ss.out.items); n != 4 || !ss.out.items[0].report.form.r.buffered {
		t.Errorf("%d reports of the buffered block in the queue", n)
	}
}
