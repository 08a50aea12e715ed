package mms

import (
	"fmt"

	"github.com/gridward/gridward/model"
)

// Terms are what one end proposes or bears, ISO 9506-2 8.2 as profiled by IEC 61850-8-1 and -8-2.
type Terms struct {
	MaxPDU      int // localDetail: octets of one encoded PDU
	MinPDU      int // the smallest localDetail of the peer that is accepted
	Outstanding int // requests, either way
	Nesting     int // depth of structures
}

// Version of ISO 9506-2 that is proposed.
const Version = 1

// cbb is the conformance building block str1 str2 vnam valt vlis (and vadr, tpy not), ISO 9506-2 7.1.
var cbb = model.Bits(0b11110001000, 11)

// Propose makes the request that opens an association. services are the 85 bits of servicesSupported.
func (l Terms) Propose(services model.Value) *InitiateRequest {
	return &InitiateRequest{
		LocalDetail: int32(l.MaxPDU), MaxServCalling: int16(l.Outstanding), MaxServCalled: int16(l.Outstanding),
		NestingLevel: int8(l.Nesting), Version: Version, ParameterCBB: cbb, ServicesSupport: services,
	}
}

// Answer negotiates: each value is the smaller of what is proposed and what we bear. It fails with ErrRefused when the
// peer can do too little. The Params are the called end's.
func (l Terms) Answer(r *InitiateRequest, services model.Value) (*InitiateResponse, Params, error) {
	p, err := l.params(int(r.LocalDetail), int(r.MaxServCalled), int(r.MaxServCalling), int(r.NestingLevel), int(r.Version))
	if err != nil {
		return nil, p, err
	}
	// The calling end may have MaxServCalling requests open at the called end.
	a := &InitiateResponse{
		LocalDetail: int32(p.MaxPDU), MaxServCalling: int16(p.OutstandingIn), MaxServCalled: int16(p.OutstandingOut),
		NestingLevel: int8(p.Nesting), Version: Version, ParameterCBB: cbb, ServicesSupport: services,
	}
	return a, p, nil
}

// Accept takes the answer to what Propose proposed. It fails with ErrRefused when the peer can do too little, and with
// ErrProtocol when it answers with more than was proposed. The Params are the calling end's.
func (l Terms) Accept(a *InitiateResponse) (Params, error) {
	if int(a.LocalDetail) > l.MaxPDU || int(a.MaxServCalling) > l.Outstanding || int(a.MaxServCalled) > l.Outstanding {
		return Params{}, fmt.Errorf("%w: initiate answered with more than was proposed", ErrProtocol)
	}
	return l.params(int(a.LocalDetail), int(a.MaxServCalling), int(a.MaxServCalled), int(a.NestingLevel), int(a.Version))
}

func (l Terms) params(detail, out, in, nesting, version int) (Params, error) {
	var p Params
	switch {
	case version < Version:
		return p, fmt.Errorf("%w: version %d", ErrRefused, version)
	case detail != 0 && detail < l.MinPDU:
		return p, fmt.Errorf("%w: PDUs of %d octets, at least %d are needed", ErrRefused, detail, l.MinPDU)
	case out < 1 || in < 1:
		return p, fmt.Errorf("%w: %d and %d requests outstanding", ErrRefused, out, in)
	case nesting < 0:
		return p, fmt.Errorf("%w: nesting %d", ErrRefused, nesting)
	}
	p.MaxPDU = l.MaxPDU
	if detail != 0 {
		p.MaxPDU = min(detail, l.MaxPDU)
	}
	p.OutstandingOut, p.OutstandingIn = min(out, l.Outstanding), min(in, l.Outstanding)
	p.Nesting = l.Nesting
	if nesting != 0 {
		p.Nesting = min(nesting, l.Nesting)
	}
	return p, nil
}
