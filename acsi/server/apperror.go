package server

import (
	"errors"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// ErrRefused is the Err of an AuditRecord whose AddCause says why a command was refused or failed.
var ErrRefused = errors.New("server: command refused")

// refuse tells audit and events of a refusal, and the client.
func (ss *session) refuse(c *control, part controlPart, cmd *Command, cause model.AddCause, service string) mms.DataAccessError {
	ss.s.commanded(service, cmd, cause)
	return ss.negative(c, part, cmd, cause)
}

// negative sends LastApplError, which travels before the negative answer, and gives that answer.
func (ss *session) negative(c *control, part controlPart, cmd *Command, cause model.AddCause) mms.DataAccessError {
	_ = ss.a.Send(&mms.Unconfirmed{Service: &mms.InformationReport{
		Access:  mms.VariableAccess{List: []mms.VariableSpec{{Name: lastApplError}}},
		Results: []mms.AccessResult{{Value: c.applError(part, cmd, cause)}},
	}}) // a failure shows at the answer that follows
	return writeError(cause)
}

var lastApplError = mms.ObjectName{Scope: mms.VMDSpecific, Item: "LastApplError"}

// applError makes the value of LastApplError, IEC 61850-8-1 20.11.
func (c *control) applError(part controlPart, cmd *Command, cause model.AddCause) model.Value {
	code := model.ControlUnknown
	if cause == model.AddCauseNone {
		code = model.ControlNoError
	}
	return model.Struct(
		model.Visible(c.object(part)),
		model.Int(int64(code)),
		model.Struct(model.Int(int64(cmd.Origin.Cat)), model.Octets(cmd.Origin.Ident)),
		model.Uint(uint64(cmd.CtlNum)),
		model.Int(int64(cause)),
	)
}

// writeError gives the failure of the write that was a refused command, by the nearest ACSI service error.
func writeError(cause model.AddCause) mms.DataAccessError {
	switch cause {
	case model.AddCauseInconsistentParameters:
		return mms.ObjectAttributeInconsistent
	case model.AddCauseLockedByOtherClient, model.AddCauseAlreadySelected, model.AddCauseCommandInExecution:
		return mms.TemporarilyUnavailable
	}
	return mms.ObjectAccessDenied
}

// termination makes CommandTermination, IEC 61850-8-1 20.9: a report of Oper; a negative one has LastApplError before
// it. Both are values: hat-drivers does not read a termination with a failure in the place of Oper, and libiec61850's
// server sends the value.
func (c *control) termination(cmd *Command, cause model.AddCause) mms.PDU {
	oper := mms.VariableSpec{Name: mms.InDomain(c.ref.LDevice, c.oper.item)}
	report := &mms.InformationReport{
		Access:  mms.VariableAccess{List: []mms.VariableSpec{oper}},
		Results: []mms.AccessResult{{Value: c.value}},
	}
	if cause != model.AddCauseNone {
		report.Access.List = []mms.VariableSpec{{Name: lastApplError}, oper}
		report.Results = []mms.AccessResult{{Value: c.applError(partOper, cmd, cause)}, {Value: c.value}}
	}
	return &mms.Unconfirmed{Service: report}
}
