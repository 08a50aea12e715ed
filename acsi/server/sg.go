package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/model"
)

// Settings keeps the values of setting groups over a restart. block names the setting group control block,
// LD/LLN0.SGCB[SP]; the references of values are those of leaves with FC SG, array elements with their index. It is
// called without locks held, one call at a time for a block. A save that returns nil is on the disk, all of it; one that
// fails has changed nothing.
type Settings interface {
	// LoadSettings gives what was saved: active 0 and no groups when there was nothing yet.
	LoadSettings(block model.Ref) (active uint8, activated time.Time, groups map[uint8]map[model.Ref]model.Value, err error)
	// SaveGroup replaces all values of a group.
	SaveGroup(block model.Ref, group uint8, values map[model.Ref]model.Value) error
	// SaveActive notes which group is active, and since when.
	SaveActive(block model.Ref, group uint8, activated time.Time) error
}

// A SettingHandler lets the application take part in changes of setting groups. Every member may be nil. They are called
// without locks held. An error vetoes: an mms.DataAccessError in its chain is answered as it is, any other as
// object-value-invalid.
type SettingHandler struct {
	// Activate is asked before another group becomes active.
	Activate func(p *model.Principal, block model.Ref, group uint8) error
	// Confirm is asked before edited values are kept.
	Confirm func(p *model.Principal, block model.Ref, group uint8, values map[model.Ref]model.Value) error
	// Active is told the values in force, after a group was activated or the active one edited: one call at a time, in the
	// order of what happened. Of several changes during a call it hears of the last alone.
	Active func(block model.Ref, group uint8, values map[model.Ref]model.Value)
}

// ErrReservation is why an edit ended whose client took longer than ResvTms.
var ErrReservation = errors.New("server: the reservation of the edited setting group ran out")

// settings is a setting group control block with its groups, IEC 61850-7-2 16. Server.mu guards what changes.
type settings struct {
	s      *Server
	dev    *device
	ref    model.Ref // LD/LLN0.SGCB[SP]
	num    int
	resv   time.Duration // that the model configures, 0: as long as the association
	active []int         // slots of the active values
	edit   []int         // slots of the edit buffer, in the same order
	refs   []model.Ref   // of the active values
	banks  [][]model.Value

	// Slots of the attributes, -1 where the model has none.
	actSG, editSG, cnfEdit, lActTm, resvTms int

	handler SettingHandler
	owner   *session // of the edit buffer
	peer    *model.Principal
	group   int  // in the edit buffer, 0: none
	busy    bool // the application or the disk is being asked
	due     time.Time
	untold  *inForce // that handler.Active has still to hear of
	telling bool     // it is being told
}

// settingGroups prepares a device that has setting groups, before its variables are made.
func (s *Server) settingGroups(d *device) {
	for _, ln := range d.ld.Nodes {
		if g := ln.SettingGroups; g != nil && d.sg == nil {
			d.sg = &settings{
				s: s, dev: d, num: max(int(g.NumOfSG), 1), resv: time.Duration(g.ResvTms) * time.Second,
				ref: model.Ref{LDevice: d.ld.Name, LN: ln.Name(), Path: "SGCB", FC: model.SP},
			}
			s.settings = append(s.settings, d.sg)
		}
	}
}

// settingBlock adds SGCB, IEC 61850-8-1 16.
func (b *builder) settingBlock(parent *node, g *model.SettingControl) {
	sg := b.dev.sg
	if sg.ref.LN != b.ln.Name() { // a second one in the same device
		return
	}
	fields := []blockField{
		{name: "NumOfSG", basic: model.BasicInt8U, value: model.Uint(uint64(sg.num))},
		{name: "ActSG", basic: model.BasicInt8U, value: model.Uint(uint64(max(g.ActSG, 1)))},
		{name: "EditSG", basic: model.BasicInt8U, value: model.Uint(0)},
		{name: "CnfEdit", basic: model.BasicBool, value: model.Bool(false)},
		{name: "LActTm", basic: model.BasicTimestamp, value: model.Time(0)},
	}
	if g.ResvTms != 0 || b.s.cfg.Model.Services.SettingReserveTime {
		fields = append(fields, blockField{name: "ResvTms", basic: model.BasicInt16U, value: model.Uint(uint64(g.ResvTms))})
	}
	n := b.block(parent, "SGCB", fields, sg)
	for name, slot := range map[string]*int{
		"ActSG": &sg.actSG, "EditSG": &sg.editSG, "CnfEdit": &sg.cnfEdit, "LActTm": &sg.lActTm, "ResvTms": &sg.resvTms,
	} {
		*slot = -1
		if c := n.child(name); c != nil {
			*slot = c.slot
		}
	}
}

