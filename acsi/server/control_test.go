package server

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// An actuator is a ControlHandler whose every answer the test sets.
type actuator struct {
	check    model.AddCause
	result   model.AddCause
	hold     bool // done is called by the test
	unlocked bool // interlocking and synchrocheck release

	mu  sync.Mutex
	end func(model.AddCause)
	log seen
}

// seen is what a handler was asked for.
type seen struct {
	checked  []Command
	operated []Command
	canceled []model.AddCause
	selects  []bool
}

func newActuator() *actuator {
	return &actuator{check: model.AddCauseNone, result: model.AddCauseNone, unlocked: true}
}

// seen waits until nothing moves and tells what has happened.
func (a *actuator) seen() seen {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log
}

func (a *actuator) done(cause model.AddCause) {
	synctest.Wait()
	a.mu.Lock()
	end := a.end
	a.mu.Unlock()
	end(cause)
}

func (a *actuator) note(f func(l *seen)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(&a.log)
}

func (a *actuator) Check(c *Command) model.AddCause {
	a.note(func(l *seen) { l.checked = append(l.checked, *c) })
	return a.check
}

func (a *actuator) Operate(c *Command, done func(model.AddCause)) {
	a.note(func(l *seen) { l.operated = append(l.operated, *c); a.end = done })
	if !a.hold {
		done(a.result)
	}
}

func (a *actuator) Canceled(_ *Command, why model.AddCause) {
	a.note(func(l *seen) { l.canceled = append(l.canceled, why) })
}

func (a *actuator) Selected(_ *Command, on bool) {
	a.note(func(l *seen) { l.selects = append(l.selects, on) })
}

func (a *actuator) Released(*Command) bool      { return a.unlocked }
func (a *actuator) InSynchronism(*Command) bool { return a.unlocked }

// A cmd is what a test varies of a command; the zero value is a good one.
type cmd struct {
	off    bool
	cat    int8
	ident  string
	num    uint8
	t      time.Time
	operTm time.Time
	test   bool
	check  uint8
	cancel bool
}

func (c cmd) value() model.Value {
	stamp := func(t time.Time) model.Value {
		if t.IsZero() {
			return model.Time(0)
		}
		return model.Time(model.NewTimestamp(t, 0))
	}
	if c.t.IsZero() {
		c.t = time.Now()
	}
	if c.cat == 0 {
		c.cat = 3
	}
	if c.ident == "" {
		c.ident = "cc"
	}
	members := []model.Value{
		model.Bool(!c.off), stamp(c.operTm), model.Struct(model.Int(int64(c.cat)), model.Octets(c.ident)),
		model.Uint(uint64(c.num)), stamp(c.t), model.Bool(c.test), model.Bits(uint64(c.check), 2),
	}
	if c.cancel {
		members = members[:6]
	}
	return model.Struct(members...)
}

const (
	spc0, spc1, spc2, spc3, spc4 = "GGIO1$CO$SPCSO0", "GGIO1$CO$SPCSO1", "GGIO1$CO$SPCSO2", "GGIO1$CO$SPCSO3", "GGIO1$CO$SPCSO4"
)

func do(item string) model.Ref {
	r, err := model.ParseItem("TLD0", item)
	if err != nil {
		panic(err)
	}
	return r
}

func (h *harness) handle(item string) *actuator {
	h.Helper()
	a := newActuator()
	if err := h.s.Handle(do(item), a); err != nil {
		h.Fatal(err)
	}
	return a
}

// A told is what a client hears about a command besides the answer.
type told struct {
	item  string // "" for LastApplError alone
	cause model.AddCause
	plus  bool
	num   uint64
}

func (p *peer) told() []told {
	p.Helper()
	var out []told
	for _, ir := range p.take() {
		if ir.Access.NamedList {
			continue
		}
		var n told
		n.cause = model.AddCauseNone
		for i, v := range ir.Access.List {
			r := ir.Results[i]
			if v.Name == lastApplError {
				cause, _ := r.Value.At(4).AsInt()
				n.cause = model.AddCause(cause)
				n.num, _ = r.Value.At(3).AsUint()
				continue
			}
			n.item, n.plus = v.Name.Item, !r.Failed
			if n.plus {
				n.num, _ = r.Value.At(3).AsUint()
			}
		}
		out = append(out, n)
	}
	return out
}

