package server

import (
	"slices"
	"testing"
	"testing/synctest"
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
	o, _ := m.Devices[0].Nodes[0].Object("Loc")
	_ = o
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

func TestWritesToControlBlocks(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p, q := h.peer("cc@x"), h.peer("other@x")
		for _, attr := range []string{"ConfRev", "SqNum", "Owner"} {
			if code := p.write(urcb+attr, p.read(urcb+attr)); code != mms.ObjectAccessDenied {
				t.Errorf("%s: %v", attr, code)
			}
		}
		if code := p.write(urcb+"GI", model.Bool(true)); code != mms.TemporarilyUnavailable {
			t.Errorf("GI while disabled: %v", code)
		}
		if code := p.write(urcb+"RptEna", model.Int(1)); code != mms.TypeInconsistent {
			t.Errorf("RptEna as an integer: %v", code)
		}
		if code := p.write(urcb+"DatSet", model.Visible("TLD0/LLN0$Nope")); code != mms.ObjectValueInvalid {
			t.Errorf("unknown data set: %v", code)
		}
		if code := p.write(urcb+"BufTm", model.Uint(4000000)); code != mms.ObjectValueInvalid {
			t.Errorf("BufTm of over an hour: %v", code)
		}
		p.set(urcb+"Resv", model.Bool(true))
		if v, _ := p.read(urcb + "Owner").AsText(); v != "cc@x" {
			t.Errorf("Owner %q", v)
		}
		for _, attr := range []string{"Resv", "RptEna", "GI", "RptID", "DatSet", "OptFlds", "BufTm", "TrgOps", "IntgPd"} {
			if code := q.write(urcb+attr, q.read(urcb+attr)); code != mms.TemporarilyUnavailable {
				t.Errorf("%s by another client: %v", attr, code)
			}
		}
		p.set(urcb+"RptEna", model.Bool(true))
		for _, attr := range []string{"Resv", "RptID", "DatSet", "OptFlds", "BufTm", "TrgOps", "IntgPd"} {
			if code := p.write(urcb+attr, p.read(urcb+attr)); code != mms.TemporarilyUnavailable {
				t.Errorf("%s while enabled: %v", attr, code)
			}
		}
		p.set(urcb+"RptEna", model.Bool(true)) // again: nothing happens
		p.set(urcb+"RptEna", model.Bool(false))
		p.set(urcb+"Resv", model.Bool(false))
		q.set(urcb+"RptEna", model.Bool(true))
		if !h.saw(ReportEnabled{Principal: h.events[1].(Associated).Principal, Ref: model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "urcb01", FC: model.RP}, Enabled: true}) {
			t.Errorf("events %+v", h.events)
		}
	})
}

func TestDataSetChangeCountsConfRev(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(brcb+"DatSet", model.Visible("TLD0/LLN0$Array"))
		if v, _ := p.read(brcb + "ConfRev").AsUint(); v != 4 {
			t.Errorf("ConfRev %d", v)
		}
		p.set(brcb+"DatSet", model.Visible(""))
		if code := p.write(brcb+"RptEna", model.Bool(true)); code != mms.ObjectAttributeInconsistent {
			t.Errorf("enabled without a data set: %v", code)
		}
	})
}

