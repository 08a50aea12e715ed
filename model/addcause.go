package model

import "fmt"

// AddCause says why a control was refused or ended, IEC 61850-7-2 20.5.2.9: the additional cause diagnosis of
// LastApplError. Its numbers are those of the wire (IEC 61850-8-1 20.11). The zero value is AddCauseUnknown, which
// refuses; AddCauseNone accepts.
type AddCause uint8

// The additional causes.
const (
	AddCauseUnknown                    AddCause = 0
	AddCauseNotSupported               AddCause = 1
	AddCauseBlockedBySwitching         AddCause = 2
	AddCauseSelectFailed               AddCause = 3
	AddCauseInvalidPosition            AddCause = 4
	AddCausePositionReached            AddCause = 5
	AddCauseParameterChange            AddCause = 6
	AddCauseStepLimit                  AddCause = 7
	AddCauseBlockedByMode              AddCause = 8
	AddCauseBlockedByProcess           AddCause = 9
	AddCauseBlockedByInterlocking      AddCause = 10
	AddCauseBlockedBySynchrocheck      AddCause = 11
	AddCauseCommandInExecution         AddCause = 12
	AddCauseBlockedByHealth            AddCause = 13
	AddCauseOneOfN                     AddCause = 14
	AddCauseAbortedByCancel            AddCause = 15
	AddCauseTimeLimitOver              AddCause = 16
	AddCauseAbortedByTrip              AddCause = 17
	AddCauseNotSelected                AddCause = 18
	AddCauseAlreadySelected            AddCause = 19
	AddCauseNoAccessAuthority          AddCause = 20
	AddCauseEndedWithOvershoot         AddCause = 21
	AddCauseAbortedByDeviation         AddCause = 22
	AddCauseAbortedByCommunicationLoss AddCause = 23
	AddCauseBlockedByCommand           AddCause = 24
	AddCauseNone                       AddCause = 25
	AddCauseInconsistentParameters     AddCause = 26
	AddCauseLockedByOtherClient        AddCause = 27
)

var addCauseNames = [...]string{
	"unknown", "not-supported", "blocked-by-switching-hierarchy", "select-failed", "invalid-position",
	"position-reached", "parameter-change-in-execution", "step-limit", "blocked-by-mode", "blocked-by-process",
	"blocked-by-interlocking", "blocked-by-synchrocheck", "command-already-in-execution", "blocked-by-health",
	"1-of-n-control", "abortion-by-cancel", "time-limit-over", "abortion-by-trip", "object-not-selected",
	"object-already-selected", "no-access-authority", "ended-with-overshoot", "abortion-due-to-deviation",
	"abortion-by-communication-loss", "blocked-by-command", "none", "inconsistent-parameters",
	"locked-by-other-client",
}

// String gives the name of IEC 61850-7-2, in lower case.
func (a AddCause) String() string {
	if int(a) < len(addCauseNames) {
		return addCauseNames[a]
	}
	return fmt.Sprintf("AddCause(%d)", uint8(a))
}

// ParseAddCause reads what String writes for the numbers 0 to 27.
func ParseAddCause(s string) (AddCause, bool) {
	for i, n := range addCauseNames {
		if n == s {
			return AddCause(i), true
		}
	}
	return AddCauseUnknown, false
}

// MarshalText writes what String writes, so that causes are words in JSON.
func (a AddCause) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// ControlError is the Error component of LastApplError, IEC 61850-8-1 20.11.
type ControlError uint8

// The errors of LastApplError.
const (
	ControlNoError           ControlError = 0
	ControlUnknown           ControlError = 1
	ControlTimeoutTestNotOK  ControlError = 2
	ControlOperatorTestNotOK ControlError = 3
)

// ControlModel is the value of ctlModel, IEC 61850-7-3 (ENUMERATED CtlModels).
type ControlModel uint8

// The control models.
const (
	StatusOnly     ControlModel = 0
	DirectNormal   ControlModel = 1
	SBONormal      ControlModel = 2
	DirectEnhanced ControlModel = 3
	SBOEnhanced    ControlModel = 4
)

var controlModelNames = [...]string{
	"status-only", "direct-with-normal-security", "sbo-with-normal-security", "direct-with-enhanced-security",
	"sbo-with-enhanced-security",
}

// String gives the name of the enumeration CtlModels.
func (m ControlModel) String() string {
	if int(m) < len(controlModelNames) {
		return controlModelNames[m]
	}
	return fmt.Sprintf("ControlModel(%d)", uint8(m))
}

// Enhanced reports whether a command of the model ends with a CommandTermination.
func (m ControlModel) Enhanced() bool { return m == DirectEnhanced || m == SBOEnhanced }

// Selects reports whether the model asks for a select before operate.
func (m ControlModel) Selects() bool { return m == SBONormal || m == SBOEnhanced }
