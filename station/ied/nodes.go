package ied

import (
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// A setting is one new value of a point. It is good unless q says otherwise; when is its time, zero for that of the
// transaction.
type setting struct {
	p      *point
	values []slotValue
	q      model.Quality
	when   time.Time
}

// nodes writes values as a device does: with quality and time, and as its behaviour demands (IEC 61850-7-4 annex A). Safe
// for concurrent use.
type nodes struct {
	model *model.Server
	srv   *server.Server

	mu  sync.Mutex
	beh map[nodeKey]int64 // of nodes whose behaviour is not on
}

// Behaviours, IEC 61850-7-4 (BehaviourModeKind).
const (
	behOn          = 1
	behBlocked     = 2
	behTest        = 3
	behTestBlocked = 4
	behOff         = 5
)

func newNodes(m *model.Server, srv *server.Server) *nodes {
	n := &nodes{model: m, srv: srv, beh: make(map[nodeKey]int64)}
	for _, d := range m.Devices {
		for _, ln := range d.Nodes {
			if t, ok := ln.Find("Beh.stVal", model.ST); ok {
				n.note(nodeKey{d.Name, ln.Name()}, ordinal(m.Initial[t.Slot]))
			}
		}
	}
	return n
}

func ordinal(v model.Value) int64 {
	i, _ := v.AsInt()
	return i
}

func (n *nodes) note(k nodeKey, beh int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if beh == behOn || beh == 0 {
		delete(n.beh, k)
		return
	}
	n.beh[k] = beh
}

// quality adds to q what the behaviour of a node demands: test values are marked, and those of a node that is off are not
// valid.
func (n *nodes) quality(k nodeKey, q model.Quality) model.Quality {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch n.beh[k] {
	case behTest, behTestBlocked:
		q |= model.QTest
	case behOff:
		q = q&^model.ValidityMask | model.Invalid
	}
	return q
}

// apply makes all settings in one transaction.
func (n *nodes) apply(now time.Time, list []setting) error {
	if len(list) == 0 {
		return nil
	}
	return n.srv.Update(now, func(tx *server.Tx) {
		for _, s := range list {
			when := s.when
			if when.IsZero() {
				when = now
			}
			stamp := model.Time(n.srv.Stamp(when))
			if s.p.q >= 0 {
				tx.SetSlot(s.p.q, model.QualityValue(n.quality(s.p.node, s.q)))
			}
			if s.p.t >= 0 {
				tx.SetSlot(s.p.t, stamp)
			}
			for _, v := range s.values { // they may name quality and time themselves
				if v.now {
					v.v = stamp
				}
				tx.SetSlot(v.slot, v.v)
			}
		}
	})
}

// mode gives a node, or with LLN0 a whole logical device, a new mode, and works out the behaviours that follow.
func (n *nodes) mode(now time.Time, k nodeKey, mode int64) error {
	d, ok := n.model.Device(k.ld)
	if !ok {
		return nil
	}
	root := int64(behOn)
	if lln0, ok := d.Node("LLN0"); ok {
		root = n.current(d, lln0)
	}
	if k.ln == "LLN0" {
		root = mode
	}
	return n.srv.Update(now, func(tx *server.Tx) {
		for _, ln := range d.Nodes {
			own := n.current(d, ln)
			if ln.Name() == k.ln {
				own = mode
			}
			if k.ln != "LLN0" && ln.Name() != k.ln {
				continue
			}
			beh := behaviour(root, own)
			if ln.Name() == "LLN0" {
				beh = own
			}
			n.behave(tx, now, d, ln, beh)
		}
	})
}

// current gives the mode of a node, on when it has none.
func (n *nodes) current(d *model.LogicalDevice, ln *model.LogicalNode) int64 {
	v, err := n.srv.Get(model.Ref{LDevice: d.Name, LN: ln.Name(), Path: "Mod.stVal", FC: model.ST})
	if err != nil || ordinal(v) == 0 {
		return behOn
	}
	return ordinal(v)
}

// behave shows a behaviour, and the marks that it puts on every quality of the node.
func (n *nodes) behave(tx *server.Tx, now time.Time, d *model.LogicalDevice, ln *model.LogicalNode, beh int64) {
	k := nodeKey{d.Name, ln.Name()}
	n.note(k, beh)
	for i := range ln.Objects {
		o := &ln.Objects[i]
		ref := model.Ref{LDevice: d.Name, LN: ln.Name(), Path: o.Name}
		at := model.Target{Object: o, Type: o.Type, Slot: o.Slot}
		for l := range at.Leaves(ref, model.FCNone) {
			if l.Type.Basic != model.BasicQuality || l.Ref.FC != model.ST && l.Ref.FC != model.MX {
				continue
			}
			old, err := n.srv.Get(l.Ref)
			q, ok := old.AsQuality()
			if err != nil || !ok {
				continue
			}
			fresh := q &^ model.QTest
			if fresh == model.Invalid && beh != behOff {
				fresh = model.Good // it was off; what makes it bad otherwise has said why
			}
			if o.Name != "Mod" && o.Name != "Beh" {
				fresh = n.quality(k, fresh)
			}
			if fresh != q {
				tx.SetSlot(l.Slot, model.QualityValue(fresh))
			}
		}
	}
	if t, ok := ln.Find("Beh.stVal", model.ST); ok {
		tx.SetSlot(t.Slot, integer(t.Type, beh))
		if at, ok := ln.Find("Beh.t", model.ST); ok {
			tx.SetSlot(at.Slot, model.Time(n.srv.Stamp(now)))
		}
	}
}

// behaviour combines the mode of the logical device with that of the node, IEC 61850-7-4 annex A.
func behaviour(device, node int64) int64 {
	off := device == behOff || node == behOff
	test := device == behTest || node == behTest || device == behTestBlocked || node == behTestBlocked
	blocked := device == behBlocked || node == behBlocked || device == behTestBlocked || node == behTestBlocked
	switch {
	case off:
		return behOff
	case test && blocked:
		return behTestBlocked
	case test:
		return behTest
	case blocked:
		return behBlocked
	}
	return behOn
}

// integer makes a whole number of the kind that a leaf has.
func integer(t *model.Type, i int64) model.Value {
	if kind, _ := t.Layout(); kind == model.KindUint {
		return model.Uint(uint64(i))
	}
	return model.Int(i)
}
