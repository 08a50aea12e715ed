package server

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// Each right is denied alone; every service that does not ask for it goes on.
func TestEachRightDeniedAlone(t *testing.T) {
	services := []struct {
		name  string
		right Right
		try   func(p *peer) bool // it works
	}{
		{"names", RightView, func(p *peer) bool {
			_, ok := p.call(&mms.GetNameList{Scope: mms.DomainSpecific, Domain: "TLD0"}).(*mms.ConfirmedResponse)
			return ok
		}},
		{"type", RightView, func(p *peer) bool {
			_, ok := p.call(&mms.GetVariableAccessAttributes{Name: spec("GGIO1$MX$AnIn1").Name}).(*mms.ConfirmedResponse)
			return ok
		}},
		{"data set directory", RightView, func(p *peer) bool {
			_, ok := p.call(&mms.GetNamedVariableListAttributes{Name: mms.InDomain("TLD0", "LLN0$Four")}).(*mms.ConfirmedResponse)
			return ok
		}},
		{"read", RightRead, func(p *peer) bool { return !p.readAll(spec("GGIO1$MX$AnIn1"))[0].Failed }},
		{"read set", RightRead, func(p *peer) bool {
			_, ok := p.call(&mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: mms.InDomain("TLD0", "LLN0$Four")}}).(*mms.ConfirmedResponse)
			return ok
		}},
		{"define", RightDataSet, func(p *peer) bool {
			_, ok := p.call(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$x"), List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1$q")}}).(*mms.ConfirmedResponse)
			return ok
		}},
		{"delete", RightDataSet, func(p *peer) bool {
			_, ok := p.call(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{mms.InDomain("TLD0", "LLN0$x")}}).(*mms.ConfirmedResponse)
			return ok
		}},
		{"rcb read", RightReporting, func(p *peer) bool { return !p.readAll(spec(urcb + "RptEna"))[0].Failed }},
		{"rcb write", RightReporting, func(p *peer) bool { return p.write(urcb+"RptEna", model.Bool(true)) == accessOK }},
		{"operate", RightControl, func(p *peer) bool { return p.write(spc1+"$Oper", cmd{}.value()) == accessOK }},
		{"set point", RightConfig, func(p *peer) bool { return p.write("GGIO1$SP$Set1$setMag$f", model.Float32(1)) == accessOK }},
		{"configuration", RightConfig, func(p *peer) bool { return p.write("GGIO1$CF$AnIn1$db", model.Uint(1)) == accessOK }},
	}
	for _, denied := range []Right{NumRight, RightView, RightRead, RightDataSet, RightReporting, RightControl, RightConfig} {
		no := errors.New("denied by the test")
		run(t, Config{Authorizer: AuthorizerFunc(func(p *model.Principal, r Right, _ model.Ref) error {
			if p.Name != "cc@x" {
				t.Errorf("the authorizer got %+v", p)
			}
			if r == denied {
				return no
			}
			return nil
		})}, func(h *harness) {
			h.handle(spc1)
			p := h.peer("cc@x")
			for _, s := range services {
				want := s.right != denied && denied != RightView // without View nothing of the device exists
				if denied == RightView && s.right == RightDataSet || denied == RightRead && s.name == "define" {
					continue // nothing to put into a data set
				}
				if got := s.try(p); got != want {
					t.Errorf("%v denied: %s works: %v", denied, s.name, got)
				}
			}
			if denied == NumRight {
				return
			}
			i := slices.IndexFunc(h.audits, func(r AuditRecord) bool {
				return r.Right == denied && errors.Is(r.Err, no) && r.Principal.Name == "cc@x"
			})
			if i < 0 && denied != RightView {
				t.Errorf("%v: no audit record", denied)
			}
			if !slices.ContainsFunc(h.events, func(e Event) bool { d, ok := e.(Denied); return ok && d.Right == denied }) {
				t.Errorf("%v: no event", denied)
			}
		})
	}
}

