package server

import (
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

const (
	brcb = "LLN0$BR$brcb01$"
	urcb = "LLN0$RP$urcb01$"
)

func trgOps(t model.Triggers) model.Value   { return model.Bits(uint64(t), model.TriggersBits) }
func optFlds(o model.OptFields) model.Value { return model.Bits(uint64(o), model.OptFieldsBits) }

func TestUnbufferedReport(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x/IEC")
		other := h.peer("other@x/IEC")
		h.setFloat(1)
		p.set(urcb+"RptEna", model.Bool(true))
		at := time.Now().Add(time.Second)
		if err := h.s.Update(at, func(tx *Tx) {
			tx.Float(anIn1.Child("mag.f"), 2)
			tx.Time(anIn1)
			tx.Set(ind1.Child("stVal"), model.Bool(true))
			tx.Quality(ind1, model.Invalid)
		}); err != nil {
			t.Fatal(err)
		}
		got := p.reports()
		if len(got) != 1 {
			t.Fatalf("%d reports", len(got))
		}
		r := got[0]
		if r.rptID != "TLD0/LLN0$RP$urcb01" || r.datSet != "TLD0/LLN0$Four" || r.confRev != 4 || r.sqNum != 0 || !r.at.Equal(at.Truncate(time.Millisecond)) || r.dataCount != 4 {
			t.Errorf("head %+v", r)
		}
		if r.opt&(model.OptEntryID|model.OptBufOvfl|model.OptSegmentation) != 0 {
			t.Errorf("an unbuffered report with OptFlds %b", r.opt)
		}
		if !slices.Equal(r.members, []int{0, 2}) || !slices.Equal(r.refs, []string{"TLD0/GGIO1$MX$AnIn1", "TLD0/GGIO1$ST$Ind1"}) {
			t.Errorf("members %v %q", r.members, r.refs)
		}
		if !slices.Equal(r.reasons, []uint8{reasonDataChange, reasonDataChange | reasonQualityChange}) {
			t.Errorf("reasons %b", r.reasons)
		}
		if !r.values[0].At(0).At(0).Equal(model.Float32(2)) || !r.values[1].At(0).Equal(model.Bool(true)) {
			t.Errorf("values %v", r.values)
		}
		h.setFloat(2) // no change
		h.update(func(tx *Tx) { tx.Time(anIn1) })
		h.setFloat(3)
		if got := p.reports(); len(got) != 1 || got[0].sqNum != 1 {
			t.Errorf("after one change and two that are none: %+v", got)
		}
		if got := other.take(); len(got) != 0 {
			t.Errorf("somebody else got %d reports", len(got))
		}
		p.set(urcb+"RptEna", model.Bool(false))
		h.setFloat(4)
		if got := p.take(); len(got) != 0 {
			t.Errorf("%d reports while disabled", len(got))
		}
	})
}

func TestTriggerOptions(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		for _, c := range []struct {
			trg     model.Triggers
			f       func(tx *Tx)
			reasons []uint8
		}{
			{model.TrgDataChange, func(tx *Tx) { tx.Quality(ind1, model.Invalid) }, nil},
			{model.TrgQualityChange, func(tx *Tx) { tx.Quality(ind1, model.Questionable) }, []uint8{reasonQualityChange}},
			{model.TrgQualityChange, func(tx *Tx) { tx.Set(ind1.Child("stVal"), model.Bool(true)) }, nil},
			{model.TrgDataUpdate, func(tx *Tx) { tx.Set(ind1.Child("stVal"), model.Bool(true)) }, nil}, // not dupd in SCL
			{0, func(tx *Tx) { tx.Trigger(ind1) }, []uint8{reasonApplication}},
		} {
			p.set(urcb+"RptEna", model.Bool(false))
			p.set(urcb+"TrgOps", trgOps(c.trg))
			p.set(urcb+"RptEna", model.Bool(true))
			h.update(c.f)
			var reasons []uint8
			for _, r := range p.reports() {
				reasons = append(reasons, r.reasons...)
			}
			if !slices.Equal(reasons, c.reasons) {
				t.Errorf("TrgOps %06b: reasons %b, want %b", c.trg, reasons, c.reasons)
			}
		}
	})
}

