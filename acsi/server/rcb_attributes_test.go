package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// ReportSettings of SCL: "Dyn" attributes can be written, the others cannot.
func TestAttributesThatSCLFixes(t *testing.T) {
	values := map[string]model.Value{
		"RptID": model.Visible("new"), "DatSet": model.Visible("TLD0/LLN0$Array"), "OptFlds": optFlds(model.OptSeqNum),
		"BufTm": model.Uint(10), "TrgOps": trgOps(model.TrgGI), "IntgPd": model.Uint(60000),
	}
	for open, set := range map[string]func(s *model.Services){
		"RptID": func(s *model.Services) { s.RptIDWrite = true }, "DatSet": func(s *model.Services) { s.DataSetWrite = true },
		"OptFlds": func(s *model.Services) { s.OptFieldsWrite = true }, "BufTm": func(s *model.Services) { s.BufTimeWrite = true },
		"TrgOps": func(s *model.Services) { s.TriggerWrite = true }, "IntgPd": func(s *model.Services) { s.IntegrityPeriodWrite = true },
	} {
		m := testModel(t)
		m.Services = model.Services{}
		set(&m.Services)
		run(t, Config{Model: m}, func(h *harness) {
			p := h.peer("cc@x")
			for attr, v := range values {
				want := mms.ObjectAccessDenied
				if attr == open {
					want = accessOK
				}
				if code := p.write(urcb+attr, v); code != want {
					t.Errorf("%s where only %s is open: %v", attr, open, code)
				}
			}
			p.set(urcb+"RptEna", model.Bool(true))
		})
	}
}

// The reserved first bit of OptFlds and TrgOps is never kept.
func TestReservedBits(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		for attr, bits := range map[string]int{"OptFlds": model.OptFieldsBits, "TrgOps": model.TriggersBits} {
			all := uint64(1)<<bits - 1
			p.set(urcb+attr, model.Bits(all, bits))
			if v := p.read(urcb + attr); !v.Equal(model.Bits(all>>1, bits)) {
				t.Errorf("%s reads as %v", attr, v)
			}
		}
	})
}

// Enabling a buffered control block does not move its integrity period, which runs all the time.
func TestIntegrityOfABufferedBlockRunsOn(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(brcb+"TrgOps", trgOps(model.TrgIntegrity))
		p.set(brcb+"IntgPd", model.Uint(1000))
		time.Sleep(900 * time.Millisecond)
		p.set(brcb+"RptEna", model.Bool(true))
		time.Sleep(100 * time.Millisecond)
		if got := p.reports(); len(got) != 1 || got[0].reasons[0] != reasonIntegrity {
			t.Errorf("after the period: %+v", got)
		}
	})
}

// The buffer is bounded in octets too.
func TestBufferOverflowByOctets(t *testing.T) {
	run(t, Config{Limits: Limits{BufferOctets: 500}}, func(h *harness) {
		for i := range 20 {
			h.setFloat(float64(i + 1))
		}
		p := h.peer("cc@x")
		p.set(brcb+"RptEna", model.Bool(true))
		got := p.reports()
		if len(got) < 2 || len(got) > 10 || !got[0].ovfl {
			t.Fatalf("%d reports", len(got))
		}
		if last := got[len(got)-1]; !last.values[0].At(0).At(0).Equal(model.Float32(20)) {
			t.Errorf("the newest is %+v", last)
		}
	})
}
