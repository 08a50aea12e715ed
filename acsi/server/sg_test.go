package server

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

const (
	sgcb     = "LLN0$SP$SGCB"
	strValSE = "PTOC1$SE$StrVal$setMag$f"
	strValSG = "PTOC1$SG$StrVal$setMag$f"
	delaySE  = "PTOC1$SE$OpDlTmms$setVal"
	delaySG  = "PTOC1$SG$OpDlTmms$setVal"
)

func services(t *testing.T, cfg Config, f func(h *harness)) {
	t.Helper()
	cfg.Model = servicesModel(t)
	run(t, cfg, f)
}

func (p *peer) want(item string, v model.Value) {
	p.Helper()
	if got := p.read(item); !got.Equal(v) {
		p.Errorf("%s = %v, want %v", item, got, v)
	}
}

func (p *peer) refuses(item string, v model.Value, code mms.DataAccessError) {
	p.Helper()
	if got := p.write(item, v); got != code {
		p.Errorf("write %s %v: %v, want %v", item, v, got, code)
	}
}

func (p *peer) unreadable(item string, code mms.DataAccessError) {
	p.Helper()
	if r := p.readAll(spec(item))[0]; !r.Failed || r.Error != code {
		p.Errorf("read %s: %+v, want %v", item, r, code)
	}
}

func float(f float32) model.Value { return model.Float32(f) }

func TestGroupsOfTheModel(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		p.want(sgcb, model.Struct(model.Uint(3), model.Uint(2), model.Uint(0), model.Bool(false), model.Time(0), model.Uint(60)))
		p.want(strValSG, float(200))
		p.want(delaySG, model.Int(20))
		for group, f := range []float32{100, 200, 300} {
			p.set(sgcb+"$EditSG", model.Uint(uint64(group+1)))
			p.want(strValSE, float(f))
			p.want(delaySE, model.Int(int64(10*(group+1))))
			p.want("PTOC1$SE$Mode$setVal", model.Int(1)) // one Val for all groups
		}
		p.want(strValSG, float(200))
	})
}

func TestSelectActive(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		p.set("LLN0$RP$sets01$RptEna", model.Bool(true))
		at := model.NewTimestamp(time.Now(), model.LeapSecondsKnown|model.AccuracyMillisecond)
		p.set(sgcb+"$ActSG", model.Uint(3))
		p.want(strValSG, float(300))
		p.want(delaySG, model.Int(30))
		p.want(sgcb+"$ActSG", model.Uint(3))
		p.want(sgcb+"$LActTm", model.Time(at))
		r := p.reports()
		if len(r) != 1 || len(r[0].members) != 2 {
			t.Fatalf("want one report of both settings, got %+v", r)
		}
		for _, why := range r[0].reasons {
			if why != reasonDataChange {
				t.Errorf("reason %b", why)
			}
		}
		p.set(sgcb+"$ActSG", model.Uint(3)) // again: nothing changes
		if r := p.reports(); len(r) != 0 {
			t.Errorf("a report of no change: %+v", r)
		}
		for _, group := range []uint64{0, 4, 255} {
			p.refuses(sgcb+"$ActSG", model.Uint(group), mms.ObjectValueInvalid)
		}
		p.refuses(sgcb+"$ActSG", model.Bool(true), mms.TypeInconsistent)
		p.refuses(sgcb+"$NumOfSG", model.Uint(9), mms.ObjectAccessDenied)
		p.refuses(sgcb+"$LActTm", model.Time(1), mms.ObjectAccessDenied)
		p.refuses(sgcb, p.read(sgcb), mms.ObjectAccessUnsupported)
		p.refuses(strValSG, float(1), mms.ObjectAccessDenied)
	})
}

