package bridge

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// deviceHeard counts what reached the device but for questions of the bridge itself.
func deviceHeard(g *rig) int { return len(g.atDevice) }

func TestEachRightAlone(t *testing.T) {
	file := mms.FileName{"COMTRADE/fault.cfg"}
	journal := mms.InDomain("TLD0", "LLN0$log")
	oper := model.Struct(model.Bool(true), model.Time(0), model.Struct(model.Int(3), model.Octets("x")), model.Uint(1), model.Time(0), model.Bool(false), model.Bits(0, 2))
	write := func(item string, v model.Value) mms.Service {
		return &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{variable("TLD0", item)}}, Data: []model.Value{v}}
	}
	read := func(item string) mms.Service {
		return &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{variable("TLD0", item)}}}
	}
	for _, c := range []struct {
		name  string
		right server.Right
		s     mms.Service
		want  any // DataAccessError of the one variable, or ServiceError
	}{
		{"names", server.RightView, &mms.GetNameList{Class: mms.ClassNamedVariable, Scope: mms.DomainSpecific, Domain: "TLD0"}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessNonExistent}},
		{"type", server.RightView, &mms.GetVariableAccessAttributes{Name: mms.InDomain("TLD0", "GGIO1")}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessNonExistent}},
		{"members", server.RightView, &mms.GetNamedVariableListAttributes{Name: mms.InDomain("TLD0", "LLN0$Four")}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessNonExistent}},
		{"invisible read", server.RightView, read("GGIO1$MX$AnIn1"), mms.ObjectNonExistent},
		{"invisible write", server.RightView, write("GGIO1$SP$Set1$setMag$f", model.Float32(1)), mms.ObjectNonExistent},
		{"read", server.RightRead, read("GGIO1$MX$AnIn1"), mms.ObjectAccessDenied},
		{"read node", server.RightRead, read("GGIO1"), mms.ObjectAccessDenied},
		{"read node with blocks", server.RightReporting, read("LLN0"), mms.ObjectAccessDenied},
		{"read list", server.RightRead, &mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: mms.InDomain("TLD0", "LLN0$Four")}}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"define", server.RightDataSet, &mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$new"), List: []mms.VariableSpec{variable("TLD0", "GGIO1$MX$AnIn1")}}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"define of unreadable", server.RightRead, &mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$new"), List: []mms.VariableSpec{variable("TLD0", "GGIO1$MX$AnIn1")}}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"delete", server.RightDataSet, &mms.DeleteNamedVariableList{Names: []mms.ObjectName{mms.InDomain("TLD0", "LLN0$Four")}}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"block", server.RightReporting, write("LLN0$RP$urcb01$RptEna", model.Bool(true)), mms.ObjectAccessDenied},
		{"read block", server.RightReporting, read("LLN0$RP$urcb01"), mms.ObjectAccessDenied},
		{"operate", server.RightControl, write("GGIO1$CO$SPCSO1$Oper", oper), mms.ObjectAccessDenied},
		{"select", server.RightControl, read("GGIO1$CO$SPCSO2$SBO"), mms.ObjectAccessDenied},
		{"config", server.RightConfig, write("GGIO1$SP$Set1$setMag$f", model.Float32(1)), mms.ObjectAccessDenied},
		{"block of a log", server.RightConfig, write("LLN0$LG$log$LogEna", model.Bool(true)), mms.ObjectAccessDenied},
		{"setting group", server.RightSettingGroup, write("LLN0$SP$SGCB$ActSG", model.Uint(1)), mms.ObjectAccessDenied},
		{"setting", server.RightSettingGroup, write("PTOC1$SE$StrVal$setMag$f", model.Float32(1)), mms.ObjectAccessDenied},
		{"write list", server.RightConfig, &mms.Write{Access: mms.VariableAccess{NamedList: true, ListName: mms.InDomain("TLD0", "LLN0$Four")}, Data: []model.Value{model.Bool(true), model.Bool(true), model.Bool(true), model.Bool(true)}}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"log", server.RightRead, &mms.ReadJournal{Journal: journal}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"log status", server.RightRead, &mms.ReportJournalStatus{Journal: journal}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"log emptied", server.RightConfig, &mms.InitializeJournal{Journal: journal}, &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessDenied}},
		{"open file", server.RightFileRead, &mms.FileOpen{Name: file}, &mms.ServiceError{Class: mms.ErrFile, Code: mms.FileAccessDenied}},
		{"files", server.RightFileRead, &mms.FileDirectory{}, &mms.ServiceError{Class: mms.ErrFile, Code: mms.FileAccessDenied}},
		{"set file", server.RightFileWrite, &mms.ObtainFile{Source: file, Destination: file}, &mms.ServiceError{Class: mms.ErrFile, Code: mms.FileAccessDenied}},
		{"delete file", server.RightFileMgt, &mms.FileDelete{Name: file}, &mms.ServiceError{Class: mms.ErrFile, Code: mms.FileAccessDenied}},
		{"rename file", server.RightFileMgt, &mms.FileRename{Current: file, New: file}, &mms.ServiceError{Class: mms.ErrFile, Code: mms.FileAccessDenied}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bridged(t, Config{Authorizer: deny(c.right, anything)}, func(t *testing.T, g *rig) {
				a := g.associate("center@grid.example/IEC")
				p := g.ask(a, 7, c.s)
				for u, ok := p.(*mms.Unconfirmed); ok; u, ok = p.(*mms.Unconfirmed) {
					r := u.Service.(*mms.InformationReport)
					if cause, _ := r.Results[0].Value.At(4).AsInt(); r.Access.List[0].Name.Item != "LastApplError" || cause != int64(model.AddCauseNoAccessAuthority) {
						t.Errorf("report %+v", r)
					}
					p = g.next(a)
				}
				switch want := c.want.(type) {
				case *mms.ServiceError:
					if e, ok := p.(*mms.ConfirmedError); !ok || e.InvokeID != 7 || e.Error.Class != want.Class || e.Error.Code != want.Code {
						t.Errorf("answer %+v, want %v", p, want)
					}
				case mms.DataAccessError:
					if got := failureOf(p); got != want {
						t.Errorf("answer %+v, want %v", p, want)
					}
				}
				if n := deviceHeard(g); n != 0 {
					t.Errorf("%d requests reached the device", n)
				}
				if c.right != server.RightView {
					if d := happened[Denied](g); len(d) == 0 || d[0].Principal.Name != "center@grid.example/IEC" {
						t.Errorf("denials %+v", d)
					}
				}
				a.Abort(nil)
			})
		})
	}
}

