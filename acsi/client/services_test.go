package client_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// everyService runs a test against a server with setting groups, publishers' blocks, substitution and tracking, over
// every path.
func everyService(t *testing.T, f func(t *testing.T, s *site)) {
	b, err := os.ReadFile("../server/testdata/services.icd")
	noErr(t, err)
	file, err := scl.Parse("services.icd", b, scl.Limits{})
	noErr(t, err)
	m, err := file.Server("T", "AP")
	noErr(t, err)
	for name, p := range paths {
		t.Run(name, func(t *testing.T) { overWith(t, p(), func(c *server.Config) { c.Model = m }, f) })
	}
}

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

func text(s string) *string { return &s }

func TestSettingGroups(t *testing.T) {
	strVal, delay := ref("TLD0/PTOC1.StrVal.setMag.f"), ref("TLD0/PTOC1.OpDlTmms.setVal")
	everyService(t, func(t *testing.T, s *site) {
		ctx := t.Context()
		a, b := s.client("a", client.Options{}), s.client("b", client.Options{})
		g, err := a.SettingGroups(ctx, model.Ref{LDevice: "TLD0"})
		noErr(t, err)
		if want := (client.SGCB{NumOfSG: 3, ActSG: 2, ResvTms: 60, HasResvTms: true}); g.Block() != want {
			t.Errorf("block %+v, want %+v", g.Block(), want)
		}
		other, err := b.SettingGroups(ctx, ref("TLD0/LLN0"))
		noErr(t, err)
		settings, err := g.Settings(ctx)
		noErr(t, err)
		if len(settings) != 11 || settings[0] != ref("TLD0/PTOC1.StrVal.setMag.f[SG]") || settings[10] != ref("TLD0/PTOC1.TmACrv.crvPts(2).yVal[SG]") {
			t.Errorf("settings %v", settings)
		}

		noErr(t, g.SelectEdit(ctx, 3))
		wantErr(t, "another edits", other.SelectEdit(ctx, 1), mms.TemporarilyUnavailable)
		rs, err := other.GetEditValues(ctx, strVal)
		noErr(t, err)
		wantErr(t, "another's buffer", rs[0].Err, mms.TemporarilyUnavailable)
		errs, err := g.SetEditValues(ctx, []model.Ref{strVal, delay, ref("TLD0/PTOC1.TmACrv.crvPts(1).xVal")},
			[]model.Value{model.Int(345), model.Float64(35), model.Float64(1.5)}) // fitted
		noErr(t, err)
		noErr(t, errors.Join(errs...))
		rs, err = g.GetEditValues(ctx, strVal, delay)
		noErr(t, err)
		if !rs[0].Value.Equal(model.Float32(345)) || !rs[1].Value.Equal(model.Int(35)) {
			t.Errorf("edited %+v", rs)
		}
		noErr(t, g.SetResvTms(ctx, 30))
		noErr(t, g.Confirm(ctx))
		noErr(t, other.SelectActive(ctx, 3))
		rs, err = g.GetActiveValues(ctx, strVal, ref("TLD0/PTOC1.TmACrv.crvPts(1).xVal"))
		noErr(t, err)
		if !rs[0].Value.Equal(model.Float32(345)) || !rs[1].Value.Equal(model.Float32(1.5)) {
			t.Errorf("active %+v", rs)
		}
		now, err := g.Refresh(ctx)
		noErr(t, err)
		if now.ActSG != 3 || now.EditSG != 0 || now.LActTm == 0 {
			t.Errorf("block %+v", now)
		}
		wantErr(t, "no such group", g.SelectActive(ctx, 4), mms.ObjectValueInvalid)
		wantErr(t, "nothing to confirm", g.Confirm(ctx), mms.TemporarilyUnavailable)

		noErr(t, g.SelectEdit(ctx, 1))
		noErr(t, g.Cancel(ctx))
		noErr(t, other.SelectEdit(ctx, 1))
		b.Close()
		<-b.Done()
		synctest.Wait()
		noErr(t, g.SelectEdit(ctx, 1)) // free again
		if _, err := a.SettingGroups(ctx, model.Ref{LDevice: "TLD1"}); err == nil {
			t.Error("a device without setting groups has some")
		}
	})
}

