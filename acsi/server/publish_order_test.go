package server

import (
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

const usvEna, usvResv = "LLN0$US$usvcb$SvEna", "LLN0$US$usvcb$Resv"

// A unicast block is not another client's before the application has heard that it ended: what it hears last is true.
func TestLostBlockIsFreeOnceTold(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		asked, goOn := make(chan struct{}), make(chan struct{})
		var calls []BlockState
		if err := h.s.HandleControlBlock(usvcb, func(_ *model.Principal, b BlockState) error {
			if calls = append(calls, b); len(calls) == 2 {
				asked <- struct{}{}
				<-goOn
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		a, b := h.peer("a"), h.peer("b")
		a.set(usvEna, model.Bool(true))
		a.end.Abort(mms.ErrLinkLost)
		<-asked
		done := make(chan mms.DataAccessError)
		go func() { done <- b.write(usvEna, model.Bool(true)) }()
		synctest.Wait()
		if len(calls) != 2 {
			t.Errorf("told %+v", calls)
		}
		close(goOn)
		if code := <-done; code != accessOK {
			t.Errorf("code %v", code)
		}
		if len(calls) != 3 || !calls[2].Enabled || !calls[2].Resv {
			t.Errorf("told %+v", calls)
		}
		b.want(usvEna, model.Bool(true))
	})
}

// A client that is lost while the application itself changes its block leaves it disabled all the same.
func TestLostWhileTheApplicationEnables(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		asked, goOn := make(chan struct{}), make(chan struct{})
		var last BlockState
		_ = h.s.HandleControlBlock(usvcb, func(p *model.Principal, b BlockState) error {
			if last = b; p == nil && b.Enabled {
				asked <- struct{}{}
				<-goOn
			}
			return nil
		})
		a := h.peer("a")
		a.set(usvResv, model.Bool(true))
		done := make(chan error)
		go func() { done <- h.s.EnableControlBlock(usvcb, true) }()
		<-asked
		a.lose()
		close(goOn)
		if err := <-done; err != nil {
			t.Error(err)
		}
		b := h.peer("b")
		b.want(usvEna, model.Bool(false))
		b.want(usvResv, model.Bool(false))
		if last.Enabled {
			t.Errorf("told %+v", last)
		}
		b.set(usvResv, model.Bool(true))
	})
}

// Who stops a block that nobody has reserved does not reserve it.
func TestStoppingDoesNotReserve(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		_ = h.s.HandleControlBlock(usvcb, func(*model.Principal, BlockState) error { return nil })
		if err := h.s.EnableControlBlock(usvcb, true); err != nil {
			t.Fatal(err)
		}
		a, b := h.peer("a"), h.peer("b")
		a.set(usvEna, model.Bool(false))
		a.want(usvResv, model.Bool(false))
		b.set(usvResv, model.Bool(true))
	})
}

// A data set that the application is just being asked about for a block is not deleted.
func TestComingDataSetIsNotDeleted(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		asked, goOn := make(chan struct{}), make(chan struct{})
		_ = h.s.HandleControlBlock(gocb, func(*model.Principal, BlockState) error {
			asked <- struct{}{}
			<-goOn
			return nil
		})
		a, b := h.peer("a"), h.peer("b")
		name := mms.InDomain("TLD0", "LLN0$mine")
		a.response(&mms.DefineNamedVariableList{Name: name, List: []mms.VariableSpec{spec("GGIO1$ST$Ind")}})
		done := make(chan mms.DataAccessError)
		go func() { done <- a.write("LLN0$GO$gocb$DatSet", model.Visible("TLD0/LLN0$mine")) }()
		<-asked
		if e := b.serviceError(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}}); e.Code != mms.ServiceObjectConstraint {
			t.Errorf("%+v", e)
		}
		close(goOn)
		if code := <-done; code != accessOK {
			t.Errorf("code %v", code)
		}
	})
}
