package server

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// sclFiles gives the SCL files of the shared test data.
func sclFiles(t *testing.T) []string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above")
		}
		dir = filepath.Dir(dir)
	}
	root := filepath.Join(dir, "..", "shared", "testdata", "scl")
	if _, err := os.Stat(root); err != nil {
		t.Skip("browse: missing peer ../shared/testdata/scl")
	}
	var files []string
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".icd", ".cid", ".scd", ".iid", ".xml"}, filepath.Ext(path)) {
			files = append(files, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

// Every server model of the shared test data is served and browsed back to what SCL says, the way a foreign client does
// it: names, types, then every leaf by its name.
func TestBrowseEveryModel(t *testing.T) {
	served := 0
	for _, path := range sclFiles(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := scl.Parse(filepath.Base(path), b, scl.Limits{})
		if err != nil {
			continue // package scl tests which files it refuses
		}
		for _, ied := range f.IEDs() {
			for i := range ied.AccessPoints {
				m, err := f.Server(ied.Name, ied.AccessPoints[i].Name)
				if err != nil {
					continue
				}
				served++
				browse(t, filepath.Base(path)+" "+ied.Name+" "+ied.AccessPoints[i].Name, m)
			}
		}
	}
	if served < 30 {
		t.Errorf("only %d models were served", served)
	}
	t.Logf("%d models", served)
}

func browse(t *testing.T, name string, m *model.Server) {
	t.Helper()
	if len(m.Devices) == 0 {
		return
	}
	s, err := New(Config{Model: m})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer s.Close()
	ss := s.open(&quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}})
	ask := func(service mms.Service) mms.Service {
		t.Helper()
		r, ok := ss.confirmed(1, service).(*mms.ConfirmedResponse)
		if !ok {
			t.Fatalf("%s: %+v was refused", name, service)
		}
		return r.Service
	}
	leaves := 0
	for _, ld := range ask(&mms.GetNameList{Class: mms.ClassDomain}).(*mms.GetNameListResponse).Names {
		if s.devices[ld].sg != nil { // else nobody may see the edit buffer
			edit := spec("LLN0$SP$SGCB$EditSG")
			edit.Name.Domain = ld
			ask(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{edit}}, Data: []model.Value{model.Uint(1)}})
		}
		var listed, typed []string
		after := ""
		for more := true; more; {
			r := ask(&mms.GetNameList{Scope: mms.DomainSpecific, Domain: ld, ContinueAfter: after}).(*mms.GetNameListResponse)
			listed = append(listed, r.Names...)
			after, more = listed[len(listed)-1], r.MoreFollows
		}
		for _, item := range listed {
			if strings.Contains(item, "$") {
				continue
			}
			typ := ask(&mms.GetVariableAccessAttributes{Name: mms.InDomain(ld, item)}).(*mms.GetVariableAccessAttributesResponse).Type
			flattenType(item, &typ, func(item string, leaf *mms.TypeSpec) {
				typed = append(typed, item)
				if leaf == nil {
					return
				}
				leaves++
				r := ask(&mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{{Name: mms.InDomain(ld, item)}}}}).(*mms.ReadResponse).Results[0]
				if r.Failed || r.Value.Kind() != leaf.Kind {
					t.Errorf("%s: %s/%s reads as %+v, its type is %s", name, ld, item, r, leaf.Kind)
				}
			})
		}
		if !slices.Equal(listed, typed) {
			t.Errorf("%s: %s: the names and the types differ", name, ld)
		}
	}
	known := 0
	for leaf := range m.Walk() {
		known++
		v, err := s.Get(leaf.Ref)
		if err != nil {
			t.Errorf("%s: %s: %v", name, leaf.Ref, err)
			continue
		}
		if leaf.Ref.FC == model.SR { // tells what the browsing did
			continue
		}
		if want := m.Initial[leaf.Slot]; !want.IsZero() && !v.Equal(want) {
			t.Errorf("%s: %s = %v, SCL says %v", name, leaf.Ref, v, want)
		}
	}
	if leaves == 0 && known > 0 {
		t.Errorf("%s: nothing was read of %d leaves", name, known)
	}
	for _, d := range m.Devices {
		for _, ln := range d.Nodes {
			for _, ds := range ln.DataSets {
				item := mms.InDomain(d.Name, ln.Name()+"$"+ds.Name)
				got := ask(&mms.GetNamedVariableListAttributes{Name: item}).(*mms.GetNamedVariableListAttributesResponse)
				if len(got.List) != len(ds.Members) {
					t.Errorf("%s: %s has %d members, SCL says %d", name, item, len(got.List), len(ds.Members))
				}
			}
			for _, r := range ln.Reports {
				fc := model.RP
				if r.Buffered {
					fc = model.BR
				}
				v, err := s.Get(model.Ref{LDevice: d.Name, LN: ln.Name(), Path: r.Name + ".ConfRev", FC: fc})
				if n, _ := v.AsUint(); err != nil || n != uint64(r.ConfRev) {
					t.Errorf("%s: %s/%s.%s: ConfRev %v, %v", name, d.Name, ln.Name(), r.Name, v, err)
				}
			}
		}
	}
}

// flattenType calls f for every name of a type, depth-first; leaf is nil for structures.
func flattenType(item string, typ *mms.TypeSpec, f func(item string, leaf *mms.TypeSpec)) {
	if typ.Kind != model.KindStruct {
		f(item, typ)
		return
	}
	f(item, nil)
	for i := range typ.Components {
		flattenType(item+"$"+typ.Components[i].Name, &typ.Components[i].Type, f)
	}
}
