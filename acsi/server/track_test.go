package server

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// wantTrack checks a tracking object of LTRK1: what it has of every service, and attributes of its own.
func (p *peer) wantTrack(object string, service model.Service, code model.ServiceError, who, ref string, own map[string]model.Value) {
	p.Helper()
	at := "LTRK1$SR$" + object + "$"
	for name, want := range map[string]model.Value{
		"objRef": model.Visible(ref), "serviceType": model.Int(int64(service)), "errorCode": model.Int(int64(code)), "originatorID": model.Octets(who),
		"t": model.Time(model.NewTimestamp(time.Now(), model.LeapSecondsKnown|model.AccuracyMillisecond)),
	} {
		if got := p.read(at + name); !got.Equal(want) {
			p.Errorf("%s %s: %s = %v, want %v", object, service, name, got, want)
		}
	}
	for name, want := range own {
		if got := p.read(at + name); !got.Equal(want) {
			p.Errorf("%s %s: %s = %v, want %v", object, service, name, got, want)
		}
	}
}

func TestTrackControlBlocks(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		_ = h.s.HandleControlBlock(gocb, func(*model.Principal, BlockState) error { return nil })
		a, b := h.peer("a@grid"), h.peer("b@grid")
		a.set(sgcb+"$EditSG", model.Uint(1))
		b.wantTrack("SgcbTrk", model.ServiceSelectEditSG, model.ErrorNone, "a@grid", "TLD0/LLN0.SGCB", map[string]model.Value{
			"numOfSG": model.Uint(3), "actSG": model.Uint(2), "editSG": model.Uint(1), "cnfEdit": model.Bool(false), "resvTms": model.Uint(60),
		})
		b.refuses(sgcb+"$EditSG", model.Uint(3), mms.TemporarilyUnavailable)
		a.wantTrack("SgcbTrk", model.ServiceSelectEditSG, model.ErrorInstanceLockedByOtherClient, "b@grid", "TLD0/LLN0.SGCB", map[string]model.Value{"editSG": model.Uint(3)})
		a.set(strValSE, float(1))
		a.wantTrack("GenTrk", model.ServiceSetEditSGValue, model.ErrorNone, "a@grid", "TLD0/PTOC1.StrVal.setMag.f", nil)
		a.set(sgcb+"$CnfEdit", model.Bool(true))
		a.wantTrack("SgcbTrk", model.ServiceConfirmEditSGValues, model.ErrorNone, "a@grid", "TLD0/LLN0.SGCB", map[string]model.Value{"cnfEdit": model.Bool(true), "editSG": model.Uint(0)})
		a.refuses(sgcb+"$CnfEdit", model.Bool(true), mms.TemporarilyUnavailable)
		a.wantTrack("SgcbTrk", model.ServiceConfirmEditSGValues, model.ErrorAccessNotAllowedInCurrentState, "a@grid", "TLD0/LLN0.SGCB", nil)
		a.refuses(sgcb+"$ActSG", model.Uint(9), mms.ObjectValueInvalid)
		a.wantTrack("SgcbTrk", model.ServiceSelectActiveSG, model.ErrorParameterValueInappropriate, "a@grid", "TLD0/LLN0.SGCB", map[string]model.Value{"actSG": model.Uint(9)})
		if err := h.s.ActivateGroup("TLD0", 3); err != nil {
			t.Fatal(err)
		}
		a.wantTrack("SgcbTrk", model.ServiceInternalChange, model.ErrorNone, "", "TLD0/LLN0.SGCB", map[string]model.Value{"actSG": model.Uint(3)})

		a.set("LLN0$RP$meas01$RptEna", model.Bool(true))
		a.wantTrack("UrcbTrk", model.ServiceSetURCBValues, model.ErrorNone, "a@grid", "TLD0/LLN0.meas01", map[string]model.Value{
			"rptEna": model.Bool(true), "resv": model.Bool(true), "datSet": model.Visible("TLD0/LLN0$Meas"), "confRev": model.Uint(1),
		})
		a.refuses("LLN0$RP$meas01$IntgPd", model.Uint(1000), mms.TemporarilyUnavailable)
		a.wantTrack("UrcbTrk", model.ServiceSetURCBValues, model.ErrorAccessNotAllowedInCurrentState, "a@grid", "TLD0/LLN0.meas01", map[string]model.Value{"intgPd": model.Uint(1000)})
		b.refuses("LLN0$RP$meas01$RptEna", model.Bool(false), mms.TemporarilyUnavailable)
		a.wantTrack("UrcbTrk", model.ServiceSetURCBValues, model.ErrorInstanceLockedByOtherClient, "b@grid", "TLD0/LLN0.meas01", nil)
		a.set("LLN0$BR$buf01$PurgeBuf", model.Bool(true))
		a.wantTrack("BrcbTrk", model.ServiceSetBRCBValues, model.ErrorNone, "a@grid", "TLD0/LLN0.buf01", map[string]model.Value{"purgeBuf": model.Bool(true), "rptEna": model.Bool(false)})
		a.set("LLN0$LG$lcb$LogEna", model.Bool(true))
		a.wantTrack("LocbTrk", model.ServiceSetLCBValues, model.ErrorNone, "a@grid", "TLD0/LLN0.lcb", map[string]model.Value{
			"logEna": model.Bool(true), "datSet": model.Visible("TLD0/LLN0$Meas"), "logRef": model.Visible("TLD0/LLN0$log"),
		})
		a.set("LLN0$GO$gocb$GoEna", model.Bool(true))
		a.wantTrack("GocbTrk", model.ServiceSetGoCBValues, model.ErrorNone, "a@grid", "TLD0/LLN0.gocb", map[string]model.Value{
			"goEna": model.Bool(true), "goID": model.Visible("T/go"), "ndsCom": model.Bool(false), "dstAddress$APPID": model.Uint(0x3007),
		})
		a.set("LLN0$MS$msvcb$MsvID", model.Visible("x"))
		a.wantTrack("MsvcbTrk", model.ServiceSetMSVCBValues, model.ErrorNone, "a@grid", "TLD0/LLN0.msvcb", map[string]model.Value{"msvID": model.Visible("x"), "smpRate": model.Uint(80)})
		a.set("LLN0$US$usvcb$Resv", model.Bool(true))
		a.wantTrack("UsvcbTrk", model.ServiceSetUSVCBValues, model.ErrorNone, "a@grid", "TLD0/LLN0.usvcb", map[string]model.Value{"resv": model.Bool(true)})
		a.lose()
		b.wantTrack("UsvcbTrk", model.ServiceInternalChange, model.ErrorNone, "", "TLD0/LLN0.usvcb", map[string]model.Value{"resv": model.Bool(false)})
	})
}