func TestPublishersBlocks(t *testing.T) {
	everyService(t, func(t *testing.T, s *site) {
		ctx := t.Context()
		for _, name := range []string{"gocb", "msvcb", "usvcb"} {
			noErr(t, s.srv.HandleControlBlock(model.Ref{LDevice: "TLD0", LN: "LLN0", Path: name}, func(*model.Principal, server.BlockState) error { return nil }))
		}
		c := s.client("a", client.Options{})
		gocb := ref("TLD0/LLN0.gocb[GO]")
		ds := client.DataSetText(ref("TLD0/LLN0.Sets"))
		noErr(t, c.SetGoCB(ctx, gocb, client.GoCBSettings{GoEna: yes(), GoID: text("id"), DatSet: &ds}))
		g, err := c.GetGoCB(ctx, gocb)
		noErr(t, err)
		want := client.GoCB{
			Ref: gocb, GoEna: true, GoID: "id", DatSet: "TLD0/LLN0$Sets", ConfRev: 3, MinTime: 4 * time.Millisecond, MaxTime: time.Second,
			DstAddress: model.MulticastAddress{MAC: [6]byte{1, 0x0c, 0xcd, 1, 0, 7}, AppID: 0x3007, VLAN: 5, Priority: 4, Set: true},
		}
		if *g != want {
			t.Errorf("%+v, want %+v", *g, want)
		}
		wantErr(t, "enabled", c.SetGoCB(ctx, gocb, client.GoCBSettings{GoID: text("x")}), mms.TemporarilyUnavailable)
		noErr(t, c.SetGoCB(ctx, gocb, client.GoCBSettings{GoEna: no(), GoID: text("x")})) // in the right order

		rate, opt := uint32(256), uint16(1<<8|1<<6)
		noErr(t, c.SetMSVCB(ctx, ref("TLD0/LLN0.msvcb"), client.SVCBSettings{SvEna: yes(), ID: text("m"), SmpRate: &rate, OptFlds: &opt}))
		m, err := c.GetMSVCB(ctx, ref("TLD0/LLN0.msvcb"))
		noErr(t, err)
		if !m.SvEna || m.ID != "m" || m.SmpRate != 256 || m.OptFlds != opt || m.NoASDU != 1 || m.DstAddress.AppID != 0x4007 || m.DatSet != "TLD0/LLN0$Meas" {
			t.Errorf("%+v", m)
		}
		usvcb := ref("TLD0/LLN0.usvcb[US]")
		noErr(t, c.SetUSVCB(ctx, usvcb, client.SVCBSettings{Resv: yes(), ID: text("u")}))
		wantErr(t, "reserved", s.client("b", client.Options{}).SetUSVCB(ctx, usvcb, client.SVCBSettings{SvEna: yes()}), mms.TemporarilyUnavailable)
		u, err := c.GetUSVCB(ctx, usvcb)
		noErr(t, err)
		if !u.Resv || u.SvEna || u.ID != "u" {
			t.Errorf("%+v", u)
		}
		noErr(t, c.SetUSVCB(ctx, usvcb, client.SVCBSettings{SvEna: yes()}))
		noErr(t, c.SetUSVCB(ctx, usvcb, client.SVCBSettings{SvEna: no(), Resv: no()}))
		_, err = c.GetGoCB(ctx, ref("TLD0/LLN0.none"))
		if err == nil {
			t.Error("a block that is not there was read")
		}
	})
}

func TestSubstitute(t *testing.T) {
	mv, ind := ref("TLD0/GGIO1.Mv"), ref("TLD0/GGIO1.Ind")
	everyService(t, func(t *testing.T, s *site) {
		ctx := t.Context()
		c := s.client("a", client.Options{})
		noErr(t, c.Substitute(ctx, mv, model.Int(42), model.QInaccurate, "me")) // a number for {f}
		v, err := c.ReadOne(ctx, ref("TLD0/GGIO1.Mv[MX]"))
		noErr(t, err)
		if !v.At(1).At(0).Equal(model.Float32(42)) {
			t.Errorf("Mv %v", v)
		}
		if q, _ := v.At(2).AsQuality(); q != model.QInaccurate|model.QSubstituted {
			t.Errorf("quality %v", q)
		}
		sub, err := c.Substitution(ctx, mv)
		noErr(t, err)
		if !sub.On || sub.ID != "me" || sub.Q != model.QInaccurate || !sub.Value.At(0).Equal(model.Float32(42)) {
			t.Errorf("%+v", sub)
		}
		noErr(t, c.Unsubstitute(ctx, mv))
		noErr(t, c.Block(ctx, ind, true))
		q, err := c.ReadOne(ctx, ref("TLD0/GGIO1.Ind.q[ST]"))
		noErr(t, err)
		if got, _ := q.AsQuality(); got&model.QOperatorBlocked == 0 {
			t.Errorf("quality %v", got)
		}
		noErr(t, c.Block(ctx, ind, false))
		if err := c.Substitute(ctx, ref("TLD0/GGIO1.Plain"), model.Bool(true), 0, ""); err == nil {
			t.Error("an object without FC SV was substituted")
		}
		if err := c.Substitute(ctx, ind, model.Visible("x"), 0, ""); err == nil {
			t.Error("substituted by a text")
		}
	})
}