// failureOf gives the failure of the only variable of an answer.
func failureOf(p mms.PDU) mms.DataAccessError {
	c, ok := p.(*mms.ConfirmedResponse)
	if !ok {
		return 0xff
	}
	switch s := c.Service.(type) {
	case *mms.ReadResponse:
		if len(s.Results) == 1 && s.Results[0].Failed {
			return s.Results[0].Error
		}
	case *mms.WriteResponse:
		if len(s.Results) == 1 && s.Results[0].Failed {
			return s.Results[0].Error
		}
	}
	return 0xff
}

func TestDeniedVariablesAreLeftOut(t *testing.T) {
	authorizer := deny(server.RightRead, func(r model.Ref) bool { return r.LN == "MHAI1" })
	bridged(t, Config{Authorizer: authorizer}, func(t *testing.T, g *rig) {
		c := g.client("center@grid.example/IEC")
		rs, err := c.Read(t.Context(), ref("TLD0/MHAI1.HA.numHar[CF]"), ref("TLD0/GGIO1.Ind1.stVal[ST]"), ref("TLD0/MHAI1.HA.q[MX]"),
			ref("TLD0/Nobody1.Pos[ST]"), ref("TLD0/GGIO1.AnIn1.mag.f[MX]"), ref("TLD0/MHAI1.Beh[ST]"))
		noErr(t, err)
		want := []error{mms.ObjectAccessDenied, nil, mms.ObjectAccessDenied, mms.ObjectNonExistent, nil, mms.ObjectAccessDenied}
		for i, r := range rs {
			if !errors.Is(r.Err, want[i]) || want[i] == nil && r.Value.IsZero() {
				t.Errorf("result %d: %v, %v, want %v", i, r.Value, r.Err, want[i])
			}
		}
		if q := reached[*mms.Read](g); len(q) != 1 || len(q[0].Access.List) != 3 {
			t.Errorf("the device was asked %+v", q)
		}
	})
}

