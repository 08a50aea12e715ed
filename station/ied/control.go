package ied

import (
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// A Fault is what a scenario makes of the commands for an object.
type Fault struct {
	Interlock    bool           // interlocking does not release it, when the command asks
	Synchrocheck bool           // the synchrocheck does not release it, when the command asks
	Stuck        bool           // it is accepted and never carried out
	Cause        model.AddCause // it is refused for this; AddCauseNone and 0: it is not
}

// controls are the controllable objects with the simulated equipment behind them. Safe for concurrent use.
type controls struct {
	d   *IED
	all map[model.Ref]*control // by data object, without FC

	mu      sync.Mutex
	running map[*control]*operation
}

// An operation is a command that is being carried out.
type operation struct {
	cmd  server.Command
	due  time.Time
	done func(model.AddCause)
	back []setting // what holds again if it is given up
}

// A control is one controllable object. It is a server.ControlHandler.
type control struct {
	cs              *controls
	object          model.Ref // without FC
	node            nodeKey
	name            string // of the data object
	kind            controlKind
	status          *point // that shows the position, nil when there is none
	moves           *point // the position of the equipment that it moves, or of what moves it, nil when there is none
	count           *point // of operations
	lowest, highest model.Ref

	fault Fault // cs.mu
}

// controlKind is how a command changes the status.
type controlKind uint8

const (
	statusOnly   controlKind = iota // nothing is shown
	single                          // SPC: the command is the status
	double                          // DPC: on or off, intermediate meanwhile
	ordinals                        // INC, ENC, ISC: the command is the status
	step                            // BSC: one up or down
	analogue                        // APC: the command is the set-point
	analogueStep                    // BAC: a bit up or down
)

// newControls gives every controllable object its equipment.
func newControls(d *IED) (*controls, error) {
	cs := &controls{d: d, all: make(map[model.Ref]*control), running: make(map[*control]*operation)}
	if d.cfg.Controls.Refuse {
		return cs, nil
	}
	for _, ld := range d.cfg.Model.Devices {
		for _, ln := range ld.Nodes {
			for i := range ln.Objects {
				o := &ln.Objects[i]
				if schedules(ln.Class, o.Name) {
					continue
				}
				at := model.Target{Object: o, Type: o.Type, Slot: o.Slot}
				if err := cs.below(ln, model.Ref{LDevice: ld.Name, LN: ln.Name(), Path: o.Name}, at); err != nil {
					return nil, err
				}
			}
		}
	}
	cs.couple()
	return cs, nil
}

// below finds the controllable objects at and below a data object.
func (cs *controls) below(ln *model.LogicalNode, object model.Ref, at model.Target) error {
	if oper, ok := at.Child("Oper"); ok && oper.FC == model.CO {
		if _, ok := oper.Child("ctlVal"); ok {
			c := cs.newControl(ln, object, at)
			cs.all[object] = c
			return cs.d.srv.Handle(object, c)
		}
	}
	for i := range at.Type.Fields {
		f := &at.Type.Fields[i]
		if f.FC != model.FCNone || f.Type.Basic != model.BasicStruct || f.Count > 0 {
			continue
		}
		if err := cs.below(ln, object.Child(f.Name), at.Field(f)); err != nil {
			return err
		}
	}
	return nil
}

func (cs *controls) newControl(ln *model.LogicalNode, object model.Ref, at model.Target) *control {
	c := &control{cs: cs, object: object, node: nodeKey{object.LDevice, object.LN}, name: object.Path}
	oper, _ := at.Child("Oper")
	value, _ := oper.Child("ctlVal")
	for _, name := range []string{"stVal", "mxVal", "valWTr"} {
		t, ok := at.Child(name)
		if !ok || t.FC != model.ST && t.FC != model.MX {
			continue
		}
		c.kind = kindOf(name, t.Type, value.Type)
		if p, err := findPoint(cs.d.cfg.Model, object.Child(name).String()); err == nil {
			c.status = p
		}
		break
	}
	for name, ref := range map[string]*model.Ref{"minVal": &c.lowest, "maxVal": &c.highest} {
		if t, ok := at.Child(name); ok && t.FC == model.CF {
			*ref = object.Child(name)
			ref.FC = model.CF
		}
	}
	if object.Path == "Pos" {
		if p, err := findPoint(cs.d.cfg.Model, model.Ref{LDevice: object.LDevice, LN: ln.Name(), Path: "OpCnt"}.String()); err == nil {
			c.count = p
		}
	}
	return c
}

func kindOf(status string, t, command *model.Type) controlKind {
	kind, _ := command.Layout()
	switch {
	case status == "valWTr" && kind == model.KindInt:
		return ordinals
	case status == "valWTr":
		return step
	case status == "mxVal" && command.Basic == model.BasicStruct:
		return analogue
	case status == "mxVal":
		return analogueStep
	case t.Basic == model.BasicDbpos, kind == model.KindBool && t.Basic == model.BasicEnum:
		return double
	case kind == model.KindBool:
		return single
	case kind == model.KindInt, kind == model.KindUint:
		return ordinals
	}
	return statusOnly
}

// couple joins a switch controller with the breaker or switch of the same prefix and instance: both show one position.
func (cs *controls) couple() {
	for _, d := range cs.d.cfg.Model.Devices {
		for _, ln := range d.Nodes {
			if ln.Class != "CSWI" {
				continue
			}
			controller := model.Ref{LDevice: d.Name, LN: ln.Name(), Path: "Pos"}
			for _, class := range []string{"XCBR", "XSWI"} {
				equipment := model.Ref{LDevice: d.Name, LN: ln.Prefix + class + ln.Inst, Path: "Pos"}
				p, err := findPoint(cs.d.cfg.Model, equipment.String())
				if err != nil {
					continue
				}
				if c := cs.all[controller]; c != nil && c.status != nil {
					c.moves = p
					if e := cs.all[equipment]; e != nil {
						e.moves = c.status
						c.count = e.count
					}
				}
				break
			}
		}
	}
}

// setFault has a scenario decide about the commands for an object.
func (cs *controls) setFault(object model.Ref, f Fault) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c := cs.all[object]; c != nil {
		c.fault = f
	}
}

