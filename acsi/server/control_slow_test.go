package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

// ponderer takes its time to check a select.
type ponderer struct {
	*actuator
	takes *time.Duration
}

func (p ponderer) Check(c *Command) model.AddCause {
	time.Sleep(*p.takes)
	return p.actuator.Check(c)
}

// A select whose time is over before the application has agreed has failed, and the object is free.
func TestSelectThatLapsesWhileTheApplicationIsAsked(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		takes := 6 * time.Second // sboTimeout is 5
		a := ponderer{newActuator(), &takes}
		if err := h.s.Handle(do(spc4), a); err != nil {
			t.Fatal(err)
		}
		p := h.peer("cc@x")
		p.refused(spc4+"$SBOw", cmd{num: 1, t: time.Now()}, model.AddCauseSelectFailed)
		p.refused(spc4+"$Oper", cmd{num: 1, t: time.Now()}, model.AddCauseTimeLimitOver) // late
		takes = time.Second
		good := cmd{num: 2, t: time.Now()}
		p.accepted(spc4+"$SBOw", good)
		p.accepted(spc4+"$Oper", good)
		if n := len(a.seen().operated); n != 1 {
			t.Errorf("operated %d times", n)
		}
	})
}
