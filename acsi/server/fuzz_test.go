package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store/files"
)

// FuzzRequest: whatever request a peer sends, it is answered once, with something that can be encoded and is no longer
// than the peer takes, and nothing panics. Requests come as BER; those of another implementation are seeds.
func FuzzRequest(f *testing.F) {
	for _, s := range fuzzSeeds() {
		b, err := mms.AppendBER(nil, &mms.ConfirmedRequest{InvokeID: 1, Service: s})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	foreign, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "testdata", "captures", "icsnpp-mms", "pdus.der"))
	for err == nil && len(foreign) > 0 {
		_, rest, bad := mms.NextBER(foreign, mms.Limits{})
		if bad != nil {
			break
		}
		f.Add(foreign[:len(foreign)-len(rest)])
		foreign = rest
	}
	m := testModel(f)
	root, err := files.Open(f.TempDir(), files.Options{Quota: 1 << 16})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := mms.ParseBER(b, mms.Limits{})
		req, ok := p.(*mms.ConfirmedRequest)
		if err != nil || !ok {
			return
		}
		s, err := New(Config{Model: m, Files: root})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Handle(do(spc3), ControlFunc(func(*Command) model.AddCause { return model.AddCauseNone })); err != nil {
			t.Fatal(err)
		}
		q := &quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}}
		ss := s.open(q)
		ss.manual = true
		ss.params = mms.Params{MaxPDU: 2000, Size: mms.SizeBER}
		defer ss.closeFiles()
		answer := ss.handle(req)
		if _, ok := req.Service.(*mms.ObtainFile); ok && answer == nil { // the peer is asked for the file
			return
		}
		if id, ok := mms.InvokeID(answer); answer == nil || !ok || id != req.InvokeID {
			t.Fatalf("%+v is answered with %+v", req, answer)
		}
		out, err := mms.AppendBER(nil, answer)
		if err != nil {
			t.Fatalf("the answer %+v cannot be encoded: %v", answer, err)
		}
		if w, ok := req.Service.(*mms.Write); len(out) > 2000 && (!ok || len(w.Data) < 300) {
			t.Fatalf("an answer of %d octets to %+v", len(out), req)
		}
		for len(ss.afters) > 0 {
			f := ss.afters[0]
			ss.afters = ss.afters[1:]
			f()
		}
		for _, it := range ss.out.items {
			pdus := it.pdus
			if it.report != nil {
				pdus = it.report.pdus(&ss.params, s)
			}
			for _, p := range pdus {
				if _, err := mms.AppendBER(nil, p); err != nil {
					t.Fatalf("%+v cannot be encoded: %v", p, err)
				}
			}
		}
		s.lose(ss)
	})
}

func fuzzSeeds() []mms.Service {
	list := func(specs ...mms.VariableSpec) mms.VariableAccess { return mms.VariableAccess{List: specs} }
	array := spec("MHAI1$MX$HA$phsAHar")
	array.Alternate = []mms.AlternateAccess{{HasIndex: true, Index: 2, Nested: []mms.AlternateAccess{{Component: "mag"}}}}
	write := func(item string, v model.Value) mms.Service {
		return &mms.Write{Access: list(spec(item)), Data: []model.Value{v}}
	}
	four := mms.InDomain("TLD0", "LLN0$Four")
	return []mms.Service{
		&mms.Identify{}, &mms.Status{}, &mms.GetNameList{Class: mms.ClassDomain},
		&mms.GetNameList{Scope: mms.DomainSpecific, Domain: "TLD0", ContinueAfter: "LLN0$ST"},
		&mms.GetNameList{Class: mms.ClassNamedVariableList, Scope: mms.AASpecific},
		&mms.GetVariableAccessAttributes{Name: spec("GGIO1$CO").Name},
		&mms.Read{Access: list(spec("LLN0"), spec("GGIO1$MX"))}, &mms.Read{Access: list(array), SpecificationWithResult: true},
		&mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: four}},
		&mms.Read{Access: list(spec(spc2 + "$SBO"))},
		write("GGIO1$SP$Set1$setMag$f", model.Float32(1)), write(urcb+"RptEna", model.Bool(true)), write(brcb+"RptEna", model.Bool(true)),
		write(brcb+"EntryID", entryIDValue(1)), write(brcb+"DatSet", model.Visible("TLD0/LLN0$Array")),
		write(spc3+"$Oper", cmd{}.value()), write(spc4+"$SBOw", cmd{}.value()), write(spc4+"$Cancel", cmd{cancel: true}.value()),
		&mms.GetNamedVariableListAttributes{Name: four}, &mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$x"), List: []mms.VariableSpec{array}},
		&mms.DefineNamedVariableList{Name: mms.ObjectName{Scope: mms.AASpecific, Item: "x"}, List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1")}},
		&mms.DeleteNamedVariableList{Names: []mms.ObjectName{four}},
		&mms.FileOpen{Name: mms.FileName{"COMTRADE", "a"}}, &mms.FileRead{FRSM: 1}, &mms.FileClose{FRSM: 1}, &mms.FileDirectory{},
		&mms.FileDirectory{Specification: mms.FileName{"/COMTRADE/"}, ContinueAfter: mms.FileName{"a"}}, &mms.FileDelete{Name: mms.FileName{"../a"}},
		&mms.FileRename{Current: mms.FileName{"a"}, New: mms.FileName{"b"}}, &mms.ObtainFile{Source: mms.FileName{"a"}, Destination: mms.FileName{"b"}},
		&mms.GetCapabilityList{},
	}
}
