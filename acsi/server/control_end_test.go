package server

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

// A command that fails before it is answered is one event, one record and one refusal.
func TestFailureIsToldOnce(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc1)
		a.result = model.AddCauseBlockedByProcess
		p := h.peer("cc@x")
		p.refused(spc1+"$Oper", cmd{num: 1}, model.AddCauseBlockedByProcess)
		events, records := 0, 0
		for _, e := range h.events {
			if c, ok := e.(Commanded); ok && c.AddCause == model.AddCauseBlockedByProcess {
				events++
			}
		}
		for _, r := range h.audits {
			if r.Service == "operate" {
				records++
			}
		}
		if refused := h.s.Stats().Refused; events != 1 || records != 1 || refused != 1 {
			t.Errorf("%d events, %d records, %d refused", events, records, refused)
		}
	})
}

// A select ends at its time, however late the timer is.
func TestSelectEndsBeforeItsTimer(t *testing.T) {
	var skew atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
	run(t, Config{Now: now}, func(h *harness) {
		h.handle(spc2)
		h.handle(spc4)
		p, q := h.peer("cc@x"), h.peer("other@x")
		if s, _ := p.read(spc2 + "$SBO").AsText(); s == "" {
			t.Fatal("not selected")
		}
		c := cmd{num: 1, t: time.Now()}
		p.accepted(spc4+"$SBOw", c)
		skew.Store(int64(5*time.Second - 1))
		q.refused(spc4+"$SBOw", c, model.AddCauseLockedByOtherClient)
		skew.Store(int64(5 * time.Second)) // sboTimeout
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseTimeLimitOver)
		p.refused(spc4+"$Cancel", cmd{num: 1, cancel: true}, model.AddCauseNotSelected)
		q.accepted(spc4+"$SBOw", c)
	})
}

// An Oper that the application refuses leaves the select as long as it was.
func TestRefusalDoesNotProlongASelect(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc2)
		p := h.peer("cc@x")
		if s, _ := p.read(spc2 + "$SBO").AsText(); s == "" {
			t.Fatal("not selected")
		}
		a.check = model.AddCauseBlockedByProcess
		time.Sleep(4 * time.Second)
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseBlockedByProcess)
		time.Sleep(999 * time.Millisecond)
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseBlockedByProcess)
		time.Sleep(time.Millisecond)
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseTimeLimitOver)
	})
}

// Cancel of a command that waits for its time, and the loss of its client, set the object free also where operate-many
// keeps it selected otherwise.
func TestWaitingCommandsAreSetFree(t *testing.T) {
	for name, end := range map[string]func(p *peer){
		"cancel": func(p *peer) {
			p.accepted(spc4+"$Cancel", cmd{num: 1, cancel: true})
			if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseAbortedByCancel {
				p.Errorf("told %+v", got)
			}
		},
		"loss": (*peer).lose,
	} {
		t.Run(name, func(t *testing.T) {
			run(t, Config{}, func(h *harness) {
				a := h.handle(spc4)
				h.update(func(tx *Tx) { tx.Set(do("GGIO1$CF$SPCSO4").Child("sboClass"), model.Int(1)) })
				p, q := h.peer("cc@x"), h.peer("other@x")
				c := cmd{num: 1, t: time.Now(), operTm: time.Now().Add(time.Minute)}
				p.accepted(spc4+"$SBOw", c)
				p.accepted(spc4+"$Oper", c)
				end(p)
				q.accepted(spc4+"$SBOw", cmd{num: 2})
				if got := a.seen(); fmt.Sprint(got.selects) != "[true false true]" || len(got.operated) != 0 {
					t.Errorf("the handler saw selects %v and %d commands", got.selects, len(got.operated))
				}
			})
		})
	}
}
