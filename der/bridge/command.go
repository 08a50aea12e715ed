package bridge

import (
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
	c.t, ok = m[at].AsTime()
	return c, ok
}

// mayOperate refuses commands that are too old where the carrier may have kept them back: the device cannot know.
func (r *relay) mayOperate(rec server.AuditRecord, t *target, v model.Value) (server.AuditRecord, mms.DataAccessError, error) {
	if !r.client.Params().Freshness {
		return rec, passed, nil
	}
	c, ok := parseCommand(v)
	if !ok {
		return rec, mms.TypeInconsistent, nil
	}
	age := r.b.cfg.Now().Sub(c.t.Time())
	if age <= r.b.cfg.Freshness && age >= -r.b.cfg.Freshness {
		return rec, passed, nil
	}
	rec.Err, rec.AddCause, rec.Value = server.ErrRefused, model.AddCauseTimeLimitOver, v
	r.audit(rec)
	return rec, mms.ObjectAccessDenied, r.lastError(t, v, model.AddCauseTimeLimitOver)
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
