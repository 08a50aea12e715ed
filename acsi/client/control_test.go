package client_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A plant is a control handler that a test holds the strings of.
type plant struct {
	check    model.AddCause
	commands []*server.Command
	done     []func(model.AddCause)
	hold     bool // do not answer at once
	result   model.AddCause
}

var operateOn = model.Bool(true)

func newPlant() *plant { return &plant{check: model.AddCauseNone, result: model.AddCauseNone} }

func (p *plant) Check(*server.Command) model.AddCause { return p.check }

func (p *plant) Operate(c *server.Command, done func(model.AddCause)) {
	p.commands = append(p.commands, c)
	if p.hold {
		p.done = append(p.done, done)
		return
	}
	done(p.result)
}

func object(n int) model.Ref { return ref(fmt.Sprintf("TLD0/GGIO1.SPCSO%d", n)) }

// wantRefusal checks what a ControlError says.
func wantRefusal(t testing.TB, what string, err error, step string, cause model.AddCause) {
	t.Helper()
	var e *client.ControlError
	if !errors.As(err, &e) || e.Step != step || !e.HasAddCause || e.AddCause != cause {
		t.Errorf("%s: %v, want %s refused with %s", what, err, step, cause)
	}
}

func TestControlModels(t *testing.T) {
	for _, m := range []model.ControlModel{model.DirectNormal, model.SBONormal, model.DirectEnhanced, model.SBOEnhanced} {
		t.Run(m.String(), func(t *testing.T) {
			everyPath(t, func(t *testing.T, s *site) {
				p := newPlant()
				noErr(t, s.srv.Handle(object(int(m)), p))
				c := s.client("hmi", client.Options{Origin: client.Origin{Cat: client.OrRemoteControl, Ident: "dispatch"}})
				k, err := c.Control(t.Context(), object(int(m)))
				noErr(t, err)
				if k.Model() != m || k.Ref() != object(int(m)) {
					t.Errorf("%s is %s", k.Ref(), k.Model())
				}
				for i := range 3 {
					end, err := k.Operate(t.Context(), model.Bool(i%2 == 0), client.OperateOptions{})
					if err != nil {
						t.Fatalf("operate %d: %v", i, err)
					}
					if end.Enhanced != m.Enhanced() {
						t.Errorf("termination %+v", end)
					}
				}
				if len(p.commands) != 3 {
					t.Fatalf("%d commands arrived", len(p.commands))
				}
				if got := p.commands[0]; !got.Value.Equal(model.Bool(true)) || got.Origin.Ident != "dispatch" || got.Origin.Cat != 3 || got.CtlNum == p.commands[1].CtlNum {
					t.Errorf("command %+v", got)
				}

				p.check = model.AddCauseBlockedByInterlocking
				step := "operate"
				if m.Selects() {
					step = "select"
				}
				_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
				if m == model.SBONormal {
					var e *client.ControlError
					if !errors.As(err, &e) {
						t.Errorf("blocked: %v", err)
					}
				} else {
					wantRefusal(t, "blocked", err, step, model.AddCauseBlockedByInterlocking)
				}
			})
		})
	}
}

func TestControlFails(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		p := newPlant()
		p.result = model.AddCauseInvalidPosition
		noErr(t, s.srv.Handle(object(3), p))
		c := s.client("hmi", client.Options{TerminationTimeout: 20 * time.Second})
		k, err := c.Control(t.Context(), object(3))
		noErr(t, err)
		_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
		wantRefusal(t, "failed", err, "termination", model.AddCauseInvalidPosition)

		p.hold = true
		ended := make(chan error, 1)
		go func() {
			_, err := k.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
			ended <- err
		}()
		synctest.Wait()
		_, err = k.Operate(t.Context(), model.Bool(false), client.OperateOptions{})
		wantRefusal(t, "second command", err, "operate", model.AddCauseCommandInExecution)
		time.Sleep(5 * time.Second)
		p.done[0](model.AddCauseNone)
		if err := <-ended; err != nil {
			t.Errorf("first command: %v", err)
		}

		s.path.cut(s)
		<-c.Done()
		_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
		if err == nil || errors.As(err, new(*client.ControlError)) {
			t.Errorf("after the loss: %v", err)
		}
	})
}

// TestTerminationTimesOut: a server that never says how a command ended.
func TestTerminationTimesOut(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		p := newPlant()
		p.hold = true
		noErr(t, s.srv.Handle(object(3), p))
		c := s.client("hmi", client.Options{TerminationTimeout: time.Second})
		k, err := c.Control(t.Context(), object(3))
		noErr(t, err)
		_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
		wantErr(t, "termination", err, mms.ErrTimeout)
	})
}

