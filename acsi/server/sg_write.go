package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func (g *settings) right() Right { return RightSettingGroup }

func (g *settings) lockedFor(ss *session) bool { return g.owner != nil && g.owner != ss }

// write serves SelectActiveSG, SelectEditSG and ConfirmEditSGValues, IEC 61850-7-2 16.3 as 8-1 16 maps them.
func (g *settings) write(ss *session, p *model.Principal, n *node, v model.Value) mms.DataAccessError {
	if n.kind != nodeLeaf {
		return mms.ObjectAccessUnsupported
	}
	if n.name == "NumOfSG" || n.name == "LActTm" {
		return mms.ObjectAccessDenied
	}
	if n.fits(v) != nil {
		return mms.TypeInconsistent
	}
	g.s.mu.Lock()
	owner := g.owner
	g.s.mu.Unlock() // nothing was put off
	ss.await(owner)
	number, _ := v.AsUint()
	switch n.name {
	case "ActSG":
		if number < 1 || number > uint64(g.num) {
			return mms.ObjectValueInvalid
		}
		return veto(g.activate(p, int(number), g.handlerNow().Activate))
	case "EditSG":
		return g.selectEdit(ss, p, number)
	case "CnfEdit":
		if on, _ := v.AsBool(); on {
			return g.confirm(ss, p)
		}
		return g.nothing(ss)
	}
	return g.reserve(ss, number)
}

// veto gives the answer to what the application or the store did not want.
func veto(err error) mms.DataAccessError {
	if err == nil {
		return accessOK
	}
	if code := mms.DataAccessError(0); errors.As(err, &code) {
		return code
	}
	return mms.ObjectValueInvalid
}

func (g *settings) handlerNow() SettingHandler {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return g.handler
}

// take begins a change that the application and the disk are asked about without the lock.
func (g *settings) take(mine func() bool) bool {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if g.busy || !mine() {
		return false
	}
	g.busy = true
	return true
}

// activate makes a group the active one: every value changes in one step (mms.md section 7).
func (g *settings) activate(p *model.Principal, group int, ask func(*model.Principal, model.Ref, uint8) error) error {
	s := g.s
	if !g.take(func() bool { return true }) {
		return mms.TemporarilyUnavailable
	}
	now := s.now()
	var err error
	if ask != nil {
		err = ask(p, g.ref, uint8(group))
	}
	if err == nil && s.cfg.Settings != nil {
		if err = s.cfg.Settings.SaveActive(g.ref, uint8(group), now); err != nil {
			err = fmt.Errorf("%w: %w", mms.HardwareFault, err)
		}
	}
	s.mu.Lock()
	defer s.unlock()
	g.release()
	if err != nil {
		return err
	}
	g.enforce(now, group, change{g.actSG, model.Uint(uint64(group))}, change{g.lActTm, model.Time(s.stamp(now))})
	s.tell(GroupActivated{Principal: p, Ref: g.ref, Group: uint8(group)})
	if p == nil {
		s.internally("STS", g.ref)
	}
	return nil
}

// release ends what take began. The caller holds Server.mu.
func (g *settings) release() {
	g.busy = false
	g.s.schedule()
}

// enforce puts the values of a group in force, with further changes, in one transaction. The caller holds Server.mu.
func (g *settings) enforce(now time.Time, group int, more ...change) {
	values := g.banks[group-1]
	changes := make([]change, 0, len(values)+len(more))
	for k, slot := range g.active {
		changes = append(changes, change{slot, values[k]})
	}
	g.s.commit(now, append(changes, more...), nil)
	if g.handler.Active == nil {
		return
	}
	g.untold = &inForce{group, values}
	if !g.telling {
		g.telling = true
		g.s.later(g.tellActive)
	}
}

// inForce are the values of a group that was put in force.
type inForce struct {
	group  int
	values []model.Value
}

// tellActive tells the application what is in force until it has heard of the last. It is called without the lock.
func (g *settings) tellActive() {
	for {
		g.s.mu.Lock()
		next, active := g.untold, g.handler.Active
		g.untold, g.telling = nil, next != nil
		g.s.mu.Unlock() // nothing was put off
		if next == nil {
			return
		}
		if active != nil {
			active(g.ref, uint8(next.group), g.named(next.values))
		}
	}
}

// selectEdit serves SelectEditSG: the buffer belongs to ss from now on and holds the group's values. 0 lets go of it.
func (g *settings) selectEdit(ss *session, p *model.Principal, group uint64) mms.DataAccessError {
	s := g.s
	if group > uint64(g.num) {
		return mms.ObjectValueInvalid
	}
	s.mu.Lock()
	defer s.unlock()
	if g.busy || g.lockedFor(ss) {
		return mms.TemporarilyUnavailable
	}
	if group == 0 {
		g.letGo(nil)
		return accessOK
	}
	now := s.now()
	g.owner, g.peer, g.group = ss, p, int(group)
	changes := []change{{g.editSG, model.Uint(group)}}
	if g.resvTms >= 0 { // what was asked for in an edit before does not hold any more
		changes = append(changes, change{g.resvTms, model.Uint(uint64(g.resv / time.Second))})
	}
	for k, slot := range g.edit {
		changes = append(changes, change{slot, g.banks[group-1][k]})
	}
	s.commit(now, changes, nil)
	g.due = time.Time{}
	if g.resv > 0 {
		g.due = now.Add(g.resv)
		s.schedule()
	}
	return accessOK
}

