package mms

import "github.com/gridward/gridward/asn1"

// GetNameList-Request and -Response, ISO 9506-2 10.2.
var (
	reqGetNameList   = elem(1, "getNameList")
	objectClass      = elem(0, "objectClass")
	basicClass       = unsigned8(0, "basicObjectClass")
	objectClassAlts  = openChoice(basicClass)
	objectScope      = elem(1, "objectScope")
	scopeVMD         = elem(0, "vmdSpecific")
	scopeDomain      = elem(1, "domainSpecific")
	scopeAA          = elem(2, "aaSpecific")
	objectScopeAlts  = asn1.NewChoice(scopeVMD, scopeDomain, scopeAA)
	continueAfter    = elem(2, "continueAfter")
	respGetNameList  = elem(1, "getNameList")
	listOfIdentifier = list(0, "listOfIdentifier")
	namesMoreFollow  = defaulted(1, "moreFollows", 1, 1)
)

func (s GetNameList) code(c asn1.Coder) GetNameList {
	c.Begin(reqGetNameList)
	c.Begin(objectClass)
	if c.Choice(objectClassAlts, 0) == 0 {
		s.Class = ObjectClass(c.Int(basicClass, int64(s.Class)))
	} else {
		c.Fail(asn1.ErrUnsupported) // csObjectClass
	}
	c.End()
	c.Begin(objectScope)
	switch i := c.Choice(objectScopeAlts, int(s.Scope)); i {
	case 0:
		c.Null(scopeVMD)
	case 1:
		s.Scope = DomainSpecific
		s.Domain = c.String(scopeDomain, s.Domain)
	case 2:
		s.Scope = AASpecific
		c.Null(scopeAA)
	}
	c.End()
	if c.Has(continueAfter, s.ContinueAfter != "") {
		s.ContinueAfter = c.String(continueAfter, s.ContinueAfter)
	}
	c.End()
	return s
}

func (s GetNameListResponse) code(c asn1.Coder) GetNameListResponse {
	c.Begin(respGetNameList)
	c.Begin(listOfIdentifier)
	s.Names = codeList(c, s.Names, codeIdentifier)
	c.End()
	s.MoreFollows = c.Bool(namesMoreFollow, s.MoreFollows)
	c.End()
	return s
}