func TestEditAndConfirm(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		p.unreadable(strValSE, mms.TemporarilyUnavailable)
		p.unreadable("PTOC1$SE", mms.TemporarilyUnavailable)
		p.unreadable("PTOC1", mms.TemporarilyUnavailable)
		p.refuses(strValSE, float(1), mms.TemporarilyUnavailable)
		p.refuses(sgcb+"$CnfEdit", model.Bool(true), mms.TemporarilyUnavailable)
		p.refuses(sgcb+"$CnfEdit", model.Bool(false), mms.TemporarilyUnavailable)
		p.refuses(sgcb+"$EditSG", model.Uint(4), mms.ObjectValueInvalid)

		p.set(sgcb+"$EditSG", model.Uint(1))
		p.set(strValSE, float(111))
		p.set("PTOC1$SE$TmACrv", model.Struct(model.Uint(1), model.Array(point(1, 2), point(3, 4), point(5, 6))))
		p.refuses(strValSE, model.Int(1), mms.TypeInconsistent)
		p.refuses("PTOC1$SE$Mode$setVal", model.Int(9), mms.ObjectValueInvalid)
		p.refuses("PTOC1$SE$Note$setVal", model.Visible("x"), mms.ObjectAccessDenied)
		p.want(strValSE, float(111))
		p.want(strValSG, float(200))
		p.set(sgcb+"$CnfEdit", model.Bool(false)) // confirms nothing
		p.want(sgcb+"$EditSG", model.Uint(1))
		p.set(sgcb+"$CnfEdit", model.Bool(true))
		p.want(sgcb+"$EditSG", model.Uint(0))
		p.want(sgcb+"$CnfEdit", model.Bool(false))
		p.want(strValSG, float(200)) // another group is active
		p.unreadable(strValSE, mms.TemporarilyUnavailable)

		p.set(sgcb+"$ActSG", model.Uint(1))
		p.want(strValSG, float(111))
		p.want("PTOC1$SG$TmACrv$crvPts", model.Array(point(1, 2), point(3, 4), point(5, 6)))

		p.set("LLN0$RP$sets01$RptEna", model.Bool(true))
		p.set(sgcb+"$EditSG", model.Uint(1)) // the active one
		p.set(strValSE, float(112))
		if r := p.reports(); len(r) != 0 {
			t.Errorf("editing was reported: %+v", r)
		}
		p.set(sgcb+"$CnfEdit", model.Bool(true))
		p.want(strValSG, float(112))
		if r := p.reports(); len(r) != 1 || len(r[0].members) != 1 {
			t.Errorf("want one report of the setting, got %+v", r)
		}

		p.set(sgcb+"$EditSG", model.Uint(2))
		p.set(strValSE, float(999))
		p.set(sgcb+"$EditSG", model.Uint(0)) // thrown away
		p.set(sgcb+"$EditSG", model.Uint(2))
		p.want(strValSE, float(200))
		p.set(sgcb+"$EditSG", model.Uint(3)) // without confirming
		p.want(strValSE, float(300))
	})
}

func point(x, y float32) model.Value { return model.Struct(float(x), float(y)) }

func TestEditBelongsToOne(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		a, b := h.peer("a"), h.peer("b")
		a.set(sgcb+"$EditSG", model.Uint(1))
		a.set(strValSE, float(5))
		for _, w := range []struct {
			item string
			v    model.Value
		}{
			{sgcb + "$EditSG", model.Uint(1)},
			{sgcb + "$EditSG", model.Uint(0)},
			{sgcb + "$CnfEdit", model.Bool(true)},
			{sgcb + "$ResvTms", model.Uint(5)},
			{strValSE, float(6)},
		} {
			b.refuses(w.item, w.v, mms.TemporarilyUnavailable)
		}
		b.unreadable(strValSE, mms.TemporarilyUnavailable)
		b.want(strValSG, float(200))
		b.set(sgcb+"$ActSG", model.Uint(3)) // that is another service
		a.want(strValSE, float(5))
		a.lose()
		found := false
		for _, e := range h.events {
			if r, ok := e.(EditReleased); ok && r.Principal.Name == "a" && r.Group == 1 && errors.Is(r.Why, mms.ErrAborted) {
				found = true
			}
		}
		if !found {
			t.Errorf("no event of the lost edit: %+v", h.events)
		}
		b.want(sgcb+"$EditSG", model.Uint(0))
		b.set(sgcb+"$EditSG", model.Uint(1))
		b.want(strValSE, float(100)) // what a had edited is gone
	})
}

func TestTwoClientsRaceForTheBuffer(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		a, b := h.peer("a"), h.peer("b")
		for round := range 50 {
			codes := make(chan mms.DataAccessError, 2)
			for _, p := range []*peer{a, b} {
				go func() { codes <- p.write(sgcb+"$EditSG", model.Uint(uint64(round%3+1))) }()
			}
			won := 0
			for range 2 {
				if code := <-codes; code == accessOK {
					won++
				} else if code != mms.TemporarilyUnavailable {
					t.Fatalf("code %v", code)
				}
			}
			if won != 1 {
				t.Fatalf("%d clients have the buffer", won)
			}
			for _, p := range []*peer{a, b} {
				_ = p.write(sgcb+"$EditSG", model.Uint(0))
			}
		}
	})
}