// refused insists that a command is refused: LastApplError with the cause, before the negative answer.
func (p *peer) refused(item string, c cmd, cause model.AddCause) {
	p.Helper()
	p.told()
	code := p.write(item, c.value())
	before := len(p.got) // what had come when the answer came
	got := p.told()
	if code == accessOK || len(got) != 1 || got[0].cause != cause || got[0].item != "" || got[0].num != uint64(c.num) || before != 1 {
		p.Errorf("%s: answer %v, told %+v (%d before the answer), want %v", item, code, got, before, cause)
	}
}

func (p *peer) accepted(item string, c cmd) {
	p.Helper()
	if code := p.write(item, c.value()); code != accessOK {
		p.Fatalf("%s: %v %+v", item, code, p.told())
	}
}

func TestDirectNormal(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc1)
		p := h.peer("cc@x/IEC")
		p.accepted(spc1+"$Oper", cmd{num: 7, test: false, check: CheckInterlock})
		if len(a.seen().operated) != 1 || len(a.seen().checked) != 1 {
			t.Fatalf("operated %+v", a.seen().operated)
		}
		c := a.seen().operated[0]
		if c.Ref != do(spc1) || !c.Value.Equal(model.Bool(true)) || c.Origin != (Origin{3, "cc"}) || c.CtlNum != 7 || c.Principal.Name != "cc@x/IEC" || c.Check != CheckInterlock || c.Model != model.DirectNormal {
			t.Errorf("command %+v", c)
		}
		if got := p.told(); len(got) != 0 {
			t.Errorf("normal security tells %+v", got)
		}
		if v, _ := p.read("GGIO1$ST$SPCSO1$origin$orIdent").AsText(); v != "cc" {
			t.Errorf("origin %q", v)
		}
		if v, _ := p.read("GGIO1$ST$SPCSO1$ctlNum").AsUint(); v != 7 {
			t.Errorf("ctlNum %d", v)
		}
		if v := p.read("GGIO1$OR$SPCSO1$opOk"); !v.Equal(model.Bool(true)) {
			t.Errorf("opOk %v", v)
		}
		a.result = model.AddCauseBlockedByProcess
		p.refused(spc1+"$Oper", cmd{num: 8}, model.AddCauseBlockedByProcess)
		last := h.audits[len(h.audits)-1]
		if last.Service != "operate" || last.Principal.Name != "cc@x/IEC" || last.Ref != do(spc1) {
			t.Errorf("audit %+v", last)
		}
	})
}

func TestDirectEnhanced(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc3)
		a.hold = true
		p, q := h.peer("cc@x"), h.peer("other@x")
		p.accepted(spc3+"$Oper", cmd{num: 1})
		if got := p.told(); len(got) != 0 {
			t.Fatalf("told %+v before the end", got)
		}
		p.refused(spc3+"$Oper", cmd{num: 2}, model.AddCauseCommandInExecution)
		q.refused(spc3+"$Oper", cmd{num: 3}, model.AddCauseCommandInExecution)
		a.done(model.AddCauseNone)
		a.done(model.AddCauseBlockedByProcess) // only the first counts
		if got := p.told(); len(got) != 1 || got[0] != (told{item: spc3 + "$Oper", cause: model.AddCauseNone, plus: true, num: 1}) {
			t.Errorf("termination %+v", got)
		}
		if got := q.take(); len(got) != 0 {
			t.Errorf("another client was told %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 4})
		p.told()
		a.done(model.AddCauseAbortedByTrip)
		if got := p.told(); len(got) != 1 || got[0] != (told{item: spc3 + "$Oper", cause: model.AddCauseAbortedByTrip, num: 4}) {
			t.Errorf("negative termination %+v", got)
		}
		// A handler that is done at once: the answer still comes before the termination.
		a.hold = false
		p.accepted(spc3+"$Oper", cmd{num: 5})
		if len(p.got) != 0 {
			t.Error("the termination came before the answer")
		}
		if got := p.told(); len(got) != 1 || !got[0].plus {
			t.Errorf("termination %+v", got)
		}
	})
}

