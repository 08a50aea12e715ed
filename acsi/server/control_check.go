package server

import (
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// An Interlocker is a ControlHandler that knows whether interlocking releases a command; it is asked when the command
// wants the check.
type Interlocker interface {
	Released(c *Command) bool
}

// A Synchrochecker is a ControlHandler that knows whether the synchrocheck releases a command; it is asked when the
// command wants the check.
type Synchrochecker interface {
	InSynchronism(c *Command) bool
}

// A Positioner is a ControlHandler that knows whether the object is where a command wants it already.
type Positioner interface {
	Reached(c *Command) bool
}

// An Exclusive is a ControlHandler whose object is one of n of which only one may be commanded at a time; it knows whether none
// of the others is.
type Exclusive interface {
	Alone(c *Command) bool
}

// Modes and behaviours, IEC 61850-7-4 (BehaviourModeKind), and the worst health.
const (
	behOn          = 1
	behBlocked     = 2
	behTest        = 3
	behTestBlocked = 4
	healthAlarm    = 3
)

// maxOperTm is how far ahead a time-activated command may be.
const maxOperTm = 24 * time.Hour

// trusted checks what the command says about itself before the state of the object matters: its origin, its age.
func (ss *session) trusted(cmd *Command) model.AddCause {
	s := ss.s
	if s.cfg.BindOrigin && !bound(cmd) {
		return model.AddCauseNoAccessAuthority
	}
	if ss.params.Freshness || s.cfg.FreshnessAlways {
		age := s.now().Sub(cmd.T.Time())
		if age > s.cfg.Freshness || age < -s.cfg.Freshness {
			return model.AddCauseTimeLimitOver
		}
	}
	return model.AddCauseNone
}

// bound tells whether orIdent names the principal: all of its name, its bare JID or the part before "@".
func bound(cmd *Command) bool {
	name := cmd.Principal.Name
	bare, _, _ := strings.Cut(name, "/")
	local, _, _ := strings.Cut(bare, "@")
	return cmd.Origin.Ident == name || cmd.Origin.Ident == bare || cmd.Origin.Ident == local
}

// permits checks the conditions of the logical node in the order of mms.md section 10: switching authority, mode and
// test, health. The caller holds Server.mu.
func (c *control) permits(cmd *Command) model.AddCause {
	if !c.authority(cmd.Origin.Cat) {
		return model.AddCauseBlockedBySwitching
	}
	if c.always {
		return model.AddCauseNone
	}
	if c.beh >= 0 {
		switch c.number(c.beh) {
		case behOn, 0:
			if cmd.Test {
				return model.AddCauseBlockedByMode
			}
		case behTest, behTestBlocked:
			if !cmd.Test {
				return model.AddCauseBlockedByMode
			}
		default: // on-blocked, off
			return model.AddCauseBlockedByMode
		}
	}
	if c.health >= 0 && c.number(c.health) == healthAlarm {
		return model.AddCauseBlockedByHealth
	}
	return model.AddCauseNone
}

// authority tells whether the origin's category may command now: with Loc only the bay, with LocSta not from remote
// (IEC 61850-7-4 annex B). A category that is not told counts as remote.
func (c *control) authority(cat int8) bool {
	const bay, station, remote, autoBay, autoStation, autoRemote, maintenance, process = 1, 2, 3, 4, 5, 6, 7, 8
	switch cat {
	case bay, autoBay, maintenance, process:
		return true
	case station, autoStation:
		return !c.isTrue(c.loc)
	}
	return !c.isTrue(c.loc) && (c.self || !c.isTrue(c.locSta))
}

// conditions asks the handler for what comes before the question whether a command is running, without locks held: interlock
// and synchrocheck, when the command wants them, and the position.
func conditions(h ControlHandler, cmd *Command) model.AddCause {
	if cmd.Check&CheckInterlock != 0 {
		if i, ok := h.(Interlocker); ok && !i.Released(cmd) {
			return model.AddCauseBlockedByInterlocking
		}
	}
	if cmd.Check&CheckSynchrocheck != 0 {
		if i, ok := h.(Synchrochecker); ok && !i.InSynchronism(cmd) {
			return model.AddCauseBlockedBySynchrocheck
		}
	}
	if i, ok := h.(Positioner); ok && !cmd.Value.IsZero() && i.Reached(cmd) {
		return model.AddCausePositionReached
	}
	return model.AddCauseNone
}

// application asks the handler for what comes after it, without locks held: one of n, and whatever else it knows.
func application(h ControlHandler, cmd *Command) model.AddCause {
	if i, ok := h.(Exclusive); ok && !i.Alone(cmd) {
		return model.AddCauseOneOfN
	}
	return h.Check(cmd)
}