func TestTrackCommands(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		var finish func(model.AddCause)
		handler := &holding{start: func(done func(model.AddCause)) { finish = done }}
		for _, do := range []string{"Spc", "Dpc", "Inc", "Apc", "Enc"} {
			if err := h.s.Handle(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: do}, handler); err != nil {
				t.Fatal(err)
			}
		}
		p := h.peer("op@grid")
		oper := func(v model.Value, num uint64, check bool) model.Value {
			parts := []model.Value{
				v, model.Time(0), model.Struct(model.Int(3), model.Octets("me")), model.Uint(num),
				model.Time(model.NewTimestamp(time.Now(), 0)), model.Bool(false),
			}
			if check {
				parts = append(parts, model.Bits(2, 2))
			}
			return model.Struct(parts...)
		}
		own := func(v model.Value, num uint64, cause model.AddCause) map[string]model.Value {
			return map[string]model.Value{
				"ctlVal": v, "ctlNum": model.Uint(num), "respAddCause": model.Int(int64(cause)), "origin$orIdent": model.Octets("me"),
				"T": model.Time(model.NewTimestamp(time.Now(), 0)), "Test": model.Bool(false),
			}
		}
		on := model.Bool(true)
		p.refuses("GGIO1$CO$Spc$Oper", oper(on, 1, true), mms.ObjectAccessDenied)
		p.wantTrack("SpcTrk", model.ServiceOperate, model.ErrorControlMustBeSelected, "op@grid", "TLD0/GGIO1.Spc", own(on, 1, model.AddCauseNotSelected))
		p.set("GGIO1$CO$Spc$SBOw", oper(on, 2, true))
		p.wantTrack("SpcTrk", model.ServiceSelectWithValue, model.ErrorNone, "op@grid", "TLD0/GGIO1.Spc", own(on, 2, model.AddCauseNone))
		p.set("GGIO1$CO$Spc$Cancel", oper(on, 2, false))
		p.wantTrack("SpcTrk", model.ServiceCancel, model.ErrorNone, "op@grid", "TLD0/GGIO1.Spc", own(on, 2, model.AddCauseNone))

		p.set("GGIO1$CO$Dpc$Oper", oper(on, 3, true))
		p.wantTrack("DpcTrk", model.ServiceOperate, model.ErrorNone, "op@grid", "TLD0/GGIO1.Dpc", own(on, 3, model.AddCauseNone))
		finish(model.AddCauseBlockedByProcess)
		synctest.Wait()
		p.wantTrack("DpcTrk", model.ServiceCommandTermination, model.ErrorAccessViolation, "op@grid", "TLD0/GGIO1.Dpc", own(on, 3, model.AddCauseBlockedByProcess))
		p.set("GGIO1$CO$Inc$Oper", oper(model.Int(-5), 4, true))
		p.wantTrack("IncTrk", model.ServiceOperate, model.ErrorNone, "op@grid", "TLD0/GGIO1.Inc", own(model.Int(-5), 4, model.AddCauseNone))
		p.set("GGIO1$CO$Apc$Oper", oper(model.Struct(float(1.5)), 5, true))
		p.wantTrack("ApcFTrk", model.ServiceOperate, model.ErrorNone, "op@grid", "TLD0/GGIO1.Apc", map[string]model.Value{"ctlVal$f": float(1.5)})
		timed := oper(model.Int(1), 6, true)
		timed.Members()[1] = model.Time(model.NewTimestamp(time.Now().Add(time.Minute), 0))
		p.set("GGIO1$CO$Enc$Oper", timed)
		p.wantTrack("EncTrk", model.ServiceTimeActivatedOperate, model.ErrorNone, "op@grid", "TLD0/GGIO1.Enc", map[string]model.Value{"operTm": timed.At(1)})
	})
}

