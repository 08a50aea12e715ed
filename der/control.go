package der

import (
	"fmt"
	"strings"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/model"
)

// control obeys the commands for a limit or set-point. It is a server.ControlHandler.
type control struct {
	u       *unit
	object  model.Ref
	target  bool         // a set-point; otherwise a limit
	unit    float64      // W that a command of 1 means
	allowed device.Range // W
	pending *pending
}

// pending is a command whose ramp has not ended.
type pending struct {
	cmd      *server.Command
	deadline time.Time
	done     func(model.AddCause)
}

// controlOf says how the point of that name is commanded, and whether it can be on that device.
func controlOf(point string, c *device.Config) (control, bool) {
	k := control{unit: 1, allowed: c.Limits()}
	switch point {
	case "limit", "target":
	case "limitPct", "targetPct":
		k.unit = c.Rated / 100
	default:
		return control{}, false
	}
	ok := true
	if strings.HasPrefix(point, "target") {
		k.target = true
		k.allowed, ok = c.Targets()
	}
	return k, ok
}

// control gives the commands for limits and set-points to their handlers, where their objects can be operated. Without
// a handler, as the set-point of a load, the server refuses with not-supported.
func (u *unit) control() error {
	for _, b := range u.bindings {
		k, ok := controlOf(b.point.Name, &u.cfg.Device)
		if !ok {
			continue
		}
		if _, ok := b.typ.Field("Oper"); !ok {
			if _, forced := u.cfg.Map[b.point.Name]; forced {
				return fmt.Errorf("%w: point %q: %s cannot be operated", ErrMap, b.point.Name, b.object)
			}
			continue
		}
		c := &k
		c.u, c.object = u, b.object
		if err := u.srv.Handle(b.object, c); err != nil {
			return fmt.Errorf("%w: point %q: %w", ErrMap, b.point.Name, err)
		}
		u.controls = append(u.controls, c)
	}
	return nil
}

// Check refuses values that the device cannot obey and commands to a device that cannot obey now.
func (c *control) Check(cmd *server.Command) model.AddCause {
	u := c.u
	u.mu.Lock()
	defer u.unlock()
	return c.check(cmd)
}

func (c *control) check(cmd *server.Command) model.AddCause {
	x, ok := number(cmd.Value)
	switch {
	case !ok || !c.allowed.Contains(x*c.unit):
		return model.AddCauseInconsistentParameters
	case c.u.health != HealthOK:
		return model.AddCauseBlockedByHealth
	}
	for _, other := range c.u.controls { // a limit in W and one in percent are the same limit
		if other.target == c.target && other.pending != nil {
			return model.AddCauseCommandInExecution
		}
	}
	return model.AddCauseNone
}

// Operate begins the ramp. Its end is found by tick, or at once when there is nothing to do.
func (c *control) Operate(cmd *server.Command, done func(model.AddCause)) {
	u := c.u
	u.mu.Lock()
	defer u.unlock()
	x, _ := number(cmd.Value)
	w := x * c.unit
	set := u.dev.SetLimit
	if c.target {
		set = u.dev.SetTarget
	}
	if err := set(w); err != nil {
		u.later(func() { done(model.AddCauseInconsistentParameters) })
		return
	}
	if u.failSafe.active && !c.target {
		u.failSafe.saved = w // what holds once the fail-safe ends
	}
	c.pending = &pending{cmd: cmd, deadline: u.cfg.Now().Add(u.cfg.CommandTimeout), done: done}
	u.emit(Commanded{Object: c.object, Value: w, Peer: cmd.Principal})
}

// Canceled forgets a command that the server has given up. The device goes on to where it was told to go: a limit that
// was accepted must not be lost with the association that brought it.
func (c *control) Canceled(cmd *server.Command, why model.AddCause) {
	c.u.mu.Lock()
	defer c.u.unlock()
	if c.pending != nil && c.pending.cmd.CtlNum == cmd.CtlNum {
		c.end(why, false)
	}
}

// checkCommands ends the commands that have been carried out, cannot be, or took too long. The caller holds mu.
func (u *unit) checkCommands(now time.Time) {
	for _, c := range u.controls {
		if c.pending == nil {
			continue
		}
		reached := u.dev.LimitReached
		if c.target {
			reached = u.dev.TargetReached
		}
		switch {
		case u.state.Failed:
			c.end(model.AddCauseAbortedByTrip, true)
		case now.After(c.pending.deadline):
			c.end(model.AddCauseTimeLimitOver, true)
		case reached() && u.health == HealthOK:
			c.end(model.AddCauseNone, true)
		}
	}
}

// end ends the pending command. The caller holds mu.
func (c *control) end(why model.AddCause, tell bool) {
	p := c.pending
	c.pending = nil
	if tell {
		c.u.later(func() { p.done(why) })
	}
	if why == model.AddCauseNone { // otherwise the server tells
		c.u.settled = true
		c.u.emit(CommandEnded{Object: c.object, Peer: p.cmd.Principal, AddCause: why})
	}
}

// number reads ctlVal: a number, or a structure with one (AnalogueValue: i or f).
func number(v model.Value) (float64, bool) {
	if f, ok := v.AsFloat(); ok {
		return f, true
	}
	if i, ok := v.AsInt(); ok {
		return float64(i), true
	}
	if v.Kind() != model.KindStruct {
		return 0, false
	}
	for _, m := range v.Members() {
		if f, ok := m.AsFloat(); ok {
			return f, true
		}
	}
	for _, m := range v.Members() {
		if i, ok := m.AsInt(); ok {
			return float64(i), true
		}
	}
	return 0, false
}