func TestControlRefusals(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		noHandler, err := c.Control(t.Context(), object(1))
		noErr(t, err)
		_, err = noHandler.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
		wantRefusal(t, "no handler", err, "operate", model.AddCauseNotSupported)
		statusOnly, err := c.Control(t.Context(), object(0))
		noErr(t, err)
		_, err = statusOnly.Operate(t.Context(), model.Bool(true), client.OperateOptions{})
		wantRefusal(t, "status only", err, "operate", model.AddCauseNotSupported)
		_, err = noHandler.Operate(t.Context(), model.Visible("on"), client.OperateOptions{})
		if !errors.As(err, new(*client.TypeError)) {
			t.Errorf("wrong type: %v", err)
		}
		_, err = c.Control(t.Context(), ref("TLD0/GGIO1.Nope"))
		wantErr(t, "unknown object", err, mms.ObjectNonExistent)
	})
}

func TestSelectAndCancel(t *testing.T) {
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint("model ", n), func(t *testing.T) {
			everyPath(t, func(t *testing.T, s *site) {
				p := newPlant()
				noErr(t, s.srv.Handle(object(n), p))
				mine, theirs := s.client("hmi", client.Options{}), s.client("rival", client.Options{})
				k, err := mine.Control(t.Context(), object(n))
				noErr(t, err)
				other, err := theirs.Control(t.Context(), object(n))
				noErr(t, err)

				noErr(t, k.Select(t.Context(), model.Bool(true), client.OperateOptions{}))
				if _, err := other.Operate(t.Context(), model.Bool(true), client.OperateOptions{}); !errors.As(err, new(*client.ControlError)) {
					t.Errorf("selected by another: %v", err)
				}
				noErr(t, k.Cancel(t.Context()))
				if _, err := other.Operate(t.Context(), model.Bool(true), client.OperateOptions{}); err != nil {
					t.Errorf("after the cancel: %v", err)
				}
				noErr(t, k.Select(t.Context(), model.Bool(false), client.OperateOptions{}))
				if _, err := k.Operate(t.Context(), model.Bool(false), client.OperateOptions{}); err != nil {
					t.Errorf("selected before: %v", err)
				}
				noErr(t, k.Select(t.Context(), model.Bool(false), client.OperateOptions{}))
				time.Sleep(6 * time.Second)
				if _, err := k.Operate(t.Context(), model.Bool(false), client.OperateOptions{}); !errors.As(err, new(*client.ControlError)) {
					t.Errorf("select timed out: %v", err)
				}
				if len(p.commands) != 2 {
					t.Errorf("%d commands", len(p.commands))
				}
			})
		})
	}
}

// TestSetpoint fits a number into an analogue set point.
func TestSetpoint(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		p := newPlant()
		noErr(t, s.srv.Handle(ref("TLD0/GGIO1.AnOut1"), p))
		k, err := s.client("hmi", client.Options{}).Control(t.Context(), ref("TLD0/GGIO1.AnOut1"))
		noErr(t, err)
		for _, v := range []model.Value{model.Float32(2500), model.Float64(2500), model.Int(2500), model.Struct(model.Float32(2500))} {
			if _, err := k.Operate(t.Context(), v, client.OperateOptions{Check: client.CheckInterlock}); err != nil {
				t.Fatalf("%v: %v", v.Kind(), err)
			}
			if got := p.commands[len(p.commands)-1].Value; got.Len() != 1 || !got.At(0).Equal(model.Float32(2500)) {
				t.Errorf("%v arrived as %+v", v.Kind(), got)
			}
		}
	})
}

// TestStaleCommand: over a carrier that may replay, an old T is refused.
func TestStaleCommand(t *testing.T) {
	over(t, &overXMPP{}, func(t *testing.T, s *site) {
		p := newPlant()
		noErr(t, s.srv.Handle(object(1), p))
		k, err := s.client("hmi", client.Options{}).Control(t.Context(), object(1))
		noErr(t, err)
		old := model.NewTimestamp(time.Now().Add(-11*time.Second), model.LeapSecondsKnown)
		_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{T: old})
		wantRefusal(t, "eleven seconds old", err, "operate", model.AddCauseTimeLimitOver)
		if len(p.commands) != 0 {
			t.Error("it was executed")
		}
	})
}
