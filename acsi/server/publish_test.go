package server

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var (
	gocb  = model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "gocb", FC: model.GO}
	usvcb = model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "usvcb", FC: model.US}
	msvcb = model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "msvcb"}
)

func TestGooseControlBlock(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		p.refuses("LLN0$GO$gocb$GoEna", model.Bool(true), mms.ObjectAccessUnsupported) // nobody publishes
		var told []BlockState
		var refuse error
		follow := func(_ *model.Principal, b BlockState) error {
			told = append(told, b)
			return refuse
		}
		for _, ref := range []model.Ref{gocb, {LDevice: "TLD0", LN: "LLN0", Path: "nowhere"}} {
			if err := h.s.HandleControlBlock(ref, follow); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.s.HandleControlBlock(model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "gocb", FC: model.MS}, follow); !errors.Is(err, ErrUnknown) {
			t.Errorf("a block of another kind: %v", err)
		}
		p.refuses("LLN0$GO$nowhere$GoEna", model.Bool(true), mms.ObjectAttributeInconsistent) // NdsCom
		p.want("LLN0$GO$nowhere$NdsCom", model.Bool(true))
		p.set("LLN0$GO$gocb$GoID", model.Visible("other"))
		p.set("LLN0$GO$gocb$DatSet", model.Visible("TLD0/LLN0$Sets"))
		p.want("LLN0$GO$gocb$ConfRev", model.Uint(3))
		p.set("LLN0$GO$gocb$DatSet", model.Visible("TLD0/LLN0$Sets")) // the same
		p.want("LLN0$GO$gocb$ConfRev", model.Uint(3))
		p.refuses("LLN0$GO$gocb$DatSet", model.Visible("TLD0/LLN0$No"), mms.ObjectValueInvalid)
		p.refuses("LLN0$GO$gocb$DatSet", model.Bool(true), mms.TypeInconsistent)
		p.set("LLN0$GO$gocb$DatSet", model.Visible(""))
		p.want("LLN0$GO$gocb$NdsCom", model.Bool(true))
		p.refuses("LLN0$GO$gocb$GoEna", model.Bool(true), mms.ObjectAttributeInconsistent)
		p.set("LLN0$GO$gocb$DatSet", model.Visible("TLD0/LLN0$Meas"))
		p.want("LLN0$GO$gocb$NdsCom", model.Bool(false))

		told, refuse = nil, mms.HardwareFault
		p.refuses("LLN0$GO$gocb$GoEna", model.Bool(true), mms.HardwareFault)
		p.want("LLN0$GO$gocb$GoEna", model.Bool(false))
		refuse = nil
		p.set("LLN0$GO$gocb$GoEna", model.Bool(true))
		p.set("LLN0$GO$gocb$GoEna", model.Bool(true))
		want := BlockState{
			Ref: gocb, Enabled: true, ID: "other", DatSet: "TLD0/LLN0$Meas", ConfRev: 5,
			Address: model.MulticastAddress{MAC: [6]byte{1, 0x0c, 0xcd, 1, 0, 7}, AppID: 0x3007, VLAN: 5, Priority: 4, Set: true},
		}
		if len(told) != 2 || told[1] != want {
			t.Errorf("told %+v, want %+v", told, want)
		}
		if got, err := h.s.ControlBlock(gocb); err != nil || got != want {
			t.Errorf("ControlBlock gives %+v, %v", got, err)
		}
		for item, v := range map[string]model.Value{"GoID": model.Visible("x"), "DatSet": model.Visible("")} {
			p.refuses("LLN0$GO$gocb$"+item, v, mms.TemporarilyUnavailable) // enabled
		}
		for item, v := range map[string]model.Value{
			"ConfRev": model.Uint(9), "NdsCom": model.Bool(false), "MinTime": model.Uint(1), "MaxTime": model.Uint(1), "FixedOffs": model.Bool(true),
			"DstAddress$APPID": model.Uint(1), "DstAddress": p.read("LLN0$GO$gocb$DstAddress"),
		} {
			p.refuses("LLN0$GO$gocb$"+item, v, mms.ObjectAccessDenied)
		}
		p.refuses("LLN0$GO$gocb", p.read("LLN0$GO$gocb"), mms.ObjectAccessUnsupported)
		p.lose()
		p = h.peer("b")
		p.want("LLN0$GO$gocb$GoEna", model.Bool(true)) // a multicast block belongs to nobody
		p.set("LLN0$GO$gocb$GoEna", model.Bool(false))
		if err := h.s.EnableControlBlock(gocb, true); err != nil {
			t.Error(err)
		}
		p.want("LLN0$GO$gocb$GoEna", model.Bool(true))
		if err := h.s.EnableControlBlock(model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "nowhere"}, true); !errors.Is(err, mms.ObjectAttributeInconsistent) {
			t.Errorf("enabled without an address: %v", err)
		}
	})
}