func TestBufferedReports(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		h.setFloat(1) // before anybody is there
		p := h.peer("cc@x")
		p.set(brcb+"RptEna", model.Bool(true))
		h.setFloat(2)
		got := p.reports()
		if len(got) != 2 || got[0].sqNum != 0 || got[1].sqNum != 1 || got[0].id == 0 || got[1].id <= got[0].id || got[0].ovfl || got[0].rptID != "buf" {
			t.Fatalf("reports %+v", got)
		}
		p.lose()
		h.setFloat(3)
		h.setFloat(4)
		q := h.peer("cc@x")
		q.set(brcb+"RptEna", model.Bool(true)) // without EntryID: what was never sent
		after := q.reports()
		if len(after) != 2 || after[0].sqNum != 0 || !after[0].values[0].At(0).At(0).Equal(model.Float32(3)) {
			t.Fatalf("after the loss: %+v", after)
		}
		q.set(brcb+"RptEna", model.Bool(false))
		q.set(brcb+"EntryID", entryIDValue(got[0].id)) // behind the first
		q.set(brcb+"RptEna", model.Bool(true))
		if again := q.reports(); len(again) != 3 || again[0].id != got[1].id {
			t.Fatalf("resync: %+v", again)
		}
		q.set(brcb+"RptEna", model.Bool(false))
		q.set(brcb+"EntryID", entryIDValue(0))
		q.set(brcb+"RptEna", model.Bool(true))
		if again := q.reports(); len(again) != 4 || again[0].ovfl {
			t.Fatalf("from the oldest: %+v", again)
		}
		q.set(brcb+"RptEna", model.Bool(false))
		if code := q.write(brcb+"EntryID", entryIDValue(12345)); code != mms.ObjectValueInvalid {
			t.Errorf("unknown EntryID: %v", code)
		}
		q.set(brcb+"RptEna", model.Bool(true))
		if again := q.reports(); len(again) != 4 || !again[0].ovfl || again[1].ovfl {
			t.Fatalf("after an unknown EntryID: %+v", again)
		}
		q.set(brcb+"RptEna", model.Bool(false))
		q.set(brcb+"EntryID", entryIDValue(0))
		q.set(brcb+"PurgeBuf", model.Bool(true))
		q.set(brcb+"RptEna", model.Bool(true))
		if again := q.reports(); len(again) != 0 {
			t.Fatalf("after PurgeBuf: %+v", again)
		}
		if v, _ := q.read(brcb + "PurgeBuf").AsBool(); v {
			t.Error("PurgeBuf is not reset")
		}
	})
}

func TestChangesThatPurge(t *testing.T) {
	for attr, v := range map[string]model.Value{
		"RptID": model.Visible("new"), "DatSet": model.Visible("TLD0/LLN0$Array"), "BufTm": model.Uint(10),
		"TrgOps": trgOps(model.TrgDataChange), "IntgPd": model.Uint(60000),
	} {
		run(t, Config{}, func(h *harness) {
			h.setFloat(1)
			p := h.peer("cc@x")
			p.set(brcb+attr, v)
			p.set(brcb+"RptEna", model.Bool(true))
			if got := p.take(); len(got) != 0 {
				t.Errorf("%s: %d reports from before", attr, len(got))
			}
		})
	}
	run(t, Config{}, func(h *harness) { // OptFlds does not
		h.setFloat(1)
		p := h.peer("cc@x")
		p.set(brcb+"OptFlds", optFlds(model.OptEntryID))
		p.set(brcb+"RptEna", model.Bool(true))
		if got := p.reports(); len(got) != 1 || got[0].opt != model.OptEntryID || got[0].reasons != nil {
			t.Errorf("OptFlds: %+v", got)
		}
	})
}

func TestBufferOverflow(t *testing.T) {
	run(t, Config{Limits: Limits{BufferEntries: 3}}, func(h *harness) {
		for i := range 5 {
			h.setFloat(float64(i + 1))
		}
		p := h.peer("cc@x")
		p.set(brcb+"RptEna", model.Bool(true))
		got := p.reports()
		if len(got) != 3 || !got[0].ovfl || got[1].ovfl || !got[0].values[0].At(0).At(0).Equal(model.Float32(3)) {
			t.Fatalf("reports %+v", got)
		}
		ref := model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "brcb01", FC: model.BR}
		n := 0
		for _, e := range h.events {
			if e == (Event)(BufferOverflow{Ref: ref}) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d events of overflow", n)
		}
		for i := range 10 { // entries that were sent may go unnoticed
			h.setFloat(float64(i + 100))
		}
		for i, r := range p.reports() {
			if r.ovfl {
				t.Errorf("report %d tells an overflow that was none", i)
			}
		}
	})
}

func TestBufferingIntegrityButNotGIWhileDisabled(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(brcb+"TrgOps", trgOps(model.TrgIntegrity|model.TrgGI))
		p.set(brcb+"IntgPd", model.Uint(1000))
		if code := p.write(brcb+"GI", model.Bool(true)); code != mms.TemporarilyUnavailable {
			t.Errorf("GI while disabled: %v", code)
		}
		time.Sleep(2500 * time.Millisecond)
		p.set(brcb+"RptEna", model.Bool(true))
		if got := p.reports(); len(got) != 2 || got[0].reasons[0] != reasonIntegrity {
			t.Errorf("buffered integrity: %+v", got)
		}
	})
}

