package server

import (
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestOperateTimeout(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc3)
		a.hold = true
		p := h.peer("cc@x")
		p.accepted(spc3+"$Oper", cmd{num: 1})
		time.Sleep(8 * time.Second) // operTimeout
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseTimeLimitOver || got[0].plus {
			t.Errorf("told %+v", got)
		}
		if len(a.seen().canceled) != 1 || a.seen().canceled[0] != model.AddCauseTimeLimitOver {
			t.Errorf("canceled %v", a.seen().canceled)
		}
		a.done(model.AddCauseNone)
		if got := p.told(); len(got) != 0 {
			t.Errorf("a late end was told: %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 2})
		p.accepted(spc3+"$Cancel", cmd{cancel: true})
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseAbortedByCancel || got[0].num != 2 {
			t.Errorf("told %+v", got)
		}
	})
}

func TestLossWhileExecuting(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		enhanced, normal := h.handle(spc3), h.handle(spc1)
		enhanced.hold, normal.hold = true, true
		p, q := h.peer("cc@x"), h.peer("other@x")
		p.accepted(spc3+"$Oper", cmd{})
		p.accepted(spc1+"$Oper", cmd{})
		p.lose()
		if len(enhanced.seen().canceled) != 1 || enhanced.seen().canceled[0] != model.AddCauseAbortedByCommunicationLoss {
			t.Errorf("enhanced: %v", enhanced.seen().canceled)
		}
		if len(normal.seen().canceled) != 0 {
			t.Errorf("normal: %v", normal.seen().canceled)
		}
		q.refused(spc1+"$Oper", cmd{}, model.AddCauseCommandInExecution)
		normal.done(model.AddCauseNone)
		q.accepted(spc1+"$Oper", cmd{})
		q.accepted(spc3+"$Oper", cmd{})
	})
}

func TestTimeActivated(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc3)
		p, q := h.peer("cc@x"), h.peer("other@x")
		for _, d := range []time.Duration{-time.Second, 25 * time.Hour} {
			p.refused(spc3+"$Oper", cmd{operTm: time.Now().Add(d)}, model.AddCauseTimeLimitOver)
		}
		p.accepted(spc3+"$Oper", cmd{num: 1, operTm: time.Now().Add(time.Minute)})
		q.refused(spc3+"$Oper", cmd{}, model.AddCauseCommandInExecution)
		time.Sleep(59 * time.Second)
		if got := p.told(); len(got) != 0 || len(a.seen().operated) != 0 {
			t.Fatalf("before its time: %+v", got)
		}
		time.Sleep(2 * time.Second)
		if got := p.told(); len(got) != 1 || !got[0].plus || len(a.seen().operated) != 1 {
			t.Fatalf("at its time: %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 2, operTm: time.Now().Add(time.Minute)})
		p.accepted(spc3+"$Cancel", cmd{cancel: true})
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseAbortedByCancel {
			t.Errorf("after Cancel: %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 3, operTm: time.Now().Add(time.Minute)})
		p.told()
		h.update(func(tx *Tx) { tx.Set(do("GGIO1$ST$Health").Child("stVal"), model.Int(3)) })
		time.Sleep(61 * time.Second)
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseBlockedByHealth || len(a.seen().operated) != 1 {
			t.Errorf("blocked at its time: %+v", got)
		}
	})
}

func TestFreshness(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		h.handle(spc3)
		old := h.peerWith("cc@x", mms.Params{Freshness: true})
		relaxed := h.peer("station@x")
		for _, d := range []time.Duration{-11 * time.Second, 11 * time.Second} {
			old.refused(spc3+"$Oper", cmd{t: time.Now().Add(d)}, model.AddCauseTimeLimitOver)
			old.refused(spc3+"$SBOw", cmd{t: time.Now().Add(d)}, model.AddCauseTimeLimitOver)
		}
		// A replayed Operate, delivered 11 s late.
		sent := cmd{num: 4, t: time.Now()}
		time.Sleep(11 * time.Second)
		old.refused(spc3+"$Oper", sent, model.AddCauseTimeLimitOver)
		old.accepted(spc3+"$Oper", cmd{t: time.Now().Add(-9 * time.Second)})
		relaxed.accepted(spc3+"$Oper", cmd{t: time.Now().Add(-time.Hour)})
	})
	run(t, Config{FreshnessAlways: true, Freshness: time.Second}, func(h *harness) {
		h.handle(spc3)
		h.peer("cc@x").refused(spc3+"$Oper", cmd{t: time.Now().Add(-2 * time.Second)}, model.AddCauseTimeLimitOver)
	})
}

func TestAuthority(t *testing.T) {
	deny := AuthorizerFunc(func(p *model.Principal, r Right, ref model.Ref) error {
		if r == RightControl && p.Name == "viewer@x" {
			return errors.New("a viewer")
		}
		return nil
	})
	run(t, Config{Authorizer: deny, BindOrigin: true}, func(h *harness) {
		h.handle(spc1)
		viewer, cc := h.peer("viewer@x"), h.peer("cc@x/IEC")
		viewer.refused(spc1+"$Oper", cmd{ident: "viewer"}, model.AddCauseNoAccessAuthority)
		viewer.refused(spc1+"$SBOw", cmd{ident: "viewer"}, model.AddCauseNoAccessAuthority)
		viewer.refused(spc1+"$Cancel", cmd{ident: "viewer", cancel: true}, model.AddCauseNoAccessAuthority)
		if v, _ := viewer.read(spc1 + "$SBO").AsText(); v != "" {
			t.Errorf("SBO %q", v)
		}
		cc.refused(spc1+"$Oper", cmd{ident: "somebody"}, model.AddCauseNoAccessAuthority)
		for _, ident := range []string{"cc", "cc@x", "cc@x/IEC"} {
			cc.accepted(spc1+"$Oper", cmd{ident: ident})
		}
	})
}

func TestAnalogueAndModeControl(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		an := h.handle("GGIO1$CO$AnOut1")
		oper := func(v model.Value) model.Value {
			return model.Struct(v, model.Struct(model.Int(3), model.Octets("cc")), model.Uint(1), model.Time(model.NewTimestamp(time.Now(), 0)), model.Bool(false), model.Bits(0, 2))
		}
		p.set("GGIO1$CO$AnOut1$Oper", oper(model.Struct(model.Float32(50))))
		if len(an.seen().operated) != 1 || !an.seen().operated[0].Value.Equal(model.Struct(model.Float32(50))) {
			t.Errorf("operated %+v", an.seen().operated)
		}
		if v, _ := p.read("GGIO1$MX$AnOut1$origin$orCat").AsInt(); v != 3 {
			t.Errorf("origin in MX: %d", v)
		}
		if v := p.read("GGIO1$CO$AnOut1$Oper$ctlVal$f"); !v.Equal(model.Float32(50)) {
			t.Errorf("Oper shows %v", v)
		}
		// Mod can be commanded in every mode.
		if err := h.s.Handle(do("LLN0$CO$Mod"), ControlFunc(func(c *Command) model.AddCause {
			h.update(func(tx *Tx) {
				tx.Set(do("LLN0$ST$Mod").Child("stVal"), c.Value)
				tx.Set(do("LLN0$ST$Beh").Child("stVal"), c.Value)
			})
			return model.AddCauseNone
		})); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []int64{5, 1} {
			p.set("LLN0$CO$Mod$Oper", oper(model.Int(mode)))
			if v, _ := p.read("LLN0$ST$Beh$stVal").AsInt(); v != mode {
				t.Errorf("Beh %d, want %d", v, mode)
			}
		}
	})
}