func TestInvisibleDevice(t *testing.T) {
	run(t, Config{Authorizer: AuthorizerFunc(func(_ *model.Principal, r Right, ref model.Ref) error {
		if r == RightView && ref.LDevice == "TLD1" {
			return errors.New("hidden")
		}
		return nil
	})}, func(h *harness) {
		p := h.peer("cc@x")
		if names, _ := p.nameList(mms.ClassDomain, mms.VMDSpecific, ""); !slices.Equal(names, []string{"TLD0"}) {
			t.Errorf("domains %q", names)
		}
		hidden := mms.InDomain("TLD1", "GGIO9$ST$Ind1")
		if r := p.readAll(mms.VariableSpec{Name: hidden}); !r[0].Failed || r[0].Error != mms.ObjectNonExistent {
			t.Errorf("read %+v", r)
		}
		for _, s := range []mms.Service{
			&mms.GetNameList{Scope: mms.DomainSpecific, Domain: "TLD1"},
			&mms.GetVariableAccessAttributes{Name: hidden},
			&mms.GetNamedVariableListAttributes{Name: mms.InDomain("TLD1", "LLN0$Four")},
		} {
			if e := p.serviceError(s); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
				t.Errorf("%T: %+v", s, e)
			}
		}
		w := p.response(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{{Name: hidden}}}, Data: []model.Value{model.Bool(true)}}).(*mms.WriteResponse)
		if w.Results[0].Error != mms.ObjectNonExistent {
			t.Errorf("write %+v", w)
		}
		set := p.response(&mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: mms.InDomain("TLD0", "LLN0$Four")}}).(*mms.ReadResponse)
		if set.Results[2].Failed || !set.Results[3].Failed || set.Results[3].Error != mms.ObjectNonExistent {
			t.Errorf("a data set with a hidden member: %+v", set.Results)
		}
	})
}

func TestProofThatExpires(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		who := &model.Principal{Name: "cc@x", Proof: model.ProofX509, Expires: time.Now().Add(time.Minute)}
		c, srv := mmstest.NewPipe(mmstest.Options{Client: who})
		p := &peer{T: h.T, end: c, done: make(chan error, 1)}
		go func() { p.done <- h.s.Serve(h.ctx, srv) }()
		if r := p.readAll(spec("GGIO1$ST$Ind1$stVal")); r[0].Failed {
			t.Errorf("before: %+v", r)
		}
		time.Sleep(61 * time.Second)
		if r := p.readAll(spec("GGIO1$ST$Ind1$stVal")); !r[0].Failed || r[0].Error != mms.ObjectAccessDenied {
			t.Errorf("after: %+v", r)
		}
		last := h.audits[len(h.audits)-1]
		if !errors.Is(last.Err, ErrProofExpired) {
			t.Errorf("audit %+v", last)
		}
	})
}

func TestNamesOfRights(t *testing.T) {
	seen := map[string]bool{}
	for r := range NumRight {
		seen[r.String()] = true
	}
	if len(seen) != int(NumRight) || seen[""] || NumRight.String() != "none" || (NumRight+1).String() != "Right(12)" {
		t.Errorf("names %v", seen)
	}
}

func TestUnauthenticatedPeers(t *testing.T) {
	for _, open := range []bool{false, true} {
		run(t, Config{InsecureAnonymous: open}, func(h *harness) {
			h.handle(spc1)
			who := &model.Principal{Name: "nobody", Proof: model.ProofNone}
			c, srv := mmstest.NewPipe(mmstest.Options{Client: who})
			p := &peer{T: h.T, end: c, done: make(chan error, 1)}
			go func() { p.done <- h.s.Serve(h.ctx, srv) }()
			if r := p.readAll(spec("GGIO1$ST$Ind1$stVal")); r[0].Failed == open {
				t.Errorf("open %v: read %+v", open, r)
			}
			if code := p.write("GGIO1$SP$Set1$setMag$f", model.Float32(1)); (code == accessOK) != open {
				t.Errorf("open %v: write %v", open, code)
			}
			if code := p.write(spc1+"$Oper", cmd{}.value()); (code == accessOK) != open {
				t.Errorf("open %v: operate %v", open, code)
			}
			_, ok := p.call(&mms.GetNameList{Class: mms.ClassDomain}).(*mms.ConfirmedResponse)
			_, ok2 := p.call(&mms.Identify{}).(*mms.ConfirmedResponse)
			if ok != open || ok2 != open {
				t.Errorf("open %v: names %v, identify %v", open, ok, ok2)
			}
		})
	}
}