func TestAlternateAccessIsSeenThrough(t *testing.T) {
	bridged(t, Config{Authorizer: deny(server.RightControl, anything)}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		in := func(item string, alt ...mms.AlternateAccess) mms.Service {
			return &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{{Name: mms.InDomain("TLD0", item), Alternate: alt}}}}
		}
		part := func(name string, nested ...mms.AlternateAccess) mms.AlternateAccess {
			return mms.AlternateAccess{Component: name, Nested: nested}
		}
		for i, s := range []mms.Service{
			in("GGIO1", part("CO", part("SPCSO2", part("SBO")))),
			in("GGIO1$CO", part("SPCSO2", part("SBO"))),
			in("GGIO1$CO$SPCSO2", part("SBO")),
			in("GGIO1", part("CO"), part("ST")),
			in("GGIO1$CO$SPCSO2", part("SBO"), part("Oper")),
		} {
			if got := failureOf(g.ask(a, uint32(i+1), s)); got != mms.ObjectAccessDenied && got != mms.ObjectAccessUnsupported {
				t.Errorf("select %d got through: %v", i, got)
			}
		}
		if n := deviceHeard(g); n != 0 {
			t.Errorf("%d requests reached the device", n)
		}
		a.Abort(nil)
	})
}

func TestWritesThatAreNone(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		for i, c := range []struct {
			spec mms.VariableSpec
			want mms.DataAccessError
		}{
			{variable("TLD0", "GGIO1"), mms.ObjectAccessUnsupported},
			{variable("TLD0", "GGIO1$CO$SPCSO1"), mms.ObjectAccessDenied},
			{variable("TLD0", "GGIO1$CO$SPCSO1$Oper$ctlVal"), mms.ObjectAccessDenied},
			{variable("TLD0", "LLN0$RP$urcb01"), mms.ObjectAccessUnsupported},
			{mms.VariableSpec{Name: mms.ObjectName{Scope: mms.AASpecific, Item: "x"}}, mms.ObjectNonExistent},
			{variable("TLD0", "GGIO1$XX$SPCSO1"), mms.ObjectNonExistent},
			{mms.VariableSpec{Name: mms.InDomain("TLD0", "GGIO1$CO"), Alternate: []mms.AlternateAccess{{Component: "SPCSO1"}}}, mms.ObjectAccessDenied},
		} {
			s := &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{c.spec}}, Data: []model.Value{model.Bool(true)}}
			if got := failureOf(g.ask(a, uint32(i+1), s)); got != c.want {
				t.Errorf("%v: %v, want %v", c.spec.Name, got, c.want)
			}
		}
		if n := deviceHeard(g); n != 0 {
			t.Errorf("%d requests reached the device", n)
		}
		a.Abort(nil)
	})
}

func TestInvisibleDevice(t *testing.T) {
	authorizer := deny(server.RightView, func(r model.Ref) bool { return r.LDevice == "TLD1" })
	bridged(t, Config{Authorizer: authorizer}, func(t *testing.T, g *rig) {
		c := g.client("center@grid.example/IEC")
		lds, err := c.Devices(t.Context())
		noErr(t, err)
		if len(lds) != 1 || lds[0] != "TLD0" {
			t.Errorf("logical devices %v", lds)
		}
		if _, err := c.ReadDataSet(t.Context(), ref("TLD0/LLN0.Four")); err == nil {
			t.Error("a data set with a member of the invisible device was read")
		}
		_, err = c.Subscribe(t.Context(), ref("TLD0/LLN0.urcb01[RP]"), client.ReportOptions{}, func(*client.Report) {
			t.Error("a report with a member of the invisible device came")
		})
		if err == nil {
			t.Error("a report of the invisible device was enabled")
		}
	})
}

func TestUnknownServiceIsNotPassedOn(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		near := g.associate("center@grid.example/IEC")
		_, p := (&relay{b: g.bridge}).other(&model.Principal{Proof: model.ProofX509}, &pending{id: 3}, &mms.Raw{Class: 2, Number: 12})
		if r, ok := p.(*mms.Reject); !ok || r.InvokeID != 3 || r.Reason.Code != mms.RejectUnrecognizedService {
			t.Errorf("answer %+v", p)
		}
		near.Abort(nil)
	})
}