func TestLogicalNodeDirectory(t *testing.T) {
	everyService(t, func(t *testing.T, s *site) {
		c := s.client("a", client.Options{})
		for class, want := range map[client.Class][]string{
			client.ClassData: {"Beh", "Health"}, client.ClassDataSet: {"Meas", "Sets", "Track"}, client.ClassBRCB: {"buf01"},
			client.ClassURCB: {"meas01", "meas02", "sets01", "sets02", "track01", "track02"}, client.ClassLCB: {"lcb"},
			client.ClassGoCB: {"gocb", "nowhere"}, client.ClassMSVCB: {"msvcb"}, client.ClassUSVCB: {"usvcb"}, client.ClassSGCB: {"SGCB"},
		} {
			got, err := c.LogicalNodeDirectory(t.Context(), ref("TLD0/LLN0"), class)
			noErr(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", class, got, want)
			}
			if back, ok := client.ParseClass(class.String()); !ok || back != class {
				t.Errorf("%s is read as %s", class, back)
			}
		}
		data, err := c.LogicalNodeDirectory(t.Context(), ref("TLD0/PTOC1"), client.ClassData)
		noErr(t, err)
		slices.Sort(data)
		if want := []string{"Beh", "Mode", "Note", "OpDlTmms", "StrVal", "TmACrv"}; !slices.Equal(data, want) {
			t.Errorf("data %v, want %v", data, want)
		}
	})
}

func TestTimeActivatedOperate(t *testing.T) {
	everyService(t, func(t *testing.T, s *site) {
		ctx := t.Context()
		p := &counting{}
		for _, do := range []string{"Spc", "Dpc", "Spn"} { // SBO-enhanced, direct-enhanced, direct-normal
			noErr(t, s.srv.Handle(ref("TLD0/GGIO1."+do), p))
		}
		c := s.client("a", client.Options{})
		executed := 0
		for _, do := range []string{"Spc", "Dpc", "Spn"} {
			k, err := c.Control(ctx, ref("TLD0/GGIO1."+do))
			noErr(t, err)
			at := time.Now().Add(time.Hour).Truncate(time.Second)
			tc, err := k.TimeActivatedOperate(ctx, model.Bool(true), at, client.OperateOptions{})
			noErr(t, err)
			time.Sleep(time.Hour - time.Second - time.Since(at.Add(-time.Hour)))
			if p.executed() != executed {
				t.Errorf("%s: executed before its time", do)
			}
			term, err := tc.Wait(ctx)
			noErr(t, err)
			synctest.Wait()
			executed++
			if p.executed() != executed || time.Now().Before(at) || term.Enhanced != k.Model().Enhanced() || !tc.At().Equal(at) {
				t.Errorf("%s: %d commands at %v, %+v", do, p.executed(), time.Now(), term)
			}

			tc, err = k.TimeActivatedOperate(ctx, model.Bool(false), time.Now().Add(time.Minute), client.OperateOptions{})
			noErr(t, err)
			_, err = k.Operate(ctx, model.Bool(false), client.OperateOptions{})
			wantCause(t, do+": another one waits", err, model.AddCauseCommandInExecution)
			noErr(t, tc.Cancel(ctx))
			_, err = tc.Wait(ctx)
			wantCause(t, do+": canceled", err, model.AddCauseAbortedByCancel)
			time.Sleep(2 * time.Minute)
			if p.executed() != executed {
				t.Errorf("%s: executed though canceled", do)
			}
			if err := tc.Cancel(ctx); err == nil {
				t.Errorf("%s: canceled twice", do)
			}

			for what, at := range map[string]time.Time{"past": time.Now().Add(-time.Second), "too far": time.Now().Add(25 * time.Hour)} {
				_, err = k.TimeActivatedOperate(ctx, model.Bool(true), at, client.OperateOptions{})
				wantCause(t, do+": "+what, err, model.AddCauseTimeLimitOver)
				_ = k.Cancel(ctx) // the select, if there is one
			}
		}
		k, err := c.Control(ctx, ref("TLD0/GGIO1.Dpc"))
		noErr(t, err)
		tc, err := k.TimeActivatedOperate(ctx, model.Bool(true), time.Now().Add(time.Minute), client.OperateOptions{})
		noErr(t, err)
		s.path.cut(s)
		if _, err = tc.Wait(ctx); err == nil {
			t.Error("no error from a lost association")
		}
		time.Sleep(2 * time.Minute)
		if p.executed() != executed {
			t.Error("executed though its association was lost")
		}
	})
}