// letGo ends the edit. why is nil when its client wanted that. The caller holds Server.mu.
func (g *settings) letGo(why error) {
	if g.owner == nil {
		return
	}
	peer, group := g.peer, g.group
	g.owner, g.peer, g.group, g.due = nil, nil, 0, time.Time{}
	changes := []change{{g.editSG, model.Uint(0)}}
	if g.resvTms >= 0 {
		changes = append(changes, change{g.resvTms, model.Uint(uint64(g.resv / time.Second))})
	}
	g.s.commit(g.s.now(), changes, nil)
	if why != nil {
		g.s.internally("STS", g.ref)
		g.s.tell(EditReleased{Principal: peer, Ref: g.ref, Group: uint8(group), Why: why})
	}
}

// nothing answers CnfEdit false, which changes nothing.
func (g *settings) nothing(ss *session) mms.DataAccessError {
	g.s.mu.Lock()
	defer g.s.unlock()
	if g.owner != ss {
		return mms.TemporarilyUnavailable
	}
	return accessOK
}

// confirm serves ConfirmEditSGValues: the edited values are kept, all or none, then the buffer is free. Those of the
// active group are in force at once.
func (g *settings) confirm(ss *session, p *model.Principal) mms.DataAccessError {
	s := g.s
	var group int
	var due time.Time
	var values []model.Value
	if !g.take(func() bool {
		if g.owner != ss {
			return false
		}
		group, due, g.due = g.group, g.due, time.Time{}
		values = make([]model.Value, len(g.edit))
		for k, slot := range g.edit {
			values[k] = s.values[slot]
		}
		return true
	}) {
		return mms.TemporarilyUnavailable
	}
	err := g.keep(p, group, g.named(values))
	s.mu.Lock()
	defer s.unlock()
	if err != nil {
		g.due = due
		g.release()
		return veto(err)
	}
	g.release()
	g.banks[group-1] = values
	g.letGo(nil)
	if group == g.activeGroup() {
		g.enforce(s.now(), group)
	}
	s.tell(GroupEdited{Principal: p, Ref: g.ref, Group: uint8(group)})
	return accessOK
}

// keep asks the application and the store.
func (g *settings) keep(p *model.Principal, group int, values map[model.Ref]model.Value) error {
	if ask := g.handlerNow().Confirm; ask != nil {
		if err := ask(p, g.ref, uint8(group), values); err != nil {
			return err
		}
	}
	if store := g.s.cfg.Settings; store != nil {
		if err := store.SaveGroup(g.ref, uint8(group), values); err != nil {
			return fmt.Errorf("%w: %w", mms.HardwareFault, err)
		}
	}
	return nil
}

// reserve serves a write of ResvTms by the owner: its time starts anew.
func (g *settings) reserve(ss *session, seconds uint64) mms.DataAccessError {
	s := g.s
	s.mu.Lock()
	defer s.unlock()
	switch {
	case g.busy || g.owner != ss:
		return mms.TemporarilyUnavailable
	case seconds == 0:
		return mms.ObjectValueInvalid
	}
	now := s.now()
	s.commit(now, []change{{g.resvTms, model.Uint(seconds)}}, nil)
	g.due = now.Add(time.Duration(seconds) * time.Second)
	s.schedule()
	return accessOK
}

// editable tells whether ss may see and change the edit buffer. The caller holds Server.mu.
func (g *settings) editable(ss *session) bool { return g.owner == ss && g.group != 0 && !g.busy }

// expire ends an edit whose time has run out. The caller holds Server.mu.
func (g *settings) expire() { g.letGo(ErrReservation) }

// lose ends what an association had of the block. The caller holds Server.mu.
func (g *settings) lose(ss *session) {
	if g.owner == ss {
		g.letGo(ss.end())
	}
}

// HandleSettings gives a device's changes of setting groups to h. Of ref only the logical device counts.
func (s *Server) HandleSettings(ref model.Ref, h SettingHandler) error {
	d := s.devices[ref.LDevice]
	if d == nil || d.sg == nil {
		return fmt.Errorf("%w: %s has no setting groups", ErrUnknown, ref.LDevice)
	}
	s.mu.Lock()
	defer s.unlock()
	d.sg.handler = h
	return nil
}

// ActivateGroup has the application itself activate a setting group of a logical device. The handler's Activate is not
// asked.
func (s *Server) ActivateGroup(ld string, group uint8) error {
	d := s.devices[ld]
	if d == nil || d.sg == nil {
		return fmt.Errorf("%w: %s has no setting groups", ErrUnknown, ld)
	}
	if group < 1 || int(group) > d.sg.num {
		return fmt.Errorf("%w: setting group %d of %d", ErrUnknown, group, d.sg.num)
	}
	return d.sg.activate(nil, int(group), nil)
}
