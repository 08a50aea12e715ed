package mmssite

import (
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func settingGroups(e *Env) {
	g, err := e.C.SettingGroups(e.Ctx, model.Ref{LDevice: "GWLD0"})
	e.NoErr("control block", err)
	if b := g.Block(); b.NumOfSG != 3 || b.ActSG != 1 || b.EditSG != 0 {
		e.Errorf("%+v", b)
	}
	str, delay := Ref("GWLD0/PTOC1.StrVal.setMag.f[SE]"), Ref("GWLD0/PTOC1.OpDlTmms.setVal[SE]")
	active := func(what string, str1 float32, delay1 int64) {
		e.Helper()
		rs, err := g.GetActiveValues(e.Ctx, str, delay)
		e.NoErr(what, err)
		if !rs[0].Value.Equal(model.Float32(str1)) || !rs[1].Value.Equal(model.Int(delay1)) {
			e.Errorf("%s: %v, want %v and %v", what, rs, str1, delay1)
		}
	}
	active("at the start", 1.5, 200)
	rs, err := g.GetEditValues(e.Ctx, str)
	if err == nil {
		err = rs[0].Err
	}
	if err == nil && e.Peer != "libiec61850" { // which shows the values of no group
		e.Error("values under edit without a group that is edited")
	}
	e.NoErr("edit", g.SelectEdit(e.Ctx, 2))
	errs, err := g.SetEditValues(e.Ctx, []model.Ref{str, delay}, []model.Value{model.Float32(2.5), model.Int(300)})
	e.NoErr("set", err)
	for _, err := range errs {
		e.NoErr("set", err)
	}
	e.NoErr("confirm", g.Confirm(e.Ctx))
	active("group 1 is in force still", 1.5, 200)
	e.NoErr("activate", g.SelectActive(e.Ctx, 2))
	active("group 2", 2.5, 300)
	if b, err := g.Refresh(e.Ctx); err != nil || b.ActSG != 2 {
		e.Errorf("%+v, %v", b, err)
	}
	e.WantErr("no such group", g.SelectActive(e.Ctx, 4), mms.ObjectValueInvalid)
	e.NoErr("edit", g.SelectEdit(e.Ctx, 1))
	_, err = g.SetEditValues(e.Ctx, []model.Ref{str}, []model.Value{model.Float32(9)})
	e.NoErr("set", err)
	e.NoErr("cancel", g.Cancel(e.Ctx))
	e.NoErr("activate", g.SelectActive(e.Ctx, 1))
	active("what was not confirmed", 1.5, 200)
}