func TestRefusals(t *testing.T) {
	health := do("GGIO1$ST$Health").Child("stVal")
	beh := do("GGIO1$ST$Beh").Child("stVal")
	loc, locSta := do("LLN0$ST$Loc").Child("stVal"), do("LLN0$ST$LocSta").Child("stVal")
	for _, item := range []string{spc1, spc3} {
		run(t, Config{}, func(h *harness) {
			a := h.handle(item)
			p := h.peer("cc@x")
			with := func(ref model.Ref, v, back model.Value, f func()) {
				t.Helper()
				h.update(func(tx *Tx) { tx.Set(ref, v) })
				f()
				h.update(func(tx *Tx) { tx.Set(ref, back) })
			}
			oper := item + "$Oper"
			with(loc, model.Bool(true), model.Bool(false), func() {
				p.refused(oper, cmd{}, model.AddCauseBlockedBySwitching)
				p.refused(oper, cmd{cat: 2}, model.AddCauseBlockedBySwitching)
				p.accepted(oper, cmd{cat: 1})
			})
			with(locSta, model.Bool(true), model.Bool(false), func() {
				p.refused(oper, cmd{cat: 6}, model.AddCauseBlockedBySwitching)
				p.accepted(oper, cmd{cat: 2})
			})
			p.refused(oper, cmd{test: true}, model.AddCauseBlockedByMode)
			with(beh, model.Int(3), model.Int(1), func() {
				p.refused(oper, cmd{}, model.AddCauseBlockedByMode)
				p.accepted(oper, cmd{test: true})
			})
			for _, mode := range []int64{2, 5} {
				with(beh, model.Int(mode), model.Int(1), func() { p.refused(oper, cmd{}, model.AddCauseBlockedByMode) })
			}
			with(health, model.Int(3), model.Int(1), func() { p.refused(oper, cmd{}, model.AddCauseBlockedByHealth) })
			a.unlocked = false
			p.refused(oper, cmd{check: CheckInterlock}, model.AddCauseBlockedByInterlocking)
			p.refused(oper, cmd{check: CheckSynchrocheck}, model.AddCauseBlockedBySynchrocheck)
			p.accepted(oper, cmd{})
			for _, cause := range []model.AddCause{
				model.AddCauseUnknown, model.AddCausePositionReached, model.AddCauseStepLimit, model.AddCauseBlockedByProcess, model.AddCauseOneOfN,
				model.AddCauseInvalidPosition, model.AddCauseBlockedByCommand, model.AddCauseInconsistentParameters,
			} {
				a.check = cause
				p.refused(oper, cmd{num: 9}, cause)
			}
			p.refused(item+"$SBOw", cmd{}, model.AddCauseNotSupported)
			p.refused(item+"$Cancel", cmd{cancel: true}, model.AddCauseNotSelected)
		})
	}
}

func TestNotSupported(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.refused(spc1+"$Oper", cmd{}, model.AddCauseNotSupported) // no handler
		h.handle(spc0)
		p.refused(spc0+"$Oper", cmd{}, model.AddCauseNotSupported) // status only
		p.refused(spc0+"$SBOw", cmd{}, model.AddCauseNotSupported)
		p.refused(spc0+"$Cancel", cmd{cancel: true}, model.AddCauseNotSupported)
		if v, _ := p.read(spc0 + "$SBO").AsText(); v != "" {
			t.Errorf("SBO of a status-only object: %q", v)
		}
		if err := h.s.Handle(anIn1, newActuator()); !errors.Is(err, ErrUnknown) {
			t.Errorf("Handle of a measurand: %v", err)
		}
		for name, v := range map[string]model.Value{
			"short":  model.Struct(model.Bool(true)),
			"scalar": model.Bool(true),
			"kind": func() model.Value {
				m := append([]model.Value{}, cmd{}.value().Members()...)
				m[0] = model.Int(1)
				return model.Struct(m...)
			}(),
		} {
			if code := p.write(spc1+"$Oper", v); code != mms.TypeInconsistent {
				t.Errorf("%s: %v", name, code)
			}
		}
		if code := p.write(spc1+"$Oper", cmd{cat: 99}.value()); code != mms.ObjectValueInvalid {
			t.Errorf("orCat 99: %v", code)
		}
	})
}

