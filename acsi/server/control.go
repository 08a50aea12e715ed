package server

import (
	"time"

	"github.com/gridward/gridward/model"
)

// controlPart is a component of a controllable object in FC CO.
type controlPart uint8

const (
	partNone controlPart = iota
	partOper
	partSBO
	partSBOw
	partCancel
)

// controlState is the state of a control object, IEC 61850-7-2 20.2.
type controlState uint8

const (
	stateUnselected controlState = iota
	stateSelected
	stateWaiting // for operTm
	stateExecuting
)

// A control is one controllable data object. Server.mu guards what changes.
type control struct {
	s       *Server
	ref     model.Ref // FC CO
	oper    *node
	sbow    *node
	handler ControlHandler

	// Slots of the object, -1 where the model has none.
	ctlModel, sboTimeout, sboClass, operTimeout int
	orCat, orIdent, ctlNum, stSeld              int
	opRcvd, opOk, tOpOk                         int
	// Slots of the logical node, of its LLN0, or -1.
	beh, health  int
	loc, locSta  []int
	track        string // name of the tracking object for its class
	always, self bool   // Mod: Beh and Health do not block it; LocSta: does not block itself

	state    controlState
	owner    *session
	late     *session // whose select ran out
	selected *Command // of SBOw
	command  *Command // waiting or executing
	value    model.Value
	run      uint64 // number of the execution: done of an earlier one is void
	end      *outcome
	due      time.Time
	until    time.Time // of the select that the command came from
}

// An outcome is how one execution ended.
type outcome struct {
	ended bool
	cause model.AddCause
}

// controls finds the controllable objects of a logical node: whatever has Oper in FC CO.
func (b *builder) controls(root *node) {
	if co := root.child("CO"); co != nil {
		b.controlBelow(root, co)
	}
}

func (b *builder) controlBelow(root, n *node) {
	oper := n.child("Oper")
	if oper == nil || oper.kind != nodeStruct || oper.child("ctlVal") == nil {
		for _, c := range n.children {
			if c.kind == nodeStruct {
				b.controlBelow(root, c)
			}
		}
		return
	}
	c := &control{s: b.s, ref: n.ref, oper: oper, sbow: n.child("SBOw")}
	for _, p := range []struct {
		n    *node
		part controlPart
	}{{oper, partOper}, {n.child("SBO"), partSBO}, {c.sbow, partSBOw}, {n.child("Cancel"), partCancel}} {
		if p.n != nil {
			p.n.ctl, p.n.part = c, p.part
		}
	}
	for name, slot := range map[string]*int{
		"ctlModel": &c.ctlModel, "sboTimeout": &c.sboTimeout, "sboClass": &c.sboClass, "operTimeout": &c.operTimeout,
		"origin.orCat": &c.orCat, "origin.orIdent": &c.orIdent, "ctlNum": &c.ctlNum, "stSeld": &c.stSeld,
		"opRcvd": &c.opRcvd, "opOk": &c.opOk, "tOpOk": &c.tOpOk,
	} {
		*slot = leafSlot(root, n.ref.Path+"."+name)
	}
	b.s.controls = append(b.s.controls, c)
	b.s.byObject[c.ref] = c
}

// siblings finds what of the logical node and its LLN0 decides about commands, once all nodes are there.
func (c *control) siblings(d *device) {
	ln, lln0 := d.items[c.ref.LN], d.items["LLN0"]
	first := func(path string) int {
		if s := leafSlot(ln, path); s >= 0 {
			return s
		}
		return leafSlot(lln0, path)
	}
	if c.beh = first("Beh.stVal"); c.beh < 0 {
		c.beh = first("Mod.stVal")
	}
	c.health = leafSlot(ln, "Health.stVal")
	for _, n := range []*node{ln, lln0} {
		for _, path := range []string{"Loc.stVal", "LocKey.stVal"} {
			if s := leafSlot(n, path); s >= 0 {
				c.loc = append(c.loc, s)
			}
		}
		if s := leafSlot(n, "LocSta.stVal"); s >= 0 {
			c.locSta = append(c.locSta, s)
		}
	}
	c.always, c.self = c.ref.Path == "Mod", c.ref.Path == "LocSta"
	object := c.ref
	object.FC = model.FCNone
	if t, ok := c.s.cfg.Model.Find(object); ok {
		c.track = controlTracks[t.Type.CDC]
	}
	if v := c.oper.child("ctlVal"); c.track == "ApcFTrk" && v.kind == nodeStruct && v.child("f") == nil {
		c.track = "ApcIntTrk"
	}
}

// leafSlot finds a leaf in any functional constraint but CO, -1 when there is none.
func leafSlot(ln *node, path string) int {
	if ln == nil {
		return -1
	}
	for _, fc := range ln.children {
		if fc.fc == model.CO {
			continue
		}
		if n, off := fc.descend(path); n != nil && n.kind == nodeLeaf {
			return n.slot + off
		}
	}
	return -1
}

func (c *control) model() model.ControlModel {
	if c.ctlModel < 0 {
		return model.StatusOnly
	}
	m, _ := c.s.values[c.ctlModel].AsInt()
	return model.ControlModel(m)
}

func (c *control) many() bool { return c.number(c.sboClass) == 1 }

func (c *control) number(slot int) int64 {
	if slot < 0 {
		return 0
	}
	i, _ := c.s.values[slot].AsInt()
	return i
}

// timeout gives a configured time in milliseconds, or the default.
func (c *control) timeout(slot int, otherwise time.Duration) time.Duration {
	if ms := c.number(slot); ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	return otherwise
}

func (c *control) isTrue(slots []int) bool {
	for _, s := range slots {
		if on, _ := c.s.values[s].AsBool(); on {
			return true
		}
	}
	return false
}

// set appends the change of an attribute that the object has and that takes such a value.
func (c *control) set(changes []change, slot int, v model.Value) []change {
	if slot < 0 || c.s.slots[slot].fits(v) != nil {
		return changes
	}
	return append(changes, change{slot, v})
}

// note writes what the status of the object shows of a command.
func (c *control) note(cmd *Command) {
	changes := c.set(nil, c.orCat, model.Int(int64(cmd.Origin.Cat)))
	changes = c.set(changes, c.orIdent, model.Octets(cmd.Origin.Ident))
	changes = c.set(changes, c.ctlNum, model.Uint(uint64(cmd.CtlNum)))
	changes = c.set(changes, c.opRcvd, model.Bool(true))
	if len(changes) > 0 {
		c.s.commit(c.s.now(), changes, nil)
	}
}

func (c *control) flag(slot int, on bool) {
	if changes := c.set(nil, slot, model.Bool(on)); len(changes) > 0 {
		c.s.commit(c.s.now(), changes, nil)
	}
}