func TestReservationRunsOut(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		a, b := h.peer("a"), h.peer("b")
		a.set(sgcb+"$EditSG", model.Uint(1))
		time.Sleep(59 * time.Second)
		b.refuses(sgcb+"$EditSG", model.Uint(1), mms.TemporarilyUnavailable)
		time.Sleep(time.Second)
		synctest.Wait()
		a.refuses(strValSE, float(1), mms.TemporarilyUnavailable)
		a.want(sgcb+"$EditSG", model.Uint(0))
		b.set(sgcb+"$EditSG", model.Uint(1))
		b.set(sgcb+"$ResvTms", model.Uint(100))
		b.refuses(sgcb+"$ResvTms", model.Uint(0), mms.ObjectValueInvalid)
		b.set(sgcb+"$EditSG", model.Uint(1)) // begins anew
		b.want(sgcb+"$ResvTms", model.Uint(60))
		b.set(sgcb+"$ResvTms", model.Uint(100))
		time.Sleep(99 * time.Second)
		b.want(strValSE, float(100))
		b.set(sgcb+"$CnfEdit", model.Bool(true))
		b.want(sgcb+"$ResvTms", model.Uint(60)) // as configured again
		b.refuses(sgcb+"$ResvTms", model.Uint(5), mms.TemporarilyUnavailable)
		time.Sleep(time.Hour) // nothing is left to run out
		synctest.Wait()
		b.set(sgcb+"$EditSG", model.Uint(1))
	})
}

// bank is Settings in memory.
type bank struct {
	active uint8
	at     time.Time
	groups map[uint8]map[model.Ref]model.Value
	fail   error
	saves  int
}

func (b *bank) LoadSettings(model.Ref) (uint8, time.Time, map[uint8]map[model.Ref]model.Value, error) {
	return b.active, b.at, b.groups, b.fail
}

func (b *bank) SaveGroup(_ model.Ref, group uint8, values map[model.Ref]model.Value) error {
	if b.fail != nil {
		return b.fail
	}
	if b.groups == nil {
		b.groups = map[uint8]map[model.Ref]model.Value{}
	}
	b.saves++
	b.groups[group] = values
	return nil
}

func (b *bank) SaveActive(_ model.Ref, group uint8, at time.Time) error {
	if b.fail != nil {
		return b.fail
	}
	b.active, b.at = group, at
	return nil
}

func TestSettingsOutliveARestart(t *testing.T) {
	store := &bank{}
	var lAct model.Value
	services(t, Config{Settings: store}, func(h *harness) {
		p := h.peer("a")
		p.set(sgcb+"$EditSG", model.Uint(3))
		p.set(strValSE, float(333))
		p.set("PTOC1$SE$TmACrv", model.Struct(model.Uint(1), model.Array(point(1, 2), point(3, 4), point(5, 6))))
		p.set(sgcb+"$CnfEdit", model.Bool(true))
		p.set(sgcb+"$ActSG", model.Uint(3))
		lAct = p.read(sgcb + "$LActTm")
		p.set(sgcb+"$EditSG", model.Uint(1)) // never confirmed
		p.set(strValSE, float(-1))
	})
	gone := model.Ref{LDevice: "TLD0", LN: "PTOC1", Path: "Gone.setVal", FC: model.SG}
	store.groups[3][gone] = model.Int(1)
	services(t, Config{Settings: store}, func(h *harness) {
		p := h.peer("a")
		p.want(strValSG, float(333))
		p.want("PTOC1$SG$TmACrv$crvPts", model.Array(point(1, 2), point(3, 4), point(5, 6)))
		p.want(sgcb+"$ActSG", model.Uint(3))
		p.want(sgcb+"$LActTm", lAct)
		p.want(sgcb+"$EditSG", model.Uint(0))
		if !h.saw(SettingsStale{Ref: h.s.settings[0].ref, Group: 3, Member: gone}) {
			t.Errorf("no event of what is not in the model any more: %v", h.events)
		}
		p.set(sgcb+"$ActSG", model.Uint(1))
		p.want(strValSG, float(100))
	})
	store.fail = errors.New("disk full")
	if _, err := New(Config{Model: servicesModel(t), Settings: store}); !errors.Is(err, store.fail) {
		t.Errorf("started without its settings: %v", err)
	}
}