// holding is a ControlHandler whose executions end when the test says so.
type holding struct{ start func(func(model.AddCause)) }

func (h *holding) Check(*Command) model.AddCause { return model.AddCauseNone }

func (h *holding) Operate(_ *Command, done func(model.AddCause)) { h.start(done) }

func TestTrackOtherServices(t *testing.T) {
	deny := AuthorizerFunc(func(p *model.Principal, r Right, _ model.Ref) error {
		if p.Name == "viewer" && (r == RightConfig || r == RightDataSet) {
			return errors.New("no")
		}
		return nil
	})
	services(t, Config{Authorizer: deny}, func(h *harness) {
		a, v := h.peer("a"), h.peer("viewer")
		synctest.Wait()
		a.set("GGIO1$SP$Num$setVal", model.Int(1))
		a.wantTrack("GenTrk", model.ServiceSetDataValues, model.ErrorNone, "a", "TLD0/GGIO1.Num.setVal", nil)
		v.refuses("GGIO1$SP$Num$setVal", model.Int(1), mms.ObjectAccessDenied)
		a.wantTrack("GenTrk", model.ServiceSetDataValues, model.ErrorAccessViolation, "viewer", "TLD0/GGIO1.Num.setVal", nil)
		a.refuses("GGIO1$SP$Num$setVal", model.Bool(true), mms.TypeInconsistent)
		a.wantTrack("GenTrk", model.ServiceSetDataValues, model.ErrorTypeConflict, "a", "TLD0/GGIO1.Num.setVal", nil)
		name := mms.InDomain("TLD0", "LLN0$mine")
		define := &mms.DefineNamedVariableList{Name: name, List: []mms.VariableSpec{spec("GGIO1$SP$Num$setVal")}}
		a.response(define)
		a.wantTrack("GenTrk", model.ServiceCreateDataSet, model.ErrorNone, "a", "TLD0/LLN0.mine", nil)
		a.serviceError(define)
		a.wantTrack("GenTrk", model.ServiceCreateDataSet, model.ErrorInstanceInUse, "a", "TLD0/LLN0.mine", nil)
		a.response(&mms.Write{Access: mms.VariableAccess{NamedList: true, ListName: name}, Data: []model.Value{model.Int(7)}})
		a.wantTrack("GenTrk", model.ServiceSetDataSetValues, model.ErrorNone, "a", "TLD0/LLN0.mine", nil)
		remove := &mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}}
		v.serviceError(remove)
		a.wantTrack("GenTrk", model.ServiceDeleteDataSet, model.ErrorAccessViolation, "viewer", "TLD0/LLN0.mine", nil)
		a.response(remove)
		a.wantTrack("GenTrk", model.ServiceDeleteDataSet, model.ErrorNone, "a", "TLD0/LLN0.mine", nil)
		a.response(remove)
		a.wantTrack("GenTrk", model.ServiceDeleteDataSet, model.ErrorInstanceNotAvailable, "a", "TLD0/LLN0.mine", nil)
		_ = h.peer("late")
		synctest.Wait()
		a.wantTrack("GenTrk", model.ServiceAssociate, model.ErrorNone, "late", "", nil)
		v.lose()
		synctest.Wait()
		a.wantTrack("GenTrk", model.ServiceAbort, model.ErrorNone, "viewer", "", nil)
		_ = h.s.Update(time.Now(), func(tx *Tx) {
			tx.Set(model.Ref{LDevice: "TLD1", LN: "GGIO1", Path: "Num.setVal", FC: model.SP}, model.Int(3))
		})
		one := spec("GGIO1$SP$Num$setVal")
		one.Name.Domain = "TLD1" // a device without LTRK
		a.response(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{one}}, Data: []model.Value{model.Int(4)}})
		a.wantTrack("GenTrk", model.ServiceSetDataValues, model.ErrorNone, "a", "TLD1/GGIO1.Num.setVal", nil)
	})
}

