package server

import (
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// write serves SetBRCBValues and SetURCBValues for one attribute (IEC 61850-7-2 17.2.3, mms.md section 8). The error is
// accessOK when it is done. The caller holds Server.mu.
func (r *reportControl) write(ss *session, p *model.Principal, n *node, v model.Value) mms.DataAccessError {
	switch n.attr {
	case attrConfRev, attrSqNum, attrTimeOfEntry, attrOwner:
		return mms.ObjectAccessDenied
	}
	if n.fits(v) != nil {
		return mms.TypeInconsistent
	}
	if !r.mayUse(ss, p) {
		return mms.TemporarilyUnavailable
	}
	switch n.attr {
	case attrRptEna:
		on, _ := v.AsBool()
		return r.enable(ss, p, on)
	case attrGI:
		on, _ := v.AsBool()
		return r.interrogate(on)
	}
	if r.enabled {
		return mms.TemporarilyUnavailable
	}
	switch n.attr {
	case attrResv:
		on, _ := v.AsBool()
		return r.reserve(ss, p, on, 0)
	case attrResvTms:
		tms, _ := v.AsInt()
		if r.resvTms < 0 || tms < 0 {
			return mms.ObjectValueInvalid
		}
		return r.reserve(ss, p, tms > 0, int16(tms))
	case attrPurgeBuf:
		if on, _ := v.AsBool(); on {
			r.purge()
		}
		return accessOK
	case attrEntryID:
		return r.resync(v)
	}
	return r.configure(ss, n.attr, v)
}

// mayUse tells whether ss may change r: nobody else has it, neither now, nor kept after a loss, nor by SCL.
func (r *reportControl) mayUse(ss *session, p *model.Principal) bool {
	if r.client != "" && r.client != r.s.clientName(p) {
		return false
	}
	if r.owner != nil {
		return r.owner == ss
	}
	return r.ownerName == "" || r.ownerName == p.Name
}

func (s *Server) clientName(p *model.Principal) string {
	if s.cfg.ClientName != nil {
		return s.cfg.ClientName(p)
	}
	name, _, _ := strings.Cut(p.Name, "@")
	return name
}

// own makes ss the owner.
func (r *reportControl) own(ss *session, p *model.Principal) {
	r.owner, r.ownerName, r.ownerAddr = ss, p.Name, ownerOctets(p)
	r.keepUntil = time.Time{}
	if !r.buffered {
		r.resv = true
	}
}

// free ends a reservation.
func (r *reportControl) free() {
	r.owner, r.ownerName, r.ownerAddr, r.resv = nil, "", "", false
	r.keepUntil = time.Time{}
	if r.resvTms > 0 {
		r.resvTms = 0
	}
}

func (r *reportControl) reserve(ss *session, p *model.Principal, on bool, tms int16) mms.DataAccessError {
	if !on {
		r.free()
		return accessOK
	}
	r.own(ss, p)
	if r.resvTms >= 0 {
		r.resvTms = tms
	}
	return accessOK
}

// enable starts or stops reports to ss.
func (r *reportControl) enable(ss *session, p *model.Principal, on bool) mms.DataAccessError {
	if on == r.enabled {
		return accessOK
	}
	if !on {
		r.disable()
		r.s.tell(ReportEnabled{Principal: p, Ref: r.ref})
		return accessOK
	}
	if r.set == nil {
		return mms.ObjectAttributeInconsistent
	}
	if r.s.cfg.Authorizer != nil && ss.cleared != r.set { // it was changed meanwhile
		return mms.TemporarilyUnavailable
	}
	r.own(ss, p)
	r.enabled, r.sqNum, r.form = true, 0, nil
	now := r.s.now()
	if !r.buffered {
		r.window.reset()
		r.restartIntegrity(now)
	} else if r.nextIn.IsZero() {
		r.restartIntegrity(now)
	}
	r.s.tell(ReportEnabled{Principal: p, Ref: r.ref, Enabled: true})
	if r.buffered {
		ss.answered(func() {
			r.s.mu.Lock()
			defer r.s.unlock()
			if r.owner == ss {
				r.pump()
			}
		})
	}
	return accessOK
}

// disable stops reports. What the owner has not been sent goes back into the buffer, or is forgotten.
func (r *reportControl) disable() {
	r.enabled = false
	if r.owner != nil {
		first, ovfl, pump := r.owner.out.forget(r)
		if r.buffered && first != 0 {
			if !r.buffer.rewind(first) {
				r.overflowed()
			}
			r.buffer.ovfl = r.buffer.ovfl || ovfl
		}
		if pump {
			r.s.reports.pump(r.owner)
		}
	}
	if !r.buffered {
		r.window.reset()
		r.nextIn = time.Time{}
	}
}

// interrogate serves GI.
func (r *reportControl) interrogate(on bool) mms.DataAccessError {
	if !r.enabled {
		return mms.TemporarilyUnavailable
	}
	if !on {
		return accessOK
	}
	if r.trg&model.TrgGI == 0 {
		return mms.ObjectAttributeInconsistent
	}
	owner := r.owner
	owner.answered(func() {
		r.s.mu.Lock()
		defer r.s.unlock()
		if r.enabled && r.owner == owner {
			r.whole(reasonGI, r.s.now())
		}
	})
	return accessOK
}

func (r *reportControl) purge() {
	r.buffer.purge()
	r.forgetStored()
	r.window.reset()
}

func (r *reportControl) resync(v model.Value) mms.DataAccessError {
	id, ok := entryIDOf(v)
	if !ok || !r.buffer.resync(id) {
		return mms.ObjectValueInvalid
	}
	r.entryID = id
	return accessOK
}

// configure changes an attribute that is fixed while reports flow. Changing what an entry means purges the buffer.
func (r *reportControl) configure(ss *session, a rcbAttr, v model.Value) mms.DataAccessError {
	if !r.s.settable(a) {
		return mms.ObjectAccessDenied
	}
	number, _ := v.AsUint()
	switch a {
	case attrOptFlds:
		r.opt = model.OptFields(leftBits(v, model.OptFieldsBits)) &^ (1 << (model.OptFieldsBits - 1))
		r.form = nil
		return accessOK
	case attrRptID:
		id, _ := v.AsText()
		if id == r.rptID {
			return accessOK
		}
		r.rptID = strings.Clone(id)
	case attrDatSet:
		return r.setDataSet(ss, v)
	case attrBufTm:
		d := time.Duration(number) * time.Millisecond
		if d > r.s.cfg.Limits.BufferTime {
			return mms.ObjectValueInvalid
		}
		if d == r.bufTm {
			return accessOK
		}
		r.bufTm = d
	case attrTrgOps:
		trg := model.Triggers(leftBits(v, model.TriggersBits)) &^ (1 << (model.TriggersBits - 1))
		if trg == r.trg {
			return accessOK
		}
		r.trg = trg
	case attrIntgPd:
		d := time.Duration(number) * time.Millisecond
		if d != 0 && d < r.s.cfg.Limits.MinIntegrity {
			return mms.ObjectValueInvalid
		}
		if d == r.intgPd {
			return accessOK
		}
		r.intgPd = d
	default:
		return mms.ObjectAccessDenied
	}
	r.changedMeaning()
	return accessOK
}

func (r *reportControl) changedMeaning() {
	r.form = nil
	r.purge()
	r.restartIntegrity(r.s.now())
}

func (r *reportControl) setDataSet(ss *session, v model.Value) mms.DataAccessError {
	ref, _ := v.AsText()
	var set *dataSet
	if ref != "" {
		if set = ss.setByRef(ref); set == nil || r.buffered && set.name.Scope == mms.AASpecific {
			return mms.ObjectValueInvalid
		}
	}
	if set == r.set {
		return accessOK
	}
	r.use(set)
	r.datSet = ""
	if set != nil {
		r.datSet = set.ref
	}
	r.confRev++
	r.changedMeaning()
	return accessOK
}

// settable tells whether SCL's ReportSettings let clients change an attribute. A model that announces none leaves all of
// them open.
func (s *Server) settable(a rcbAttr) bool {
	v := s.cfg.Model.Services
	if !v.RptIDWrite && !v.DataSetWrite && !v.OptFieldsWrite && !v.BufTimeWrite && !v.TriggerWrite && !v.IntegrityPeriodWrite {
		return true
	}
	switch a {
	case attrRptID:
		return v.RptIDWrite
	case attrDatSet:
		return v.DataSetWrite
	case attrOptFlds:
		return v.OptFieldsWrite
	case attrBufTm:
		return v.BufTimeWrite
	case attrTrgOps:
		return v.TriggerWrite
	case attrIntgPd:
		return v.IntegrityPeriodWrite
	}
	return true
}

// leftBits gives a bit string that may be shorter than n as if its missing bits were zero.
func leftBits(v model.Value, n int) uint64 {
	b, have, ok := v.AsBits()
	if !ok || have > n {
		return 0
	}
	return b << (n - have)
}

// lose ends what an association had of r: its reports, and its reservation unless ResvTms keeps that.
func (r *reportControl) lose(now time.Time) {
	r.disable()
	r.owner, r.resv = nil, false
	if r.buffered && r.resvTms > 0 {
		r.keepUntil = now.Add(time.Duration(r.resvTms) * time.Second)
		r.s.reports.wake(r.keepUntil)
	} else {
		r.free()
	}
	r.save()
}

// forgetSet takes a data set away that ends with its association.
func (r *reportControl) forgetSet() {
	if r.enabled {
		r.disable()
	}
	r.use(nil)
	r.datSet = ""
	r.confRev++
	r.changedMeaning()
}
