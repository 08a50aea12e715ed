package server

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/gridward/gridward/model"
)

// rcbAttr is an attribute of a report control block.
type rcbAttr uint8

const (
	attrRptID rcbAttr = iota
	attrRptEna
	attrResv
	attrDatSet
	attrConfRev
	attrOptFlds
	attrBufTm
	attrSqNum
	attrTrgOps
	attrIntgPd
	attrGI
	attrPurgeBuf
	attrEntryID
	attrTimeOfEntry
	attrResvTms
	attrOwner
)

// rcbAttrs are the attributes in the order of IEC 61850-8-1 (URCB and BRCB), with their types.
var rcbAttrs = [...]struct {
	attr       rcbAttr
	name       string
	basic      model.Basic
	unbuffered bool
	buffered   bool
}{
	{attrRptID, "RptID", model.BasicVisString129, true, true},
	{attrRptEna, "RptEna", model.BasicBool, true, true},
	{attrResv, "Resv", model.BasicBool, true, false},
	{attrDatSet, "DatSet", model.BasicObjRef, true, true},
	{attrConfRev, "ConfRev", model.BasicInt32U, true, true},
	{attrOptFlds, "OptFlds", model.BasicOptFlds, true, true},
	{attrBufTm, "BufTm", model.BasicInt32U, true, true},
	{attrSqNum, "SqNum", model.BasicInt8U, true, true}, // INT16U in a BRCB
	{attrTrgOps, "TrgOps", model.BasicTrgOps, true, true},
	{attrIntgPd, "IntgPd", model.BasicInt32U, true, true},
	{attrGI, "GI", model.BasicBool, true, true},
	{attrPurgeBuf, "PurgeBuf", model.BasicBool, false, true},
	{attrEntryID, "EntryID", model.BasicEntryID, false, true},
	{attrTimeOfEntry, "TimeofEntry", model.BasicEntryTime, false, true},
	{attrResvTms, "ResvTms", model.BasicInt16, false, true},
	{attrOwner, "Owner", model.BasicOctet64, true, true},
}

// A reportControl is one report control block, IEC 61850-7-2 17, with what reporting needs to run it. Server.mu guards
// all that changes.
type reportControl struct {
	s        *Server
	ref      model.Ref
	buffered bool
	client   string // whom SCL reserved it for, "" for anybody

	// Attributes.
	rptID   string
	enabled bool
	resv    bool
	resvTms int16
	datSet  string
	set     *dataSet
	confRev uint32
	opt     model.OptFields
	bufTm   time.Duration
	sqNum   uint16
	trg     model.Triggers
	intgPd  time.Duration
	entryID uint64 // of the last entry handed to the association, or written by the client
	entryAt time.Time
	lastID  uint64 // of the newest entry

	// Who has it.
	owner     *session
	ownerName string // Principal.Name of the owner, kept while resvTms runs after a loss
	ownerAddr string
	keepUntil time.Time // end of the reservation after a loss

	form   *reportForm // what a report is made with; nil after a change
	window window
	buffer buffer
	nextIn time.Time // next integrity report

	config string // mark of what SCL says
	saved  []byte // what the Store has of the attributes
	kept   int    // entries that the Store has
	holes  bool   // an entry is not in the Store: an overflow, for who comes after a restart
}

// reportControl adds the variables of a report control block.
func (b *builder) reportControl(parent *node, m *model.ReportControl) {
	r := &reportControl{
		s: b.s, ref: parent.ref.Child(m.Name), buffered: m.Buffered, client: m.Owner,
		rptID: m.RptID, datSet: b.setRef(m.DataSet), confRev: m.ConfRev, opt: m.OptFields, trg: m.Triggers,
		bufTm: m.BufferTime, intgPd: m.IntegrityPd,
	}
	if r.client != "" && r.buffered {
		r.resvTms = -1
	}
	r.config = mark(fmt.Sprint(r.rptID, r.datSet, r.confRev, r.opt, r.trg, r.bufTm, r.intgPd, r.client))
	n := &node{name: m.Name, item: parent.item + "$" + m.Name, ref: r.ref, dev: b.dev, fc: parent.fc, rcb: r}
	services := b.s.cfg.Model.Services
	for _, a := range rcbAttrs {
		if m.Buffered && !a.buffered || !m.Buffered && !a.unbuffered ||
			a.attr == attrOwner && !services.OwnerAttribute || a.attr == attrResvTms && !services.ReserveTime {
			continue
		}
		c := &node{
			name: a.name, item: n.item + "$" + a.name, ref: r.ref.Child(a.name), dev: b.dev, fc: parent.fc, kind: nodeRCB,
			rcb: r, attr: a.attr, typ: basicTypes[a.basic],
		}
		if a.attr == attrSqNum && m.Buffered {
			c.typ = basicTypes[model.BasicInt16U]
		}
		c.data, c.size = c.typ.Layout()
		n.children = append(n.children, c)
	}
	parent.children = append(parent.children, n)
	b.s.reports.blocks = append(b.s.reports.blocks, r)
}

// get gives an attribute. The caller holds Server.mu.
func (r *reportControl) get(a rcbAttr) model.Value {
	switch a {
	case attrRptID:
		return model.Visible(r.rptID)
	case attrRptEna:
		return model.Bool(r.enabled)
	case attrResv:
		return model.Bool(r.resv || r.client != "")
	case attrDatSet:
		return model.Visible(r.datSet)
	case attrConfRev:
		return model.Uint(uint64(r.confRev))
	case attrOptFlds:
		return model.Bits(uint64(r.opt), model.OptFieldsBits)
	case attrBufTm:
		return millis(r.bufTm)
	case attrSqNum:
		return model.Uint(uint64(r.sqNum))
	case attrTrgOps:
		return model.Bits(uint64(r.trg), model.TriggersBits)
	case attrIntgPd:
		return millis(r.intgPd)
	case attrGI, attrPurgeBuf:
		return model.Bool(false) // they are set back at once
	case attrEntryID:
		return entryIDValue(r.entryID)
	case attrTimeOfEntry:
		return model.Entry(model.NewEntryTime(r.entryAt))
	case attrResvTms:
		return model.Int(int64(r.resvTms))
	}
	return model.Octets(r.ownerAddr)
}

// ownerOctets is what Owner shows: 4 or 16 octets of an IP address, otherwise the address itself (over 8-2 the JID), at
// most 64 octets.
func ownerOctets(p *model.Principal) string {
	if p == nil {
		return ""
	}
	if ap, err := netip.ParseAddrPort(p.Address); err == nil {
		return string(ap.Addr().Unmap().AsSlice())
	}
	if a, err := netip.ParseAddr(p.Address); err == nil {
		return string(a.Unmap().AsSlice())
	}
	return p.Address[:min(len(p.Address), 64)]
}

func entryIDValue(id uint64) model.Value {
	var b [8]byte
	for i := range b {
		b[i] = byte(id >> (56 - 8*i))
	}
	return model.Octets(string(b[:]))
}

func entryIDOf(v model.Value) (uint64, bool) {
	t, ok := v.AsText()
	if !ok || len(t) != 8 {
		return 0, false
	}
	id := uint64(0)
	for i := range len(t) {
		id = id<<8 | uint64(t[i])
	}
	return id, true
}
