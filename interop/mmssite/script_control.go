package mmssite

import (
	"errors"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/model"
)

func (e *Env) control(ref string, want model.ControlModel) *client.Control {
	e.Helper()
	k, err := e.C.Control(e.Ctx, Ref(ref))
	e.NoErr(ref, err)
	if k.Model() != want {
		e.Errorf("%s: %s", ref, k.Model())
	}
	return k
}

func (e *Env) operate(k *client.Control, on bool) {
	e.Helper()
	_, err := k.Operate(e.Ctx, model.Bool(on), client.OperateOptions{})
	if err != nil {
		e.Errorf("%s: %v", k.Ref(), err)
	}
}

// refused wants an AddCause; none: a refusal without.
func (e *Env) refused(what string, err error, step string, want ...model.AddCause) {
	e.Helper()
	var c *client.ControlError
	if !errors.As(err, &c) || c.Step != step {
		e.Errorf("%s: %v", what, err)
		return
	}
	for _, w := range want {
		if c.HasAddCause && c.AddCause == w {
			return
		}
	}
	if len(want) > 0 {
		e.Errorf("%s: %v, want %v", what, err, want)
	}
}

func control(e *Env) {
	state := func(ref string, want bool) {
		e.Helper()
		e.WantValue(ref+".stVal[ST]", model.Bool(want))
	}
	opt := client.OperateOptions{}
	e.control("GWLD0/GGIO1.SPCSO0", 0)

	k := e.control(Controls[0], 1)
	e.operate(k, true)
	state(Controls[0], true)
	e.Stimulate("control " + Controls[0] + " refuse 10")
	_, err := k.Operate(e.Ctx, model.Bool(false), opt)
	e.refused("direct", err, "operate", model.AddCauseBlockedByInterlocking)
	state(Controls[0], true)

	k = e.control(Controls[1], 2)
	e.operate(k, true) // selects first
	state(Controls[1], true)
	e.NoErr("select", k.Select(e.Ctx, model.Bool(false), opt))
	e.NoErr("cancel", k.Cancel(e.Ctx))

	k = e.control(Controls[2], 3)
	e.operate(k, true)
	state(Controls[2], true)
	timed, err := k.TimeActivatedOperate(e.Ctx, model.Bool(false), time.Now().Add(time.Second), opt)
	e.NoErr("time-activated operate", err)
	state(Controls[2], true) // its time has not come
	_, err = timed.Wait(e.Ctx)
	e.NoErr("time-activated operate", err)
	state(Controls[2], false)
	e.operate(k, true)
	e.Stimulate("control " + Controls[2] + " fail 9")
	_, err = k.Operate(e.Ctx, model.Bool(false), opt)
	e.refused("enhanced", err, "termination", model.AddCauseBlockedByProcess)
	state(Controls[2], true)

	k = e.control(Controls[3], 4)
	e.operate(k, true)
	state(Controls[3], true)
	e.NoErr("select", k.Select(e.Ctx, model.Bool(false), opt))
	e.NoErr("cancel", k.Cancel(e.Ctx))
	e.Stimulate("control " + Controls[3] + " refuse 11")
	e.refused("select", k.Select(e.Ctx, model.Bool(false), opt), "select", model.AddCauseBlockedBySynchrocheck)
}
