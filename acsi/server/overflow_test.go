package server

import (
	"testing"

	"github.com/gridward/gridward/model"
)

// Entries that waited in the queue of an association and were pushed out of the buffer meanwhile are lost with the
// association: the next report tells it.
func TestOverflowWhileReportsWaitInTheQueue(t *testing.T) {
	s, ss, q := benchServer(t)
	s.cfg.Limits.BufferEntries = 3
	ss.manual = true
	overflows := 0
	s.cfg.Events = func(e Event) {
		if o, ok := e.(BufferOverflow); ok && o.Ref.Path == "brcb01" {
			overflows++
		}
	}
	enable := func(on bool) {
		t.Helper()
		if code := ss.writeRCB(q.peer, s.devices["TLD0"].items[brcb+"RptEna"], model.Bool(on)); code != accessOK {
			t.Fatal(code)
		}
		for _, f := range ss.afters {
			f()
		}
		ss.afters = nil
	}
	enable(true)
	for i := range 10 { // nobody takes them
		if err := s.Update(s.now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i+1)) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(ss.out.items) != 10 {
		t.Fatalf("%d reports in the queue", len(ss.out.items))
	}
	s.lose(ss)
	ss = s.open(q)
	ss.manual = true
	enable(true)
	var ovfl []bool
	var values []model.Value
	for _, it := range ss.out.items {
		ovfl = append(ovfl, it.report.ovfl)
		values = append(values, it.report.entry.members[0].value.At(0).At(0))
	}
	if len(values) != 3 || !values[0].Equal(model.Float32(8)) {
		t.Fatalf("reports of %v", values)
	}
	if !ovfl[0] || ovfl[1] || ovfl[2] {
		t.Errorf("seven reports are lost; overflow is told as %v", ovfl)
	}
	if overflows != 1 {
		t.Errorf("%d events of overflow", overflows)
	}
}
