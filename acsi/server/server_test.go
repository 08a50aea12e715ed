package server

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestNewRefusesNoModel(t *testing.T) {
	for name, m := range map[string]*model.Server{
		"none":  nil,
		"empty": {},
		"twice": {Devices: []*model.LogicalDevice{{Name: "A"}, {Name: "A"}}},
		"slots": {Devices: []*model.LogicalDevice{{Name: "A", Nodes: []*model.LogicalNode{{Class: "GGIO", Objects: []model.Object{{
			Name: "X", Type: &model.Type{Basic: model.BasicStruct, Slots: 1, Fields: []model.Field{{Name: "v", FC: model.ST, Type: &model.Type{Basic: model.BasicBool, Slots: 1}}}},
		}}}}}}},
		"member": {Devices: []*model.LogicalDevice{{Name: "A", Nodes: []*model.LogicalNode{{Class: "LLN0", DataSets: []*model.DataSet{{Name: "d", Members: []model.Ref{anIn1}}}}}}}},
	} {
		if _, err := New(Config{Model: m}); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentifyAndStatus(t *testing.T) {
	run(t, Config{Vendor: "V"}, func(h *harness) {
		p := h.peer("cc@x/IEC")
		want := &mms.IdentifyResponse{Vendor: "V", Model: "test", Revision: "7"}
		if diff := cmp.Diff(mms.Service(want), p.response(&mms.Identify{})); diff != "" {
			t.Error(diff)
		}
		if _, ok := p.response(&mms.Status{}).(*mms.StatusResponse); !ok {
			t.Error("no status")
		}
	})
}

func TestUnknownServiceIsRejected(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x/IEC")
		r, ok := p.call(&mms.Raw{Class: 2, Number: 70}).(*mms.Reject)
		if !ok || r.Reason != (mms.RejectReason{Class: mms.RejectConfirmedRequest, Code: mms.RejectUnrecognizedService}) {
			t.Errorf("got %+v", r)
		}
		if err := p.end.Send(&mms.CancelRequest{InvokeID: 3}); err != nil {
			t.Fatal(err)
		}
		pdu, err := p.end.Recv(p.Context())
		if e, ok := pdu.(*mms.CancelError); err != nil || !ok || e.Error.Class != mms.ErrCancel || e.Error.Code != mms.CancelNotPossible {
			t.Errorf("cancel: %+v, %v", pdu, err)
		}
	})
}

func (p *peer) nameList(class mms.ObjectClass, scope mms.Scope, domain string) (names []string, pages int) {
	p.Helper()
	r := &mms.GetNameList{Class: class, Scope: scope, Domain: domain}
	for {
		a := p.response(r).(*mms.GetNameListResponse)
		names = append(names, a.Names...)
		pages++
		if !a.MoreFollows {
			return names, pages
		}
		if len(a.Names) == 0 {
			p.Fatal("an empty page with more to follow")
		}
		r = &mms.GetNameList{Class: class, Scope: scope, Domain: domain, ContinueAfter: a.Names[len(a.Names)-1]}
	}
}

func TestNameLists(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x/IEC")
		if names, _ := p.nameList(mms.ClassDomain, mms.VMDSpecific, ""); !slices.Equal(names, []string{"TLD0", "TLD1"}) {
			t.Errorf("domains %q", names)
		}
		names, pages := p.nameList(mms.ClassNamedVariable, mms.DomainSpecific, "TLD1")
		want := strings.Fields(`LLN0 LLN0$ST LLN0$ST$Mod LLN0$ST$Mod$stVal LLN0$ST$Mod$q LLN0$ST$Mod$t`)
		if pages != 1 || !slices.Equal(names[:6], want) {
			t.Errorf("variables start with %q in %d pages", names[:6], pages)
		}
		if names, _ := p.nameList(mms.ClassNamedVariableList, mms.DomainSpecific, "TLD0"); !slices.Equal(names, []string{"LLN0$Four", "LLN0$Array"}) {
			t.Errorf("variable lists %q", names)
		}
		if names, _ := p.nameList(mms.ClassJournal, mms.DomainSpecific, "TLD0"); !slices.Equal(names, []string{"LLN0$log"}) {
			t.Errorf("journals %q", names)
		}
		if names, _ := p.nameList(3, mms.DomainSpecific, "TLD0"); len(names) != 0 {
			t.Errorf("class 3: %q", names)
		}
		if names, _ := p.nameList(mms.ClassNamedVariable, mms.VMDSpecific, ""); len(names) != 0 {
			t.Errorf("VMD variables %q", names)
		}
	})
}

