package mms

import "github.com/gridward/gridward/asn1"

// ServiceError, ISO 9506-2 7.4.1.
var (
	errorClass   = elem(0, "errorClass")
	errorElems   = errorAlternatives()
	errorChoice  = asn1.NewChoice(errorElems...)
	errorCode    = integer32(1, "additionalCode")
	errorText    = elem(2, "additionalDescription")
	errorService = binary(3, "serviceSpecificInfo")
)

func errorAlternatives() []*asn1.Elem {
	elems := make([]*asn1.Elem, len(errorClasses))
	for i, name := range errorClasses {
		elems[i] = integer32(uint32(i), name)
	}
	return elems
}

// codeServiceError walks the content of a ServiceError; the caller has entered the element that it is.
func codeServiceError(c asn1.Coder, e ServiceError) ServiceError {
	c.Begin(errorClass)
	if i := c.Choice(errorChoice, int(e.Class)); i >= 0 {
		e.Class = ErrorClass(i)
		e.Code = int32(c.Int(errorElems[i], int64(e.Code)))
	}
	c.End()
	if c.Has(errorCode, e.AdditionalCode != nil) {
		if c.Reading() {
			code := int32(c.Int(errorCode, 0))
			e.AdditionalCode = &code
		} else {
			c.Int(errorCode, int64(*e.AdditionalCode))
		}
	}
	if c.Has(errorText, e.AdditionalDescription != "") {
		e.AdditionalDescription = c.String(errorText, e.AdditionalDescription)
	}
	e.ServiceSpecific = codeBinary(c, errorService, e.ServiceSpecific)
	return e
}

// Confirmed-ErrorPDU 7.2.3 and Cancel-ErrorPDU 9.
var (
	confirmedErrorPDU = elem(2, "confirmed-ErrorPDU")
	errorInvokeID     = unsigned32(0, "invokeID")
	modifierPosition  = unsigned32(1, "modifierPosition")
	confirmedError    = elem(2, "serviceError")

	cancelErrorPDU   = elem(7, "cancel-ErrorPDU")
	originalInvokeID = unsigned32(0, "originalInvokeID")
	cancelError      = elem(1, "serviceError")
)

func (p ConfirmedError) code(c asn1.Coder) ConfirmedError {
	c.Begin(confirmedErrorPDU)
	p.InvokeID = uint32(c.Int(errorInvokeID, int64(p.InvokeID)))
	if c.Has(modifierPosition, p.ModifierPosition != nil) {
		if c.Reading() {
			at := uint32(c.Int(modifierPosition, 0))
			p.ModifierPosition = &at
		} else {
			c.Int(modifierPosition, int64(*p.ModifierPosition))
		}
	}
	c.Begin(confirmedError)
	p.Error = codeServiceError(c, p.Error)
	c.End()
	c.End()
	return p
}

func (p CancelError) code(c asn1.Coder) CancelError {
	c.Begin(cancelErrorPDU)
	p.InvokeID = uint32(c.Int(originalInvokeID, int64(p.InvokeID)))
	c.Begin(cancelError)
	p.Error = codeServiceError(c, p.Error)
	c.End()
	c.End()
	return p
}

// Initiate-ErrorPDU and Conclude-ErrorPDU are ServiceErrors.
var (
	initiateErrorPDU = elem(10, "initiate-ErrorPDU")
	concludeErrorPDU = elem(13, "conclude-ErrorPDU")
)

func (p InitiateError) code(c asn1.Coder) InitiateError {
	c.Begin(initiateErrorPDU)
	p.Error = codeServiceError(c, p.Error)
	c.End()
	return p
}

func (p ConcludeError) code(c asn1.Coder) ConcludeError {
	c.Begin(concludeErrorPDU)
	p.Error = codeServiceError(c, p.Error)
	c.End()
	return p
}
