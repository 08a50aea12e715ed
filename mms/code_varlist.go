package mms

import "github.com/gridward/gridward/asn1"

// DefineNamedVariableList, ISO 9506-2 14.12.
var (
	reqDefineList  = elem(11, "defineNamedVariableList")
	defineListName = choice("variableListName", nameChoice)
	defineListOf   = list(0, "listOfVariable")
	respDefineList = elem(11, "defineNamedVariableList")
)

func (s DefineNamedVariableList) code(c asn1.Coder) DefineNamedVariableList {
	c.Begin(reqDefineList)
	c.Begin(defineListName)
	s.Name = codeName(c, s.Name)
	c.End()
	c.Begin(defineListOf)
	s.List = codeList(c, s.List, codeVariable)
	c.End()
	c.End()
	return s
}

func (s DefineNamedVariableListResponse) code(c asn1.Coder) DefineNamedVariableListResponse {
	c.Null(respDefineList)
	return s
}

// GetNamedVariableListAttributes, ISO 9506-2 14.13.
var (
	reqListAttributes  = elem(12, "getNamedVariableListAttributes")
	respListAttributes = elem(12, "getNamedVariableListAttributes")
	listDeletable      = elem(0, "mmsDeletable")
	listMembers        = list(1, "listOfVariable")
	listACL            = binary(2, "accessControlList")
)

func (s GetNamedVariableListAttributes) code(c asn1.Coder) GetNamedVariableListAttributes {
	c.Begin(reqListAttributes)
	s.Name = codeName(c, s.Name)
	c.End()
	return s
}

func (s GetNamedVariableListAttributesResponse) code(c asn1.Coder) GetNamedVariableListAttributesResponse {
	c.Begin(respListAttributes)
	s.Deletable = c.Bool(listDeletable, s.Deletable)
	c.Begin(listMembers)
	s.List = codeList(c, s.List, codeVariable)
	c.End()
	refuseOptional(c, listACL)
	c.End()
	return s
}

// DeleteNamedVariableList, ISO 9506-2 14.14.
var (
	reqDeleteList   = elem(13, "deleteNamedVariableList")
	scopeOfDelete   = defaulted(0, "scopeOfDelete", 255, 0)
	deleteNames     = list(1, "listOfVariableListName")
	deleteDomain    = elem(2, "domainName")
	respDeleteList  = elem(13, "deleteNamedVariableList")
	numberMatched   = unsigned32(0, "numberMatched")
	numberDeleted   = unsigned32(1, "numberDeleted")
	deleteScopeText = []string{"specific", "aa-specific", "domain", "vmd"}
	_               = named(scopeOfDelete, deleteScopeText)
)

func (s DeleteNamedVariableList) code(c asn1.Coder) DeleteNamedVariableList {
	c.Begin(reqDeleteList)
	s.Scope = DeleteScope(c.Int(scopeOfDelete, int64(s.Scope)))
	if c.Has(deleteNames, s.Names != nil) {
		c.Begin(deleteNames)
		s.Names = codeList(c, given(s.Names), codeNameItem)
		c.End()
	}
	if c.Has(deleteDomain, s.HasDomain) {
		s.HasDomain = true
		s.Domain = c.String(deleteDomain, s.Domain)
	}
	c.End()
	return s
}

func (s DeleteNamedVariableListResponse) code(c asn1.Coder) DeleteNamedVariableListResponse {
	c.Begin(respDeleteList)
	s.Matched = uint32(c.Int(numberMatched, int64(s.Matched)))
	s.Deleted = uint32(c.Int(numberDeleted, int64(s.Deleted)))
	c.End()
	return s
}
