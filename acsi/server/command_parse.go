package server

import (
	"strings"

	"github.com/gridward/gridward/model"
)

// parse reads the structure of Oper, SBOw or Cancel (IEC 61850-8-1 20.5 to 20.8) by the names of its components, once
// it is known to fit n.
func (c *control) parse(n *node, v model.Value, p *model.Principal) Command {
	cmd := Command{Ref: c.ref, Principal: p, Model: c.model()}
	for i, f := range n.children {
		m := v.At(i)
		switch f.name {
		case "ctlVal":
			cmd.Value = m.Clone()
		case "operTm":
			cmd.OperTm, _ = m.AsTime()
		case "origin":
			for k, o := range f.children {
				switch o.name {
				case "orCat":
					cat, _ := m.At(k).AsInt()
					cmd.Origin.Cat = int8(cat)
				case "orIdent":
					ident, _ := m.At(k).AsText()
					cmd.Origin.Ident = strings.Clone(ident)
				}
			}
		case "ctlNum":
			num, _ := m.AsUint()
			cmd.CtlNum = uint8(num)
		case "T":
			cmd.T, _ = m.AsTime()
		case "Test":
			cmd.Test, _ = m.AsBool()
		case "Check":
			bits, _, _ := m.AsBits()
			cmd.Check = uint8(bits)
		}
	}
	return cmd
}

// sameCommand tells whether an Oper repeats the SBOw that selected it: ctlVal, origin, ctlNum, Check and Test
// (mms.md section 10; T differs).
func sameCommand(a, b *Command) bool {
	return a.Value.Equal(b.Value) && a.Origin == b.Origin && a.CtlNum == b.CtlNum && a.Check == b.Check && a.Test == b.Test && a.OperTm == b.OperTm
}

// object gives the reference of a component as LastApplError shows it, LD/LN$CO$DO$Oper.
func (c *control) object(part controlPart) string {
	return c.ref.LDevice + "/" + c.ref.Item() + "$" + partNames[part]
}

var partNames = [...]string{partOper: "Oper", partSBO: "SBO", partSBOw: "SBOw", partCancel: "Cancel"}