func TestFailingDiskChangesNothing(t *testing.T) {
	store := &bank{}
	services(t, Config{Settings: store}, func(h *harness) {
		p := h.peer("a")
		p.set(sgcb+"$EditSG", model.Uint(2))
		p.set(strValSE, float(222))
		store.fail = errors.New("disk full")
		p.refuses(sgcb+"$CnfEdit", model.Bool(true), mms.HardwareFault)
		p.refuses(sgcb+"$ActSG", model.Uint(1), mms.HardwareFault)
		p.want(strValSG, float(200))
		p.want(sgcb+"$ActSG", model.Uint(2))
		p.want(sgcb+"$LActTm", model.Time(0))
		p.want(sgcb+"$EditSG", model.Uint(2)) // still editing
		p.want(strValSE, float(222))
		store.fail = nil
		p.set(sgcb+"$CnfEdit", model.Bool(true))
		p.want(strValSG, float(222))
		if store.saves != 1 {
			t.Errorf("%d saves", store.saves)
		}
	})
}

func TestApplicationVetoes(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		var told []string
		veto := true
		err := h.s.HandleSettings(model.Ref{LDevice: "TLD0"}, SettingHandler{
			Activate: func(p *model.Principal, _ model.Ref, group uint8) error {
				if veto {
					return fmt.Errorf("not now: %w", mms.TemporarilyUnavailable)
				}
				return nil
			},
			Confirm: func(_ *model.Principal, _ model.Ref, group uint8, values map[model.Ref]model.Value) error {
				f, _ := values[model.Ref{LDevice: "TLD0", LN: "PTOC1", Path: "StrVal.setMag.f", FC: model.SG}].AsFloat()
				if f > 1000 {
					return errors.New("too high")
				}
				return nil
			},
			Active: func(_ model.Ref, group uint8, values map[model.Ref]model.Value) {
				told = append(told, fmt.Sprint(group, " ", len(values)))
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.s.HandleSettings(model.Ref{LDevice: "TLD1"}, SettingHandler{}); !errors.Is(err, ErrUnknown) {
			t.Errorf("a device without setting groups: %v", err)
		}
		p := h.peer("a")
		p.refuses(sgcb+"$ActSG", model.Uint(1), mms.TemporarilyUnavailable)
		p.want(sgcb+"$ActSG", model.Uint(2))
		p.set(sgcb+"$EditSG", model.Uint(2))
		p.set(strValSE, float(1001))
		p.refuses(sgcb+"$CnfEdit", model.Bool(true), mms.ObjectValueInvalid)
		p.set(strValSE, float(1000))
		p.set(sgcb+"$CnfEdit", model.Bool(true))
		veto = false
		p.set(sgcb+"$ActSG", model.Uint(1))
		if err := h.s.ActivateGroup("TLD0", 3); err != nil {
			t.Error(err)
		}
		for _, group := range []uint8{0, 4} {
			if err := h.s.ActivateGroup("TLD0", group); !errors.Is(err, ErrUnknown) {
				t.Errorf("group %d: %v", group, err)
			}
		}
		if want := []string{"2 11", "1 11", "3 11"}; fmt.Sprint(told) != fmt.Sprint(want) {
			t.Errorf("told %v, want %v", told, want)
		}
		err = h.s.Update(time.Now(), func(tx *Tx) {
			tx.Set(model.Ref{LDevice: "TLD0", LN: "PTOC1", Path: "OpDlTmms.setVal", FC: model.SG}, model.Int(1))
		})
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("the application changed an active setting behind its group: %v", err)
		}
	})
}

// While the application is asked, the buffer neither runs out nor changes hands, and no second change begins.
func TestNothingHappensMeanwhile(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		a, b := h.peer("a"), h.peer("b")
		asked, goOn := make(chan struct{}), make(chan struct{})
		_ = h.s.HandleSettings(model.Ref{LDevice: "TLD0"}, SettingHandler{Confirm: func(*model.Principal, model.Ref, uint8, map[model.Ref]model.Value) error {
			asked <- struct{}{}
			<-goOn
			return errors.New("no")
		}})
		a.set(sgcb+"$EditSG", model.Uint(1))
		time.Sleep(30 * time.Second)
		done := make(chan mms.DataAccessError)
		go func() { done <- a.write(sgcb+"$CnfEdit", model.Bool(true)) }()
		<-asked
		b.refuses(sgcb+"$ActSG", model.Uint(1), mms.TemporarilyUnavailable)
		b.refuses(sgcb+"$EditSG", model.Uint(1), mms.TemporarilyUnavailable)
		time.Sleep(time.Hour)
		b.want(sgcb+"$EditSG", model.Uint(1))
		close(goOn)
		if code := <-done; code != mms.ObjectValueInvalid {
			t.Errorf("code %v", code)
		}
		synctest.Wait()
		b.want(sgcb+"$EditSG", model.Uint(0)) // its time ran out long ago
	})
}

