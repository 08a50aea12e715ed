package ied

import (
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/model"
)

func (s *site) operate(c *client.Client, object string, v model.Value, opt client.OperateOptions) error {
	s.Helper()
	k, err := c.Control(s.Context(), ref(s, object))
	if err != nil {
		s.Fatalf("%s: %v", object, err)
	}
	_, err = k.Operate(s.Context(), v, opt)
	return err
}

func (s *site) refused(err error, want model.AddCause) {
	s.Helper()
	var ce *client.ControlError
	if !errors.As(err, &ce) || ce.AddCause != want {
		s.Errorf("%v, want %v", err, want)
	}
}

// TestControls: every controllable object of the feeder obeys, by every control model, and shows what it did.
func TestControls(t *testing.T) {
	s := serve(t, Config{Model: feeder(t), Controls: Controls{OperateTime: 20 * time.Millisecond}})
	c := s.dial(nil)
	for _, x := range []struct {
		object string
		v      model.Value
		status string
		want   string
	}{
		{"FEEDER1CTRL/CSWI1.Pos", model.Bool(false), "CTRL/XCBR1.Pos", "off"},
		{"FEEDER1CTRL/XCBR1.Pos", model.Bool(true), "CTRL/CSWI1.Pos", "on"},
		{"FEEDER1CTRL/GGIO1.SPCSO2", model.Bool(true), "CTRL/GGIO1.SPCSO2", "true"},
		{"FEEDER1CTRL/GGIO1.AnOut1", model.Float32(42), "CTRL/GGIO1.AnOut1", "{f=42}"},
	} {
		if err := s.operate(c, x.object, x.v, client.OperateOptions{}); err != nil {
			t.Errorf("%s: %v", x.object, err)
		}
		if x.object == "FEEDER1CTRL/GGIO1.SPCSO2" { // normal security: there is no termination to wait for
			continue
		}
		if got := text(t, s.d, x.status); got != x.want {
			t.Errorf("%s: %s is %s, want %s", x.object, x.status, got, x.want)
		}
	}
	if got := text(t, s.d, "CTRL/XCBR1.OpCnt"); got != "2" {
		t.Errorf("%s operations were counted", got)
	}
	s.refused(s.operate(c, "FEEDER1CTRL/CSWI1.Pos", model.Bool(true), client.OperateOptions{}), model.AddCausePositionReached)
	s.refused(s.operate(c, "FEEDER1CTRL/GGIO1.AnOut1", model.Float32(101), client.OperateOptions{}), model.AddCauseStepLimit)
}

// TestFaults: a scenario has commands fail.
func TestFaults(t *testing.T) {
	m := feeder(t)
	sc, err := ParseScenario("s.yaml", []byte("steps: [{at: 0s, fault: {CTRL/CSWI1.Pos: interlock, CTRL/XCBR1.Pos: synchrocheck, CTRL/GGIO1.AnOut1: blocked-by-process}}]"), m)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Model: m, Scenario: sc})
	await(t, s.events, func(ScenarioEnded) bool { return true })
	c := s.dial(nil)
	s.refused(s.operate(c, "FEEDER1CTRL/CSWI1.Pos", model.Bool(false), client.OperateOptions{Check: client.CheckInterlock}), model.AddCauseBlockedByInterlocking)
	s.refused(s.operate(c, "FEEDER1CTRL/XCBR1.Pos", model.Bool(false), client.OperateOptions{Check: client.CheckSynchro}), model.AddCauseBlockedBySynchrocheck)
	s.refused(s.operate(c, "FEEDER1CTRL/GGIO1.AnOut1", model.Float32(1), client.OperateOptions{}), model.AddCauseBlockedByProcess)
	if err := s.operate(c, "FEEDER1CTRL/XCBR1.Pos", model.Bool(false), client.OperateOptions{Check: client.CheckInterlock}); err != nil {
		t.Errorf("a fault of the synchrocheck holds for the interlock: %v", err)
	}
	s.d.controls.setFault(ref(t, "FEEDER1CTRL/CSWI1.Pos"), Fault{})
	if err := s.operate(c, "FEEDER1CTRL/CSWI1.Pos", model.Bool(true), client.OperateOptions{Check: client.CheckInterlock}); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

