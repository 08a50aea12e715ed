package server

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

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
			if e == Event(BufferOverflow{Ref: ref}) {
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
