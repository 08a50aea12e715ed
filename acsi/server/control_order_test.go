package server

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/model"
)

// Everything is in the way of a command at once, and is taken out of it piece by piece: what is told is always the first of the
// written order.
func TestOrderOfChecks(t *testing.T) {
	for _, c := range []struct{ object, service string }{{spc3, "$Oper"}, {spc1, "$Oper"}, {spc4, "$SBOw"}} {
		var denied bool
		run(t, Config{Authorizer: AuthorizerFunc(func(p *model.Principal, r Right, _ model.Ref) error {
			if denied && p.Name == "q@x" && r == RightControl {
				return errors.New("denied by the test")
			}
			return nil
		})}, func(h *harness) {
			a := h.handle(c.object)
			a.hold = true
			p, q := h.peer("p@x"), h.peer("q@x")
			p.got = nil
			if c.service == "$SBOw" {
				p.accepted(c.object+"$SBOw", cmd{})
			}
			p.accepted(c.object+"$Oper", cmd{}) // and it runs
			set := func(item string, v model.Value) { h.update(func(tx *Tx) { tx.Set(do(item).Child("stVal"), v) }) }
			denied, a.unlocked, a.there, a.crowded, a.check = true, false, true, true, model.AddCauseBlockedByCommand
			set("LLN0$ST$Loc", model.Bool(true))
			set("GGIO1$ST$Beh", model.Int(2))
			set("GGIO1$ST$Health", model.Int(3))
			both := uint8(CheckInterlock | CheckSynchrocheck)
			check := both
			for _, step := range []struct {
				told   model.AddCause
				remove func()
			}{
				{model.AddCauseNoAccessAuthority, func() { denied = false }},
				{model.AddCauseBlockedBySwitching, func() { set("LLN0$ST$Loc", model.Bool(false)) }},
				{model.AddCauseBlockedByMode, func() { set("GGIO1$ST$Beh", model.Int(1)) }},
				{model.AddCauseBlockedByHealth, func() { set("GGIO1$ST$Health", model.Int(1)) }},
				{model.AddCauseBlockedByInterlocking, func() { check = CheckSynchrocheck }},
				{model.AddCauseBlockedBySynchrocheck, func() { check, a.unlocked = both, true }},
				{model.AddCausePositionReached, func() { a.there = false }},
				{model.AddCauseCommandInExecution, func() { a.done(model.AddCauseNone) }},
				{model.AddCauseOneOfN, func() { a.crowded = false }},
				{model.AddCauseBlockedByCommand, func() { a.check = model.AddCauseNone }},
			} {
				q.refused(c.object+c.service, cmd{check: check}, step.told)
				step.remove()
			}
			q.accepted(c.object+c.service, cmd{check: both})
		})
	}
}
