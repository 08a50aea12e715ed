package server

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestRead(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		h.update(func(tx *Tx) {
			tx.Float(anIn1.Child("mag.f"), 123.5)
			tx.Quality(anIn1, model.Questionable|model.QOldData)
		})
		if f, ok := p.read("GGIO1$MX$AnIn1$mag$f").AsFloat(); !ok || f != 123.5 {
			t.Errorf("mag.f = %v", f)
		}
		whole := model.Struct(model.Struct(model.Float32(123.5)), model.QualityValue(model.Questionable|model.QOldData), model.Time(0))
		if got := p.read("GGIO1$MX$AnIn1"); !got.Equal(whole) {
			t.Errorf("AnIn1 = %v", got)
		}
		if got := p.read("GGIO1$MX"); got.Len() != 3 || !got.At(0).Equal(whole) {
			t.Errorf("GGIO1$MX = %v", got)
		}
		if got := p.read("LLN0"); got.Len() != 10 {
			t.Errorf("LLN0 has %d functional constraints", got.Len())
		}
		if got, _ := p.read("GGIO1$CF$AnIn1$units$SIUnit").AsInt(); got != 38 {
			t.Errorf("SIUnit = %d", got)
		}
		if got, _ := p.read("LLN0$GO$gocb$DatSet").AsText(); got != "TLD0/LLN0$Four" {
			t.Errorf("GoCB DatSet = %q", got)
		}
		if got, _ := p.read("LLN0$SP$SGCB$NumOfSG").AsUint(); got != 2 {
			t.Errorf("NumOfSG = %d", got)
		}
	})
}

func TestReadFailures(t *testing.T) {
	run(t, Config{Limits: Limits{Variables: 4}}, func(h *harness) {
		p := h.peer("cc@x")
		other := func(s mms.Scope, domain, item string) mms.VariableSpec {
			return mms.VariableSpec{Name: mms.ObjectName{Scope: s, Domain: domain, Item: item}}
		}
		for name, c := range map[string]struct {
			spec mms.VariableSpec
			want mms.DataAccessError
		}{
			"item":     {spec("GGIO1$MX$Nope"), mms.ObjectNonExistent},
			"domain":   {other(mms.DomainSpecific, "NONE", "GGIO1"), mms.ObjectNonExistent},
			"vmd":      {other(mms.VMDSpecific, "", "GGIO1"), mms.ObjectNonExistent},
			"aa":       {other(mms.AASpecific, "", "GGIO1"), mms.ObjectNonExistent},
			"empty":    {spec(""), mms.ObjectNonExistent},
			"address":  {mms.VariableSpec{Unnamed: true, Raw: []byte{0xa1, 3, 0x80, 1, 1}}, mms.ObjectAccessUnsupported},
			"wrong FC": {spec("GGIO1$ST$AnIn1$mag$f"), mms.ObjectNonExistent},
			"index of no array": {
				mms.VariableSpec{Name: spec("GGIO1$MX$AnIn1").Name, Alternate: []mms.AlternateAccess{{HasIndex: true}}},
				mms.ObjectAccessUnsupported,
			},
		} {
			if r := p.readAll(c.spec); !r[0].Failed || r[0].Error != c.want {
				t.Errorf("%s: %+v, want %v", name, r[0], c.want)
			}
		}
		mixed := p.readAll(spec("GGIO1$MX$AnIn1$mag$f"), spec("GGIO1$MX$Nope"), spec("GGIO1$ST$Ind1$stVal"))
		if mixed[0].Failed || !mixed[1].Failed || mixed[2].Failed {
			t.Errorf("a list with one unknown: %+v", mixed)
		}
		if r, ok := p.call(&mms.Read{}).(*mms.Reject); !ok || r.Reason.Code != mms.RejectInvalidArgument {
			t.Errorf("an empty read: %+v", r)
		}
		five := make([]mms.VariableSpec, 5)
		if e := p.serviceError(&mms.Read{Access: mms.VariableAccess{List: five}}); e.Class != mms.ErrResource {
			t.Errorf("too many variables: %+v", e)
		}
		flood := h.peerWith("flood@x", mms.Params{MaxPDU: 400})
		if e := flood.serviceError(&mms.Read{Access: mms.VariableAccess{List: slices.Repeat([]mms.VariableSpec{spec("LLN0")}, 4)}}); e.Class != mms.ErrService || e.Code != mms.ServicePDUSize {
			t.Errorf("an answer far beyond the PDU size: %+v", e)
		}
		small := h.peerWith("small@x", mms.Params{MaxPDU: 500})
		if e := small.serviceError(&mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{spec("GGIO1")}}}); e.Class != mms.ErrService || e.Code != mms.ServicePDUSize {
			t.Errorf("an answer beyond the PDU size: %+v", e)
		}
		if st := h.s.Stats(); st.Failures != 13 || st.Requests != 13 {
			t.Errorf("%d failures of %d requests are counted, want 13 of 13", st.Failures, st.Requests)
		}
	})
}