func TestSelectBeforeOperateNormal(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc2)
		p, q := h.peer("cc@x"), h.peer("other@x")
		sel := func(p *peer) string { s, _ := p.read(spc2 + "$SBO").AsText(); return s }
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected)
		if s := sel(p); s != "TLD0/GGIO1$CO$SPCSO2" {
			t.Fatalf("SBO %q", s)
		}
		if v := p.read("GGIO1$ST$SPCSO2$stSeld"); !v.Equal(model.Bool(true)) {
			t.Errorf("stSeld %v", v)
		}
		if s := sel(q); s != "" {
			t.Errorf("another client selected too: %q", s)
		}
		if s := sel(p); s != "" {
			t.Errorf("selected twice: %q", s)
		}
		q.refused(spc2+"$Oper", cmd{}, model.AddCauseLockedByOtherClient)
		q.refused(spc2+"$Cancel", cmd{cancel: true}, model.AddCauseLockedByOtherClient)
		p.accepted(spc2+"$Oper", cmd{})
		if len(a.seen().operated) != 1 {
			t.Error("not operated")
		}
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected) // operate-once
		if sel(p) == "" {
			t.Fatal("cannot select again")
		}
		p.accepted(spc2+"$Cancel", cmd{cancel: true})
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected)
		if sel(p) == "" {
			t.Fatal("cannot select after cancel")
		}
		time.Sleep(5001 * time.Millisecond) // sboTimeout
		if v := p.read("GGIO1$ST$SPCSO2$stSeld"); !v.Equal(model.Bool(false)) {
			t.Errorf("stSeld after the timeout %v", v)
		}
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseTimeLimitOver)
		p.refused(spc2+"$Oper", cmd{}, model.AddCauseNotSelected)
		if sel(p) == "" {
			t.Fatal("cannot select after the timeout")
		}
		p.lose()
		if s := sel(q); s == "" {
			t.Error("a lost association keeps its select")
		}
		if want := []bool{true, false, true, false, true, false, true, false, true}; fmt.Sprint(a.seen().selects) != fmt.Sprint(want) {
			t.Errorf("the handler saw selects %v", a.seen().selects)
		}
	})
}

func TestSelectBeforeOperateEnhanced(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc4)
		p, q := h.peer("cc@x"), h.peer("other@x")
		good := cmd{num: 5, check: CheckInterlock, t: time.Now()}
		p.refused(spc4+"$Oper", good, model.AddCauseNotSelected)
		p.accepted(spc4+"$SBOw", good)
		p.refused(spc4+"$SBOw", good, model.AddCauseAlreadySelected)
		q.refused(spc4+"$SBOw", good, model.AddCauseLockedByOtherClient)
		q.refused(spc4+"$Oper", good, model.AddCauseLockedByOtherClient)
		for name, change := range map[string]func(c *cmd){
			"ctlVal": func(c *cmd) { c.off = true }, "orCat": func(c *cmd) { c.cat = 2 }, "orIdent": func(c *cmd) { c.ident = "x" },
			"ctlNum": func(c *cmd) { c.num = 6 }, "Check": func(c *cmd) { c.check = 0 }, "Test": func(c *cmd) { c.test = true },
			"operTm": func(c *cmd) { c.operTm = time.Now().Add(time.Hour) },
		} {
			other := good
			change(&other)
			t.Log(name)
			p.refused(spc4+"$Oper", other, model.AddCauseInconsistentParameters)
		}
		p.accepted(spc4+"$Oper", good)
		if got := p.told(); len(got) != 1 || !got[0].plus {
			t.Errorf("termination %+v", got)
		}
		if len(a.seen().checked) != 2 || !a.seen().checked[0].Select || a.seen().checked[1].Select || len(a.seen().operated) != 1 {
			t.Errorf("checked %+v", a.seen().checked)
		}
		a.check = model.AddCauseBlockedByProcess
		p.refused(spc4+"$SBOw", good, model.AddCauseBlockedByProcess)
		p.refused(spc4+"$Oper", good, model.AddCauseNotSelected)
		a.check = model.AddCauseNone
		p.accepted(spc4+"$SBOw", good)
		time.Sleep(5 * time.Second)
		p.refused(spc4+"$Oper", good, model.AddCauseTimeLimitOver)
		p.refused(spc4+"$Cancel", cmd{cancel: true}, model.AddCauseNotSelected)
	})
}

func TestOperateMany(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc4)
		h.update(func(tx *Tx) { tx.Set(do("GGIO1$CF$SPCSO4").Child("sboClass"), model.Int(1)) })
		p := h.peer("cc@x")
		c := cmd{num: 1, t: time.Now()}
		p.accepted(spc4+"$SBOw", c)
		for range 3 {
			p.accepted(spc4+"$Oper", c)
			p.told()
		}
		p.accepted(spc4+"$Cancel", cmd{cancel: true})
		p.refused(spc4+"$Oper", c, model.AddCauseNotSelected)
		if len(a.seen().operated) != 3 {
			t.Errorf("operated %d times", len(a.seen().operated))
		}
	})
}