func TestSampledValueControlBlocks(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		var last BlockState
		for _, ref := range []model.Ref{msvcb, usvcb} {
			if err := h.s.HandleControlBlock(ref, func(_ *model.Principal, b BlockState) error { last = b; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		a, b := h.peer("a"), h.peer("b")
		a.set("LLN0$MS$msvcb$MsvID", model.Visible("one"))
		a.set("LLN0$MS$msvcb$SmpRate", model.Uint(256))
		a.set("LLN0$MS$msvcb$OptFlds", model.Bits(1<<8, 10))
		a.refuses("LLN0$MS$msvcb$noASDU", model.Uint(2), mms.ObjectAccessDenied) // Fix
		b.set("LLN0$MS$msvcb$SvEna", model.Bool(true))
		if !last.Enabled || last.ID != "one" || last.SmpRate != 256 || last.OptFlds != 1<<8 || last.NoASDU != 1 {
			t.Errorf("told %+v", last)
		}
		b.refuses("LLN0$MS$msvcb$SmpRate", model.Uint(80), mms.TemporarilyUnavailable)

		a.set("LLN0$US$usvcb$Resv", model.Bool(true))
		for item, v := range map[string]model.Value{"Resv": model.Bool(true), "SvEna": model.Bool(true), "UsvID": model.Visible("x")} {
			b.refuses("LLN0$US$usvcb$"+item, v, mms.TemporarilyUnavailable)
		}
		a.set("LLN0$US$usvcb$SvEna", model.Bool(true))
		a.refuses("LLN0$US$usvcb$Resv", model.Bool(false), mms.TemporarilyUnavailable) // enabled
		a.lose()
		synctest.Wait()
		if last.Ref != usvcb || last.Enabled || last.Resv {
			t.Errorf("the publisher was told %+v", last)
		}
		b.want("LLN0$US$usvcb$SvEna", model.Bool(false))
		b.want("LLN0$US$usvcb$Resv", model.Bool(false))
		b.set("LLN0$US$usvcb$SvEna", model.Bool(true)) // reserves as well
		b.want("LLN0$US$usvcb$Resv", model.Bool(true))
		b.set("LLN0$US$usvcb$SvEna", model.Bool(false))
		b.set("LLN0$US$usvcb$Resv", model.Bool(false))
		c := h.peer("c")
		c.set("LLN0$US$usvcb$Resv", model.Bool(true))
	})
}

func TestPublishedDataSetIsNotDeleted(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		name := mms.InDomain("TLD0", "LLN0$mine")
		p.response(&mms.DefineNamedVariableList{Name: name, List: []mms.VariableSpec{spec("GGIO1$ST$Ind")}})
		p.set("LLN0$GO$gocb$DatSet", model.Visible("TLD0/LLN0$mine"))
		e := p.serviceError(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}})
		if e.Class != mms.ErrService || e.Code != mms.ServiceObjectConstraint {
			t.Errorf("%+v", e)
		}
		own := mms.ObjectName{Scope: mms.AASpecific, Item: "own"}
		p.response(&mms.DefineNamedVariableList{Name: own, List: []mms.VariableSpec{spec("GGIO1$ST$Ind")}})
		p.refuses("LLN0$GO$gocb$DatSet", model.Visible("@own"), mms.ObjectValueInvalid)
		p.set("LLN0$GO$gocb$DatSet", model.Visible(""))
		p.response(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}})
	})
}

func TestRightConfigOfBlocks(t *testing.T) {
	deny := AuthorizerFunc(func(_ *model.Principal, r Right, _ model.Ref) error {
		if r == RightConfig {
			return errors.New("no")
		}
		return nil
	})
	services(t, Config{Authorizer: deny}, func(h *harness) {
		p := h.peer("a")
		for _, item := range []string{"LLN0$GO$gocb$GoEna", "LLN0$MS$msvcb$SvEna", "LLN0$US$usvcb$Resv"} {
			p.refuses(item, model.Bool(true), mms.ObjectAccessDenied)
			p.want(item, model.Bool(false))
		}
	})
}
