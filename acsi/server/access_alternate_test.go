package server

import (
	"strings"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Whatever way an attribute is named, the application and the authorizer hear of the same reference.
func TestHooksSeeEveryNameOfAnAttribute(t *testing.T) {
	var asked []model.Ref
	allow := AuthorizerFunc(func(_ *model.Principal, r Right, ref model.Ref) error {
		if r == RightConfig {
			asked = append(asked, ref)
		}
		return nil
	})
	run(t, Config{Authorizer: allow}, func(h *harness) {
		p := h.peer("cc@x")
		leaf := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Set1.setMag.f", FC: model.SP}
		if err := h.s.HandleWrite(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Set1"}, func(_ *model.Principal, ref model.Ref, _ model.Value) error {
			return mms.TemporarilyUnavailable
		}); err != nil {
			t.Fatal(err)
		}
		names := []string{"SP", "Set1", "setMag", "f"}
		item := "GGIO1"
		for i := range len(names) + 1 {
			v := spec(item)
			for k := len(names) - 1; k >= i; k-- {
				v.Alternate = []mms.AlternateAccess{{Component: names[k], Nested: v.Alternate}}
			}
			asked = nil
			r := p.response(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{v}}, Data: []model.Value{model.Float32(9)}}).(*mms.WriteResponse)
			if !r.Results[0].Failed || r.Results[0].Error != mms.TemporarilyUnavailable {
				t.Errorf("%s and %d components: %+v", item, len(names)-i, r.Results[0])
			}
			if len(asked) != 1 || asked[0] != leaf {
				t.Errorf("%s and %d components: asked for %v", item, len(names)-i, asked)
			}
			if i < len(names) {
				item += "$" + names[i]
			}
		}
		if v, err := h.s.Get(leaf); err != nil || !v.Equal(model.Float32(0)) {
			t.Errorf("the value is %v, %v", v, err)
		}
	})
}

// Several alternates, or a range of elements, can be read but neither written nor put into a data set.
func TestOnlyOneThingIsWritten(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		several := spec("GGIO1$SP")
		several.Alternate = []mms.AlternateAccess{{Component: "Set1"}, {Component: "Set2"}}
		some := spec("MHAI1$MX$HA$phsAHar")
		some.Alternate = []mms.AlternateAccess{{HasIndex: true, Index: 1, Count: 2}}
		for name, v := range map[string]mms.VariableSpec{"several": several, "range": some, "logical node": spec("GGIO1")} {
			r := p.response(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{v}}, Data: []model.Value{p.readAll(v)[0].Value}}).(*mms.WriteResponse)
			if !r.Results[0].Failed || r.Results[0].Error != mms.ObjectAccessUnsupported {
				t.Errorf("%s: written: %+v", name, r.Results[0])
			}
			e := p.serviceError(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$ds"), List: []mms.VariableSpec{v}})
			if e.Class != mms.ErrDefinition || e.Code != mms.DefinitionObjectUndefined {
				t.Errorf("%s: defined: %+v", name, e)
			}
		}
	})
}

func TestNamesOfDynamicDataSets(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		member := []mms.VariableSpec{spec("GGIO1$MX$AnIn1$q")}
		long := strings.Repeat("n", 32)
		p.response(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$"+long), List: member})
		p.response(&mms.DefineNamedVariableList{Name: mms.ObjectName{Scope: mms.AASpecific, Item: long}, List: member})
		for _, name := range []string{long + "n", "a.b", "a$b", "ä", "a b"} {
			p.serviceError(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$"+name), List: member})
			p.serviceError(&mms.DefineNamedVariableList{Name: mms.ObjectName{Scope: mms.AASpecific, Item: name}, List: member})
		}
	})
}