func TestTrackingIsReported(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p, q := h.peer("a"), h.peer("q")
		synctest.Wait()
		p.set("LLN0$RP$track01$RptEna", model.Bool(true))
		p.reports()
		for range 2 { // the same twice is two events
			q.refuses(sgcb+"$ActSG", model.Uint(9), mms.ObjectValueInvalid)
		}
		r := p.reports()
		if len(r) != 2 {
			t.Fatalf("%d reports", len(r))
		}
		for _, r := range r {
			if len(r.members) != 1 || r.members[0] != 12 || r.reasons[0]&reasonUpdate == 0 {
				t.Errorf("report %+v", r)
			}
			if service, _ := r.values[0].At(1).AsInt(); model.Service(service) != model.ServiceSelectActiveSG {
				t.Errorf("service %d", service)
			}
		}
	})
}

// A reference that is longer than a tracking object takes is cut: it is no reason to show the one of the service before.
func TestTrackLongReference(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		p.read("LTRK1$SR$GenTrk") // its association is tracked by now
		h.s.trackService(model.ServiceDeleteFile, &model.Principal{Name: "b"}, "", strings.Repeat("x", 300), model.ErrorNone)
		p.wantTrack("GenTrk", model.ServiceDeleteFile, model.ErrorNone, "b", strings.Repeat("x", 129), nil)
	})
}