func TestNobodyWithoutProof(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		near := g.associate("center@grid.example/IEC")
		r := newRelay(g.bridge, near, near)
		for _, p := range []*model.Principal{nil, {}, {Name: "late", Proof: model.ProofX509, Expires: g.bridge.cfg.Now()}} {
			if p != nil && p.Proof != model.ProofNone {
				p.Expires = p.Expires.Add(-1)
			}
			if r.allow(p, server.RightRead, model.Ref{}) == nil {
				t.Errorf("%+v was allowed", p)
			}
		}
		near.Abort(nil)
	})
}

// TestSelectInOtherWords: an element of SBO, or a component that is several, is SBO as well, or nothing.
func TestSelectInOtherWords(t *testing.T) {
	bridged(t, Config{Authorizer: deny(server.RightControl, anything)}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		for i, spec := range []mms.VariableSpec{
			variable("TLD0", "GGIO1$CO$SPCSO2$SBO(0)"),
			variable("TLD0", "GGIO1$CO$SPCSO2(0)$SBO"),
			{Name: mms.InDomain("TLD0", "GGIO1$CO"), Alternate: []mms.AlternateAccess{{Component: "SPCSO2$SBO"}}},
			{Name: mms.InDomain("TLD0", "GGIO1$CO$SPCSO2$SBO"), Alternate: []mms.AlternateAccess{{HasIndex: true}}},
			{Name: mms.InDomain("TLD0", "GGIO1$CO$SPCSO2$SBO"), Alternate: []mms.AlternateAccess{{AllElems: true}}},
		} {
			s := &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{spec}}}
			if got := failureOf(g.ask(a, uint32(i+1), s)); got != mms.ObjectAccessDenied && got != mms.ObjectNonExistent {
				t.Errorf("select %d got through: %v", i, got)
			}
		}
		if n := deviceHeard(g); n != 0 {
			t.Errorf("%d requests reached the device", n)
		}
		a.Abort(nil)
	})
}

// TestSelectIsAudited: SBO is read, and yet it changes something.
func TestSelectIsAudited(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		noErr(t, g.device.Handle(ref("TLD0/GGIO1.SPCSO2"), server.ControlFunc(func(*server.Command) model.AddCause { return model.AddCauseNone })))
		a := g.associate("center@grid.example/IEC")
		for id := uint32(1); id <= 2; id++ {
			g.ask(a, id, &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{variable("TLD0", "GGIO1$ST$Beh"), variable("TLD0", "GGIO1$CO$SPCSO2$SBO")}}})
		}
		r := g.audited()
		if len(r) != 2 || r[0].Service != "select" || r[0].Err != nil || r[1].Err == nil || r[0].Ref.String() != "TLD0/GGIO1.SPCSO2.SBO[CO]" {
			t.Errorf("audit has %+v", r)
		}
		a.Abort(nil)
	})
}

// TestReportOfASetFromTheSameWrite: a data set that the client may not have is not slipped in beside RptEna.
func TestReportOfASetFromTheSameWrite(t *testing.T) {
	authorizer := deny(server.RightReporting, func(r model.Ref) bool { return r.LDevice == "TLD1" })
	bridged(t, Config{Authorizer: authorizer}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		g.ask(a, 1, &mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$mine"), List: []mms.VariableSpec{variable("TLD0", "GGIO1$MX$AnIn1")}})
		write := func(id uint32, values ...any) []mms.WriteResult {
			s := &mms.Write{}
			for i := 0; i < len(values); i += 2 {
				s.Access.List, s.Data = append(s.Access.List, variable("TLD0", "LLN0$RP$urcb01$"+values[i].(string))), append(s.Data, values[i+1].(model.Value))
			}
			return g.ask(a, id, s).(*mms.ConfirmedResponse).Service.(*mms.WriteResponse).Results
		}
		mine, foreign := model.Visible("TLD0/LLN0$mine"), model.Visible("TLD0/LLN0$Four")
		if rs := write(2, "DatSet", mine); rs[0].Failed {
			t.Fatalf("DatSet: %+v", rs)
		}
		if rs := write(3, "DatSet", foreign, "RptEna", model.Bool(true)); !rs[1].Failed {
			t.Errorf("a report of what may not be reported was enabled: %+v", rs)
		}
		if rs := write(4, "DatSet", mine); rs[0].Failed {
			t.Fatalf("DatSet: %+v", rs)
		}
		if rs := write(5, "DatSet", mine, "RptEna", model.Bool(true)); rs[1].Failed {
			t.Errorf("what may be reported was not enabled: %+v", rs)
		}
		a.Abort(nil)
	})
}
