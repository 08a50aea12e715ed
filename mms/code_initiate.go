package mms

import (
	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
)

// initiateElems are the components of Initiate-RequestPDU or Initiate-ResponsePDU, ISO 9506-2 8.2, which differ in their
// names alone.
type initiateElems struct {
	pdu, localDetail, calling, called, nesting, detail *asn1.Elem
	version, parameters, services                      *asn1.Elem
	moreServices, moreParameters, privilege            *asn1.Elem
}

var initiateRequest = initiateElems{
	pdu:            elem(8, "initiate-RequestPDU"),
	localDetail:    integer32(0, "localDetailCalling"),
	calling:        integer16(1, "proposedMaxServOutstandingCalling"),
	called:         integer16(2, "proposedMaxServOutstandingCalled"),
	nesting:        integer8(3, "proposedDataStructureNestingLevel"),
	detail:         elem(4, "initRequestDetail"),
	version:        integer16(0, "proposedVersionNumber"),
	parameters:     elem(1, "proposedParameterCBB"),
	services:       elem(2, "servicesSupportedCalling"),
	moreServices:   elem(3, "additionalSupportedCalling"),
	moreParameters: elem(4, "additionalCbbSupportedCalling"),
	privilege:      elem(5, "privilegeClassIdentityCalling"),
}

var initiateResponse = initiateElems{
	pdu:            elem(9, "initiate-ResponsePDU"),
	localDetail:    integer32(0, "localDetailCalled"),
	calling:        integer16(1, "negotiatedMaxServOutstandingCalling"),
	called:         integer16(2, "negotiatedMaxServOutstandingCalled"),
	nesting:        integer8(3, "negotiatedDataStructureNestingLevel"),
	detail:         elem(4, "initResponseDetail"),
	version:        integer16(0, "negotiatedVersionNumber"),
	parameters:     elem(1, "negotiatedParameterCBB"),
	services:       elem(2, "servicesSupportedCalled"),
	moreServices:   elem(3, "additionalSupportedCalled"),
	moreParameters: elem(4, "additionalCbbSupportedCalled"),
	privilege:      elem(5, "privilegeClassIdentityCalled"),
}

func (p InitiateRequest) code(c asn1.Coder, e *initiateElems) InitiateRequest {
	c.Begin(e.pdu)
	if c.Has(e.localDetail, p.LocalDetail != 0) {
		p.LocalDetail = int32(c.Int(e.localDetail, int64(p.LocalDetail)))
	}
	p.MaxServCalling = int16(c.Int(e.calling, int64(p.MaxServCalling)))
	p.MaxServCalled = int16(c.Int(e.called, int64(p.MaxServCalled)))
	if c.Has(e.nesting, p.NestingLevel != 0) {
		p.NestingLevel = int8(c.Int(e.nesting, int64(p.NestingLevel)))
	}
	c.Begin(e.detail)
	p.Version = int16(c.Int(e.version, int64(p.Version)))
	p.ParameterCBB = codeBits(c, e.parameters, model.KindBits, p.ParameterCBB)
	p.ServicesSupport = codeBits(c, e.services, model.KindBits, p.ServicesSupport)
	if c.Has(e.moreServices, !p.AdditionalServices.IsZero()) {
		p.AdditionalServices = codeBits(c, e.moreServices, model.KindBits, p.AdditionalServices)
	}
	if c.Has(e.moreParameters, p.HasAdditionalCBB) {
		p.HasAdditionalCBB = true
		p.AdditionalCBB = codeBits(c, e.moreParameters, model.KindBits, p.AdditionalCBB)
	}
	if c.Has(e.privilege, p.PrivilegeClass != "") {
		p.PrivilegeClass = c.String(e.privilege, p.PrivilegeClass)
	}
	c.End()
	c.End()
	return p
}
