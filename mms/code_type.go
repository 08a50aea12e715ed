package mms

import (
	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
)

// TypeSpecification and TypeDescription, ISO 9506-2 14.5.4. The alternatives after typeName stand in the order of
// model.Kind, without array [1] and structure [2] being special; real [8] and booleanArray [14] are not represented.
var (
	typeElems = [...]*asn1.Elem{
		elem(0, "typeName"),
		elem(1, "array"),
		elem(2, "structure"),
		elem(3, "boolean"),
		integer32(4, "bit-string"),
		unsigned8(5, "integer"),
		unsigned8(6, "unsigned"),
		elem(7, "floating-point"),
		binary(8, "real"),
		integer32(9, "octet-string"),
		integer32(10, "visible-string"),
		elem(11, "generalized-time"),
		elem(12, "binary-time"),
		unsigned8(13, "bcd"),
		binary(14, "booleanArray"),
		elem(15, "objId"),
		integer32(16, "mMSString"),
		elem(17, "utc-time"),
	}
	typeChoice = asn1.NewChoice(typeElems[:]...)

	packed        = defaulted(0, "packed", 1, 0)
	arrayCount    = unsigned32(1, "numberOfElements")
	arrayElem     = elem(2, "elementType")
	components    = list(1, "components")
	componentItem = element(asn1.TagSequence, "SEQUENCE")
	componentName = elem(0, "componentName")
	componentType = elem(1, "componentType")
	formatWidth   = schema.Add(asn1.Elem{Tag: asn1.TagInteger, Name: "format-width", Max: 255})
	exponentWidth = schema.Add(asn1.Elem{Tag: asn1.TagInteger, Name: "exponent-width", Max: 255})
)

func codeType(c asn1.Coder, t TypeSpec) TypeSpec {
	i := int(t.Kind)
	if t.TypeName == nil && t.Kind == model.KindNone {
		i = -1
	}
	i = c.Choice(typeChoice, i)
	if i < 0 {
		return t
	}
	e := typeElems[i]
	t.Kind = model.Kind(i)
	switch t.Kind {
	case model.KindNone:
		return codeTypeName(c, e, t)
	case model.KindArray:
		return codeArrayType(c, e, t)
	case model.KindStruct:
		c.Begin(e)
		t.Packed = c.Bool(packed, t.Packed)
		c.Begin(components)
		t.Components = codeList(c, t.Components, codeComponent)
		c.End()
		c.End()
	case model.KindFloat:
		c.Begin(e)
		t.Size = int(c.Int(formatWidth, int64(t.Size)))
		t.Exponent = int(c.Int(exponentWidth, int64(t.Exponent)))
		c.End()
	case model.KindEntryTime:
		if date := c.Bool(e, t.Size != 0); c.Reading() && date {
			t.Size = 1
		}
	case model.KindBool, model.KindGeneralizedTime, model.KindOID, model.KindTime:
		c.Null(e)
	case model.KindReal, model.KindBoolArray:
		c.Fail(asn1.ErrUnsupported)
	default:
		t.Size = int(c.Int(e, int64(t.Size)))
	}
	return t
}

func codeTypeName(c asn1.Coder, e *asn1.Elem, t TypeSpec) TypeSpec {
	c.Begin(e)
	if c.Reading() {
		n := codeName(c, ObjectName{})
		t.TypeName = &n
	} else {
		codeName(c, *t.TypeName)
	}
	c.End()
	return t
}

func codeArrayType(c asn1.Coder, e *asn1.Elem, t TypeSpec) TypeSpec {
	c.Begin(e)
	t.Packed = c.Bool(packed, t.Packed)
	t.Count = uint32(c.Int(arrayCount, int64(t.Count)))
	c.Begin(arrayElem)
	switch {
	case c.Reading():
		of := codeType(c, TypeSpec{})
		t.Elem = &of
	case t.Elem == nil:
		c.Fail(asn1.ErrMissing)
	default:
		codeType(c, *t.Elem)
	}
	c.End()
	c.End()
	return t
}

func codeComponent(c asn1.Coder, m Component) Component {
	c.Begin(componentItem)
	if c.Has(componentName, m.Name != "") {
		m.Name = c.String(componentName, m.Name)
	}
	c.Begin(componentType)
	m.Type = codeType(c, m.Type)
	c.End()
	c.End()
	return m
}
