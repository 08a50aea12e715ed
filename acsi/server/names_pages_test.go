package server

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Lists of domains and of data sets go on behind the name that is given.
func TestNameListsContinue(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		member := []mms.VariableSpec{spec("GGIO1$MX$AnIn1$q")}
		for _, name := range []string{"b", "a", "c"} {
			p.response(&mms.DefineNamedVariableList{Name: mms.ObjectName{Scope: mms.AASpecific, Item: name}, List: member})
		}
		for name, list := range map[string]mms.GetNameList{
			"domains":                {Class: mms.ClassDomain, Scope: mms.VMDSpecific},
			"variables":              {Class: mms.ClassNamedVariable, Scope: mms.DomainSpecific, Domain: "TLD1"},
			"data sets":              {Class: mms.ClassNamedVariableList, Scope: mms.DomainSpecific, Domain: "TLD0"},
			"association's own sets": {Class: mms.ClassNamedVariableList, Scope: mms.AASpecific},
		} {
			all := p.response(&list).(*mms.GetNameListResponse).Names
			if len(all) < 2 {
				t.Fatalf("%s: %q", name, all)
			}
			for i, after := range all {
				list.ContinueAfter = after
				if got := p.response(&list).(*mms.GetNameListResponse); !slices.Equal(got.Names, all[i+1:]) || got.MoreFollows {
					t.Errorf("%s after %s: %q, more %v", name, after, got.Names, got.MoreFollows)
				}
			}
			list.ContinueAfter = "nope"
			if e := p.serviceError(&list); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
				t.Errorf("%s after nothing that exists: %+v", name, e)
			}
		}
	})
}

// The members of a report come in the order of the data set, whatever the order in which they changed.
func TestMembersInOrder(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(urcb+"RptEna", model.Bool(true))
		h.update(func(tx *Tx) {
			tx.Set(ind1.Child("stVal"), model.Bool(true))
			tx.Float(anIn2.Child("mag.f"), 2)
			tx.Float(anIn1.Child("mag.f"), 1)
		})
		got := p.reports()
		if len(got) != 1 || !slices.Equal(got[0].refs, []string{"TLD0/GGIO1$MX$AnIn1", "TLD0/GGIO1$MX$AnIn2$mag$f", "TLD0/GGIO1$ST$Ind1"}) {
			t.Fatalf("reports %+v", got)
		}
		if v := got[0].values; !v[0].At(0).At(0).Equal(model.Float32(1)) || !v[1].Equal(model.Float32(2)) || !v[2].At(0).Equal(model.Bool(true)) {
			t.Errorf("values %v", v)
		}
	})
}

func TestTooManyVariables(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		list, data := make([]mms.VariableSpec, 513), make([]model.Value, 513)
		for i := range list {
			list[i], data[i] = spec("GGIO1$CF$AnIn1$db"), model.Uint(uint64(i))
		}
		for name, request := range map[string]mms.Service{
			"read": &mms.Read{Access: mms.VariableAccess{List: list}}, "write": &mms.Write{Access: mms.VariableAccess{List: list}, Data: data},
		} {
			if e := p.serviceError(request); e.Class != mms.ErrResource || e.Code != mms.ResourceCapabilityUnavailable {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if v := p.read("GGIO1$CF$AnIn1$db"); !v.Equal(model.Uint(0)) {
			t.Errorf("a part was written: %v", v)
		}
		p.response(&mms.Write{Access: mms.VariableAccess{List: list[:512]}, Data: data[:512]})
		if v := p.read("GGIO1$CF$AnIn1$db"); !v.Equal(model.Uint(511)) {
			t.Errorf("written %v", v)
		}
	})
}

// Names that no client could ask for are refused, not cut: IEC 61850-8-1 allows 64 characters.
func TestNamesThatAreTooLong(t *testing.T) {
	for n, ok := range map[int]bool{64: true, 65: false} {
		m := testModel(t)
		ln := m.Devices[0].Nodes[1]
		o := &ln.Objects[0]
		longest := 0
		for leaf := range (model.Target{Object: o, Type: o.Type}).Leaves(model.Ref{LN: ln.Name(), Path: o.Name}, model.FCNone) {
			longest = max(longest, len(leaf.Ref.Item()))
		}
		o.Name += strings.Repeat("x", n-longest)
		s, err := New(Config{Model: m})
		if ok && err == nil {
			s.Close()
			continue
		}
		if ok || !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "65 characters; 64 are allowed") || !strings.Contains(err.Error(), o.Name) {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}