// TestStuck: a command that is never carried out ends by its cancel, and the position goes back.
func TestStuck(t *testing.T) {
	s := serve(t, Config{Model: feeder(t)})
	s.d.controls.setFault(ref(t, "FEEDER1CTRL/XCBR1.Pos"), Fault{Stuck: true})
	c := s.dial(nil)
	k, err := c.Control(t.Context(), ref(t, "FEEDER1CTRL/XCBR1.Pos"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := k.Operate(t.Context(), model.Bool(false), client.OperateOptions{})
		ended <- err
	}()
	for text(t, s.d, "CTRL/XCBR1.Pos") != "intermediate-state" {
		s.d.rouse()
	}
	s.refused(s.operate(s.dial(nil), "FEEDER1CTRL/XCBR1.Pos", model.Bool(false), client.OperateOptions{}), model.AddCauseCommandInExecution)
	c.Close()
	if err := <-ended; err == nil {
		t.Error("a command that is stuck was carried out")
	}
	limit := time.After(10 * time.Second)
	for text(t, s.d, "CTRL/XCBR1.Pos") != "on" {
		select {
		case <-limit:
			t.Fatal("the position did not go back")
		default:
		}
	}
}

// TestRefuse: with controls refused, no command is obeyed.
func TestRefuse(t *testing.T) {
	s := serve(t, Config{Model: feeder(t), Controls: Controls{Refuse: true}})
	s.refused(s.operate(s.dial(nil), "FEEDER1CTRL/XCBR1.Pos", model.Bool(false), client.OperateOptions{}), model.AddCauseNotSupported)
}

// TestMode: the mode of a node and that of its logical device make its behaviour, which blocks commands and marks values.
func TestMode(t *testing.T) {
	s := serve(t, Config{Model: feeder(t)})
	c := s.dial(nil)
	mode := func(node string, m int64) {
		t.Helper()
		if err := s.operate(c, node+".Mod", model.Int(m), client.OperateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(name, v string) {
		t.Helper()
		if got := text(t, s.d, name); got != v {
			t.Errorf("%s is %s, want %s", name, got, v)
		}
	}
	mode("FEEDER1CTRL/XCBR1", behTest)
	want("CTRL/XCBR1.Beh", "test")
	want("CTRL/XCBR1.Pos.q", "good+test")
	want("CTRL/CSWI1.Beh", "on")
	s.refused(s.operate(c, "FEEDER1CTRL/XCBR1.Pos", model.Bool(false), client.OperateOptions{}), model.AddCauseBlockedByMode)
	if err := s.operate(c, "FEEDER1CTRL/XCBR1.Pos", model.Bool(false), client.OperateOptions{Test: true}); err != nil {
		t.Error(err)
	}
	want("CTRL/XCBR1.Pos.q", "good+test")
	mode("FEEDER1CTRL/LLN0", behBlocked)
	want("CTRL/XCBR1.Beh", "test/blocked")
	want("CTRL/CSWI1.Beh", "blocked")
	mode("FEEDER1CTRL/LLN0", behOff)
	want("CTRL/GGIO1.Ind1.q", "invalid")
	mode("FEEDER1CTRL/LLN0", behOn)
	want("CTRL/XCBR1.Beh", "test")
	want("CTRL/GGIO1.Ind1.q", "good")
	mode("FEEDER1CTRL/XCBR1", behOn)
	want("CTRL/XCBR1.Pos.q", "good")
	want("MEAS/MMXU1.Beh", "on")
}

func TestBehaviour(t *testing.T) {
	for _, x := range []struct{ device, node, want int64 }{
		{behOn, behOn, behOn},
		{behOn, behTest, behTest},
		{behTest, behOn, behTest},
		{behBlocked, behTest, behTestBlocked},
		{behTestBlocked, behOn, behTestBlocked},
		{behBlocked, behOn, behBlocked},
		{behOff, behOn, behOff},
		{behTest, behOff, behOff},
	} {
		if got := behaviour(x.device, x.node); got != x.want {
			t.Errorf("%d and %d make %d, want %d", x.device, x.node, got, x.want)
		}
	}
}
