package mms

import "github.com/gridward/gridward/asn1"

// GetVariableAccessAttributes, ISO 9506-2 14.9.
var (
	reqAttributes   = elem(6, "getVariableAccessAttributes")
	attrName        = elem(0, "name")
	attrAddress     = binary(1, "address")
	attrChoice      = asn1.NewChoice(attrName, attrAddress)
	respAttributes  = elem(6, "getVariableAccessAttributes")
	attrDeletable   = elem(0, "mmsDeletable")
	attrRespAddress = binary(1, "address")
	attrType        = elem(2, "typeSpecification")
	attrACL         = binary(3, "accessControlList")
	attrMeaning     = binary(4, "meaning")
)

func (s GetVariableAccessAttributes) code(c asn1.Coder) GetVariableAccessAttributes {
	i := 0
	if s.Address != nil {
		i = 1
	}
	c.Begin(reqAttributes)
	switch c.Choice(attrChoice, i) {
	case 0:
		c.Begin(attrName)
		s.Name = codeName(c, s.Name)
		c.End()
	case 1:
		s.Address = codeBinary(c, attrAddress, s.Address)
	}
	c.End()
	return s
}

func (s GetVariableAccessAttributesResponse) code(c asn1.Coder) GetVariableAccessAttributesResponse {
	c.Begin(respAttributes)
	s.Deletable = c.Bool(attrDeletable, s.Deletable)
	s.Address = codeBinary(c, attrRespAddress, s.Address)
	c.Begin(attrType)
	s.Type = codeType(c, s.Type)
	c.End()
	refuseOptional(c, attrACL)
	refuseOptional(c, attrMeaning)
	c.End()
	return s
}