// counting is a ControlHandler that counts what it executes.
type counting struct{ n atomic.Int32 }

func (c *counting) Check(*server.Command) model.AddCause { return model.AddCauseNone }

func (c *counting) Operate(_ *server.Command, done func(model.AddCause)) {
	c.n.Add(1)
	done(model.AddCauseNone)
}

func (c *counting) executed() int { return int(c.n.Load()) }

func wantCause(t testing.TB, what string, err error, cause model.AddCause) {
	t.Helper()
	var e *client.ControlError
	if !errors.As(err, &e) || !e.HasAddCause || e.AddCause != cause {
		t.Errorf("%s: %v, want %v", what, err, cause)
	}
}

// What a server has beside data and reports is discovered as SCL describes it.
func TestDiscoverServices(t *testing.T) {
	everyService(t, func(t *testing.T, s *site) {
		m, err := s.client("a", client.Options{}).Discover(t.Context())
		noErr(t, err)
		d, _ := m.Device("TLD0")
		n, _ := d.Node("LLN0")
		if n.SettingGroups == nil || *n.SettingGroups != (model.SettingControl{NumOfSG: 3, ActSG: 2, ResvTms: 60}) {
			t.Errorf("setting groups %+v", n.SettingGroups)
		}
		if len(n.Goose) != 2 || n.Goose[0].ID != "T/go" || n.Goose[0].DataSet != "Meas" || n.Goose[0].ConfRev != 2 || n.Goose[0].Address.VLAN != 5 || n.Goose[0].MaxTime != time.Second {
			t.Errorf("GOOSE %+v", n.Goose)
		}
		if len(n.Samples) != 2 || !n.Samples[0].Multicast || n.Samples[1].Multicast || n.Samples[1].ID != "T/usv" || n.Samples[0].SmpRate != 80 || n.Samples[0].SmpMod != "SmpPerPeriod" {
			t.Errorf("sampled values %+v", n.Samples)
		}
		if len(n.Logs) != 1 || n.Logs[0].Log != "log" || n.Logs[0].DataSet != "Meas" || n.Logs[0].Triggers != model.TrgDataChange|model.TrgGI {
			t.Errorf("logs %+v", n.Logs[0])
		}
		p, _ := d.Node("PTOC1")
		set, ok := p.Find("StrVal.setMag.f", model.SG)
		if !ok || set.Type.Basic != model.BasicFloat32 || set.FC != model.SG {
			t.Errorf("StrVal is %+v", set)
		}
		if mag, ok := p.Find("StrVal.setMag", model.SE); !ok || mag.FC != model.SG {
			t.Errorf("setMag is %+v: not an attribute", mag)
		}
		object, _ := p.Object("StrVal")
		if object.Type.Slots != 2 { // f and units: not once more for the edit buffer
			t.Errorf("StrVal has %d leaves", object.Type.Slots)
		}
	})
}

// Who did what reaches another client in a report of the tracking objects.
func TestTrackingReaches(t *testing.T) {
	everyService(t, func(t *testing.T, s *site) {
		ctx := t.Context()
		var box inbox
		_, err := s.client("auditor", client.Options{}).Subscribe(ctx, ref("TLD0/LLN0.track01[RP]"), client.ReportOptions{}, box.add)
		noErr(t, err)
		g, err := s.client("engineer", client.Options{}).SettingGroups(ctx, model.Ref{LDevice: "TLD0"})
		noErr(t, err)
		synctest.Wait()
		box.take()
		noErr(t, g.SelectActive(ctx, 3))
		synctest.Wait()
		rs := box.take()
		if len(rs) != 1 || len(rs[0].Entries) != 1 || rs[0].Entries[0].Ref != ref("TLD0/LTRK1.SgcbTrk[SR]") {
			t.Fatalf("reports %+v", rs)
		}
		v := rs[0].Entries[0].Value
		object, _ := v.At(0).AsText()
		service, _ := v.At(1).AsInt()
		who, _ := v.At(3).AsText()
		if object != "TLD0/LLN0.SGCB" || model.Service(service) != model.ServiceSelectActiveSG || !strings.HasPrefix(who, "engineer") {
			t.Errorf("%s %d by %q", object, service, who)
		}
	})
}
