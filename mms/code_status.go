package mms

import (
	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
)

// Status and Identify, ISO 9506-2 10.1 and 10.5.
var (
	reqStatus      = elem(0, "status")
	respStatus     = elem(0, "status")
	statusLogical  = unsigned8(0, "vmdLogicalStatus")
	statusPhysical = unsigned8(1, "vmdPhysicalStatus")
	statusDetail   = elem(2, "localDetail")

	reqIdentify      = elem(2, "identify")
	respIdentify     = elem(2, "identify")
	vendorName       = elem(0, "vendorName")
	modelName        = elem(1, "modelName")
	revision         = elem(2, "revision")
	abstractSyntaxes = list(3, "listOfAbstractSyntaxes")
	abstractSyntax   = schema.Add(asn1.Elem{Tag: asn1.TagOID, Name: "OBJECT_IDENTIFIER", Form: asn1.Element, Show: asn1.ShowOID})
)

func (s Status) code(c asn1.Coder) Status {
	s.Extended = c.Bool(reqStatus, s.Extended)
	return s
}

func (s StatusResponse) code(c asn1.Coder) StatusResponse {
	c.Begin(respStatus)
	s.Logical = uint8(c.Int(statusLogical, int64(s.Logical)))
	s.Physical = uint8(c.Int(statusPhysical, int64(s.Physical)))
	if c.Has(statusDetail, !s.LocalDetail.IsZero()) {
		s.LocalDetail = codeBits(c, statusDetail, model.KindBits, s.LocalDetail)
	}
	c.End()
	return s
}

func (s Identify) code(c asn1.Coder) Identify {
	c.Null(reqIdentify)
	return s
}

func (s IdentifyResponse) code(c asn1.Coder) IdentifyResponse {
	c.Begin(respIdentify)
	s.Vendor = c.String(vendorName, s.Vendor)
	s.Model = c.String(modelName, s.Model)
	s.Revision = c.String(revision, s.Revision)
	if c.Has(abstractSyntaxes, s.AbstractSyntaxes != nil) {
		c.Begin(abstractSyntaxes)
		s.AbstractSyntaxes = codeList(c, given(s.AbstractSyntaxes), codeSyntax)
		c.End()
	}
	c.End()
	return s
}

func codeSyntax(c asn1.Coder, dotted string) string {
	if c.Reading() {
		content := c.OID(abstractSyntax, "")
		if c.Err() != nil {
			return ""
		}
		dotted, err := asn1.FormatOID(content)
		if err != nil {
			c.Fail(err)
		}
		return dotted
	}
	content, err := asn1.ParseOID(dotted)
	if err != nil {
		c.Fail(err)
	}
	c.OID(abstractSyntax, content)
	return dotted
}
