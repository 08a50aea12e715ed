package ied

import (
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// position reads a double-point position or the command for one: true is on.
func position(v model.Value) model.Dbpos {
	if b, ok := v.AsBool(); ok {
		if b {
			return model.DbposOn
		}
		return model.DbposOff
	}
	if d, ok := v.AsDbpos(); ok {
		return d
	}
	if i, ok := v.AsInt(); ok {
		return model.Dbpos(i)
	}
	return model.DbposBad
}

// positionValue shows a position in a leaf, which is an enumeration in files of edition 1.
func positionValue(t *model.Type, p model.Dbpos) model.Value {
	if t.Basic == model.BasicDbpos {
		return model.DbposValue(p)
	}
	return integer(t, int64(p))
}

// at makes the setting of a single leaf.
func (p *point) at(v model.Value) setting {
	return setting{p: p, values: []slotValue{{slot: p.parts[0].Slot, v: v}}}
}

// moving shows that an operation has begun, and gives what undoes that.
func (c *control) moving(now time.Time) []setting {
	if c.kind != double || c.status == nil {
		return nil
	}
	var back, list []setting
	for _, p := range []*point{c.status, c.moves} {
		if p == nil {
			continue
		}
		old, err := c.cs.d.srv.Get(p.ref)
		if err != nil {
			continue
		}
		back = append(back, p.at(old))
		list = append(list, p.at(positionValue(p.parts[0].Type, model.DbposIntermediate)))
	}
	_ = c.cs.d.nodes.apply(now, list) // of the model itself: it fits
	return back
}

// finish shows what a command has led to.
func (c *control) finish(cmd *server.Command) model.AddCause {
	now := c.cs.d.cfg.Now()
	list, ok := c.outcome(cmd)
	if !ok {
		return model.AddCauseInconsistentParameters
	}
	if err := c.cs.d.nodes.apply(now, list); err != nil {
		return model.AddCauseInconsistentParameters
	}
	if c.name == "Mod" {
		if err := c.cs.d.nodes.mode(now, c.node, ordinal(cmd.Value)); err != nil {
			return model.AddCauseInconsistentParameters
		}
	}
	return model.AddCauseNone
}

// outcome is what the status shows once the command has been carried out.
func (c *control) outcome(cmd *server.Command) ([]setting, bool) {
	if c.status == nil {
		return nil, true
	}
	at := c.status.parts[0]
	switch c.kind {
	case single:
		return []setting{c.status.at(cmd.Value)}, true
	case double:
		return c.positions(position(cmd.Value)), true
	case ordinals:
		i, ok := cmd.Value.AsInt()
		if !ok {
			return nil, false
		}
		if t, ok := at.Child("posVal"); ok {
			at = t
		}
		return []setting{{p: c.status, values: []slotValue{{slot: at.Slot, v: integer(at.Type, i)}}}}, true
	case step:
		return c.stepped(at, direction(cmd.Value))
	case analogue:
		return c.analogue(at, cmd.Value)
	case analogueStep:
		return c.nudged(at, direction(cmd.Value))
	}
	return nil, true
}

// positions shows one position wherever it is to be seen, and counts the operation.
func (c *control) positions(p model.Dbpos) []setting {
	list := []setting{c.status.at(positionValue(c.status.parts[0].Type, p))}
	if c.moves != nil {
		list = append(list, c.moves.at(positionValue(c.moves.parts[0].Type, p)))
	}
	if c.count != nil {
		if old, err := c.cs.d.srv.Get(c.count.ref); err == nil {
			list = append(list, c.count.at(integer(c.count.parts[0].Type, (ordinal(old)+1)&0x7f_ffff)))
		}
	}
	return list
}

// direction of a step command (Tcmd): -1, 0 or 1.
func direction(v model.Value) int64 {
	n, _, ok := v.AsBits()
	if !ok {
		i, _ := v.AsInt()
		n = uint64(i)
	}
	switch n {
	case 1:
		return -1
	case 2:
		return 1
	}
	return 0
}

// stepped moves a step position (ValWithTrans: -64 to 63) by one.
func (c *control) stepped(at model.Target, by int64) ([]setting, bool) {
	pos, ok := at.Child("posVal")
	old, err := c.value()
	if !ok || err != nil || old.Len() == 0 {
		return nil, false
	}
	x := min(max(ordinal(old.At(0))+by, -64), 63)
	if least, ok := c.bound(c.lowest); ok && c.lowest.LN != "" && float64(x) < least {
		return nil, false
	}
	if most, ok := c.bound(c.highest); ok && c.highest.LN != "" && float64(x) > most && most != 0 {
		return nil, false
	}
	return []setting{{p: c.status, values: []slotValue{{slot: pos.Slot, v: integer(pos.Type, x)}}}}, true
}

// analogue takes the set-point over.
func (c *control) analogue(at model.Target, v model.Value) ([]setting, bool) {
	x, ok := magnitude(v)
	if !ok {
		return nil, false
	}
	values, err := assign(nil, at, x)
	if err != nil {
		return nil, false
	}
	return []setting{{p: c.status, values: values}}, true
}

// nudged moves an analogue value by a hundredth of its range, or by one.
func (c *control) nudged(at model.Target, by int64) ([]setting, bool) {
	old, err := c.value()
	x, ok := magnitude(old)
	if err != nil || !ok {
		return nil, false
	}
	values, err := assign(nil, at, x+float64(by))
	if err != nil {
		return nil, false
	}
	return []setting{{p: c.status, values: values}}, true
}
