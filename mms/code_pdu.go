package mms

import (
	"math"

	"github.com/gridward/gridward/asn1"
)

// MMSpdu, ISO 9506-2 7.1, and the confirmed and unconfirmed PDUs, 7.2.
var (
	root = schema.Add(asn1.Elem{Tag: asn1.None, Name: "MMSpdu", Form: asn1.Root})

	confirmedRequestPDU = elem(0, "confirmed-RequestPDU")
	invokeID            = schema.Add(asn1.Elem{Tag: asn1.TagInteger, Name: "invokeID", Max: math.MaxUint32})
	listOfModifier      = schema.Add(asn1.Elem{Tag: asn1.TagSequence, Name: "listOfModifier", Form: asn1.Binary})
	requestService      = schema.Add(asn1.Elem{Tag: asn1.None, Name: "ConfirmedServiceRequest", Basic: "service", Alts: requestChoice})
	serviceDetail       = binary(79, "service-ext")

	confirmedResponsePDU = elem(1, "confirmed-ResponsePDU")
	responseService      = schema.Add(asn1.Elem{Tag: asn1.None, Name: "ConfirmedServiceResponse", Basic: "service", Alts: responseChoice})

	unconfirmedPDU     = elem(3, "unconfirmed-PDU")
	unconfirmedService = schema.Add(asn1.Elem{Tag: asn1.None, Name: "UnconfirmedService", Basic: "service", Alts: unconfirmedChoice})

	cancelRequestPDU    = unsigned32(5, "cancel-RequestPDU")
	cancelResponsePDU   = unsigned32(6, "cancel-ResponsePDU")
	concludeRequestPDU  = elem(11, "conclude-RequestPDU")
	concludeResponsePDU = elem(12, "conclude-ResponsePDU")

	// In the order of their tags.
	pduChoice = asn1.NewChoice(confirmedRequestPDU, confirmedResponsePDU, confirmedErrorPDU, unconfirmedPDU, rejectPDU,
		cancelRequestPDU, cancelResponsePDU, cancelErrorPDU, initiateRequest.pdu, initiateResponse.pdu, initiateErrorPDU,
		concludeRequestPDU, concludeResponsePDU, concludeErrorPDU)
)

func (p ConfirmedRequest) code(c asn1.Coder) ConfirmedRequest {
	c.Begin(confirmedRequestPDU)
	p.InvokeID = uint32(c.Int(invokeID, int64(p.InvokeID)))
	p.Modifiers = codeBinary(c, listOfModifier, p.Modifiers)
	c.Begin(requestService)
	p.Service = codeRequest(c, p.Service)
	c.End()
	p.Detail = codeBinary(c, serviceDetail, p.Detail)
	c.End()
	return p
}

func (p ConfirmedResponse) code(c asn1.Coder) ConfirmedResponse {
	c.Begin(confirmedResponsePDU)
	p.InvokeID = uint32(c.Int(invokeID, int64(p.InvokeID)))
	c.Begin(responseService)
	p.Service = codeResponse(c, p.Service)
	c.End()
	p.Detail = codeBinary(c, serviceDetail, p.Detail)
	c.End()
	return p
}

func (p Unconfirmed) code(c asn1.Coder) Unconfirmed {
	c.Begin(unconfirmedPDU)
	c.Begin(unconfirmedService)
	p.Service = codeUnconfirmed(c, p.Service)
	c.End()
	p.Detail = codeBinary(c, serviceDetail, p.Detail)
	c.End()
	return p
}

func (p CancelRequest) code(c asn1.Coder) CancelRequest {
	p.InvokeID = uint32(c.Int(cancelRequestPDU, int64(p.InvokeID)))
	return p
}

func (p CancelResponse) code(c asn1.Coder) CancelResponse {
	p.InvokeID = uint32(c.Int(cancelResponsePDU, int64(p.InvokeID)))
	return p
}

func (p ConcludeRequest) code(c asn1.Coder) ConcludeRequest {
	c.Null(concludeRequestPDU)
	return p
}

func (p ConcludeResponse) code(c asn1.Coder) ConcludeResponse {
	c.Null(concludeResponsePDU)
	return p
}

func pduIndex(p PDU) int {
	switch p.(type) {
	case *ConfirmedRequest:
		return 0
	case *ConfirmedResponse:
		return 1
	case *ConfirmedError:
		return 2
	case *Unconfirmed:
		return 3
	case *Reject:
		return 4
	case *CancelRequest:
		return 5
	case *CancelResponse:
		return 6
	case *CancelError:
		return 7
	case *InitiateRequest:
		return 8
	case *InitiateResponse:
		return 9
	case *InitiateError:
		return 10
	case *ConcludeRequest:
		return 11
	case *ConcludeResponse:
		return 12
	case *ConcludeError:
		return 13
	}
	return -1
}

// codePDU walks a PDU. When reading, what it gives is as far as it was read, so that a bad PDU can be rejected by its
// invokeID.
func codePDU(c asn1.Coder, p PDU) PDU {
	c.Begin(root)
	switch c.Choice(pduChoice, pduIndex(p)) {
	case 0:
		p = codeOne[ConfirmedRequest](c, p)
	case 1:
		p = codeOne[ConfirmedResponse](c, p)
	case 2:
		p = codeOne[ConfirmedError](c, p)
	case 3:
		p = codeOne[Unconfirmed](c, p)
	case 4:
		p = codeOne[Reject](c, p)
	case 5:
		p = codeOne[CancelRequest](c, p)
	case 6:
		p = codeOne[CancelResponse](c, p)
	case 7:
		p = codeOne[CancelError](c, p)
	case 8:
		p = codeInitiate(c, p, &initiateRequest)
	case 9:
		p = codeInitiate(c, p, &initiateResponse)
	case 10:
		p = codeOne[InitiateError](c, p)
	case 11:
		p = codeOne[ConcludeRequest](c, p)
	case 12:
		p = codeOne[ConcludeResponse](c, p)
	case 13:
		p = codeOne[ConcludeError](c, p)
	}
	c.End()
	return p
}

// described are PDUs and services: code walks one and gives it back, read or unchanged. It works on a copy, so that a PDU
// may be encoded by several associations at once.
type described[T any] interface{ code(asn1.Coder) T }

// codeOne walks a PDU of type T.
func codeOne[T described[T], P interface {
	*T
	PDU
}](c asn1.Coder, p PDU) PDU {
	if c.Reading() {
		v := new(T)
		*v = (*v).code(c)
		return P(v)
	}
	(*p.(P)).code(c)
	return p
}

func codeInitiate(c asn1.Coder, p PDU, e *initiateElems) PDU {
	var v InitiateRequest
	switch p := p.(type) {
	case *InitiateRequest:
		v = *p
	case *InitiateResponse:
		v = InitiateRequest(*p)
	}
	v = v.code(c, e)
	if !c.Reading() {
		return p
	}
	if e == &initiateResponse {
		r := InitiateResponse(v)
		return &r
	}
	return &v
}
