package server

import (
	"errors"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// command serves the writes to FC CO: Oper, SBOw and Cancel as a whole, nothing else.
func (ss *session) command(p *model.Principal, n *node, v model.Value) mms.DataAccessError {
	s, c := ss.s, n.ctl
	service := map[controlPart]string{partOper: "operate", partSBOw: "select", partCancel: "cancel"}[n.part]
	if service == "" {
		_ = ss.authorize(p, RightControl, n.ref, "write") // for the record
		return mms.ObjectAccessDenied
	}
	changes, err := flatten(nil, n, 0, v)
	switch {
	case errors.Is(err, errOrdinal):
		return mms.ObjectValueInvalid
	case err != nil:
		return mms.TypeInconsistent
	}
	s.mu.Lock()
	cmd, owner := c.parse(n, v, p), c.owner
	cmd.Association = ss.id
	s.unlock()
	ss.await(owner)
	var cause model.AddCause
	var ended bool
	defer func() { s.trackCommand(commandService(n.part, &cmd), c, n, &cmd, v, cause) }()
	if ss.authorize(p, RightControl, c.ref, service) != nil {
		cause = model.AddCauseNoAccessAuthority
		return ss.refuse(c, n.part, &cmd, cause, service)
	}
	switch n.part {
	case partOper:
		cause, ended = ss.operate(c, &cmd, v.Clone(), changes)
	case partSBOw:
		cause = ss.selectWithValue(c, &cmd)
	default:
		cause = ss.cancel(c, &cmd)
	}
	if ended {
		return ss.negative(c, n.part, &cmd, cause)
	}
	if cause != model.AddCauseNone {
		return ss.refuse(c, n.part, &cmd, cause, service)
	}
	if n.part != partOper { // how Oper ends is told at its end
		s.commanded(service, &cmd, cause)
	}
	return accessOK
}

// operate serves Oper up to the point where it is accepted. ended tells that it was executed and has failed already, which
// audit and events have heard of.
func (ss *session) operate(c *control, cmd *Command, v model.Value, changes []change) (cause model.AddCause, ended bool) {
	s := ss.s
	if cause = ss.trusted(cmd); cause != model.AddCauseNone {
		return cause, false
	}
	s.mu.Lock()
	cause, _ = c.mayOperate(ss, cmd)
	h := c.handler
	s.unlock()
	if cause != model.AddCauseNone {
		return cause, false
	}
	if cause = conditions(h, cmd); cause != model.AddCauseNone {
		return cause, false
	}
	s.mu.Lock()
	var back controlState
	cause, back = c.startOperate(ss, cmd)
	run, end := c.run, c.end
	h = c.handler
	s.unlock()
	if cause != model.AddCauseNone {
		return cause, false
	}
	if cause = application(h, cmd); cause != model.AddCauseNone {
		s.mu.Lock()
		defer s.unlock()
		if c.run == run {
			c.stepBack(back)
		}
		return cause, false
	}
	s.mu.Lock()
	if c.run != run { // its time ran out meanwhile
		cause = end.cause
		s.unlock()
		return cause, true
	}
	if cause = c.permits(cmd); cause != model.AddCauseNone { // changed while the application was asked
		c.stepBack(back)
		s.unlock()
		return cause, false
	}
	c.value = v
	s.commit(s.now(), changes, nil)
	c.note(cmd)
	if c.state == stateWaiting {
		c.due = cmd.OperTm.Time()
		s.schedule()
		s.unlock()
		return model.AddCauseNone, false
	}
	s.unlock()
	if cmd.Model.Enhanced() {
		ss.answered(func() { c.begin(h, cmd, run) })
		return model.AddCauseNone, false
	}
	return ss.operateNow(c, h, cmd, run, end)
}

// begin has the application execute a command that was accepted a moment ago, if it still stands and still may be.
func (c *control) begin(h ControlHandler, cmd *Command, run uint64) {
	c.s.mu.Lock()
	stands := c.run == run
	if stands {
		if cause := c.permits(cmd); cause != model.AddCauseNone {
			c.finish(cause, false)
			stands = false
		}
	}
	c.s.unlock()
	if stands {
		h.Operate(cmd, c.done(run))
	}
}

// operateNow runs a command with normal security before it is answered: what has failed by then is answered so.
func (ss *session) operateNow(c *control, h ControlHandler, cmd *Command, run uint64, end *outcome) (cause model.AddCause, ended bool) {
	s := ss.s
	h.Operate(cmd, c.done(run))
	s.mu.Lock()
	defer s.unlock()
	if end.ended && end.cause != model.AddCauseNone {
		return end.cause, true
	}
	return model.AddCauseNone, false
}

// mayOperate checks the state and the conditions of the logical node, in the order of mms.md section 10, up to health. taken is
// the state that the object would have then. The caller holds Server.mu.
func (c *control) mayOperate(ss *session, cmd *Command) (cause model.AddCause, taken controlState) {
	now := c.s.now()
	c.lapse(now)
	if cmd.Model == model.StatusOnly || cmd.Model > model.SBOEnhanced || c.handler == nil {
		return model.AddCauseNotSupported, 0
	}
	if cause = c.admits(ss, cmd); cause != model.AddCauseNone {
		return cause, 0
	}
	taken = stateExecuting
	if at := cmd.OperTm; at>>32 != 0 {
		if wait := at.Time().Sub(now); wait <= 0 || wait > maxOperTm {
			return model.AddCauseTimeLimitOver, 0
		}
		taken = stateWaiting
	}
	return c.permits(cmd), taken
}

// startOperate checks that again, and whether a command is running, and takes the object for an execution. back is the state to
// return to when the application refuses. The caller holds Server.mu.
func (c *control) startOperate(ss *session, cmd *Command) (cause model.AddCause, back controlState) {
	cause, state := c.mayOperate(ss, cmd)
	if cause != model.AddCauseNone {
		return cause, 0
	}
	if c.state == stateWaiting || c.state == stateExecuting {
		return model.AddCauseCommandInExecution, 0
	}
	back = c.state
	c.state, c.owner, c.command, c.late = state, ss, cmd, nil
	c.end, c.until = &outcome{}, c.due
	c.run++
	c.due = c.s.now().Add(c.timeout(c.operTimeout, c.s.cfg.Limits.OperateTimeout))
	c.s.schedule()
	return model.AddCauseNone, back
}

// admits checks an Oper against the select of the object.
func (c *control) admits(ss *session, cmd *Command) model.AddCause {
	switch c.state {
	case stateSelected:
		if c.owner != ss {
			return model.AddCauseLockedByOtherClient
		}
		if cmd.Model == model.SBOEnhanced && !sameCommand(c.selected, cmd) {
			return model.AddCauseInconsistentParameters
		}
	case stateUnselected:
		if !cmd.Model.Selects() {
			break
		}
		if c.late == ss {
			c.late = nil
			return model.AddCauseTimeLimitOver
		}
		return model.AddCauseNotSelected
	}
	return model.AddCauseNone
}

// stepBack gives the object free again, or back to the select it came from.
func (c *control) stepBack(back controlState) {
	c.command = nil
	c.run++
	if back == stateSelected {
		c.state, c.due = stateSelected, c.until
		c.s.schedule()
		return
	}
	c.state, c.owner = stateUnselected, nil
	c.clearDue()
}

func (c *control) clearDue() { c.due = time.Time{} }

// done gives the function by which the application ends the execution.
func (c *control) done(run uint64) func(model.AddCause) {
	return func(cause model.AddCause) {
		c.s.mu.Lock()
		defer c.s.unlock()
		if c.run == run && c.state == stateExecuting {
			c.finish(cause, false)
		}
	}
}

// finish ends an execution and terminates the command. free lets go of the object also where it stays selected after
// each command. The caller holds Server.mu.
func (c *control) finish(cause model.AddCause, free bool) {
	cmd, ss, s := c.command, c.owner, c.s
	*c.end = outcome{ended: true, cause: cause}
	c.run++
	if cmd.Model.Enhanced() && ss != nil {
		ss.out.send(c.termination(cmd, cause))
		v := c.value
		s.later(func() { s.trackCommand(model.ServiceCommandTermination, c, c.oper, cmd, v, cause) })
	}
	c.command = nil
	if cmd.Model.Selects() && c.many() && c.selected != nil && ss != nil && !free {
		c.state = stateSelected
		c.due = s.now().Add(c.timeout(c.sboTimeout, s.cfg.Limits.SelectTimeout))
	} else {
		was := c.selected
		c.unselect()
		c.tellSelected(was, false)
	}
	c.flag(c.opOk, cause == model.AddCauseNone)
	c.flag(c.opRcvd, false)
	if changes := c.set(nil, c.tOpOk, model.Time(s.stamp(s.now()))); cause == model.AddCauseNone && len(changes) > 0 {
		s.commit(s.now(), changes, nil)
	}
	s.schedule()
	s.later(func() { s.commanded("operate", cmd, cause) })
}

// giveUp ends an execution, or a wait for one, without the application.
func (c *control) giveUp(cause model.AddCause, free bool) {
	cmd := c.command
	if h, ok := c.handler.(Canceler); ok && c.state == stateExecuting {
		c.s.later(func() { h.Canceled(cmd, cause) })
	}
	c.finish(cause, free)
}

// lapse ends a select whose time has run out, should its timer be late. The caller holds Server.mu.
func (c *control) lapse(now time.Time) {
	if c.state == stateSelected && !now.Before(c.due) {
		c.expire(now)
	}
}

// expire does what the object's deadline asks. The caller holds Server.mu.
func (c *control) expire(now time.Time) {
	c.clearDue()
	switch c.state {
	case stateSelected:
		c.late = c.owner
		was := c.selected
		c.unselect()
		c.tellSelected(was, false)
	case stateExecuting:
		c.giveUp(model.AddCauseTimeLimitOver, false)
	case stateWaiting:
		if cause := c.permits(c.command); cause != model.AddCauseNone {
			c.finish(cause, false)
			return
		}
		c.state = stateExecuting
		c.due = now.Add(c.timeout(c.operTimeout, c.s.cfg.Limits.OperateTimeout))
		h, cmd, run := c.handler, c.command, c.run
		c.s.later(func() { c.begin(h, cmd, run) })
	}
}

// lose ends what an association had of the object: its select; its command with enhanced security or one that waits for
// its time, with abortion by communication loss. A command with normal security runs on.
func (c *control) lose(ss *session) {
	if c.late == ss {
		c.late = nil
	}
	if c.owner != ss {
		return
	}
	switch c.state {
	case stateSelected:
		was := c.selected
		c.unselect()
		c.tellSelected(was, false)
	case stateWaiting:
		c.giveUp(model.AddCauseAbortedByCommunicationLoss, true)
	case stateExecuting:
		if c.command.Model.Enhanced() {
			c.giveUp(model.AddCauseAbortedByCommunicationLoss, true)
			return
		}
		c.owner = nil
	}
}

// commanded tells audit and events how a control service ended.
func (s *Server) commanded(service string, cmd *Command, cause model.AddCause) {
	r := AuditRecord{
		Association: cmd.Association, Principal: cmd.Principal, Service: service, Right: RightControl, Ref: cmd.Ref, Value: cmd.Value, Origin: cmd.Origin, AddCause: cause,
	}
	if cause != model.AddCauseNone {
		r.Err = ErrRefused
		s.count.refused.Add(1)
	} else {
		s.count.commands.Add(1)
	}
	s.audit(r)
	s.emit(Commanded{Command: *cmd, AddCause: cause})
}
