package server

import (
	"sync"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/model"
)

// An actuator is a ControlHandler whose every answer the test sets.
type actuator struct {
	check    model.AddCause
	result   model.AddCause
	hold     bool // done is called by the test
	unlocked bool // interlocking and synchrocheck release
	there    bool // the position is reached
	crowded  bool // another of n is commanded

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
func (a *actuator) Reached(*Command) bool       { return a.there }
func (a *actuator) Alone(*Command) bool         { return !a.crowded }

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
			n.item, n.plus = v.Name.Item, !r.Failed && n.cause == model.AddCauseNone
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
	synctest.Wait() // with enhanced security it is executed after the answer
}
