package libiec61850

import (
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

// outcome is what client.py tells about a step of a control.
type outcome struct {
	OK                         bool
	Error, AddCause, LastError int
}

// A switchgear is a control object of libiec61850's client.
type switchgear struct {
	c       *theirs
	ref     string
	control string
	model   int
}

func (c *theirs) control(ref string) *switchgear {
	c.Helper()
	var got struct {
		Control string
		Model   int
	}
	c.do("control", args{"ref": ref}, &got)
	return &switchgear{c, ref, got.Control, got.Model}
}

func (s *switchgear) step(do string, on bool, more args) (got outcome) {
	s.c.Helper()
	a := args{"control": s.control, "do": do}
	if do == "operate" || do == "selectWithValue" {
		a["value"] = object{"bool": on}
	}
	for k, v := range more {
		a[k] = v
	}
	if err := s.c.p.Call(s.c.ctx, "step", a, &got); err != nil {
		s.c.Fatal(err)
	}
	return got
}

func (s *switchgear) accepted(do string, on bool, more args) {
	s.c.Helper()
	if got := s.step(do, on, more); !got.OK {
		s.c.Errorf("%s %s: %+v", do, s.ref, got)
	}
}

func (s *switchgear) refused(do string, on bool, want model.AddCause, more args) {
	s.c.Helper()
	if got := s.step(do, on, more); got.OK || got.AddCause != int(want) {
		s.c.Errorf("%s %s: %+v, want %s", do, s.ref, got, want)
	}
}

// ended waits for the termination of a command.
func (s *switchgear) ended(want model.AddCause) {
	s.c.Helper()
	var got struct {
		Ref            string
		Code, AddCause int
	}
	if err := s.c.p.Next(s.c.ctx, "termination", &got); err != nil {
		s.c.Fatal(err)
	}
	good := want == model.AddCauseNone
	if got.Ref != s.ref || good != (got.Code == 0) || !good && got.AddCause != int(want) {
		s.c.Errorf("termination %+v, want %s", got, want)
	}
}

func (s *switchgear) state(want bool) {
	s.c.Helper()
	s.c.want(s.ref+".stVal", "ST", object{"bool": want})
}

func TestTheirControls(t *testing.T) {
	theirClient(t, "control", func(c *theirs) {
		controls := []*switchgear{}
		for i, ref := range []string{
			"GWLD0/GGIO1.SPCSO0", "GWLD0/GGIO1.SPCSO1", "GWLD0/GGIO1.SPCSO2", "GWLD0/GGIO1.SPCSO3", "GWLD0/GGIO1.SPCSO4",
		} {
			s := c.control(ref)
			if s.model != i {
				t.Errorf("%s: control model %d", ref, s.model)
			}
			controls = append(controls, s)
		}
		// Direct, with normal security.
		s := controls[1]
		s.accepted("operate", true, nil)
		s.state(true)
		s.refused("operate", false, model.AddCauseBlockedByMode, args{"test": true}) // the node is on, not in test
		s.state(true)
		c.stimulate("control GWLD0/GGIO1.SPCSO1 refuse 10")
		s.refused("operate", false, model.AddCauseBlockedByInterlocking, nil)
		s.state(true)
		// Select before operate, with normal security.
		s = controls[2]
		s.refused("operate", true, model.AddCauseNotSelected, nil)
		s.accepted("select", false, nil)
		s.accepted("operate", true, nil)
		s.state(true)
		s.accepted("select", false, nil)
		s.accepted("cancel", false, nil)
		s.refused("operate", false, model.AddCauseNotSelected, nil)
		// Direct, with enhanced security.
		s = controls[3]
		s.accepted("operate", true, nil)
		s.ended(model.AddCauseNone)
		s.state(true)
		s.accepted("operate", false, args{"at": time.Now().Add(time.Second).UnixMilli()})
		s.state(true) // its time has not come
		s.ended(model.AddCauseNone)
		s.state(false)
		s.accepted("operate", true, nil)
		s.ended(model.AddCauseNone)
		c.stimulate("control GWLD0/GGIO1.SPCSO3 fail 9")
		s.accepted("operate", false, nil)
		s.ended(model.AddCauseBlockedByProcess)
		s.state(true)
		// Select before operate, with enhanced security.
		s = controls[4]
		s.refused("operate", true, model.AddCauseNotSelected, nil)
		s.accepted("selectWithValue", true, args{"interlock": true})
		s.accepted("operate", true, args{"interlock": true})
		s.ended(model.AddCauseNone)
		s.state(true)
		s.accepted("selectWithValue", false, nil)
		s.accepted("cancel", false, nil)
		c.stimulate("control GWLD0/GGIO1.SPCSO4 refuse 11")
		s.refused("selectWithValue", false, model.AddCauseBlockedBySynchrocheck, nil)
	})
}

// TestTheirLock: an object that one client has selected is another's until then.
func TestTheirLock(t *testing.T) {
	theirClient(t, "lock", func(c *theirs) {
		first := c.control("GWLD0/GGIO1.SPCSO4")
		first.accepted("selectWithValue", true, nil)
		owner := c.con
		c.con += "2"
		c.connect()
		second := c.control("GWLD0/GGIO1.SPCSO4")
		second.refused("selectWithValue", true, model.AddCauseLockedByOtherClient, nil)
		second.refused("operate", true, model.AddCauseLockedByOtherClient, nil)
		c.do("release", nil, nil)
		c.con = owner
		first.accepted("operate", true, nil)
		first.ended(model.AddCauseNone)
	})
}