// shows tells whether attributes of fc are shown under the functional constraint under: where there are setting groups,
// SCL's SG and SE both mean an active value (SG) and one in the edit buffer (SE).
func (b *builder) shows(fc, under model.FC) bool {
	if b.dev.sg != nil && (under == model.SG || under == model.SE) {
		return fc == model.SG || fc == model.SE
	}
	return fc == under
}

func (b *builder) has(t *model.Type, under model.FC) bool {
	if b.dev.sg != nil && (under == model.SG || under == model.SE) {
		return t.HasFC(model.SG) || t.HasFC(model.SE)
	}
	return t.HasFC(under)
}

// shadow makes room for the edited values of a data object: slots in the order of its own.
func (b *builder) shadow(o *model.Object) int {
	first := len(b.s.values)
	b.s.values = append(b.s.values, b.s.values[o.Slot:o.Slot+o.Type.Slots]...)
	b.s.slots = append(b.s.slots, make([]*node, o.Type.Slots)...)
	return first
}

// gather finds the settings of the device and fills its groups from the model.
func (g *settings) gather() {
	for _, ln := range g.dev.nodes {
		if n := ln.child("SG"); n != nil {
			indexed(n, n.ref, 0, func(ref model.Ref, slot int) {
				g.active, g.refs = append(g.active, slot), append(g.refs, ref)
			})
		}
		if n := ln.child("SE"); n != nil {
			n.leaves(0, func(_ *node, slot int) { g.edit = append(g.edit, slot) })
		}
	}
	s := g.s
	g.banks = make([][]model.Value, g.num)
	for i := range g.banks {
		g.banks[i] = make([]model.Value, len(g.active))
		for k, slot := range g.active {
			v := s.values[slot]
			if given := s.cfg.Model.Groups[slot]; i < len(given) && s.slots[slot].fits(given[i]) == nil {
				v = given[i]
			}
			if v.IsZero() {
				v = s.slots[slot].typ.Zero()
			}
			g.banks[i][k] = v
		}
	}
	if act := g.activeGroup(); act < 1 || act > g.num {
		s.values[g.actSG] = model.Uint(1)
	}
	g.show(g.banks[g.activeGroup()-1])
}

// indexed calls f for every leaf with its reference, that of elements of arrays with the index.
func indexed(n *node, ref model.Ref, off int, f func(ref model.Ref, slot int)) {
	switch n.kind {
	case nodeLeaf:
		f(ref, n.slot+off)
	case nodeArray:
		for i := range n.count {
			e := ref
			e.Path = elementPath(ref.Path, i)
			indexed(n.children[0], e, off+i*n.stride, f)
		}
	case nodeStruct:
		for _, c := range n.children {
			indexed(c, ref.Child(c.name), off, f)
		}
	}
}

// show puts values in force without telling anybody, and into the edit buffer: before the server starts.
func (g *settings) show(values []model.Value) {
	for k, slot := range g.active {
		g.s.values[slot] = values[k]
		if k < len(g.edit) {
			g.s.values[g.edit[k]] = values[k]
		}
	}
}

func (g *settings) activeGroup() int {
	u, _ := g.s.values[g.actSG].AsUint()
	return int(u)
}

// load takes over what was saved. A value that the model does not have any more, or of another type, is left as the
// model says, with an event.
func (g *settings) load(from Settings) error {
	act, at, groups, err := from.LoadSettings(g.ref)
	if err != nil {
		return fmt.Errorf("server: setting groups of %s: %w", g.ref.LDevice, err)
	}
	place := make(map[model.Ref]int, len(g.refs))
	for k, ref := range g.refs {
		place[ref] = k
	}
	for group, values := range groups {
		for ref, v := range values {
			k, ok := place[ref]
			if !ok || group < 1 || int(group) > g.num || g.s.slots[g.active[k]].fits(v) != nil {
				g.s.emit(SettingsStale{Ref: g.ref, Group: group, Member: ref})
				continue
			}
			g.banks[group-1][k] = v.Clone()
		}
	}
	switch {
	case int(act) > g.num: // the model has fewer groups now
		g.s.emit(SettingsStale{Ref: g.ref, Group: act})
	case act >= 1:
		g.s.values[g.actSG] = model.Uint(uint64(act))
		g.s.values[g.lActTm] = model.Time(model.NewTimestamp(at, g.s.quality()))
	}
	g.show(g.banks[g.activeGroup()-1])
	return nil
}

// named gives values with their references.
func (g *settings) named(values []model.Value) map[model.Ref]model.Value {
	m := make(map[model.Ref]model.Value, len(values))
	for k, ref := range g.refs {
		m[ref] = values[k]
	}
	return m
}
