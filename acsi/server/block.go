package server

import (
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A liveBlock is a control block whose values are slots like any others, and whose writes are services.
type liveBlock interface {
	// right is what a write asks for.
	right() Right
	// write serves the write of one attribute, or of a structure, of which n is the node. It is called without locks
	// held; v is the server's own. The caller audits and tracks what comes of it.
	write(ss *session, p *model.Principal, n *node, v model.Value) mms.DataAccessError
	// lockedFor tells whether another client has the block. The caller holds Server.mu.
	lockedFor(ss *session) bool
}

// A blockField is one component of a control block: it has a slot of its own behind those of the model.
type blockField struct {
	name   string
	basic  model.Basic
	value  model.Value
	fields []blockField
}

var basicTypes = func() (ts [model.NumBasic]*model.Type) {
	for b := range ts {
		ts[b] = &model.Type{Basic: model.Basic(b), Slots: 1}
	}
	return ts
}()

// blocks adds the control blocks of the functional constraint of parent (IEC 61850-8-1 table of LN variables).
func (b *builder) blocks(parent *node) {
	ln := b.ln
	switch parent.fc {
	case model.SP:
		if g := ln.SettingGroups; g != nil {
			b.settingBlock(parent, g)
		}
	case model.BR, model.RP:
		for _, r := range ln.Reports {
			if r.Buffered == (parent.fc == model.BR) {
				b.reportControl(parent, r)
			}
		}
	case model.LG:
		for _, l := range ln.Logs {
			b.logControl(parent, l)
		}
	case model.GO:
		for _, g := range ln.Goose {
			b.publish(parent, g.Name, b.gooseFields(g), g.Address)
		}
	case model.MS, model.US:
		for _, sv := range ln.Samples {
			if sv.Multicast == (parent.fc == model.MS) {
				b.publish(parent, sv.Name, b.sampleFields(sv), sv.Address)
			}
		}
	}
}

// block adds a control block: its attributes have slots, writing them is up to live. Nil: they are only shown.
func (b *builder) block(parent *node, name string, fields []blockField, live liveBlock) *node {
	n := &node{name: name, item: parent.item + "$" + name, dev: b.dev, fc: parent.fc, ref: parent.ref.Child(name), valKind: "RO", live: live}
	for _, f := range fields {
		c := &node{name: f.name, item: n.item + "$" + f.name, dev: b.dev, fc: n.fc, ref: n.ref.Child(f.name), valKind: "RO", live: live}
		if f.fields != nil {
			b.block(n, f.name, f.fields, live)
			continue
		}
		c.kind, c.typ = nodeLeaf, basicTypes[f.basic]
		c.data, c.size = f.basic.Layout()
		c.slot = len(b.s.values)
		b.s.values = append(b.s.values, f.value)
		b.s.slots = append(b.s.slots, c)
		n.children = append(n.children, c)
	}
	parent.children = append(parent.children, n)
	return n
}

func (b *builder) gooseFields(g *model.GooseControl) []blockField {
	return []blockField{
		{name: "GoEna", basic: model.BasicBool, value: model.Bool(false)},
		{name: "GoID", basic: model.BasicVisString129, value: model.Visible(g.ID)},
		{name: "DatSet", basic: model.BasicObjRef, value: model.Visible(b.setRef(g.DataSet))},
		{name: "ConfRev", basic: model.BasicInt32U, value: model.Uint(uint64(g.ConfRev))},
		{name: "NdsCom", basic: model.BasicBool, value: model.Bool(!g.Address.Set || g.DataSet == "")},
		{name: "DstAddress", fields: addressFields(g.Address)},
		{name: "MinTime", basic: model.BasicInt32U, value: millis(g.MinTime)},
		{name: "MaxTime", basic: model.BasicInt32U, value: millis(g.MaxTime)},
		{name: "FixedOffs", basic: model.BasicBool, value: model.Bool(g.FixedOffs)},
	}
}

func (b *builder) sampleFields(c *model.SampledValueControl) []blockField {
	ids, resv := "MsvID", []blockField(nil)
	if !c.Multicast {
		ids, resv = "UsvID", []blockField{{name: "Resv", basic: model.BasicBool, value: model.Bool(false)}}
	}
	mods := map[string]int64{"SmpPerPeriod": 0, "SmpPerSec": 1, "SecPerSmp": 2}
	opts := uint64(0)
	for i, on := range []bool{c.RefreshTime, c.SampleSynchronized, c.SampleRate, c.DataSetName, c.Security} {
		if on {
			opts |= 1 << (9 - 1 - i)
		}
	}
	fs := []blockField{
		{name: "SvEna", basic: model.BasicBool, value: model.Bool(false)},
		{name: ids, basic: model.BasicVisString129, value: model.Visible(c.ID)},
		{name: "DatSet", basic: model.BasicObjRef, value: model.Visible(b.setRef(c.DataSet))},
		{name: "ConfRev", basic: model.BasicInt32U, value: model.Uint(uint64(c.ConfRev))},
		{name: "SmpRate", basic: model.BasicInt32U, value: model.Uint(uint64(c.SmpRate))},
		{name: "OptFlds", basic: model.BasicSvOptFlds, value: model.Bits(opts, 10)},
		{name: "SmpMod", basic: model.BasicInt8, value: model.Int(mods[c.SmpMod])},
		{name: "DstAddress", fields: addressFields(c.Address)},
		{name: "noASDU", basic: model.BasicInt32U, value: model.Uint(uint64(c.NoASDU))},
	}
	return append(resv, fs...)
}

func addressFields(a model.MulticastAddress) []blockField {
	return []blockField{
		{name: "Addr", basic: model.BasicOctet6, value: model.Octets(string(a.MAC[:]))},
		{name: "PRIORITY", basic: model.BasicInt8U, value: model.Uint(uint64(a.Priority))},
		{name: "VID", basic: model.BasicInt16U, value: model.Uint(uint64(a.VLAN))},
		{name: "APPID", basic: model.BasicInt16U, value: model.Uint(uint64(a.AppID))},
	}
}

func millis(d time.Duration) model.Value { return model.Uint(uint64(max(d.Milliseconds(), 0))) }

// setRef gives the reference of a data set of the logical node, LD/LN$name, as control blocks show it.
func (b *builder) setRef(name string) string {
	if name == "" {
		return ""
	}
	return b.dev.ld.Name + "/" + b.ln.Name() + "$" + name
}