func TestOperateTimeout(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc3)
		a.hold = true
		p := h.peer("cc@x")
		p.accepted(spc3+"$Oper", cmd{num: 1})
		time.Sleep(8 * time.Second) // operTimeout
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseTimeLimitOver || got[0].plus {
			t.Errorf("told %+v", got)
		}
		if len(a.seen().canceled) != 1 || a.seen().canceled[0] != model.AddCauseTimeLimitOver {
			t.Errorf("canceled %v", a.seen().canceled)
		}
		a.done(model.AddCauseNone)
		if got := p.told(); len(got) != 0 {
			t.Errorf("a late end was told: %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 2})
		p.accepted(spc3+"$Cancel", cmd{cancel: true})
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseAbortedByCancel || got[0].num != 2 {
			t.Errorf("told %+v", got)
		}
	})
}

func TestLossWhileExecuting(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		enhanced, normal := h.handle(spc3), h.handle(spc1)
		enhanced.hold, normal.hold = true, true
		p, q := h.peer("cc@x"), h.peer("other@x")
		p.accepted(spc3+"$Oper", cmd{})
		p.accepted(spc1+"$Oper", cmd{})
		p.lose()
		if len(enhanced.seen().canceled) != 1 || enhanced.seen().canceled[0] != model.AddCauseAbortedByCommunicationLoss {
			t.Errorf("enhanced: %v", enhanced.seen().canceled)
		}
		if len(normal.seen().canceled) != 0 {
			t.Errorf("normal: %v", normal.seen().canceled)
		}
		q.refused(spc1+"$Oper", cmd{}, model.AddCauseCommandInExecution)
		normal.done(model.AddCauseNone)
		q.accepted(spc1+"$Oper", cmd{})
		q.accepted(spc3+"$Oper", cmd{})
	})
}

func TestTimeActivated(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc3)
		p, q := h.peer("cc@x"), h.peer("other@x")
		for _, d := range []time.Duration{-time.Second, 25 * time.Hour} {
			p.refused(spc3+"$Oper", cmd{operTm: time.Now().Add(d)}, model.AddCauseTimeLimitOver)
		}
		p.accepted(spc3+"$Oper", cmd{num: 1, operTm: time.Now().Add(time.Minute)})
		q.refused(spc3+"$Oper", cmd{}, model.AddCauseCommandInExecution)
		time.Sleep(59 * time.Second)
		if got := p.told(); len(got) != 0 || len(a.seen().operated) != 0 {
			t.Fatalf("before its time: %+v", got)
		}
		time.Sleep(2 * time.Second)
		if got := p.told(); len(got) != 1 || !got[0].plus || len(a.seen().operated) != 1 {
			t.Fatalf("at its time: %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 2, operTm: time.Now().Add(time.Minute)})
		p.accepted(spc3+"$Cancel", cmd{cancel: true})
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseAbortedByCancel {
			t.Errorf("after Cancel: %+v", got)
		}
		p.accepted(spc3+"$Oper", cmd{num: 3, operTm: time.Now().Add(time.Minute)})
		p.told()
		h.update(func(tx *Tx) { tx.Set(do("GGIO1$ST$Health").Child("stVal"), model.Int(3)) })
		time.Sleep(61 * time.Second)
		if got := p.told(); len(got) != 1 || got[0].cause != model.AddCauseBlockedByHealth || len(a.seen().operated) != 1 {
			t.Errorf("blocked at its time: %+v", got)
		}
	})
}

func TestFreshness(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		h.handle(spc3)
		old := h.peerWith("cc@x", mms.Params{Freshness: true})
		relaxed := h.peer("station@x")
		for _, d := range []time.Duration{-11 * time.Second, 11 * time.Second} {
			old.refused(spc3+"$Oper", cmd{t: time.Now().Add(d)}, model.AddCauseTimeLimitOver)
			old.refused(spc3+"$SBOw", cmd{t: time.Now().Add(d)}, model.AddCauseTimeLimitOver)
		}
		// A replayed Operate, delivered 11 s late.
		sent := cmd{num: 4, t: time.Now()}
		time.Sleep(11 * time.Second)
		old.refused(spc3+"$Oper", sent, model.AddCauseTimeLimitOver)
		old.accepted(spc3+"$Oper", cmd{t: time.Now().Add(-9 * time.Second)})
		relaxed.accepted(spc3+"$Oper", cmd{t: time.Now().Add(-time.Hour)})
	})
	run(t, Config{FreshnessAlways: true, Freshness: time.Second}, func(h *harness) {
		h.handle(spc3)
		h.peer("cc@x").refused(spc3+"$Oper", cmd{t: time.Now().Add(-2 * time.Second)}, model.AddCauseTimeLimitOver)
	})
}

