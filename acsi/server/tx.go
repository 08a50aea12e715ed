package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/model"
)

// A Tx collects the changes of one Update. It is valid only inside the function that got it.
type Tx struct {
	s       *Server
	t       time.Time
	changes []change
	applied []trigger
	err     error
}

type change struct {
	slot int
	v    model.Value
}

// A trigger is an application trigger on the values from slot on.
type trigger struct{ slot, end int }

// Update changes values in one transaction: they become visible at once, and every report control block sees them as
// one event at time t. Nothing is locked while f runs, so f may read the server; the last of two concurrent updates
// wins. If f names an unknown object or a value of the wrong type, nothing is changed and the first such error is
// returned.
func (s *Server) Update(t time.Time, f func(tx *Tx)) error {
	tx := Tx{s: s, t: t}
	f(&tx)
	if tx.err != nil {
		return tx.err
	}
	s.mu.Lock()
	defer s.unlock()
	if s.closed {
		return ErrClosed
	}
	s.commit(t, tx.changes, tx.applied)
	return nil
}

func (tx *Tx) fail(err error) {
	if tx.err == nil {
		tx.err = err
	}
}

// Set changes a leaf, or a structure or array with all its leaves. ref needs a functional constraint wherever the path
// alone leaves a choice.
func (tx *Tx) Set(ref model.Ref, v model.Value) {
	n, off := tx.s.locate(ref)
	if n == nil || n.dynamic {
		tx.fail(fmt.Errorf("%w: %s", ErrUnknown, ref))
		return
	}
	if n.served() {
		tx.fail(fmt.Errorf("%w: %s is changed by its services only", ErrUnknown, ref))
		return
	}
	changes, err := flatten(tx.changes, n, off, v)
	if err != nil {
		tx.fail(fmt.Errorf("%s: %w", ref, err))
		return
	}
	tx.changes = changes
}

// served tells whether n is or holds what only services change: attributes of live control blocks, and settings by
// group.
func (n *node) served() bool {
	if n.live != nil || n.dev.sg != nil && (n.fc == model.SG || n.fc == model.SE) {
		return true
	}
	for _, c := range n.children {
		if c.live != nil {
			return true
		}
	}
	return false
}

// SetSlot changes a leaf by its slot.
func (tx *Tx) SetSlot(slot int, v model.Value) {
	if slot < 0 || slot >= len(tx.s.cfg.Model.Initial) || tx.s.slots[slot] == nil || tx.s.slots[slot].served() {
		tx.fail(fmt.Errorf("%w: slot %d", ErrUnknown, slot))
		return
	}
	if err := tx.s.slots[slot].fits(v); err != nil {
		tx.fail(fmt.Errorf("%s: %w", tx.s.slots[slot].ref, err))
		return
	}
	tx.changes = append(tx.changes, change{slot, v})
}

// Float changes a FLOAT32 or FLOAT64 leaf.
func (tx *Tx) Float(ref model.Ref, f float64) {
	if n, _ := tx.s.locate(ref); n != nil && n.data == model.KindFloat && n.size == 64 {
		tx.Set(ref, model.Float64(f))
		return
	}
	tx.Set(ref, model.Float32(float32(f)))
}

// Quality changes the attribute q of a data object.
func (tx *Tx) Quality(do model.Ref, q model.Quality) { tx.Set(do.Child("q"), model.QualityValue(q)) }

// Time changes the attribute t of a data object to the time of the transaction, with the quality of the clock.
func (tx *Tx) Time(do model.Ref) {
	tx.Set(do.Child("t"), model.Time(tx.s.stamp(tx.t)))
}

// Trigger reports what ref names with the reason "application trigger", changed or not, in every enabled report control
// block whose data set has it.
func (tx *Tx) Trigger(ref model.Ref) {
	n, off := tx.s.locate(ref)
	if n == nil {
		tx.fail(fmt.Errorf("%w: %s", ErrUnknown, ref))
		return
	}
	n.leaves(off, func(_ *node, slot int) { tx.applied = append(tx.applied, trigger{slot, slot + 1}) })
}

// Get reads a leaf, a structure or an array. A data object needs a functional constraint.
func (s *Server) Get(ref model.Ref) (model.Value, error) {
	n, off := s.locate(ref)
	if n == nil || n.ref.FC == model.FCNone {
		return model.Value{}, fmt.Errorf("%w: %s", ErrUnknown, ref)
	}
	return s.load(n, off), nil
}

// Slot finds the slot of a leaf, for SetSlot.
func (s *Server) Slot(ref model.Ref) (int, error) {
	n, off := s.locate(ref)
	if n == nil || n.kind != nodeLeaf {
		return 0, fmt.Errorf("%w: %s is no leaf", ErrUnknown, ref)
	}
	return n.slot + off, nil
}

func (s *Server) locate(ref model.Ref) (*node, int) {
	d := s.devices[ref.LDevice]
	if d == nil {
		return nil, 0
	}
	return d.locate(ref)
}

// commit makes the changes of the application and of services: what a client has substituted or blocked stays as it is
// shown. The caller holds mu.
func (s *Server) commit(t time.Time, changes []change, applied []trigger) {
	if len(s.masks) > 0 {
		changes = s.beneath(changes)
	}
	s.apply(t, changes, applied)
}

// apply makes changes and hands the events to reporting. The caller holds mu.
func (s *Server) apply(t time.Time, changes []change, applied []trigger) {
	var reasons [8]uint8 // of the first changes; the usual transaction is small
	rs := reasons[:0]
	s.lockDevices(changes)
	for _, c := range changes {
		var r uint8
		n := s.slots[c.slot]
		if n.trigger&model.TrgDataUpdate != 0 {
			r |= reasonUpdate
		}
		if n.trigger&(model.TrgDataChange|model.TrgQualityChange) != 0 && !s.values[c.slot].Equal(c.v) {
			r |= uint8(n.trigger&(model.TrgDataChange|model.TrgQualityChange)) << 1
		}
		s.values[c.slot] = c.v
		rs = append(rs, r)
	}
	s.unlockDevices(changes)
	for i, c := range changes {
		if rs[i] != 0 {
			s.reports.changed(c.slot, rs[i])
		}
	}
	for _, a := range applied {
		for slot := a.slot; slot < a.end; slot++ {
			s.reports.changed(slot, reasonApplication)
		}
	}
	if s.reports.commit(t, s.now()) {
		s.schedule()
	}
}

// lockDevices locks every device that changes touch, in their order.
func (s *Server) lockDevices(changes []change) {
	if d := s.onlyDevice(changes); d != nil {
		d.mu.Lock()
		return
	}
	for _, d := range s.order {
		if s.touches(d, changes) {
			d.mu.Lock()
		}
	}
}

func (s *Server) unlockDevices(changes []change) {
	if d := s.onlyDevice(changes); d != nil {
		d.mu.Unlock()
		return
	}
	for _, d := range s.order {
		if s.touches(d, changes) {
			d.mu.Unlock()
		}
	}
}

func (s *Server) onlyDevice(changes []change) *device {
	if len(changes) == 0 {
		return nil
	}
	d := s.slots[changes[0].slot].dev
	for _, c := range changes[1:] {
		if s.slots[c.slot].dev != d {
			return nil
		}
	}
	return d
}

func (s *Server) touches(d *device, changes []change) bool {
	for _, c := range changes {
		if s.slots[c.slot].dev == d {
			return true
		}
	}
	return false
}

// errMembers is wrapped when a structure has too few or too many members.
var errMembers = errors.New("wrong number of members")
