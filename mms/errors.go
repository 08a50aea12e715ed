package mms

import "fmt"

// ErrorClass is the alternative of errorClass in a ServiceError, ISO 9506-2 7.4.1.
type ErrorClass uint8

// The classes, numbered by their tags.
const (
	ErrVMDState ErrorClass = iota
	ErrApplicationReference
	ErrDefinition
	ErrResource
	ErrService
	ErrServicePreempt
	ErrTimeResolution
	ErrAccess
	ErrInitiate
	ErrConclude
	ErrCancel
	ErrFile
	ErrOthers
)

var errorClasses = [...]string{
	"vmd-state", "application-reference", "definition", "resource", "service", "service-preempt", "time-resolution",
	"access", "initiate", "conclude", "cancel", "file", "others",
}

// String gives the identifier of the CHOICE.
func (c ErrorClass) String() string {
	if int(c) < len(errorClasses) {
		return errorClasses[c]
	}
	return "unknown"
}

// ServiceError is the error of a confirmed service. It is an error value for clients.
type ServiceError struct {
	Class                 ErrorClass
	Code                  int32
	AdditionalCode        *int32
	AdditionalDescription string
	ServiceSpecific       []byte // serviceSpecificInfo: BER of the alternative, for writing back
}

func (e *ServiceError) Error() string {
	s := fmt.Sprintf("mms: peer refused the service: %s/%d", e.Class, e.Code)
	if e.AdditionalDescription != "" {
		s += " (" + e.AdditionalDescription + ")"
	}
	return s
}

// Codes of ServiceError that Gridward sends.
const (
	AccessObjectUnsupported       = 1 // ErrAccess: object-access-unsupported
	AccessNonExistent             = 2 // ErrAccess: object-non-existent
	AccessDenied                  = 3 // ErrAccess: object-access-denied
	DefinitionObjectUndefined     = 1 // ErrDefinition
	DefinitionObjectExists        = 5 // ErrDefinition
	ServicePDUSize                = 3 // ErrService: pdu-size
	ServiceObjectConstraint       = 5 // ErrService: object-constraint-conflict
	ResourceCapabilityUnavailable = 4 // ErrResource: capability-unavailable
	CancelOther                   = 0
	CancelInvokeIDUnknown         = 1
	CancelNotPossible             = 2
	ConcludeFurtherCommunication  = 1
	PreemptTimeout                = 1 // ErrServicePreempt
	PreemptCancel                 = 3 // ErrServicePreempt
	FileOther                     = 0 // ErrFile
	FileAmbiguous                 = 1
	FileBusy                      = 2
	FileSyntax                    = 3
	FileContentType               = 4
	FilePosition                  = 5
	FileAccessDenied              = 6
	FileNonExistent               = 7
	FileDuplicate                 = 8
	FileInsufficientSpace         = 9
)

// RejectClass is the alternative of rejectReason, ISO 9506-2 17.
type RejectClass uint8

// The alternatives, numbered by their tags.
const (
	RejectConfirmedRequest  RejectClass = 1
	RejectConfirmedResponse RejectClass = 2
	RejectConfirmedError    RejectClass = 3
	RejectUnconfirmed       RejectClass = 4
	RejectPDUError          RejectClass = 5
	RejectCancelRequest     RejectClass = 6
	RejectCancelResponse    RejectClass = 7
	RejectCancelError       RejectClass = 8
	RejectConcludeRequest   RejectClass = 9
	RejectConcludeResponse  RejectClass = 10
	RejectConcludeError     RejectClass = 11
)

// Codes of RejectConfirmedRequest and RejectPDUError.
const (
	RejectOther                 = 0
	RejectUnrecognizedService   = 1
	RejectUnrecognizedModifier  = 2
	RejectInvalidInvokeID       = 3
	RejectInvalidArgument       = 4
	RejectInvalidModifier       = 5
	RejectMaxServOutstanding    = 6
	RejectMaxRecursion          = 8
	RejectValueOutOfRange       = 9
	RejectPDUUnknownType        = 0 // RejectPDUError
	RejectPDUInvalid            = 1 // RejectPDUError
	RejectPDUIllegalACSEMapping = 2 // RejectPDUError
)

// RejectReason says why a PDU was rejected. It is an error value for clients.
type RejectReason struct {
	Class RejectClass
	Code  int32
}

func (r *RejectReason) Error() string {
	return fmt.Sprintf("mms: peer rejected the PDU: class %d code %d", r.Class, r.Code)
}
