package server

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestDirectNormal(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc1)
		p := h.peer("cc@x/IEC")
		p.accepted(spc1+"$Oper", cmd{num: 7, test: false, check: CheckInterlock})
		if len(a.seen().operated) != 1 || len(a.seen().checked) != 1 {
			t.Fatalf("operated %+v", a.seen().operated)
		}
		c := a.seen().operated[0]
		if c.Ref != do(spc1) || !c.Value.Equal(model.Bool(true)) || c.Origin != (Origin{3, "cc"}) || c.CtlNum != 7 || c.Principal.Name != "cc@x/IEC" || c.Check != CheckInterlock || c.Model != model.DirectNormal {
			t.Errorf("command %+v", c)
		}
		if got := p.told(); len(got) != 0 {
			t.Errorf("normal security tells %+v", got)
		}
		if v, _ := p.read("GGIO1$ST$SPCSO1$origin$orIdent").AsText(); v != "cc" {
			t.Errorf("origin %q", v)
		}
		if v, _ := p.read("GGIO1$ST$SPCSO1$ctlNum").AsUint(); v != 7 {
			t.Errorf("ctlNum %d", v)
		}
		if v := p.read("GGIO1$OR$SPCSO1$opOk"); !v.Equal(model.Bool(true)) {
			t.Errorf("opOk %v", v)
		}
		a.result = model.AddCauseBlockedByProcess
		p.refused(spc1+"$Oper", cmd{num: 8}, model.AddCauseBlockedByProcess)
		last := h.audits[len(h.audits)-1]
		if last.Service != "operate" || last.Principal.Name != "cc@x/IEC" || last.Ref != do(spc1) {
			t.Errorf("audit %+v", last)
		}
	})
}

func TestDirectEnhanced(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc3)
		a.hold = true
		p, q := h.peer("cc@x"), h.peer("other@x")
		p.accepted(spc3+"$Oper", cmd{num: 1})
		if got := p.told(); len(got) != 0 {
			t.Fatalf("told %+v before the end", got)
		}
		p.refused(spc3+"$Oper", cmd{num: 2}, model.AddCauseCommandInExecution)
		q.refused(spc3+"$Oper", cmd{num: 3}, model.AddCauseCommandInExecution)
		q.refused(spc3+"$Oper", cmd{num: 3, test: true}, model.AddCauseBlockedByMode) // the mode is looked at first
		a.done(model.AddCauseNone)
		a.done(model.AddCauseBlockedByProcess) // only the first counts
		if got := p.told(); len(got) != 1 || got[0] != (told{item: spc3 + "$Oper", cause: model.AddCauseNone, plus: true, num: 1}) {
			t.Errorf("termination %+v", got)
		}
		if got := q.take(); len(got) != 0 {
			t.Errorf("another client was told %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 4})
		p.told()
		a.done(model.AddCauseAbortedByTrip)
		if got := p.told(); len(got) != 1 || got[0] != (told{item: spc3 + "$Oper", cause: model.AddCauseAbortedByTrip, num: 4}) {
			t.Errorf("negative termination %+v", got)
		}
		// A handler that is done at once: the answer still comes before the termination.
		a.hold = false
		p.accepted(spc3+"$Oper", cmd{num: 5})
		if len(p.got) != 0 {
			t.Error("the termination came before the answer")
		}
		if got := p.told(); len(got) != 1 || !got[0].plus {
			t.Errorf("termination %+v", got)
		}
	})
}

func TestRefusals(t *testing.T) {
	health := do("GGIO1$ST$Health").Child("stVal")
	beh := do("GGIO1$ST$Beh").Child("stVal")
	loc, locSta := do("LLN0$ST$Loc").Child("stVal"), do("LLN0$ST$LocSta").Child("stVal")
	for _, item := range []string{spc1, spc3} {
		run(t, Config{}, func(h *harness) {
			a := h.handle(item)
			p := h.peer("cc@x")
			with := func(ref model.Ref, v, back model.Value, f func()) {
				t.Helper()
				h.update(func(tx *Tx) { tx.Set(ref, v) })
				f()
				h.update(func(tx *Tx) { tx.Set(ref, back) })
			}
			oper := item + "$Oper"
			with(loc, model.Bool(true), model.Bool(false), func() {
				p.refused(oper, cmd{}, model.AddCauseBlockedBySwitching)
				p.refused(oper, cmd{cat: 2}, model.AddCauseBlockedBySwitching)
				p.accepted(oper, cmd{cat: 1})
			})
			with(locSta, model.Bool(true), model.Bool(false), func() {
				p.refused(oper, cmd{cat: 6}, model.AddCauseBlockedBySwitching)
				p.accepted(oper, cmd{cat: 2})
			})
			p.refused(oper, cmd{test: true}, model.AddCauseBlockedByMode)
			with(beh, model.Int(3), model.Int(1), func() {
				p.refused(oper, cmd{}, model.AddCauseBlockedByMode)
				p.accepted(oper, cmd{test: true})
			})
			for _, mode := range []int64{2, 5} {
				with(beh, model.Int(mode), model.Int(1), func() { p.refused(oper, cmd{}, model.AddCauseBlockedByMode) })
			}
			with(health, model.Int(3), model.Int(1), func() { p.refused(oper, cmd{}, model.AddCauseBlockedByHealth) })
			a.unlocked = false
			p.refused(oper, cmd{check: CheckInterlock}, model.AddCauseBlockedByInterlocking)
			p.refused(oper, cmd{check: CheckSynchrocheck}, model.AddCauseBlockedBySynchrocheck)
			p.accepted(oper, cmd{})
			for _, cause := range []model.AddCause{
				model.AddCauseUnknown, model.AddCausePositionReached, model.AddCauseStepLimit, model.AddCauseBlockedByProcess, model.AddCauseOneOfN,
				model.AddCauseInvalidPosition, model.AddCauseBlockedByCommand, model.AddCauseInconsistentParameters,
			} {
				a.check = cause
				p.refused(oper, cmd{num: 9}, cause)
			}
			p.refused(item+"$SBOw", cmd{}, model.AddCauseNotSupported)
			p.refused(item+"$Cancel", cmd{cancel: true}, model.AddCauseNotSelected)
		})
	}
}

func TestNotSupported(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.refused(spc1+"$Oper", cmd{}, model.AddCauseNotSupported) // no handler
		h.handle(spc0)
		p.refused(spc0+"$Oper", cmd{}, model.AddCauseNotSupported) // status only
		p.refused(spc0+"$SBOw", cmd{}, model.AddCauseNotSupported)
		p.refused(spc0+"$Cancel", cmd{cancel: true}, model.AddCauseNotSupported)
		if v, _ := p.read(spc0 + "$SBO").AsText(); v != "" {
			t.Errorf("SBO of a status-only object: %q", v)
		}
		if err := h.s.Handle(anIn1, newActuator()); !errors.Is(err, ErrUnknown) {
			t.Errorf("Handle of a measurand: %v", err)
		}
		for name, v := range map[string]model.Value{
			"short":  model.Struct(model.Bool(true)),
			"scalar": model.Bool(true),
			"kind": func() model.Value {
				m := append([]model.Value{}, cmd{}.value().Members()...)
				m[0] = model.Int(1)
				return model.Struct(m...)
			}(),
		} {
			if code := p.write(spc1+"$Oper", v); code != mms.TypeInconsistent {
				t.Errorf("%s: %v", name, code)
			}
		}
		if code := p.write(spc1+"$Oper", cmd{cat: 99}.value()); code != mms.ObjectValueInvalid {
			t.Errorf("orCat 99: %v", code)
		}
	})
}
