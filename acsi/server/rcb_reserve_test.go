package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A client that is back in time keeps its control block beyond the time for which it was kept free.
func TestAReservationDoesNotEndUnderItsOwner(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(brcb+"ResvTms", model.Int(10))
		p.set(brcb+"RptEna", model.Bool(true))
		p.lose()
		same, other := h.peer("cc@x"), h.peer("other@x")
		time.Sleep(9999 * time.Millisecond)
		same.set(brcb+"RptEna", model.Bool(true))
		time.Sleep(time.Hour)
		if code := other.write(brcb+"RptEna", model.Bool(false)); code != mms.TemporarilyUnavailable {
			t.Errorf("somebody else may disable it: %v", code)
		}
		h.setFloat(1)
		if got := same.reports(); len(got) != 1 {
			t.Errorf("%d reports to the owner", len(got))
		}
	})
}

func TestReservationsOfNoTime(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		for _, s := range []int64{-1, -2, -32768} {
			if code := p.write(brcb+"ResvTms", model.Int(s)); code != mms.ObjectValueInvalid {
				t.Errorf("ResvTms %d: %v", s, code)
			}
		}
		if code := p.write(brcb+"ResvTms", model.Int(32768)); code != mms.TypeInconsistent {
			t.Errorf("ResvTms beyond its type: %v", code)
		}
		h.peer("other@x").set(brcb+"RptEna", model.Bool(true))
	})
}

// After a pause of the process there is one integrity report and not one for every period that was missed.
func TestIntegrityAfterAPause(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := New(Config{Model: testModel(t), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := &quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}}
	ss := s.open(q)
	ss.manual = true
	for _, w := range []struct {
		attr string
		v    model.Value
	}{{"IntgPd", model.Uint(1000)}, {"RptEna", model.Bool(true)}} {
		if code := ss.writeRCB(q.peer, s.devices["TLD0"].items[urcb+w.attr], w.v); code != accessOK {
			t.Fatal(code)
		}
	}
	now = now.Add(time.Hour)
	for range 3 {
		s.tick()
	}
	if n := len(ss.out.items); n != 1 {
		t.Errorf("%d integrity reports after a pause of an hour", n)
	}
	now = now.Add(time.Second)
	s.tick()
	if n := len(ss.out.items); n != 2 {
		t.Errorf("%d integrity reports a period later", n)
	}
}
