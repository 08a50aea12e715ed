package mms

import "github.com/gridward/gridward/model"

// A PDU is one alternative of MMSpdu, ISO 9506-2 clause 7: always a pointer to one of the types of this file.
// A decoded PDU borrows strings from its input unless the codec says otherwise.
type PDU interface{ pdu() }

// A Service is the request, response or report inside a confirmed or unconfirmed PDU.
type Service interface{ service() }

// ConfirmedRequest is confirmed-RequestPDU [0].
type ConfirmedRequest struct {
	InvokeID  uint32
	Service   Service // *Read, *Write, ...
	Modifiers []byte  // listOfModifier: BER content, for writing back; nil when absent
	Detail    []byte  // service-ext [79]: BER content, for writing back; nil when absent
}

// ConfirmedResponse is confirmed-ResponsePDU [1].
type ConfirmedResponse struct {
	InvokeID uint32
	Service  Service // *ReadResponse, ...
	Detail   []byte  // as in ConfirmedRequest
}

// ConfirmedError is confirmed-ErrorPDU [2].
type ConfirmedError struct {
	InvokeID         uint32
	ModifierPosition *uint32
	Error            ServiceError
}

// Unconfirmed is unconfirmed-PDU [3].
type Unconfirmed struct {
	Service Service // *InformationReport
	Detail  []byte  // as in ConfirmedRequest
}

// Reject is rejectPDU [4].
type Reject struct {
	HasInvokeID bool
	InvokeID    uint32
	Reason      RejectReason
}

// CancelRequest, CancelResponse and CancelError are [5], [6], [7].
type (
	CancelRequest  struct{ InvokeID uint32 }
	CancelResponse struct{ InvokeID uint32 }
	CancelError    struct {
		InvokeID uint32
		Error    ServiceError
	}
)

// InitiateRequest is initiate-RequestPDU [8].
type InitiateRequest struct {
	LocalDetail        int32 // octets of the largest PDU; 0: not given
	MaxServCalling     int16
	MaxServCalled      int16
	NestingLevel       int8 // 0: not given
	Version            int16
	ParameterCBB       model.Value // 11 bits
	ServicesSupport    model.Value // 85 bits
	AdditionalServices model.Value // bit string, or none
	HasAdditionalCBB   bool
	AdditionalCBB      model.Value
	PrivilegeClass     string // "": not given
}

// InitiateResponse is initiate-ResponsePDU [9], with the negotiated values.
type InitiateResponse InitiateRequest

// InitiateError is initiate-ErrorPDU [10].
type InitiateError struct{ Error ServiceError }

// ConcludeRequest, ConcludeResponse and ConcludeError are [11], [12], [13].
type (
	ConcludeRequest  struct{}
	ConcludeResponse struct{}
	ConcludeError    struct{ Error ServiceError }
)

func (*ConfirmedRequest) pdu()  {}
func (*ConfirmedResponse) pdu() {}
func (*ConfirmedError) pdu()    {}
func (*Unconfirmed) pdu()       {}
func (*Reject) pdu()            {}
func (*CancelRequest) pdu()     {}
func (*CancelResponse) pdu()    {}
func (*CancelError) pdu()       {}
func (*InitiateRequest) pdu()   {}
func (*InitiateResponse) pdu()  {}
func (*InitiateError) pdu()     {}
func (*ConcludeRequest) pdu()   {}
func (*ConcludeResponse) pdu()  {}
func (*ConcludeError) pdu()     {}