// While the application is asked about another group, nobody begins to edit.
func TestNoEditDuringActivation(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		a, b := h.peer("a"), h.peer("b")
		asked, goOn := make(chan struct{}), make(chan struct{})
		_ = h.s.HandleSettings(model.Ref{LDevice: "TLD0"}, SettingHandler{Activate: func(*model.Principal, model.Ref, uint8) error {
			asked <- struct{}{}
			<-goOn
			return nil
		}})
		done := make(chan mms.DataAccessError)
		go func() { done <- a.write(sgcb+"$ActSG", model.Uint(3)) }()
		<-asked
		b.refuses(sgcb+"$EditSG", model.Uint(1), mms.TemporarilyUnavailable)
		b.refuses(sgcb+"$ActSG", model.Uint(1), mms.TemporarilyUnavailable)
		b.want(strValSG, float(200))
		close(goOn)
		if code := <-done; code != accessOK {
			t.Errorf("code %v", code)
		}
		b.want(strValSG, float(300))
		b.set(sgcb+"$EditSG", model.Uint(1))
	})
}

// A client that is lost while the application is asked has confirmed all the same: what it edited is kept, and the buffer
// is free.
func TestLostWhileConfirming(t *testing.T) {
	store := &bank{}
	services(t, Config{Settings: store}, func(h *harness) {
		a, b := h.peer("a"), h.peer("b")
		asked, goOn := make(chan struct{}), make(chan struct{})
		_ = h.s.HandleSettings(model.Ref{LDevice: "TLD0"}, SettingHandler{Confirm: func(*model.Principal, model.Ref, uint8, map[model.Ref]model.Value) error {
			asked <- struct{}{}
			<-goOn
			return nil
		}})
		a.set(sgcb+"$EditSG", model.Uint(1))
		a.set(strValSE, float(77))
		a.id++
		if err := a.end.Send(&mms.ConfirmedRequest{InvokeID: a.id, Service: &mms.Write{
			Access: mms.VariableAccess{List: []mms.VariableSpec{spec(sgcb + "$CnfEdit")}}, Data: []model.Value{model.Bool(true)},
		}}); err != nil {
			t.Fatal(err)
		}
		<-asked
		a.end.Abort(mms.ErrLinkLost)
		synctest.Wait()
		close(goOn)
		<-a.done
		b.set(sgcb+"$EditSG", model.Uint(1))
		b.want(strValSE, float(77))
		if store.saves != 1 {
			t.Errorf("%d saves", store.saves)
		}
	})
}

// Every value of a group changes in one step: a reader never sees half of one group and half of another.
func TestGroupsSwitchInOneStep(t *testing.T) {
	s, err := New(Config{Model: servicesModel(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ss := s.open(&quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}})
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for group := uint8(1); ; group = group%3 + 1 {
			_ = s.ActivateGroup("TLD0", group)
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for range 2000 {
		r := ss.confirmed(1, &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{spec("PTOC1$SG")}}}).(*mms.ConfirmedResponse).Service.(*mms.ReadResponse).Results[0]
		f, _ := r.Value.At(0).At(0).At(0).AsFloat()
		delay, _ := r.Value.At(1).At(0).AsInt()
		if f != float64(10*delay) {
			t.Fatalf("StrVal %v with OpDlTmms %d", f, delay)
		}
	}
	close(stop)
	<-ended
}

func TestRightSettingGroup(t *testing.T) {
	deny := AuthorizerFunc(func(_ *model.Principal, r Right, _ model.Ref) error {
		if r == RightSettingGroup {
			return errors.New("no")
		}
		return nil
	})
	services(t, Config{Authorizer: deny}, func(h *harness) {
		p := h.peer("a")
		p.refuses(sgcb+"$ActSG", model.Uint(1), mms.ObjectAccessDenied)
		p.refuses(sgcb+"$EditSG", model.Uint(1), mms.ObjectAccessDenied)
		p.refuses(sgcb+"$CnfEdit", model.Bool(true), mms.ObjectAccessDenied)
		p.refuses(strValSE, float(1), mms.ObjectAccessDenied)
		p.unreadable(strValSE, mms.ObjectAccessDenied)
		p.unreadable("PTOC1", mms.ObjectAccessDenied)
		p.want(strValSG, float(200)) // a value like others
		p.want(sgcb+"$ActSG", model.Uint(2))
	})
}

func TestEditedValuesAreNotInDataSets(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		e := p.serviceError(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$mine"), List: []mms.VariableSpec{spec(strValSE)}})
		if e.Class != mms.ErrAccess || e.Code != mms.AccessDenied {
			t.Errorf("%+v", e)
		}
	})
}
