package server

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func (p *peer) directory(name mms.ObjectName) *mms.GetNamedVariableListAttributesResponse {
	p.Helper()
	return p.response(&mms.GetNamedVariableListAttributes{Name: name}).(*mms.GetNamedVariableListAttributesResponse)
}

func TestStaticDataSets(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		four := mms.InDomain("TLD0", "LLN0$Four")
		want := &mms.GetNamedVariableListAttributesResponse{List: []mms.VariableSpec{
			spec("GGIO1$MX$AnIn1"), spec("GGIO1$MX$AnIn2$mag$f"), spec("GGIO1$ST$Ind1"), {Name: mms.InDomain("TLD1", "GGIO9$ST$Ind1$stVal")},
		}}
		if diff := cmp.Diff(want, p.directory(four)); diff != "" {
			t.Error(diff)
		}
		array := p.directory(mms.InDomain("TLD0", "LLN0$Array"))
		wantSpec := mms.VariableSpec{Name: spec("MHAI1$MX$HA$phsAHar").Name, Alternate: []mms.AlternateAccess{{HasIndex: true, Index: 2}}}
		if diff := cmp.Diff([]mms.VariableSpec{wantSpec}, array.List); diff != "" {
			t.Error(diff)
		}
		h.setFloat(8)
		r := p.response(&mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: four}}).(*mms.ReadResponse)
		if len(r.Results) != 4 || !r.Results[0].Value.At(0).At(0).Equal(model.Float32(8)) || !r.Results[3].Value.Equal(model.Bool(false)) {
			t.Errorf("read %+v", r.Results)
		}
		if e := p.serviceError(&mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: mms.InDomain("TLD0", "LLN0$None")}}); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
			t.Errorf("unknown data set: %+v", e)
		}
		d := p.response(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{four}}).(*mms.DeleteNamedVariableListResponse)
		if d.Matched != 1 || d.Deleted != 0 {
			t.Errorf("delete of a data set from SCL: %+v", d)
		}
	})
}

func TestDynamicDataSets(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		name := mms.InDomain("TLD0", "LLN0$mine")
		members := []mms.VariableSpec{
			spec("GGIO1$MX$AnIn1"),
			{Name: spec("MHAI1$MX$HA$phsAHar").Name, Alternate: []mms.AlternateAccess{{HasIndex: true, Index: 1, Nested: []mms.AlternateAccess{{Component: "mag"}}}}},
		}
		p.response(&mms.DefineNamedVariableList{Name: name, List: members})
		if diff := cmp.Diff(&mms.GetNamedVariableListAttributesResponse{Deletable: true, List: members}, p.directory(name)); diff != "" {
			t.Error(diff)
		}
		if names, _ := h.peer("other@x").nameList(mms.ClassNamedVariableList, mms.DomainSpecific, "TLD0"); !slices.Contains(names, "LLN0$mine") {
			t.Errorf("others see %q", names)
		}
		if e := p.serviceError(&mms.DefineNamedVariableList{Name: name, List: members}); e.Class != mms.ErrDefinition || e.Code != mms.DefinitionObjectExists {
			t.Errorf("twice: %+v", e)
		}
		p.set("LLN0$BR$brcb01$DatSet", model.Visible("TLD0/LLN0$mine"))
		del := &mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}}
		if e := p.serviceError(del); e.Class != mms.ErrService || e.Code != mms.ServiceObjectConstraint {
			t.Errorf("delete while in use: %+v", e)
		}
		p.set("LLN0$BR$brcb01$DatSet", model.Visible(""))
		if d := p.response(del).(*mms.DeleteNamedVariableListResponse); d.Matched != 1 || d.Deleted != 1 {
			t.Errorf("delete: %+v", d)
		}
		if d := p.response(del).(*mms.DeleteNamedVariableListResponse); d.Matched != 0 {
			t.Errorf("delete of nothing: %+v", d)
		}
	})
}

