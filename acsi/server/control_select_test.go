package server

import (
	"fmt"
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

func TestSelectBeforeOperateNormal(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc2)
		p, q := h.peer("cc@x"), h.peer("other@x")
		sel := func(p *peer) string { s, _ := p.read(spc2 + "$SBO").AsText(); return s }
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected)
		if s := sel(p); s != "TLD0/GGIO1$CO$SPCSO2" {
			t.Fatalf("SBO %q", s)
		}
		if v := p.read("GGIO1$ST$SPCSO2$stSeld"); !v.Equal(model.Bool(true)) {
			t.Errorf("stSeld %v", v)
		}
		if s := sel(q); s != "" {
			t.Errorf("another client selected too: %q", s)
		}
		if s := sel(p); s != "" {
			t.Errorf("selected twice: %q", s)
		}
		q.refused(spc2+"$Oper", cmd{}, model.AddCauseLockedByOtherClient)
		q.refused(spc2+"$Cancel", cmd{cancel: true}, model.AddCauseLockedByOtherClient)
		p.accepted(spc2+"$Oper", cmd{})
		if len(a.seen().operated) != 1 {
			t.Error("not operated")
		}
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected) // operate-once
		if sel(p) == "" {
			t.Fatal("cannot select again")
		}
		p.accepted(spc2+"$Cancel", cmd{cancel: true})
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected)
		if sel(p) == "" {
			t.Fatal("cannot select after cancel")
		}
		time.Sleep(5001 * time.Millisecond) // sboTimeout
		if v := p.read("GGIO1$ST$SPCSO2$stSeld"); !v.Equal(model.Bool(false)) {
			t.Errorf("stSeld after the timeout %v", v)
		}
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseTimeLimitOver)
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected)
		if sel(p) == "" {
			t.Fatal("cannot select after the timeout")
		}
		p.lose()
		if s := sel(q); s == "" {
			t.Error("a lost association keeps its select")
		}
		if want := []bool{true, false, true, false, true, false, true, false, true}; fmt.Sprint(a.seen().selects) != fmt.Sprint(want) {
			t.Errorf("the handler saw selects %v", a.seen().selects)
		}
	})
}

func TestSelectBeforeOperateEnhanced(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc4)
		p, q := h.peer("cc@x"), h.peer("other@x")
		good := cmd{num: 5, check: CheckInterlock, t: time.Now()}
		p.refused(spc4+"$Oper", good, model.AddCauseNotSelected)
		p.accepted(spc4+"$SBOw", good)
		p.refused(spc4+"$SBOw", good, model.AddCauseAlreadySelected)
		q.refused(spc4+"$SBOw", good, model.AddCauseLockedByOtherClient)
		q.refused(spc4+"$Oper", good, model.AddCauseLockedByOtherClient)
		for name, change := range map[string]func(c *cmd){
			"ctlVal": func(c *cmd) { c.off = true }, "orCat": func(c *cmd) { c.cat = 2 }, "orIdent": func(c *cmd) { c.ident = "x" },
			"ctlNum": func(c *cmd) { c.num = 6 }, "Check": func(c *cmd) { c.check = 0 }, "Test": func(c *cmd) { c.test = true },
			"operTm": func(c *cmd) { c.operTm = time.Now().Add(time.Hour) },
		} {
			other := good
			change(&other)
			t.Log(name)
			p.refused(spc4+"$Oper", other, model.AddCauseInconsistentParameters)
		}
		p.accepted(spc4+"$Oper", good)
		if got := p.told(); len(got) != 1 || !got[0].plus {
			t.Errorf("termination %+v", got)
		}
		if len(a.seen().checked) != 2 || !a.seen().checked[0].Select || a.seen().checked[1].Select || len(a.seen().operated) != 1 {
			t.Errorf("checked %+v", a.seen().checked)
		}
		a.check = model.AddCauseBlockedByProcess
		p.refused(spc4+"$SBOw", good, model.AddCauseBlockedByProcess)
		p.refused(spc4+"$Oper", good, model.AddCauseNotSelected)
		a.check = model.AddCauseNone
		p.accepted(spc4+"$SBOw", good)
		time.Sleep(5 * time.Second)
		p.refused(spc4+"$Oper", good, model.AddCauseTimeLimitOver)
		p.refused(spc4+"$Cancel", cmd{cancel: true}, model.AddCauseNotSelected)
	})
}

func TestOperateMany(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc4)
		h.update(func(tx *Tx) { tx.Set(do("GGIO1$CF$SPCSO4").Child("sboClass"), model.Int(1)) })
		p := h.peer("cc@x")
		c := cmd{num: 1, t: time.Now()}
		p.accepted(spc4+"$SBOw", c)
		for range 3 {
			p.accepted(spc4+"$Oper", c)
			p.told()
		}
		p.accepted(spc4+"$Cancel", cmd{cancel: true})
		p.refused(spc4+"$Oper", c, model.AddCauseNotSelected)
		if len(a.seen().operated) != 3 {
			t.Errorf("operated %d times", len(a.seen().operated))
		}
	})
}