func TestDataUpdateTrigger(t *testing.T) {
	m := testModel(t)
	node, _ := m.Devices[0].Node("GGIO1")
	ind, _ := node.Object("Ind1")
	f, _ := ind.Type.Field("stVal")
	f.Trigger = model.TrgDataUpdate
	run(t, Config{Model: m}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(urcb+"RptEna", model.Bool(true))
		h.update(func(tx *Tx) { tx.Set(ind1.Child("stVal"), model.Bool(false)) })
		if got := p.reports(); len(got) != 1 || !slices.Equal(got[0].reasons, []uint8{reasonUpdate}) {
			t.Errorf("an update without a change: %+v", got)
		}
	})
}

func TestBufferTime(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(urcb+"BufTm", model.Uint(100))
		p.set(urcb+"RptEna", model.Bool(true))
		start := time.Now()
		h.setFloat(1)
		time.Sleep(40 * time.Millisecond)
		h.update(func(tx *Tx) { tx.Set(ind1.Child("stVal"), model.Bool(true)) })
		if got := p.take(); len(got) != 0 {
			t.Fatalf("%d reports before BufTm", len(got))
		}
		time.Sleep(60 * time.Millisecond)
		got := p.reports()
		if len(got) != 1 || !slices.Equal(got[0].members, []int{0, 2}) || !got[0].at.Equal(start) {
			t.Fatalf("after BufTm: %+v", got)
		}
		// A second event on an included member sends at once and opens a new window.
		h.setFloat(2)
		time.Sleep(30 * time.Millisecond)
		h.setFloat(3)
		if got := p.reports(); len(got) != 1 || !got[0].values[0].At(0).At(0).Equal(model.Float32(2)) {
			t.Fatalf("the first value is lost: %+v", got)
		}
		time.Sleep(99 * time.Millisecond)
		if got := p.take(); len(got) != 0 {
			t.Fatal("the new window closed early")
		}
		time.Sleep(time.Millisecond)
		if got := p.reports(); len(got) != 1 || !got[0].values[0].At(0).At(0).Equal(model.Float32(3)) {
			t.Fatalf("the second value is lost: %+v", got)
		}
		// GI closes a pending window first.
		h.setFloat(4)
		p.set(urcb+"GI", model.Bool(true))
		got = p.reports()
		if len(got) != 2 || !slices.Equal(got[0].members, []int{0}) || !slices.Equal(got[1].members, []int{0, 1, 2, 3}) || got[1].reasons[3] != reasonGI {
			t.Fatalf("GI with a pending window: %+v", got)
		}
		if v, _ := p.read(urcb + "GI").AsBool(); v {
			t.Error("GI is not reset")
		}
	})
}

func TestIntegrity(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		if code := p.write(urcb+"IntgPd", model.Uint(50)); code != mms.ObjectValueInvalid {
			t.Errorf("a period below the limit: %v", code)
		}
		p.set(urcb+"IntgPd", model.Uint(1000))
		time.Sleep(3 * time.Second)
		if got := p.take(); len(got) != 0 {
			t.Fatalf("%d integrity reports while disabled", len(got))
		}
		p.set(urcb+"RptEna", model.Bool(true))
		time.Sleep(3500 * time.Millisecond)
		got := p.reports()
		if len(got) != 3 {
			t.Fatalf("%d integrity reports in 3.5 s", len(got))
		}
		for i, r := range got {
			if r.sqNum != uint64(i) || len(r.members) != 4 || r.reasons[0] != reasonIntegrity {
				t.Errorf("report %d: %+v", i, r)
			}
		}
		p.set(urcb+"RptEna", model.Bool(false))
		p.set(urcb+"TrgOps", trgOps(model.TrgDataChange))
		p.set(urcb+"RptEna", model.Bool(true))
		time.Sleep(3500 * time.Millisecond)
		if got := p.take(); len(got) != 0 {
			t.Errorf("%d integrity reports without the trigger option", len(got))
		}
		if code := p.write(urcb+"GI", model.Bool(true)); code != mms.ObjectAttributeInconsistent {
			t.Errorf("GI without its trigger option: %v", code)
		}
	})
}