func TestReservations(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(brcb+"ResvTms", model.Int(10))
		p.set(brcb+"RptEna", model.Bool(true))
		p.lose()
		other, same := h.peer("other@x"), h.peer("cc@x")
		if code := other.write(brcb+"RptEna", model.Bool(true)); code != mms.TemporarilyUnavailable {
			t.Errorf("another client while ResvTms runs: %v", code)
		}
		if v, _ := other.read(brcb + "ResvTms").AsInt(); v != 10 {
			t.Errorf("ResvTms %d", v)
		}
		time.Sleep(9 * time.Second)
		same.set(brcb+"RptEna", model.Bool(true)) // the same client is back in time
		same.lose()
		time.Sleep(9 * time.Second)
		if code := other.write(brcb+"RptEna", model.Bool(true)); code != mms.TemporarilyUnavailable {
			t.Errorf("ResvTms did not start anew: %v", code)
		}
		time.Sleep(1001 * time.Millisecond)
		other.set(brcb+"RptEna", model.Bool(true))
		if v, _ := other.read(brcb + "ResvTms").AsInt(); v != 0 {
			t.Errorf("ResvTms %d after its end", v)
		}
		other.lose() // no ResvTms: until loss
		third := h.peer("third@x")
		third.set(brcb+"RptEna", model.Bool(true))
		third.set(brcb+"RptEna", model.Bool(false))
		third.set(brcb+"ResvTms", model.Int(0)) // released
		h.peer("fourth@x").set(brcb+"RptEna", model.Bool(true))
	})
}

func TestPreassignedControlBlock(t *testing.T) {
	const mine = "LLN0$BR$mine01$"
	run(t, Config{}, func(h *harness) {
		other, cc := h.peer("other@x"), h.peer("CC@x/IEC")
		if v, _ := other.read(mine + "ResvTms").AsInt(); v != -1 {
			t.Errorf("ResvTms %d", v)
		}
		if code := other.write(mine+"RptEna", model.Bool(true)); code != mms.TemporarilyUnavailable {
			t.Errorf("somebody else: %v", code)
		}
		if code := cc.write(mine+"ResvTms", model.Int(5)); code != mms.ObjectValueInvalid {
			t.Errorf("ResvTms of a preassigned block: %v", code)
		}
		cc.set(mine+"RptEna", model.Bool(true))
		h.setFloat(1)
		if got := cc.reports(); len(got) != 1 || got[0].rptID != "mine" {
			t.Errorf("reports %+v", got)
		}
	})
}

func TestTwoClientsRaceForOneControlBlock(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		const clients = 8
		peers := make([]*peer, clients)
		won := make(chan int, clients)
		for i := range peers {
			peers[i] = h.peer(string(rune('a'+i)) + "@x")
		}
		for i, p := range peers {
			go func() {
				if p.write(urcb+"RptEna", model.Bool(true)) == accessOK {
					won <- i
				}
			}()
		}
		synctest.Wait()
		if len(won) != 1 {
			t.Fatalf("%d clients have it", len(won))
		}
		owner := <-won
		h.setFloat(1)
		for i, p := range peers {
			if got := len(p.take()); (got == 1) != (i == owner) {
				t.Errorf("client %d got %d reports, owner is %d", i, got, owner)
			}
		}
	})
}

func TestSequenceNumbersWrap(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(urcb+"RptEna", model.Bool(true))
		for i := range 258 {
			h.setFloat(float64(i + 1))
		}
		got := p.reports()
		if len(got) != 258 || got[255].sqNum != 255 || got[256].sqNum != 0 || got[257].sqNum != 1 {
			t.Errorf("%d reports, around the wrap %d %d %d", len(got), got[255].sqNum, got[256].sqNum, got[257].sqNum)
		}
	})
}

