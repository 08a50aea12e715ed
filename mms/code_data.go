package mms

import (
	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
)

// Data, ISO 9506-2 7.4.2, with utc-time of IEC 61850-8-1 8.1.3.7.
var (
	dataElems = [...]*asn1.Elem{
		list(1, "array"),
		list(2, "structure"),
		elem(3, "boolean"),
		elem(4, "bit-string"),
		elem(5, "integer"),
		elem(6, "unsigned"),
		elem(7, "floating-point"),
		binary(8, "real"),
		elem(9, "octet-string"),
		elem(10, "visible-string"),
		elem(11, "generalized-time"),
		schema.Add(asn1.Elem{Tag: asn1.Context(12), Name: "binary-time", Show: asn1.ShowEntryTime}),
		elem(13, "bcd"),
		elem(14, "booleanArray"),
		elem(15, "objId"),
		elem(16, "mMSString"),
		schema.Add(asn1.Elem{Tag: asn1.Context(17), Name: "utc-time", Show: asn1.ShowUTCTime}),
	}
	dataChoice = asn1.NewChoice(dataElems[:]...)
	dataItem   = item("Data", dataChoice)
)

// codeData walks one value. The alternatives stand in the order of model.Kind, from 1.
func codeData(c asn1.Coder, v model.Value) model.Value {
	i := c.Choice(dataChoice, int(v.Kind())-1)
	if i < 0 {
		return v
	}
	e, kind := dataElems[i], model.Kind(i+1)
	num, size := v.Num()
	switch kind {
	case model.KindArray, model.KindStruct:
		return codeMembers(c, e, kind, v)
	case model.KindBool:
		b := c.Bool(e, num != 0)
		if c.Reading() {
			return model.Bool(b)
		}
	case model.KindBits, model.KindBoolArray:
		return codeBits(c, e, kind, v)
	case model.KindInt:
		n := c.Int(e, int64(num))
		if c.Reading() {
			return model.Int(n)
		}
	case model.KindUint, model.KindBCD:
		num = c.Uint(e, num)
		if c.Reading() {
			return model.Raw(kind, "", num, 0)
		}
	case model.KindFloat:
		num, size = c.Float(e, num, size)
		if c.Reading() {
			return model.Raw(kind, "", num, size)
		}
	case model.KindTime:
		num, _ = c.Fixed(e, num, 8)
		if c.Reading() {
			return model.Time(model.Timestamp(num))
		}
	case model.KindEntryTime:
		num, size = c.Fixed(e, num, size)
		if c.Reading() {
			return model.Raw(kind, "", num, size)
		}
	default:
		return codeText(c, e, kind, v)
	}
	return v
}

func codeText(c asn1.Coder, e *asn1.Elem, kind model.Kind, v model.Value) model.Value {
	s, _ := v.AsText()
	switch kind {
	case model.KindReal, model.KindOctets:
		s = c.Octets(e, s)
	case model.KindOID:
		s = c.OID(e, s)
	default:
		s = c.String(e, s)
	}
	if c.Reading() {
		return model.Raw(kind, s, 0, 0)
	}
	return v
}

func codeMembers(c asn1.Coder, e *asn1.Elem, kind model.Kind, v model.Value) model.Value {
	c.Begin(e)
	members := codeList(c, v.Members(), codeDataItem)
	c.End()
	if !c.Reading() {
		return v
	}
	if kind == model.KindArray {
		return model.Array(members...)
	}
	return model.Struct(members...)
}

func codeDataItem(c asn1.Coder, v model.Value) model.Value {
	c.Begin(dataItem)
	v = codeData(c, v)
	c.End()
	return v
}

// codeBits walks a bit string of any length; kind is KindBits or KindBoolArray.
func codeBits(c asn1.Coder, e *asn1.Elem, kind model.Kind, v model.Value) model.Value {
	num, size := v.Num()
	packed := ""
	if size > 64 {
		b, _ := v.PackedBits(nil)
		packed = string(b)
	}
	num, packed, size = c.Bits(e, num, packed, size)
	switch {
	case !c.Reading():
		return v
	case kind == model.KindBoolArray:
		return model.Raw(kind, packed, num, size)
	case size > 64:
		return model.LongBits(packed, size)
	}
	return model.Bits(num, size)
}

// AccessResult, ISO 9506-2 14.4.1, and the result of a write, 14.7.2.
var (
	resultFailure = named(unsigned8(0, "failure"), dataAccessErrors[:])
	resultSuccess = choice("success", dataChoice)
	resultChoice  = asn1.NewChoice(resultFailure, resultSuccess)
	resultItem    = item("AccessResult", resultChoice)

	writeSuccess = elem(1, "success")
	writeChoice  = asn1.NewChoice(resultFailure, writeSuccess)
	writeItem    = item("CHOICE", writeChoice)
)

func codeResult(c asn1.Coder, r AccessResult) AccessResult {
	i := 1
	if r.Failed {
		i = 0
	}
	c.Begin(resultItem)
	switch c.Choice(resultChoice, i) {
	case 0:
		r.Failed = true
		r.Error = DataAccessError(c.Int(resultFailure, int64(r.Error)))
	case 1:
		c.Begin(resultSuccess)
		r.Value = codeData(c, r.Value)
		c.End()
	}
	c.End()
	return r
}

func codeWriteResult(c asn1.Coder, r WriteResult) WriteResult {
	i := 1
	if r.Failed {
		i = 0
	}
	c.Begin(writeItem)
	switch c.Choice(writeChoice, i) {
	case 0:
		r.Failed = true
		r.Error = DataAccessError(c.Int(resultFailure, int64(r.Error)))
	case 1:
		c.Null(writeSuccess)
	}
	c.End()
	return r
}