func TestNameListOrder(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x/IEC")
		names, _ := p.nameList(mms.ClassNamedVariable, mms.DomainSpecific, "TLD0")
		lastFC, depth := model.FCNone, []string(nil)
		for _, n := range names {
			parts := strings.Split(n, "$")
			if len(parts) > 1 && !slices.Equal(depth[:len(parts)-1], parts[:len(parts)-1]) {
				t.Fatalf("%s does not follow its parent (after %q)", n, depth)
			}
			depth = append(parts, make([]string, 8)...)
			if len(parts) == 1 {
				lastFC = model.FCNone
			}
			if len(parts) == 2 {
				fc, ok := model.ParseFC(parts[1])
				if !ok || fc <= lastFC {
					t.Fatalf("%s: functional constraints out of order", n)
				}
				lastFC = fc
			}
		}
		for _, want := range []string{
			"LLN0$BR$brcb01$RptEna", "LLN0$BR$brcb02$ResvTms", "LLN0$RP$urcb01$Resv", "LLN0$RP$urcb02$Owner", "LLN0$BR$mine01$EntryID",
			"LLN0$SP$SGCB$NumOfSG", "LLN0$GO$gocb$DstAddress$APPID", "LLN0$MS$msvcb$SmpRate", "LLN0$LG$lcb$LogEna",
			"GGIO1$MX$AnIn1$mag$f", "GGIO1$CO$SPCSO4$SBOw$origin$orCat", "MHAI1$MX$HA$phsAHar",
		} {
			if !slices.Contains(names, want) {
				t.Errorf("no %s", want)
			}
		}
		if slices.Contains(names, "MHAI1$MX$HA$phsAHar$mag") {
			t.Error("elements of an array are listed")
		}
	})
}

func TestNameListPages(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		whole, _ := h.peer("a@x").nameList(mms.ClassNamedVariable, mms.DomainSpecific, "TLD0")
		small := h.peerWith("b@x", mms.Params{MaxPDU: 1000})
		paged, pages := small.nameList(mms.ClassNamedVariable, mms.DomainSpecific, "TLD0")
		if pages < 10 || !slices.Equal(whole, paged) {
			t.Errorf("%d names in %d pages, want %d", len(paged), pages, len(whole))
		}
		if e := small.serviceError(&mms.GetNameList{Scope: mms.DomainSpecific, Domain: "TLD0", ContinueAfter: "LLN0$ST$Nothing"}); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
			t.Errorf("unknown name to continue after: %+v", e)
		}
		if e := small.serviceError(&mms.GetNameList{Scope: mms.DomainSpecific, Domain: "NONE"}); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
			t.Errorf("unknown domain: %+v", e)
		}
	})
}

func (p *peer) typeOf(item string) mms.TypeSpec {
	p.Helper()
	return p.response(&mms.GetVariableAccessAttributes{Name: mms.InDomain("TLD0", item)}).(*mms.GetVariableAccessAttributesResponse).Type
}