func TestAlternateAccess(t *testing.T) {
	run(t, Config{Limits: Limits{Nesting: 3}}, func(h *harness) {
		p := h.peer("cc@x")
		har := model.Ref{LDevice: "TLD0", LN: "MHAI1", Path: "HA.phsAHar(2).mag.f", FC: model.MX}
		h.update(func(tx *Tx) { tx.Float(har, 7) })
		array := spec("MHAI1$MX$HA$phsAHar")
		element := model.Struct(model.Struct(model.Float32(7)), model.Struct(model.Float32(0)))
		zero := model.Struct(model.Struct(model.Float32(0)), model.Struct(model.Float32(0)))
		mag := []mms.AlternateAccess{{Component: "mag", Nested: []mms.AlternateAccess{{Component: "f"}}}}
		for name, c := range map[string]struct {
			alt  []mms.AlternateAccess
			want model.Value
		}{
			"whole":     {nil, model.Array(zero, zero, element, zero)},
			"all":       {[]mms.AlternateAccess{{AllElems: true}}, model.Array(zero, zero, element, zero)},
			"index":     {[]mms.AlternateAccess{{HasIndex: true, Index: 2}}, element},
			"range":     {[]mms.AlternateAccess{{HasIndex: true, Index: 1, Count: 2}}, model.Array(zero, element)},
			"component": {[]mms.AlternateAccess{{HasIndex: true, Index: 2, Nested: mag}}, model.Float32(7)},
			"two":       {[]mms.AlternateAccess{{HasIndex: true, Index: 2, Nested: mag}, {HasIndex: true, Index: 0, Nested: mag}}, model.Struct(model.Float32(7), model.Float32(0))},
		} {
			s := array
			s.Alternate = c.alt
			if r := p.readAll(s); r[0].Failed || !r[0].Value.Equal(c.want) {
				t.Errorf("%s: %+v", name, r[0])
			}
		}
		deep := []mms.AlternateAccess{{Component: "x"}}
		for range 4 {
			deep = []mms.AlternateAccess{{HasIndex: true, Nested: deep}}
		}
		for name, alt := range map[string][]mms.AlternateAccess{
			"beyond":       {{HasIndex: true, Index: 4}},
			"range beyond": {{HasIndex: true, Index: 3, Count: 2}},
			"huge range":   {{HasIndex: true, Index: 1, Count: 1<<32 - 1}},
			"unknown":      {{HasIndex: true, Index: 1, Nested: []mms.AlternateAccess{{Component: "nope"}}}},
			"deep":         deep,
			"nothing":      {{}},
		} {
			s := array
			s.Alternate = alt
			if r := p.readAll(s); !r[0].Failed {
				t.Errorf("%s: %+v", name, r[0])
			}
		}
		if v, err := h.s.Get(har); err != nil || !v.Equal(model.Float32(7)) {
			t.Errorf("Get of an element: %v, %v", v, err)
		}
	})
}

func TestSpecificationWithResult(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		access := mms.VariableAccess{List: []mms.VariableSpec{spec("GGIO1$ST$Ind1$stVal")}}
		r := p.response(&mms.Read{SpecificationWithResult: true, Access: access}).(*mms.ReadResponse)
		if r.Access == nil || !cmp.Equal(*r.Access, access) {
			t.Errorf("specification %+v", r.Access)
		}
	})
}