// TestDataSetOfAnAssociationWithAt: the name of one may come with the @ of its reference.
func TestDataSetOfAnAssociationWithAt(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		with, without := mms.ObjectName{Scope: mms.AASpecific, Item: "@mine"}, mms.ObjectName{Scope: mms.AASpecific, Item: "mine"}
		p.response(&mms.DefineNamedVariableList{Name: with, List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1")}})
		if e := p.serviceError(&mms.DefineNamedVariableList{Name: without, List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1")}}); e.Code != mms.DefinitionObjectExists {
			t.Errorf("twice: %+v", e)
		}
		if len(p.directory(with).List) != 1 || len(p.directory(without).List) != 1 {
			t.Error("not both names")
		}
		r := p.response(&mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: with}}).(*mms.ReadResponse)
		if len(r.Results) != 1 || r.Results[0].Failed {
			t.Errorf("%+v", r)
		}
		p.set("LLN0$RP$urcb01$DatSet", model.Visible("@mine"))
		p.set("LLN0$RP$urcb01$DatSet", model.Visible(""))
		d := p.response(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{with}}).(*mms.DeleteNamedVariableListResponse)
		if d.Deleted != 1 {
			t.Errorf("%+v", d)
		}
		if names, _ := p.nameList(mms.ClassNamedVariableList, mms.AASpecific, ""); len(names) != 0 {
			t.Errorf("left: %q", names)
		}
	})
}

func TestDataSetLimits(t *testing.T) {
	run(t, Config{Limits: Limits{AssociationSet: 1}}, func(h *harness) { // the model allows 3 sets of 8 members
		p := h.peer("cc@x")
		one := []mms.VariableSpec{spec("GGIO1$MX$AnIn1")}
		define := func(name mms.ObjectName, list []mms.VariableSpec) mms.ServiceError {
			t.Helper()
			return p.serviceError(&mms.DefineNamedVariableList{Name: name, List: list})
		}
		for name, c := range map[string]struct {
			at          mms.ObjectName
			list        []mms.VariableSpec
			class, code int
		}{
			"empty":       {mms.InDomain("TLD0", "LLN0$a"), nil, int(mms.ErrResource), mms.ResourceCapabilityUnavailable},
			"long":        {mms.InDomain("TLD0", "LLN0$a"), slices.Repeat(one, 9), int(mms.ErrResource), mms.ResourceCapabilityUnavailable},
			"member":      {mms.InDomain("TLD0", "LLN0$a"), []mms.VariableSpec{spec("GGIO1$MX$Nope")}, int(mms.ErrDefinition), mms.DefinitionObjectUndefined},
			"whole LN":    {mms.InDomain("TLD0", "LLN0$a"), []mms.VariableSpec{spec("GGIO1")}, int(mms.ErrDefinition), mms.DefinitionObjectUndefined},
			"domain":      {mms.InDomain("NONE", "LLN0$a"), one, int(mms.ErrAccess), mms.AccessNonExistent},
			"no LN":       {mms.InDomain("TLD0", "NOPE$a"), one, int(mms.ErrAccess), mms.AccessNonExistent},
			"name":        {mms.InDomain("TLD0", "LLN0$a$b"), one, int(mms.ErrAccess), mms.AccessNonExistent},
			"vmd":         {mms.ObjectName{Item: "a"}, one, int(mms.ErrAccess), mms.AccessObjectUnsupported},
			"of an RCB":   {mms.InDomain("TLD0", "LLN0$a"), []mms.VariableSpec{spec("LLN0$BR$brcb01$RptEna")}, int(mms.ErrAccess), mms.AccessDenied},
			"SCL's own":   {mms.InDomain("TLD0", "LLN0$Four"), one, int(mms.ErrDefinition), mms.DefinitionObjectExists},
			"aa bad name": {mms.ObjectName{Scope: mms.AASpecific, Item: "a$b"}, one, int(mms.ErrDefinition), mms.DefinitionObjectUndefined},
		} {
			if e := define(c.at, c.list); int(e.Class) != c.class || int(e.Code) != c.code {
				t.Errorf("%s: %v/%d", name, e.Class, e.Code)
			}
		}
		for _, n := range []string{"a", "b", "c"} {
			p.response(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$"+n), List: one})
		}
		if e := define(mms.InDomain("TLD0", "LLN0$d"), one); e.Class != mms.ErrResource {
			t.Errorf("a fourth of three: %+v", e)
		}
		own := mms.ObjectName{Scope: mms.AASpecific, Item: "own"}
		p.response(&mms.DefineNamedVariableList{Name: own, List: one})
		if e := define(mms.ObjectName{Scope: mms.AASpecific, Item: "own2"}, one); e.Class != mms.ErrResource {
			t.Errorf("a second of one: %+v", e)
		}
		if names, _ := p.nameList(mms.ClassNamedVariableList, mms.AASpecific, ""); !slices.Equal(names, []string{"own"}) {
			t.Errorf("own lists %q", names)
		}
		q := h.peer("other@x")
		if e := q.serviceError(&mms.GetNamedVariableListAttributes{Name: own}); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
			t.Errorf("another association sees it: %+v", e)
		}
	})
}

