package server

import (
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A reportForm is what all reports of a control block share between two changes of it. It is immutable.
type reportForm struct {
	r       *reportControl
	rptID   string
	datSet  string
	opt     model.OptFields
	confRev uint32
	members []member
}

// A report is one entry on its way to the owner.
type report struct {
	form  *reportForm
	sqNum uint16
	ovfl  bool
	entry *entry
}

func (r *reportControl) newForm() *reportForm {
	f := &reportForm{r: r, rptID: r.rptID, datSet: r.datSet, opt: r.opt &^ model.OptSegmentation, confRev: r.confRev, members: r.set.members}
	if f.rptID == "" {
		f.rptID = r.ref.LDevice + "/" + r.ref.Item()
	}
	if !r.buffered {
		f.opt &^= model.OptEntryID | model.OptBufOvfl
	}
	return f
}

var rptName = mms.ObjectName{Scope: mms.VMDSpecific, Item: "RPT"}

// sizeMargin is left free in a segment for what differs between the one that was measured and the one that is sent.
const sizeMargin = 8

// pdus makes the report, cut between members where it is longer than the peer takes (IEC 61850-8-1 17: SubSqNum,
// MoreSegmentsFollow). A single member that does not fit is left out with an event.
func (r *report) pdus(params *mms.Params, s *Server) []mms.PDU {
	n := len(r.entry.members)
	if r.fits(params, 0, n) {
		return []mms.PDU{r.pdu(0, n, false, 0, false)}
	}
	type span struct{ from, to int }
	var spans []span
	for i := 0; i < n; {
		to := r.longest(params, i)
		if to == i {
			m := r.form.members[r.entry.members[i].index]
			s.emit(MemberTooLong{Ref: r.form.r.ref, Member: m.ref, Size: params.Size(r.pdu(i, i+1, true, 0, true))})
			i++
			continue
		}
		spans = append(spans, span{i, to})
		i = to
	}
	pdus := make([]mms.PDU, len(spans))
	for i, sp := range spans {
		pdus[i] = r.pdu(sp.from, sp.to, true, uint64(i), i < len(spans)-1)
	}
	return pdus
}

func (r *report) fits(params *mms.Params, from, to int) bool {
	if params.Size == nil || params.MaxPDU <= 0 {
		return true
	}
	rough := 2048 + 2*len(r.form.members)
	for i := from; i < to; i++ {
		rough += 512 + roughSize(r.entry.members[i].value)
	}
	return rough <= params.MaxPDU || params.Size(r.pdu(from, to, false, 0, false)) <= params.MaxPDU
}

// longest gives the end of the longest segment from member i on that fits; i when not even one member does.
func (r *report) longest(params *mms.Params, i int) int {
	ok := func(to int) bool { return params.Size(r.pdu(i, to, true, 1<<16, true)) <= params.MaxPDU-sizeMargin }
	good, bad := i, len(r.entry.members)+1
	for step := 1; good+step < bad; {
		if ok(good + step) {
			good += step
			step *= 2
			continue
		}
		bad = good + step
		step = max((bad-good)/2, 1)
	}
	for bad-good > 1 {
		if mid := (good + bad) / 2; ok(mid) {
			good = mid
		} else {
			bad = mid
		}
	}
	return good
}

// pdu makes one segment with the entry's members from..to-1, IEC 61850-8-1 17.1 in the order of its table.
func (r *report) pdu(from, to int, segmented bool, sub uint64, more bool) mms.PDU {
	f, e := r.form, r.entry
	opt := f.opt
	if segmented {
		opt |= model.OptSegmentation
	}
	out := make([]mms.AccessResult, 0, 11+3*(to-from))
	add := func(v model.Value) { out = append(out, mms.AccessResult{Value: v}) }
	add(model.Visible(f.rptID))
	add(model.Bits(uint64(opt), model.OptFieldsBits))
	if opt&model.OptSeqNum != 0 {
		add(model.Uint(uint64(r.sqNum)))
	}
	if opt&model.OptTimeStamp != 0 {
		add(model.Entry(model.NewEntryTime(e.at)))
	}
	if opt&model.OptDataSet != 0 {
		add(model.Visible(f.datSet))
	}
	if opt&model.OptBufOvfl != 0 {
		add(model.Bool(r.ovfl))
	}
	if opt&model.OptEntryID != 0 {
		add(entryIDValue(e.id))
	}
	if opt&model.OptConfRev != 0 {
		add(model.Uint(uint64(f.confRev)))
	}
	if segmented {
		add(model.Uint(sub))
		add(model.Bool(more))
	}
	add(inclusion(len(f.members), e.members[from:to]))
	if opt&model.OptDataRef != 0 {
		for _, m := range e.members[from:to] {
			add(model.Visible(f.members[m.index].text))
		}
	}
	for _, m := range e.members[from:to] {
		add(m.value)
	}
	if opt&model.OptReasonCode != 0 {
		for _, m := range e.members[from:to] {
			add(model.Bits(uint64(m.reason), 7))
		}
	}
	return &mms.Unconfirmed{Service: &mms.InformationReport{
		Access: mms.VariableAccess{NamedList: true, ListName: rptName}, Results: out,
	}}
}

func inclusion(n int, members []entryMember) model.Value {
	packed := make([]byte, (n+7)/8)
	for i := range members {
		k := members[i].index
		packed[k/8] |= 0x80 >> (k % 8)
	}
	return model.LongBits(string(packed), n)
}