func TestWrite(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set("GGIO1$SP$Set1$setMag$f", model.Float32(4))
		if v, err := h.s.Get(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Set1.setMag.f", FC: model.SP}); err != nil || !v.Equal(model.Float32(4)) {
			t.Errorf("stored %v, %v", v, err)
		}
		p.set("GGIO1$SP$Set1", model.Struct(model.Struct(model.Float32(5))))
		if v := p.read("GGIO1$SP$Set1$setMag$f"); !v.Equal(model.Float32(5)) {
			t.Errorf("a structure was stored as %v", v)
		}
		p.set("GGIO1$CF$AnIn1$db", model.Uint(100))
		if code := p.write("GGIO1$SV$AnIn1$subEna", model.Bool(true)); code != mms.ObjectAccessUnsupported {
			t.Errorf("substitution without anybody who does it: %v", code)
		}
		if err := h.s.HandleWrite(anIn1WithoutFC, func(*model.Principal, model.Ref, model.Value) error { return nil }); err != nil {
			t.Fatal(err)
		}
		p.set("GGIO1$SV$AnIn1$subEna", model.Bool(true))
		p.set("LLN0$DC$NamPlt$d", model.Visible("bay 7"))
		if all := h.served(); len(all) != 6 || all[0].Service != "write" || all[0].Err != nil || all[0].Principal.Name != "cc@x" {
			t.Errorf("audit: %+v", h.audits)
		}
	})
}

func TestWriteFailures(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		long := make([]byte, 256)
		for i := range long {
			long[i] = 'x'
		}
		for _, c := range []struct {
			item string
			v    model.Value
			want mms.DataAccessError
		}{
			{"GGIO1$SP$Set1$nope", model.Float32(1), mms.ObjectNonExistent},
			{"GGIO1$SP$Set1$setMag$f", model.Float64(1), mms.TypeInconsistent},
			{"GGIO1$SP$Set1$setMag$f", model.Int(1), mms.TypeInconsistent},
			{"GGIO1$SP$Set1", model.Struct(), mms.TypeInconsistent},
			{"GGIO1$SP$Set1", model.Float32(1), mms.TypeInconsistent},
			{"GGIO1$SP$Set2$setMag$f", model.Float32(1), mms.ObjectAccessDenied}, // valKind RO of DAI
			{"LPHD1$DC$PhyNam$vendor", model.Visible("x"), mms.ObjectAccessDenied},
			{"GGIO1$MX$AnIn1$mag$f", model.Float32(1), mms.ObjectAccessDenied},
			{"GGIO1$ST$Ind1$stVal", model.Bool(true), mms.ObjectAccessDenied},
			{"GGIO1$CF$SPCSO1$ctlModel", model.Int(3), mms.ObjectAccessDenied},
			{"GGIO1$CF$AnIn1$db", model.Uint(1 << 32), mms.TypeInconsistent},
			{"GGIO1$SP$ModeSet$setVal", model.Int(9), mms.ObjectValueInvalid},
			{"GGIO1$SP$ModeSet$setVal", model.Int(300), mms.TypeInconsistent},
			{"LLN0$DC$NamPlt$d", model.Visible(string(long)), mms.TypeInconsistent},
			{"LLN0$SP$SGCB$ActSG", model.Uint(3), mms.ObjectValueInvalid},
			{"LLN0$GO$gocb$GoEna", model.Bool(true), mms.ObjectAttributeInconsistent}, // no address
			{"LLN0$GO$gocb$GoID", model.Visible("x"), mms.ObjectAccessDenied},         // no GSESettings
			{"LLN0$BR$brcb01", model.Struct(), mms.ObjectAccessUnsupported},
			{"LLN0", model.Struct(), mms.ObjectAccessUnsupported},
			{"GGIO1$CO$SPCSO1", model.Struct(), mms.ObjectAccessDenied},
			{"GGIO1$CO$SPCSO1$Oper$ctlVal", model.Bool(true), mms.ObjectAccessDenied},
		} {
			if got := p.write(c.item, c.v); got != c.want {
				t.Errorf("%s := %v gives %v, want %v", c.item, c.v, got, c.want)
			}
		}
		for name, w := range map[string]*mms.Write{
			"nothing":  {},
			"no data":  {Access: mms.VariableAccess{List: []mms.VariableSpec{spec("GGIO1$SP$Set1")}}},
			"too much": {Access: mms.VariableAccess{List: []mms.VariableSpec{spec("GGIO1$SP$Set1")}}, Data: []model.Value{model.Bool(true), model.Bool(true)}},
		} {
			if r, ok := p.call(w).(*mms.Reject); !ok || r.Reason.Code != mms.RejectInvalidArgument {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if v := p.read("GGIO1$SP$Set1$setMag$f"); !v.Equal(model.Float32(0)) {
			t.Errorf("a refused write changed the value to %v", v)
		}
	})
}