func TestAuthority(t *testing.T) {
	deny := AuthorizerFunc(func(p *model.Principal, r Right, ref model.Ref) error {
		if r == RightControl && p.Name == "viewer@x" {
			return errors.New("a viewer")
		}
		return nil
	})
	run(t, Config{Authorizer: deny, BindOrigin: true}, func(h *harness) {
		h.handle(spc1)
		viewer, cc := h.peer("viewer@x"), h.peer("cc@x/IEC")
		viewer.refused(spc1+"$Oper", cmd{ident: "viewer"}, model.AddCauseNoAccessAuthority)
		viewer.refused(spc1+"$SBOw", cmd{ident: "viewer"}, model.AddCauseNoAccessAuthority)
		viewer.refused(spc1+"$Cancel", cmd{ident: "viewer", cancel: true}, model.AddCauseNoAccessAuthority)
		if v, _ := viewer.read(spc1 + "$SBO").AsText(); v != "" {
			t.Errorf("SBO %q", v)
		}
		cc.refused(spc1+"$Oper", cmd{ident: "somebody"}, model.AddCauseNoAccessAuthority)
		for _, ident := range []string{"cc", "cc@x", "cc@x/IEC"} {
			cc.accepted(spc1+"$Oper", cmd{ident: ident})
		}
	})
}

func TestAnalogueAndModeControl(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		an := h.handle("GGIO1$CO$AnOut1")
		oper := func(v model.Value) model.Value {
			return model.Struct(v, model.Struct(model.Int(3), model.Octets("cc")), model.Uint(1), model.Time(model.NewTimestamp(time.Now(), 0)), model.Bool(false), model.Bits(0, 2))
		}
		p.set("GGIO1$CO$AnOut1$Oper", oper(model.Struct(model.Float32(50))))
		if len(an.seen().operated) != 1 || !an.seen().operated[0].Value.Equal(model.Struct(model.Float32(50))) {
			t.Errorf("operated %+v", an.seen().operated)
		}
		if v, _ := p.read("GGIO1$MX$AnOut1$origin$orCat").AsInt(); v != 3 {
			t.Errorf("origin in MX: %d", v)
		}
		if v := p.read("GGIO1$CO$AnOut1$Oper$ctlVal$f"); !v.Equal(model.Float32(50)) {
			t.Errorf("Oper shows %v", v)
		}
		// Mod can be commanded in every mode.
		if err := h.s.Handle(do("LLN0$CO$Mod"), ControlFunc(func(c *Command) model.AddCause {
			h.update(func(tx *Tx) {
				tx.Set(do("LLN0$ST$Mod").Child("stVal"), c.Value)
				tx.Set(do("LLN0$ST$Beh").Child("stVal"), c.Value)
			})
			return model.AddCauseNone
		})); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []int64{5, 1} {
			p.set("LLN0$CO$Mod$Oper", oper(model.Int(mode)))
			if v, _ := p.read("LLN0$ST$Beh$stVal").AsInt(); v != mode {
				t.Errorf("Beh %d, want %d", v, mode)
			}
		}
	})
}

func TestUnauthenticatedPeers(t *testing.T) {
	for _, open := range []bool{false, true} {
		run(t, Config{InsecureAnonymous: open}, func(h *harness) {
			h.handle(spc1)
			who := &model.Principal{Name: "nobody", Proof: model.ProofNone}
			c, srv := mmstest.NewPipe(mmstest.Options{Client: who})
			p := &peer{T: h.T, end: c, done: make(chan error, 1)}
			go func() { p.done <- h.s.Serve(h.ctx, srv) }()
			if r := p.readAll(spec("GGIO1$ST$Ind1$stVal")); r[0].Failed == open {
				t.Errorf("open %v: read %+v", open, r)
			}
			if code := p.write("GGIO1$SP$Set1$setMag$f", model.Float32(1)); (code == accessOK) != open {
				t.Errorf("open %v: write %v", open, code)
			}
			if code := p.write(spc1+"$Oper", cmd{}.value()); (code == accessOK) != open {
				t.Errorf("open %v: operate %v", open, code)
			}
			_, ok := p.call(&mms.GetNameList{Class: mms.ClassDomain}).(*mms.ConfirmedResponse)
			_, ok2 := p.call(&mms.Identify{}).(*mms.ConfirmedResponse)
			if ok != open || ok2 != open {
				t.Errorf("open %v: names %v, identify %v", open, ok, ok2)
			}
		})
	}
}
