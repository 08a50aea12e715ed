package mmssite

import (
	"slices"
	"strings"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// OpenScripts are the sessions of our client with the server of OpenIEC61850, as far as that serves StationSCL. It does not
// answer Identify and Conclude, knows the values of instances only, no setting groups, logs and files, and no control model
// but direct and SBO with normal security; its buffered blocks send nothing. A reference below an object that it does not
// have, or into an element of an array ends its association.
var OpenScripts = map[string]func(e *Env){
	"browse": openBrowse, "read": openRead, "write": openWrite, "data-sets": openDataSets, "urcb": urcb, "control": openControl,
}

func openBrowse(e *Env) {
	want, err := StationModel()
	e.NoErr("model", err)
	got, err := e.C.Discover(e.Ctx)
	e.NoErr("discover", err)
	for l := range want.Walk() {
		if _, ok := got.Find(l.Ref); !ok {
			e.Errorf("%s[%s] is missing", l.Ref, l.Ref.FC)
		}
	}
	for _, d := range want.Devices {
		g, _ := got.Device(d.Name)
		for _, n := range d.Nodes {
			o, ok := g.Node(n.Name())
			if !ok || len(o.Objects) != len(n.Objects) || len(o.Reports) != len(n.Reports) {
				e.Errorf("%s/%s: %+v", d.Name, n.Name(), o)
				continue
			}
			for _, ds := range n.DataSets {
				if x, ok := o.DataSet(ds.Name); !ok || !slices.Equal(x.Members, ds.Members) {
					e.Errorf("data set %s: %+v", ds.Name, x)
				}
			}
		}
	}
}

func openRead(e *Env) {
	e.Stimulate("set GWLD0/GGIO1.AnIn1.mag.f[MX] float 2.5")
	e.WantValue("GWLD0/GGIO1.AnIn1.mag.f[MX]", model.Float32(2.5))
	e.WantValue("GWLD0/GGIO1.AnIn1.mag[MX]", model.Struct(model.Float32(2.5)))
	e.WantValue("GWLD0/GGIO1.SPCSO4.ctlModel[CF]", model.Int(4))
	e.WantValue("GWLD0/MHAI1.HA.phsAHar(2)[MX]", model.Struct(model.Struct(model.Float32(0)), model.Struct(model.Float32(0))))
	rs, err := e.C.Read(e.Ctx, Ref("GWLD0/GGIO1.AnIn1.q[MX]"), Ref("GWLD0/GGIO1.Nope[MX]"), Ref("GWLD0/LLN0.brcb01[BR]"))
	e.NoErr("read", err)
	if q, ok := rs[0].Value.AsQuality(); rs[0].Err != nil || !ok || q != 0 {
		e.Errorf("quality %v", rs[0])
	}
	e.WantErr("unknown object", rs[1].Err, mms.ObjectNonExistent)
	if rs[2].Err != nil || rs[2].Value.Len() < 13 || !rs[2].Value.At(0).Equal(model.Visible("buf")) {
		e.Errorf("control block %v", rs[2])
	}
	// What the whole of it has: every object with every functional constraint.
	m, err := StationModel()
	e.NoErr("model", err)
	var all []model.Ref
	for l := range m.Walk() {
		r := l.Ref
		r.Path, _, _ = strings.Cut(r.Path, ".")
		if r.FC != model.CO && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	rs, err = e.C.Read(e.Ctx, all...)
	e.NoErr("read", err)
	for i, r := range rs {
		if r.Err != nil || r.Value.Kind() != model.KindStruct {
			e.Errorf("%s: %v", all[i], r)
		}
	}
}

func openWrite(e *Env) {
	one := Ref("GWLD0/GGIO1.Set1.setMag.f[SP]")
	e.NoErr("write", e.C.Write(e.Ctx, one, model.Float32(7.5)))
	e.WantValue(one.String(), model.Float32(7.5))
	e.NoErr("write", e.C.Write(e.Ctx, Ref("GWLD0/GGIO1.Set1.setMag[SP]"), model.Struct(model.Float32(8.5))))
	e.WantValue(one.String(), model.Float32(8.5))
	e.NoErr("write", e.C.Write(e.Ctx, Ref("GWLD0/LLN0.NamPlt.d[DC]"), model.Visible("a description")))
	e.WantValue("GWLD0/LLN0.NamPlt.d[DC]", model.Visible("a description"))
	e.WantErr("process value", e.C.Write(e.Ctx, Ref("GWLD0/GGIO1.Ind1.stVal[ST]"), model.Bool(true)), mms.ObjectAccessDenied)
	e.WantErr("type", e.C.Write(e.Ctx, one, model.Bool(true)), mms.TypeInconsistent)
	errs, err := e.C.WriteMany(e.Ctx, []model.Ref{one, Ref("GWLD0/GGIO1.Ind1.stVal[ST]")}, []model.Value{model.Float32(9), model.Bool(true)})
	e.NoErr("write", err)
	if len(errs) != 2 || errs[0] != nil || errs[1] == nil {
		e.Errorf("results %v", errs)
	}
	e.WantValue(one.String(), model.Float32(9))
}

func openDataSets(e *Env) {
	four := Ref("GWLD0/LLN0.Four")
	members, deletable, err := e.C.DataSetDirectory(e.Ctx, four)
	e.NoErr("directory", err)
	if len(members) != 4 || deletable || members[3] != Ref("GWLD1/GGIO9.Ind1.stVal[ST]") {
		e.Errorf("members %v, deletable %v", members, deletable)
	}
	want := []model.Ref{Ref("GWLD0/GGIO1.Set1.setMag.f[SP]"), Ref("GWLD0/GGIO1.Ind1.stVal[ST]")}
	// Names of an association have the @ of their reference there.
	for _, ds := range []model.Ref{Ref("GWLD0/LLN0.mine"), {Path: "@mine"}} {
		e.NoErr("define", e.C.DefineDataSet(e.Ctx, ds, want...))
		members, deletable, err := e.C.DataSetDirectory(e.Ctx, ds)
		e.NoErr("directory", err)
		if !slices.Equal(members, want) || !deletable {
			e.Errorf("%s: members %v, deletable %v", ds, members, deletable)
		}
		if ds.LDevice != "" { // it cannot write the others
			errs, err := e.C.WriteDataSet(e.Ctx, ds, model.Float32(3.5), model.Bool(true))
			if err != nil || len(errs) != 2 || errs[0] != nil || errs[1] == nil {
				e.Errorf("write: %v, %v", errs, err)
			}
		}
		values, err := e.C.ReadDataSet(e.Ctx, ds)
		e.NoErr("read", err)
		if len(values) != 2 || !values[0].Value.Equal(model.Float32(3.5)) || !values[1].Value.Equal(model.Bool(false)) {
			e.Errorf("values %v", values)
		}
		e.NoErr("delete", e.C.DeleteDataSet(e.Ctx, ds))
		if _, _, err := e.C.DataSetDirectory(e.Ctx, ds); err == nil {
			e.Errorf("%s is still there", ds)
		}
	}
	if err := e.C.DeleteDataSet(e.Ctx, four); err == nil {
		e.Error("the configured data set was deleted")
	}
}

func openControl(e *Env) {
	state := func(ref string, want bool) {
		e.Helper()
		e.WantValue(ref+".stVal[ST]", model.Bool(want))
	}
	opt := client.OperateOptions{}
	for _, all := range [][]string{Controls, PlainControls} {
		k := e.control(all[0], 1)
		e.operate(k, true)
		state(all[0], true)
		e.Stimulate("control " + all[0] + " refuse 10") // it gives no cause
		_, err := k.Operate(e.Ctx, model.Bool(false), opt)
		e.refused("direct", err, "operate")
		state(all[0], true)

		k = e.control(all[1], 2)
		e.NoErr("select", k.Select(e.Ctx, model.Bool(true), opt))
		e.operate(k, true)
		state(all[1], true)
		e.refused("cancel", k.Cancel(e.Ctx), "cancel") // which it does not know

		for i, kind := range []model.ControlModel{3, 4} { // nor these models
			k = e.control(all[2+i], kind)
			_, err = k.Operate(e.Ctx, model.Bool(true), opt)
			e.refused("enhanced", err, []string{"operate", "select"}[i])
			state(all[2+i], false)
		}
	}
}