func TestSegments(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		members := make([]mms.VariableSpec, 8)
		for i := range members {
			members[i] = spec("GGIO1$MX$AnIn1")
		}
		for _, size := range []int{350, 400, 700, 1000, 8192, 65000} {
			p := h.peerWith("cc@x", mms.Params{MaxPDU: size})
			p.set(urcb+"DatSet", model.Visible(""))
			name := mms.InDomain("TLD0", "LLN0$wide")
			p.response(&mms.DefineNamedVariableList{Name: name, List: members})
			p.set(urcb+"DatSet", model.Visible("TLD0/LLN0$wide"))
			p.set(urcb+"RptEna", model.Bool(true))
			p.set(urcb+"GI", model.Bool(true))
			raw := p.take()
			var all []int
			for i, ir := range raw {
				if n := p.end.Params().Size(&mms.Unconfirmed{Service: ir}); n > size {
					t.Errorf("size %d: segment of %d", size, n)
				}
				r := parseReport(t, ir)
				all = append(all, r.members...)
				if len(raw) == 1 {
					if r.opt&model.OptSegmentation != 0 {
						t.Errorf("size %d: one segment says it is one of several", size)
					}
					continue
				}
				if r.sub != uint64(i) || r.more != (i < len(raw)-1) || r.sqNum != 0 {
					t.Errorf("size %d: segment %d: %+v", size, i, r)
				}
			}
			if !slices.Equal(all, []int{0, 1, 2, 3, 4, 5, 6, 7}) {
				t.Errorf("size %d: members %v in %d segments", size, all, len(raw))
			}
			if size <= 400 && len(raw) < 2 {
				t.Errorf("size %d: %d segments", size, len(raw))
			}
			p.set(urcb+"RptEna", model.Bool(false))
			p.set(urcb+"DatSet", model.Visible(""))
			p.response(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}})
			p.lose()
		}
	})
}

func TestMemberTooLong(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peerWith("cc@x", mms.Params{MaxPDU: 420})
		long := make([]byte, 255)
		for i := range long {
			long[i] = 'x'
		}
		p.response(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$wide"), List: []mms.VariableSpec{
			spec("GGIO1$MX$AnIn1$mag$f"), spec("LLN0$DC$NamPlt"), spec("GGIO1$ST$Ind1$stVal"),
		}})
		p.set("LLN0$DC$NamPlt$d", model.Visible(string(long)))
		p.set("LLN0$DC$NamPlt$swRev", model.Visible(string(long[:100])))
		p.set(urcb+"DatSet", model.Visible("TLD0/LLN0$wide"))
		p.set(urcb+"RptEna", model.Bool(true))
		p.set(urcb+"GI", model.Bool(true))
		var all []int
		got := p.reports()
		for _, r := range got {
			all = append(all, r.members...)
		}
		if !slices.Equal(all, []int{0, 2}) || got[len(got)-1].more {
			t.Errorf("reports %+v", got)
		}
		var found bool
		for _, e := range h.events {
			if m, ok := e.(MemberTooLong); ok {
				found = m.Member.Path == "NamPlt" && m.Size > 420
			}
		}
		if !found {
			t.Errorf("events %+v", h.events)
		}
	})
}

func TestBufferedReportsWaitForASlowPeer(t *testing.T) {
	s, ss, q := benchServer(t)
	s.cfg.Limits.QueueReports = 5
	ss.manual = true
	enable := func(item string) {
		t.Helper()
		n := s.devices["TLD0"].items[item]
		s.mu.Lock()
		defer s.unlock()
		if code := n.rcb.write(ss, q.peer, n, model.Bool(true)); code != accessOK {
			t.Fatal(code)
		}
	}
	enable("LLN0$BR$brcb01$RptEna")
	enable("LLN0$RP$urcb01$RptEna")
	var lost int
	s.cfg.Events = func(e Event) {
		if _, ok := e.(ReportLost); ok {
			lost++
		}
	}
	for i := range 20 {
		if err := s.Update(s.now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i+1)) }); err != nil {
			t.Fatal(err)
		}
	}
	var ids []uint64
	buffered := 0
	for len(ss.out.items) > 0 {
		it, _ := ss.out.next()
		if it.report.form.r.buffered {
			buffered++
			ids = append(ids, it.report.entry.id)
		}
		if ss.out.sent(true) {
			ss.pump()
		}
		if len(ss.out.items) > 6 {
			t.Fatalf("%d reports in a queue of 5", len(ss.out.items))
		}
	}
	if buffered != 20 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 20 {
		t.Errorf("%d buffered reports arrived, want 20", buffered)
	}
	if lost < 10 {
		t.Errorf("%d unbuffered reports were counted lost", lost)
	}
}
