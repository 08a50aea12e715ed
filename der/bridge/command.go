package bridge

import (
	"errors"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A command is what the bridge reads of Oper, SBOw or Cancel without their type: the structure ends with
// origin, ctlNum, T, Test and, in Oper and SBOw, Check (IEC 61850-8-1 20.5 to 20.8).
type command struct {
	origin model.Value
	ctlNum model.Value
	t      model.Timestamp
	value  model.Value
}

func parseCommand(v model.Value) (c command, ok bool) {
	m := v.Members()
	if v.Kind() != model.KindStruct || len(m) < 5 {
		return c, false
	}
	at := len(m) - 2 // of T in Cancel
	if m[len(m)-1].Kind() == model.KindBits {
		at-- // Check
	}
	if at < 3 || m[at-2].Kind() != model.KindStruct {
		return c, false
	}
	c.origin, c.ctlNum, c.value = m[at-2], m[at-1], m[0]
	if c.t, ok = m[at].AsTime(); !ok { // of Edition 1
		var t model.EntryTime
		if t, ok = m[at].AsEntryTime(); ok {
			c.t = model.NewTimestamp(t.Time(), 0)
		}
	}
	return c, ok
}

// mayOperate refuses commands that are too old where the carrier may have kept them back: the device cannot know.
func (r *relay) mayOperate(w *pending, rec server.AuditRecord, t *target, v model.Value) (server.AuditRecord, mms.DataAccessError, error) {
	if !r.client.Params().Freshness {
		return rec, passed, nil
	}
	c, ok := parseCommand(v)
	if !ok {
		return rec, mms.TypeInconsistent, nil
	}
	if r.fresh(c) {
		w.commands = append(w.commands, held{*t, v})
		return rec, passed, nil
	}
	rec.Err, rec.AddCause, rec.Value = server.ErrRefused, model.AddCauseTimeLimitOver, v
	r.audit(rec)
	return rec, mms.ObjectAccessDenied, r.lastError(t, v, model.AddCauseTimeLimitOver)
}

func (r *relay) fresh(c command) bool {
	age := r.b.cfg.Now().Sub(c.t.Time())
	return age <= r.b.cfg.Freshness && age >= -r.b.cfg.Freshness
}

// A held is a command that has waited for the device to bear one more request.
type held struct {
	t target
	v model.Value
}

// tooLate refuses a request as a whole when a command in it has become too old while the device was busy.
func (r *relay) tooLate(w *pending) (late bool, err error) {
	for _, h := range w.commands {
		if c, _ := parseCommand(h.v); !r.fresh(c) {
			late = true
			err = errors.Join(err, r.lastError(&h.t, h.v, model.AddCauseTimeLimitOver))
		}
	}
	w.late = late
	return late, err
}

// writesRefused is the answer to a write all of whose variables are refused after all.
func writesRefused(w *pending) mms.PDU {
	s := &mms.WriteResponse{Results: make([]mms.WriteResult, w.total-len(w.denied))}
	for i := range s.Results {
		s.Results[i] = mms.WriteResult{Failed: true, Error: mms.ObjectAccessDenied}
	}
	return &mms.ConfirmedResponse{InvokeID: w.id, Service: s}
}

// lastError sends LastApplError, which travels before the negative answer (IEC 61850-8-1 20.11).
func (r *relay) lastError(t *target, v model.Value, cause model.AddCause) error {
	c, ok := parseCommand(v)
	if !ok {
		c.origin, c.ctlNum = model.Struct(model.Int(0), model.Octets("")), model.Uint(0)
	}
	return r.client.Send(&mms.Unconfirmed{Service: &mms.InformationReport{
		Access: mms.VariableAccess{List: []mms.VariableSpec{{Name: mms.ObjectName{Item: "LastApplError"}}}},
		Results: []mms.AccessResult{{Value: model.Struct(
			model.Visible(t.ref.LDevice+"/"+t.ref.Item()),
			model.Int(int64(model.ControlUnknown)), c.origin, c.ctlNum, model.Int(int64(cause)),
		)}},
	}})
}