func TestTypes(t *testing.T) {
	st := func(cs ...any) mms.TypeSpec {
		out := mms.TypeSpec{Kind: model.KindStruct}
		for i := 0; i < len(cs); i += 2 {
			out.Components = append(out.Components, mms.Component{Name: cs[i].(string), Type: cs[i+1].(mms.TypeSpec)})
		}
		return out
	}
	f32 := mms.TypeSpec{Kind: model.KindFloat, Size: 32, Exponent: 8}
	quality, stamp, boolean := mms.TypeSpec{Kind: model.KindBits, Size: -13}, mms.TypeSpec{Kind: model.KindTime}, mms.TypeSpec{Kind: model.KindBool}
	an := st("f", f32)
	cval := st("mag", an, "ang", an)
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		for item, want := range map[string]mms.TypeSpec{
			"GGIO1$MX$AnIn1$mag$f": f32,
			"GGIO1$MX$AnIn1":       st("mag", an, "q", quality, "t", stamp),
			"GGIO1$MX":             st("AnIn1", st("mag", an, "q", quality, "t", stamp), "AnIn2", st("mag", an, "q", quality, "t", stamp), "AnOut1", p.typeOf("GGIO1$MX$AnOut1")),
			"GGIO1$SV":             st("AnIn1", st("subEna", boolean), "AnIn2", st("subEna", boolean)),
			"MHAI1$MX$HA$phsAHar":  {Kind: model.KindArray, Count: 4, Elem: &cval},
			"GGIO1$CO$SPCSO1$Oper": st("ctlVal", boolean, "operTm", stamp, "origin", st("orCat", mms.TypeSpec{Kind: model.KindInt, Size: 8}, "orIdent", mms.TypeSpec{Kind: model.KindOctets, Size: -64}),
				"ctlNum", mms.TypeSpec{Kind: model.KindUint, Size: 8}, "T", stamp, "Test", boolean, "Check", mms.TypeSpec{Kind: model.KindBits, Size: 2}),
			"LLN0$RP$urcb01": st("RptID", mms.TypeSpec{Kind: model.KindString, Size: -129}, "RptEna", boolean, "Resv", boolean, "DatSet", mms.TypeSpec{Kind: model.KindString, Size: -129},
				"ConfRev", mms.TypeSpec{Kind: model.KindUint, Size: 32}, "OptFlds", mms.TypeSpec{Kind: model.KindBits, Size: -10}, "BufTm", mms.TypeSpec{Kind: model.KindUint, Size: 32},
				"SqNum", mms.TypeSpec{Kind: model.KindUint, Size: 8}, "TrgOps", mms.TypeSpec{Kind: model.KindBits, Size: -6}, "IntgPd", mms.TypeSpec{Kind: model.KindUint, Size: 32},
				"GI", boolean, "Owner", mms.TypeSpec{Kind: model.KindOctets, Size: -64}),
			"LLN0$BR$brcb01$EntryID":     {Kind: model.KindOctets, Size: 8},
			"LLN0$BR$brcb01$TimeofEntry": {Kind: model.KindEntryTime, Size: 1},
			"LLN0$BR$brcb01$SqNum":       {Kind: model.KindUint, Size: 16},
		} {
			if diff := cmp.Diff(want, p.typeOf(item)); diff != "" {
				t.Errorf("%s: %s", item, diff)
			}
		}
		ln := p.typeOf("LLN0")
		var fcs []string
		for _, c := range ln.Components {
			fcs = append(fcs, c.Name)
		}
		if want := "ST CO SP CF DC BR RP LG GO MS"; strings.Join(fcs, " ") != want {
			t.Errorf("LLN0 has %q, want %q", fcs, want)
		}
		for _, item := range []string{"GGIO1$MX$Nothing", "Nope", "GGIO1$XX", "MHAI1$MX$HA$phsAHar$mag"} {
			if e := p.serviceError(&mms.GetVariableAccessAttributes{Name: mms.InDomain("TLD0", item)}); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
				t.Errorf("%s: %+v", item, e)
			}
		}
		small := h.peerWith("small@x", mms.Params{MaxPDU: 1000})
		if e := small.serviceError(&mms.GetVariableAccessAttributes{Name: mms.InDomain("TLD0", "GGIO1")}); e.Class != mms.ErrService || e.Code != mms.ServicePDUSize {
			t.Errorf("a type beyond the PDU size: %+v", e)
		}
	})
}
