package mms

import "github.com/gridward/gridward/asn1"

// Read-Request and -Response, ISO 9506-2 14.6.
var (
	reqRead        = elem(4, "read")
	withResult     = defaulted(0, "specificationWithResult", 1, 0)
	readAccess     = elem(1, "variableAccessSpecification")
	respRead       = elem(4, "read")
	readRespAccess = elem(0, "variableAccessSpecification")
	readResults    = list(1, "listOfAccessResult")
)

func (s Read) code(c asn1.Coder) Read {
	c.Begin(reqRead)
	s.SpecificationWithResult = c.Bool(withResult, s.SpecificationWithResult)
	c.Begin(readAccess)
	s.Access = codeAccess(c, s.Access)
	c.End()
	c.End()
	return s
}

func (s ReadResponse) code(c asn1.Coder) ReadResponse {
	c.Begin(respRead)
	if c.Has(readRespAccess, s.Access != nil) {
		c.Begin(readRespAccess)
		if c.Reading() {
			a := codeAccess(c, VariableAccess{})
			s.Access = &a
		} else {
			codeAccess(c, *s.Access)
		}
		c.End()
	}
	c.Begin(readResults)
	s.Results = codeList(c, s.Results, codeResult)
	c.End()
	c.End()
	return s
}