func TestWriteHooks(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		set1 := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Set1"}
		var seen []model.Ref
		limit := func(who *model.Principal, ref model.Ref, v model.Value) error {
			seen = append(seen, ref)
			if who.Name != "cc@x" {
				t.Errorf("principal %+v", who)
			}
			for v.Len() > 0 {
				v = v.At(0)
			}
			if f, _ := v.AsFloat(); f > 100 {
				return errors.New("beyond the rating")
			} else if f < 0 {
				return mms.TemporarilyUnavailable
			}
			return nil
		}
		leaf := set1.Child("setMag.f")
		leaf.FC = model.SP
		for _, at := range []model.Ref{set1, leaf} {
			h.s.hooks = map[model.Ref]WriteFunc{}
			if err := h.s.HandleWrite(at, limit); err != nil {
				t.Fatal(err)
			}
			seen = nil
			if code := p.write("GGIO1$SP$Set1$setMag$f", model.Float32(101)); code != mms.ObjectValueInvalid {
				t.Errorf("%v: beyond the limit: %v", at, code)
			}
			if code := p.write("GGIO1$SP$Set1", model.Struct(model.Struct(model.Float32(101)))); code != mms.ObjectValueInvalid {
				t.Errorf("%v: beyond the limit, as a structure: %v", at, code)
			}
			if code := p.write("GGIO1$SP$Set1$setMag$f", model.Float32(-1)); code != mms.TemporarilyUnavailable {
				t.Errorf("%v: an error of its own: %v", at, code)
			}
			p.set("GGIO1$SP$Set1$setMag$f", model.Float32(50))
			if len(seen) != 4 || seen[0] != leaf {
				t.Errorf("%v: saw %v", at, seen)
			}
		}
		if err := h.s.HandleWrite(set1.Child("nope"), limit); !errors.Is(err, ErrUnknown) {
			t.Errorf("hook on nothing: %v", err)
		}
	})
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		for name, f := range map[string]func(tx *Tx){
			"unknown": func(tx *Tx) { tx.Set(anIn1.Child("nope"), model.Bool(true)) },
			"slot":    func(tx *Tx) { tx.SetSlot(1<<20, model.Bool(true)) },
			"trigger": func(tx *Tx) { tx.Trigger(model.Ref{LDevice: "NONE"}) },
			"rcb": func(tx *Tx) {
				tx.Set(model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "brcb01.RptEna", FC: model.BR}, model.Bool(true))
			},
		} {
			err := h.s.Update(time.Now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), 1); f(tx) })
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("%s: %v", name, err)
			}
		}
		err := h.s.Update(time.Now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), 1); tx.Set(ind1.Child("stVal"), model.Int(1)) })
		if !errors.Is(err, ErrType) {
			t.Errorf("wrong type: %v", err)
		}
		if v, _ := h.s.Get(anIn1.Child("mag.f")); !v.Equal(model.Float32(0)) {
			t.Errorf("a failed update left %v", v)
		}
		slot, err := h.s.Slot(anIn1.Child("mag.f"))
		if err != nil {
			t.Fatal(err)
		}
		h.update(func(tx *Tx) { tx.SetSlot(slot, model.Float32(3)); tx.Time(anIn1) })
		if v, _ := h.s.Get(anIn1); !v.At(0).At(0).Equal(model.Float32(3)) || v.At(2).Equal(model.Time(0)) {
			t.Errorf("got %v", v)
		}
		if _, err := h.s.Slot(anIn1); !errors.Is(err, ErrUnknown) {
			t.Errorf("slot of a structure: %v", err)
		}
		h.s.Close()
		if err := h.s.Update(time.Now(), func(*Tx) {}); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}