func TestDataSetOfALostAssociation(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.response(&mms.DefineNamedVariableList{Name: mms.ObjectName{Scope: mms.AASpecific, Item: "own"}, List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1$mag$f")}})
		p.set("LLN0$RP$urcb01$DatSet", model.Visible("@own"))
		if code := p.write("LLN0$BR$brcb01$DatSet", model.Visible("@own")); code != mms.ObjectValueInvalid {
			t.Errorf("a buffered control block took a data set of the association: %v", code)
		}
		p.set("LLN0$RP$urcb02$DatSet", model.Visible("@own")) // without owning it
		p.set("LLN0$RP$urcb01$RptEna", model.Bool(true))
		h.setFloat(3)
		if got := p.reports(); len(got) != 1 || got[0].datSet != "@own" || !got[0].values[0].Equal(model.Float32(3)) {
			t.Fatalf("reports %+v", got)
		}
		p.lose()
		q := h.peer("other@x")
		for _, block := range []string{"urcb01", "urcb02"} {
			if v, _ := q.read("LLN0$RP$" + block + "$DatSet").AsText(); v != "" {
				t.Errorf("DatSet of %s is still %q", block, v)
			}
		}
		if code := q.write("LLN0$RP$urcb01$RptEna", model.Bool(true)); code != mms.ObjectAttributeInconsistent {
			t.Errorf("enabled without a data set: %v", code)
		}
		slot, _ := h.s.Slot(anIn1.Child("mag.f"))
		for _, sub := range h.s.reports.subs[slot] {
			if sub.set.name.Scope == mms.AASpecific {
				t.Error("its slots are still subscribed")
			}
		}
	})
}

func TestSetDataSetValues(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		name := mms.InDomain("TLD0", "GGIO1$sets")
		p.response(&mms.DefineNamedVariableList{Name: name, List: []mms.VariableSpec{
			spec("GGIO1$SP$Set1$setMag$f"), spec("GGIO1$SP$Set2$setMag$f"), spec("GGIO1$MX$AnIn1$mag$f"),
		}})
		access := mms.VariableAccess{NamedList: true, ListName: name}
		w := p.response(&mms.Write{Access: access, Data: []model.Value{model.Float32(1), model.Float32(2), model.Float32(3)}}).(*mms.WriteResponse)
		want := []mms.WriteResult{{}, {Failed: true, Error: mms.ObjectAccessDenied}, {Failed: true, Error: mms.ObjectAccessDenied}}
		if diff := cmp.Diff(want, w.Results); diff != "" {
			t.Error(diff)
		}
		if v := p.read("GGIO1$SP$Set1$setMag$f"); !v.Equal(model.Float32(1)) {
			t.Errorf("Set1 = %v", v)
		}
		if r, ok := p.call(&mms.Write{Access: access, Data: []model.Value{model.Float32(1)}}).(*mms.Reject); !ok || r.Reason.Code != mms.RejectInvalidArgument {
			t.Errorf("one value for three members: %+v", r)
		}
		access.ListName.Item = "GGIO1$none"
		if e := p.serviceError(&mms.Write{Access: access, Data: []model.Value{model.Float32(1)}}); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
			t.Errorf("unknown data set: %+v", e)
		}
	})
}
