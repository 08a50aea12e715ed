package mmssite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// An Env is what a script of our client has: an association with a server that serves StationSCL, of another
// implementation or out of a recorded flow.
type Env struct {
	testing.TB
	Ctx       context.Context
	C         *client.Client
	Stimulate func(text string)
	Peer      string // the implementation
}

// Scripts are the sessions of our client, by the names of their flows.
var Scripts = map[string]func(e *Env){
	"password":  func(e *Env) { e.WantValue("GWLD0/LLN0.Beh.stVal[ST]", model.Int(1)) },
	"browse":    browse,
	"read":      read,
	"write":     write,
	"data-sets": dataSets,
	"urcb":      urcb,
	"brcb":      brcb,
	"control":   control,

	"setting-groups": settingGroups,
	"files":          fileServices,
}

// Ref parses a reference of the test.
func Ref(s string) model.Ref {
	r, err := model.ParseRef(s)
	if err != nil {
		panic(err)
	}
	return r
}

// NoErr ends the script when there is an error.
func (e *Env) NoErr(what string, err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("%s: %v", what, err)
	}
}

// WantErr wants one of the errors.
func (e *Env) WantErr(what string, err error, want ...error) {
	e.Helper()
	if !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
		e.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// WantValue reads and compares.
func (e *Env) WantValue(ref string, want model.Value) {
	e.Helper()
	got, err := e.C.ReadOne(e.Ctx, Ref(ref))
	if err != nil || !got.Equal(want) {
		e.Errorf("%s: %v, %v, want %v", ref, got, err, want)
	}
}

// noArrays: arrays of structures cannot be made with the functions by which libiec61850's server gets its model here.
func (e *Env) noArrays() bool { return e.Peer == "libiec61850" }

func browse(e *Env) {
	want, err := StationModel()
	e.NoErr("model", err)
	id, err := e.C.Identify(e.Ctx)
	e.NoErr("identify", err)
	if id.Vendor == "" {
		e.Errorf("identity %+v", id)
	}
	got, err := e.C.Discover(e.Ctx)
	e.NoErr("discover", err)
	if len(got.Devices) != len(want.Devices) {
		e.Fatalf("%d logical devices", len(got.Devices))
	}
	for l := range want.Walk() {
		if l.Ref.FC == model.SG || l.Ref.FC == model.SE {
			continue // both are there, whatever the file says
		}
		if e.noArrays() && strings.Contains(l.Ref.Path, "(") {
			continue
		}
		if t, ok := got.Find(l.Ref); !ok || t.FC != l.Ref.FC {
			e.Errorf("%s is missing, or has FC %s", l.Ref, t.FC)
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

func read(e *Env) {
	e.Stimulate("set GWLD0/GGIO1.AnIn1.mag.f[MX] float 2.5")
	e.WantValue("GWLD0/GGIO1.AnIn1.mag.f[MX]", model.Float32(2.5))
	e.WantValue("GWLD0/GGIO1.AnIn1.mag[MX]", model.Struct(model.Float32(2.5)))
	e.WantValue("GWLD0/GGIO1.SPCSO4.ctlModel[CF]", model.Int(4))
	e.WantValue("GWLD0/LLN0.NamPlt.vendor[DC]", model.Visible("Gridward"))
	if !e.noArrays() {
		e.WantValue("GWLD0/MHAI1.HA.phsAHar(2).mag.f[MX]", model.Float32(0))
	}
	rs, err := e.C.Read(e.Ctx, Ref("GWLD0/GGIO1.AnIn1.q[MX]"), Ref("GWLD0/GGIO1.Nope.q[MX]"), Ref("GWLD0/GGIO1[ST]"))
	e.NoErr("read", err)
	if q, ok := rs[0].Value.AsQuality(); rs[0].Err != nil || !ok || q != 0 {
		e.Errorf("quality %v", rs[0])
	}
	e.WantErr("unknown object", rs[1].Err, mms.ObjectNonExistent)
	if rs[2].Err != nil || rs[2].Value.Len() < 7 {
		e.Errorf("logical node %v", rs[2])
	}
}

func write(e *Env) {
	one := Ref("GWLD0/GGIO1.Set1.setMag.f[SP]")
	e.NoErr("write", e.C.Write(e.Ctx, one, model.Float32(7.5)))
	e.WantValue(one.String(), model.Float32(7.5))
	e.NoErr("write", e.C.Write(e.Ctx, Ref("GWLD0/LLN0.NamPlt.d[DC]"), model.Visible("a description")))
	e.WantValue("GWLD0/LLN0.NamPlt.d[DC]", model.Visible("a description"))
	e.WantErr("process value", e.C.Write(e.Ctx, Ref("GWLD0/GGIO1.Ind1.stVal[ST]"), model.Bool(true)), mms.ObjectAccessDenied)
	e.WantErr("unknown object", e.C.Write(e.Ctx, Ref("GWLD0/GGIO1.Nope.setVal[SP]"), model.Bool(true)), mms.ObjectNonExistent, mms.ObjectAccessDenied)
	errs, err := e.C.WriteMany(e.Ctx, []model.Ref{one, Ref("GWLD0/GGIO1.Ind1.stVal[ST]")}, []model.Value{model.Float32(9), model.Bool(true)})
	e.NoErr("write", err)
	if len(errs) != 2 || errs[0] != nil || errs[1] == nil {
		e.Errorf("results %v", errs)
	}
	e.WantValue(one.String(), model.Float32(9))
}

func dataSets(e *Env) {
	four := Ref("GWLD0/LLN0.Four")
	members, deletable, err := e.C.DataSetDirectory(e.Ctx, four)
	e.NoErr("directory", err)
	if len(members) != 4 || deletable || members[3] != Ref("GWLD1/GGIO9.Ind1.stVal[ST]") {
		e.Errorf("members %v, deletable %v", members, deletable)
	}
	values, err := e.C.ReadDataSet(e.Ctx, four)
	e.NoErr("read", err)
	if len(values) != 4 || !values[3].Value.Equal(model.Bool(false)) {
		e.Errorf("values %v", values)
	}
	want := []model.Ref{Ref("GWLD0/GGIO1.AnIn1.mag.f[MX]"), Ref("GWLD0/GGIO1.Ind1.stVal[ST]")}
	for _, ds := range []model.Ref{Ref("GWLD0/LLN0.mine"), {Path: "mine"}} {
		e.NoErr("define", e.C.DefineDataSet(e.Ctx, ds, want...))
		members, deletable, err := e.C.DataSetDirectory(e.Ctx, ds)
		e.NoErr("directory", err)
		if !slices.Equal(members, want) || !deletable {
			e.Errorf("%s: members %v, deletable %v", ds, members, deletable)
		}
		values, err := e.C.ReadDataSet(e.Ctx, ds)
		e.NoErr("read", err)
		if len(values) != 2 || !values[1].Value.Equal(model.Bool(false)) {
			e.Errorf("values %v", values)
		}
		if err := e.C.DefineDataSet(e.Ctx, ds, want...); err == nil {
			e.Errorf("%s was defined twice", ds)
		}
		e.NoErr("delete", e.C.DeleteDataSet(e.Ctx, ds))
		if _, _, err := e.C.DataSetDirectory(e.Ctx, ds); err == nil {
			e.Errorf("%s is still there", ds)
		}
	}
	if err := e.C.DeleteDataSet(e.Ctx, four); err == nil {
		e.Error("the configured data set was deleted")
	}
	if err := e.C.DefineDataSet(e.Ctx, Ref("GWLD0/LLN0.bad"), Ref("GWLD0/GGIO1.Nope.stVal[ST]")); err == nil {
		e.Error("a data set of an unknown object")
	}
}

// reports subscribes and gives the reports.
func (e *Env) reports(rcb string, opt client.ReportOptions) (*client.Subscription, <-chan *client.Report) {
	e.Helper()
	got := make(chan *client.Report, 100)
	sub, err := e.C.Subscribe(e.Ctx, Ref(rcb), opt, func(r *client.Report) { got <- r })
	e.NoErr("subscribe", err)
	return sub, got
}

func (e *Env) wantReport(got <-chan *client.Report, reason client.Reason, members ...string) *client.Report {
	e.Helper()
	select {
	case r := <-got:
		var refs []string
		for _, x := range r.Entries {
			refs = append(refs, x.Ref.String())
			if x.Reason != reason {
				e.Errorf("%s: reason %s, want %s", x.Ref, x.Reason, reason)
			}
		}
		if !slices.Equal(refs, members) {
			e.Errorf("report of %q, want %q", refs, members)
		}
		if r.Gap {
			e.Errorf("a gap before %d", r.SqNum)
		}
		return r
	case <-time.After(10 * time.Second):
		e.Fatalf("no report, waiting for %s of %q", reason, members)
		return nil
	}
}

var four = []string{"GWLD0/GGIO1.AnIn1[MX]", "GWLD0/GGIO1.AnIn2.mag.f[MX]", "GWLD0/GGIO1.Ind1[ST]", "GWLD1/GGIO9.Ind1.stVal[ST]"}

const (
	ind1  = "set GWLD0/GGIO1.Ind1.stVal[ST] bool true"
	anIn2 = "set GWLD0/GGIO1.AnIn2.mag.f[MX] float "
)

func urcb(e *Env) {
	sub, got := e.reports("GWLD0/LLN0.urcb01[RP]", client.ReportOptions{
		Triggers: model.TrgDataChange | model.TrgQualityChange | model.TrgIntegrity | model.TrgGI, IntegrityPd: 400 * time.Millisecond,
	})
	e.Stimulate(ind1)
	r := e.wantReport(got, client.ReasonDataChange, four[2])
	if r.SqNum != 0 || r.ConfRev == 0 || r.TimeOfEntry.IsZero() || r.EntryID != "" {
		e.Errorf("%+v", r)
	}
	e.NoErr("GI", sub.GI(e.Ctx))
	e.wantReport(got, client.ReasonGI, four...)
	e.wantReport(got, client.ReasonIntegrity, four...)
	e.NoErr("close", sub.Close(e.Ctx))
}

func brcb(e *Env) {
	opt := client.ReportOptions{Triggers: model.TrgDataChange | model.TrgQualityChange | model.TrgGI, PurgeBuf: true}
	sub, got := e.reports("GWLD0/LLN0.brcb01[BR]", opt)
	e.Stimulate(ind1)
	first := e.wantReport(got, client.ReasonDataChange, four[2])
	e.Stimulate(anIn2 + "4.5")
	e.wantReport(got, client.ReasonDataChange, four[1])
	e.NoErr("close", sub.Close(e.Ctx))
	e.Stimulate(anIn2 + "5.5")
	opt.EntryID, opt.PurgeBuf = first.EntryID, false
	sub, got = e.reports("GWLD0/LLN0.brcb01[BR]", opt)
	if !sub.Resynced() {
		e.Error("not resynchronised")
	}
	for _, want := range []float32{4.5, 5.5} {
		r := e.wantReport(got, client.ReasonDataChange, four[1])
		if len(r.Entries) != 1 || !r.Entries[0].Value.Equal(model.Float32(want)) || r.BufOvfl || len(r.EntryID) != 8 {
			e.Errorf("%+v, want %v", r, want)
		}
	}
	e.NoErr("GI", sub.GI(e.Ctx))
	e.wantReport(got, client.ReasonGI, four...)
	e.NoErr("close", sub.Close(e.Ctx))
}