// Released implements server.Interlocker.
func (c *control) Released(*server.Command) bool { return !c.now().Interlock }

// InSynchronism implements server.Synchrochecker.
func (c *control) InSynchronism(*server.Command) bool { return !c.now().Synchrocheck }

// Reached implements server.Positioner: for what has two positions.
func (c *control) Reached(cmd *server.Command) bool {
	if c.kind != double {
		return false
	}
	old, err := c.value()
	return err == nil && position(old) == position(cmd.Value)
}

func (c *control) now() Fault {
	c.cs.mu.Lock()
	defer c.cs.mu.Unlock()
	return c.fault
}

// Check implements server.ControlHandler.
func (c *control) Check(cmd *server.Command) model.AddCause {
	if f := c.now(); f.Cause != model.AddCauseNone && f.Cause != 0 {
		return f.Cause
	}
	c.cs.mu.Lock()
	_, busy := c.cs.running[c]
	c.cs.mu.Unlock()
	if busy {
		return model.AddCauseCommandInExecution
	}
	return c.inRange(cmd)
}

// inRange refuses a set-point or position outside of minVal and maxVal.
func (c *control) inRange(cmd *server.Command) model.AddCause {
	x, ok := magnitude(cmd.Value)
	if !ok || c.lowest.LN == "" || c.highest.LN == "" || c.kind != ordinals && c.kind != analogue {
		return model.AddCauseNone
	}
	least, ok1 := c.bound(c.lowest)
	most, ok2 := c.bound(c.highest)
	if ok1 && ok2 && least < most && (x < least || x > most) {
		return model.AddCauseStepLimit
	}
	return model.AddCauseNone
}

func (c *control) bound(ref model.Ref) (float64, bool) {
	v, err := c.cs.d.srv.Get(ref)
	if err != nil {
		return 0, false
	}
	return magnitude(v)
}

// magnitude finds the number in a value.
func magnitude(v model.Value) (float64, bool) {
	if f, ok := v.AsFloat(); ok {
		return f, true
	}
	if i, ok := v.AsInt(); ok {
		return float64(i), true
	}
	for _, m := range v.Members() {
		if f, ok := magnitude(m); ok {
			return f, true
		}
	}
	return 0, false
}

func (c *control) value() (model.Value, error) {
	if c.status == nil {
		return model.Value{}, fmt.Errorf("ied: %s shows no status", c.object)
	}
	return c.cs.d.srv.Get(c.status.ref)
}

// Operate implements server.ControlHandler.
func (c *control) Operate(cmd *server.Command, done func(model.AddCause)) {
	cs := c.cs
	took := cs.d.cfg.Controls.OperateTime
	if c.now().Stuck {
		took = -1
	}
	if took == 0 {
		done(c.finish(cmd))
		return
	}
	op := &operation{cmd: *cmd, done: done}
	now := cs.d.cfg.Now()
	if took > 0 {
		op.due = now.Add(took)
	}
	op.back = c.moving(now)
	cs.mu.Lock()
	cs.running[c] = op
	cs.mu.Unlock()
	cs.d.rouse()
}

// Canceled implements server.Canceler: what had begun goes back.
func (c *control) Canceled(*server.Command, model.AddCause) {
	c.cs.mu.Lock()
	op := c.cs.running[c]
	delete(c.cs.running, c)
	c.cs.mu.Unlock()
	if op != nil {
		_ = c.cs.d.nodes.apply(c.cs.d.cfg.Now(), op.back) // of the model itself: it fits
	}
}

// step ends the operations that are due.
func (cs *controls) step(now time.Time) (time.Time, error) {
	type ended struct {
		c  *control
		op *operation
	}
	var list []ended
	var next time.Time
	cs.mu.Lock()
	for c, op := range cs.running {
		switch {
		case op.due.IsZero():
		case now.Before(op.due):
			next = sooner(next, op.due)
		default:
			list = append(list, ended{c, op})
			delete(cs.running, c)
		}
	}
	cs.mu.Unlock()
	for _, e := range list {
		e.op.done(e.c.finish(&e.op.cmd))
	}
	return next, nil
}
