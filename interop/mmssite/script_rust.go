package mmssite

import (
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// RustScripts are the sessions of our client with the server of iec61850, as far as that serves StationSCL. It does not
// list the components of report control blocks or describe their types, refuses to read a buffered one whole, names no data
// set in an unbuffered one, and has no journals in its lists: reports and logs need another server.
var RustScripts = map[string]func(e *Env){
	"browse": rustBrowse, "read": rustRead, "write": rustWrite, "control": rustControl,
}

func rustBrowse(e *Env) {
	want, err := StationModel()
	e.NoErr("model", err)
	got, err := e.C.Discover(e.Ctx)
	e.NoErr("discover", err)
	for _, d := range want.Devices {
		g, ok := got.Device(d.Name)
		if !ok || len(g.Nodes) != len(d.Nodes) {
			e.Errorf("%s: %+v", d.Name, g)
			continue
		}
		for _, n := range d.Nodes {
			o, _ := g.Node(n.Name())
			for _, x := range n.Objects {
				if _, ok := o.Object(x.Name); !ok {
					e.Errorf("%s/%s.%s is missing", d.Name, n.Name(), x.Name)
				}
			}
		}
	}
}

func rustRead(e *Env) {
	e.Stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 2.5")
	e.WantValue("GWLD0/GGIO1.AnIn2.mag.f[MX]", model.Float32(2.5))
	e.WantValue("GWLD0/GGIO1.AnIn2.mag[MX]", model.Struct(model.Float32(2.5)))
	_, err := e.C.ReadOne(e.Ctx, Ref("GWLD0/GGIO1.Nope.stVal[ST]"))
	e.WantErr("unknown object", err, mms.ObjectNonExistent)
}

func rustWrite(e *Env) {
	set := Ref("GWLD0/GGIO1.ModeSet.setVal[SP]")
	e.NoErr("write", e.C.Write(e.Ctx, set, model.Int(2)))
	e.WantValue(set.String(), model.Int(2))
	// It answers a write of a setting that is a float with object-access-unsupported.
	e.WantErr("float", e.C.Write(e.Ctx, Ref("GWLD0/GGIO1.Set1.setMag.f[SP]"), model.Float32(7.5)), mms.ObjectAccessUnsupported)
	if err := e.C.Write(e.Ctx, Ref("GWLD0/GGIO1.Ind1.stVal[ST]"), model.Bool(true)); err == nil {
		e.Error("a process value was written")
	}
}

func rustControl(e *Env) {
	for i, ref := range PlainControls {
		k := e.control(ref, model.ControlModel(i+1)) //nolint:gosec // 1 to 4
		e.operate(k, true)
		e.WantValue(ref+".stVal[ST]", model.Bool(true))
		e.Stimulate("control " + ref + " refuse 10")
		if _, err := k.Operate(e.Ctx, model.Bool(false), client.OperateOptions{}); err == nil {
			e.Errorf("%s was not refused", ref)
		}
		e.WantValue(ref+".stVal[ST]", model.Bool(true))
	}
}
