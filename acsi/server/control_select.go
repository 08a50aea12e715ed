package server

import (
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// selectBefore serves Select of SBO with normal security: a read of SBO gives the reference of the object, or an empty
// string when it is not selected by it.
func (ss *session) selectBefore(p *model.Principal, n *node) mms.AccessResult {
	s, c := ss.s, n.ctl
	refused := mms.AccessResult{Value: model.Visible("")}
	if ss.authorize(p, RightControl, c.ref, "select") != nil {
		return refused
	}
	s.mu.Lock()
	owner := c.owner
	s.mu.Unlock() // nothing was put off
	ss.await(owner)
	s.mu.Lock()
	cmd := Command{Ref: c.ref, Principal: p, Association: ss.id, Model: c.model(), Select: true, Origin: Origin{Cat: 3}}
	s.unlock()
	cause := ss.doSelect(c, &cmd, model.SBONormal)
	s.commanded("select", &cmd, cause)
	s.trackCommand(model.ServiceSelect, c, nil, &cmd, model.Value{}, cause)
	if cause != model.AddCauseNone {
		return refused
	}
	return mms.AccessResult{Value: model.Visible(c.ref.LDevice + "/" + c.ref.Item())}
}

// selectWithValue serves SBOw.
func (ss *session) selectWithValue(c *control, cmd *Command) model.AddCause {
	cmd.Select = true
	if cause := ss.trusted(cmd); cause != model.AddCauseNone {
		return cause
	}
	return ss.doSelect(c, cmd, model.SBOEnhanced)
}

// doSelect asks for everything that may be in the way of a select, in the order of mms.md section 10, and takes the object.
func (ss *session) doSelect(c *control, cmd *Command, want model.ControlModel) model.AddCause {
	s := ss.s
	s.mu.Lock()
	cause := c.maySelect(ss, cmd, want)
	h := c.handler
	s.unlock()
	if cause != model.AddCauseNone {
		return cause
	}
	if cause = conditions(h, cmd); cause != model.AddCauseNone {
		return cause
	}
	s.mu.Lock()
	cause = c.startSelect(ss, cmd, want)
	h = c.handler
	s.unlock()
	if cause != model.AddCauseNone {
		return cause
	}
	return ss.finishSelect(c, h, cmd)
}

// maySelect checks the state and the conditions of the logical node. The caller holds Server.mu.
func (c *control) maySelect(ss *session, cmd *Command, want model.ControlModel) model.AddCause {
	if cmd.Model != want || c.handler == nil {
		return model.AddCauseNotSupported
	}
	c.lapse(c.s.now())
	if c.state == stateSelected {
		if c.owner == ss {
			return model.AddCauseAlreadySelected
		}
		return model.AddCauseLockedByOtherClient
	}
	if cmd.Model == model.SBONormal { // a read says nothing about its origin
		if c.isTrue(c.loc) {
			return model.AddCauseBlockedBySwitching
		}
		return model.AddCauseNone
	}
	return c.permits(cmd)
}

// startSelect checks that again, and whether a command is running, and takes the object, so that the application can be asked
// without the lock. The caller holds Server.mu.
func (c *control) startSelect(ss *session, cmd *Command, want model.ControlModel) model.AddCause {
	if cause := c.maySelect(ss, cmd, want); cause != model.AddCauseNone {
		return cause
	}
	if c.state == stateWaiting || c.state == stateExecuting {
		return model.AddCauseCommandInExecution
	}
	c.state, c.owner, c.late, c.selected = stateSelected, ss, nil, cmd
	c.due = c.s.now().Add(c.timeout(c.sboTimeout, c.s.cfg.Limits.SelectTimeout))
	c.s.schedule()
	return model.AddCauseNone
}

// finishSelect asks the application, and lets go of the object when it refuses.
func (ss *session) finishSelect(c *control, h ControlHandler, cmd *Command) model.AddCause {
	cause := application(h, cmd)
	c.s.mu.Lock()
	defer c.s.unlock()
	mine := c.state == stateSelected && c.selected == cmd
	switch {
	case cause != model.AddCauseNone && mine:
		c.unselect()
	case cause == model.AddCauseNone && !mine:
		return model.AddCauseSelectFailed
	case cause == model.AddCauseNone:
		c.flag(c.stSeld, true)
		c.tellSelected(cmd, true)
	}
	return cause
}

// unselect ends a select. The caller holds Server.mu.
func (c *control) unselect() {
	c.state, c.owner, c.selected = stateUnselected, nil, nil
	c.clearDue()
	c.flag(c.stSeld, false)
}

func (c *control) tellSelected(cmd *Command, on bool) {
	if h, ok := c.handler.(Selector); ok && cmd != nil {
		c.s.later(func() { h.Selected(cmd, on) })
	}
}

// cancel serves Cancel.
func (ss *session) cancel(c *control, cmd *Command) model.AddCause {
	if cause := ss.trusted(cmd); cause != model.AddCauseNone {
		return cause
	}
	c.s.mu.Lock()
	defer c.s.unlock()
	c.lapse(c.s.now())
	switch {
	case cmd.Model == model.StatusOnly || c.handler == nil:
		return model.AddCauseNotSupported
	case c.state == stateUnselected:
		return model.AddCauseNotSelected
	case c.owner != ss:
		return model.AddCauseLockedByOtherClient
	case c.state == stateSelected:
		was := c.selected
		c.unselect()
		c.tellSelected(was, false)
		return model.AddCauseNone
	case c.state == stateExecuting:
		if _, ok := c.handler.(Canceler); !ok {
			return model.AddCauseCommandInExecution
		}
	}
	c.giveUp(model.AddCauseAbortedByCancel, c.state == stateWaiting)
	return model.AddCauseNone
}
