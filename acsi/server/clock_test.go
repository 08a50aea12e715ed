package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

func TestClockQuality(t *testing.T) {
	for _, c := range []struct {
		clock Clock
		want  model.TimeQuality
	}{
		{Clock{}, 0},
		{Clock{LeapSecondsKnown: true, AccuracyBits: 10}, 0x8a},
		{Clock{Failure: true, AccuracyBits: 24}, 0x58},
		{Clock{NotSynchronized: true, AccuracyBits: 31}, 0x3f},
		{Clock{AccuracyBits: 25}, 0x1f},
		{Clock{AccuracyBits: -1}, 0x1f},
	} {
		if got := c.clock.Quality(); got != c.want {
			t.Errorf("%+v: %#x, want %#x", c.clock, got, c.want)
		}
	}
}

// Every time stamp that the server makes itself says what its clock is worth.
func TestClockIsInEveryTimestamp(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		if h.s.Clock() != startClock {
			t.Errorf("at first %+v", h.s.Clock())
		}
		bad := Clock{NotSynchronized: true, Failure: true, AccuracyBits: 7}
		h.s.SetClock(bad)
		p.set(sgcb+"$ActSG", model.Uint(1))
		p.set("GGIO1$SV$Ind$subEna", model.Bool(true))
		h.update(func(tx *Tx) { tx.Time(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Mv", FC: model.MX}) })
		for _, item := range []string{sgcb + "$LActTm", "LTRK1$SR$SgcbTrk$t", "GGIO1$ST$Ind$t", "GGIO1$MX$Mv$t"} {
			at, _ := p.read(item).AsTime()
			if at.Quality() != bad.Quality() || time.Since(at.Time()).Abs() > time.Second {
				t.Errorf("%s = %s", item, at)
			}
		}
		if got := h.s.Stamp(time.Now()).Quality(); got != bad.Quality() {
			t.Errorf("Stamp has %#x", got)
		}
	})
}

func TestClockInLTMSAndLTIM(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		h.s.SetClock(Clock{LeapSecondsKnown: true, AccuracyBits: 18, Source: "192.0.2.1", SourceType: 3, Sync: 2, Offset: 2 * time.Hour, DST: true})
		p.want("LTMS1$ST$TmSrc$stVal", model.Visible("192.0.2.1"))
		p.want("LTMS1$ST$TmSrcTyp$stVal", model.Int(3))
		p.want("LTMS1$ST$TmSyn$stVal", model.Int(2))
		p.want("LTMS1$ST$TmAcc$stVal", model.Int(18))
		p.want("LTMS1$ST$TmAcc$q", model.QualityValue(model.Good))
		p.want("LTIM1$ST$TmDT$stVal", model.Bool(true))
		p.want("LTIM1$SP$TmOfsTmm$setVal", model.Int(120))
		h.s.SetClock(Clock{NotSynchronized: true, Source: "x", SourceType: 77})
		p.want("LTMS1$ST$TmSyn$q", model.QualityValue(model.Questionable))
		p.want("LTMS1$ST$TmSrcTyp$stVal", model.Int(3)) // no such value in the model's enumeration
		p.want("LTMS1$ST$TmSrc$stVal", model.Visible("x"))
		at, _ := p.read("LTMS1$ST$TmSrc$t").AsTime()
		if at.Quality() != model.ClockNotSynchronized {
			t.Errorf("t %s", at)
		}
	})
}
