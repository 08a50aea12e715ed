package server

import (
	"slices"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

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
