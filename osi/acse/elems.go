package acse

import (
	"fmt"
	"math"

	"github.com/gridward/gridward/asn1"
)

// The elements of X.227 9.1.
var (
	schema asn1.Schema

	elemAARQ = application(0, "AARQ")
	elemAARE = application(1, "AARE")
	elemRLRQ = application(2, "RLRQ")
	elemRLRE = application(3, "RLRE")
	elemABRT = application(4, "ABRT")

	apduChoice = asn1.NewChoice(elemAARQ, elemAARE, elemRLRQ, elemRLRE, elemABRT)

	elemVersion     = context(0, "protocol-version")
	elemContextName = context(1, "aSO-context-name")
	elemUserInfo    = context(30, "user-information")
	elemImpl        = context(29, "implementation-information")

	elemOID     = universal(6, "object-identifier")
	elemInt     = universal(2, "integer")
	elemTitle   = universal(6, "ap-title-form2")
	elemAEValue = universal(2, "ae-qualifier-form2")

	// AARQ and AARE number the same components differently.
	request = associate{
		called: context(2, "called-AP-title"), calledAE: context(3, "called-AE-qualifier"),
		calledIDs: []*asn1.Elem{context(4, "called-AP-invocation-identifier"), context(5, "called-AE-invocation-identifier")},
		calling:   context(6, "calling-AP-title"), callingAE: context(7, "calling-AE-qualifier"),
		callingIDs:   []*asn1.Elem{context(8, "calling-AP-invocation-identifier"), context(9, "calling-AE-invocation-identifier")},
		requirements: context(10, "sender-acse-requirements"), mechanism: context(11, "mechanism-name"),
		value: context(12, "calling-authentication-value"),
		lists: []*asn1.Elem{context(13, "application-context-name-list"), context(14, "further"), context(15, "further"), elemImpl},
	}
	response = associate{
		calling: context(4, "responding-AP-title"), callingAE: context(5, "responding-AE-qualifier"),
		callingIDs:   []*asn1.Elem{context(6, "responding-AP-invocation-identifier"), context(7, "responding-AE-invocation-identifier")},
		requirements: context(8, "responder-acse-requirements"), mechanism: context(9, "mechanism-name"),
		value: context(10, "responding-authentication-value"),
		lists: []*asn1.Elem{context(11, "application-context-name-list"), context(12, "further"), context(13, "further"), elemImpl},
	}
	elemResult     = context(2, "result")
	elemDiagnostic = context(3, "result-source-diagnostic")
	elemUser       = context(1, "acse-service-user")
	elemProvider   = context(2, "acse-service-provider")
	sourceChoice   = asn1.NewChoice(elemUser, elemProvider)

	elemChars    = context(0, "charstring")
	elemBits     = context(1, "bitstring")
	elemExternal = context(2, "external")
	elemOther    = context(3, "other")
	valueChoice  = asn1.NewChoice(elemChars, elemBits, elemExternal, elemOther)

	elemReason     = number(0, "reason", math.MinInt16, math.MaxInt16)
	elemSource     = number(0, "abort-source", 0, 1)
	elemAbortWhy   = number(1, "abort-diagnostic", 0, math.MaxUint8)
	elemEXTERNAL   = universal(8, "EXTERNAL")
	elemDirect     = universal(6, "direct-reference")
	elemIndirect   = universal(2, "indirect-reference")
	elemDescriptor = universal(7, "data-value-descriptor")
	elemSingle     = context(0, "single-ASN1-type")
	elemOctets     = context(1, "octet-aligned")
	elemArbitrary  = context(2, "arbitrary")
	externalChoice = asn1.NewChoice(elemSingle, elemOctets, elemArbitrary)
)

// associate are the components of AARQ or AARE.
type associate struct {
	called, calledAE               *asn1.Elem
	calledIDs                      []*asn1.Elem
	calling, callingAE             *asn1.Elem
	callingIDs                     []*asn1.Elem
	requirements, mechanism, value *asn1.Elem
	lists                          []*asn1.Elem
}

func context(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name})
}

func universal(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.MakeTag(0, n), Name: name})
}

func application(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.MakeTag(1, n), Name: name})
}

func number(n uint32, name string, least, most int64) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name, Min: least, Max: most})
}

func skip(c asn1.Coder, elems ...*asn1.Elem) {
	for _, e := range elems {
		if c.Has(e, false) {
			c.Raw(asn1.Raw{})
		}
	}
}

// codeTitle walks AP-title and AE-qualifier; forms other than form 2 are passed over.
func codeTitle(c asn1.Coder, ap, ae *asn1.Elem, t Title) Title {
	if c.Has(ap, t.AP != "") {
		c.Begin(ap)
		if c.Has(elemTitle, true) {
			t.AP = asn1.OID(c.OID(elemTitle, string(t.AP)))
		} else {
			c.Raw(asn1.Raw{})
		}
		c.End()
	}
	if c.Has(ae, t.HasAE) {
		c.Begin(ae)
		if t.HasAE = c.Has(elemAEValue, true); t.HasAE {
			t.AE = c.Int(elemAEValue, t.AE)
		} else {
			c.Raw(asn1.Raw{})
		}
		c.End()
	}
	return t
}

// authentication is the first bit of the ACSE requirements.
const authentication = 1

// codeAuth walks requirements, mechanism and value.
func codeAuth(c asn1.Coder, e *associate, a Auth) Auth {
	if c.Has(e.requirements, !a.IsZero()) {
		c.Bits(e.requirements, authentication, "", 1)
	}
	if c.Has(e.mechanism, a.Mechanism != "") {
		a.Mechanism = asn1.OID(c.OID(e.mechanism, string(a.Mechanism)))
	}
	if c.Has(e.value, a.Value.Form != NoValue) {
		c.Begin(e.value)
		a.Value = codeValue(c, a.Value)
		c.End()
	}
	return a
}

func codeValue(c asn1.Coder, v Value) Value {
	form := Form(c.Choice(valueChoice, int(v.Form)-1) + 1)
	if c.Err() != nil {
		return v
	}
	v.Form = form
	switch form {
	case CharString:
		v.Bytes = []byte(c.Octets(elemChars, string(v.Bytes)))
	case BitString:
		codeBits(c, &v)
	case External, Other:
		e := valueChoice.Elems[form-1]
		r := c.Raw(asn1.Raw{Tag: e.Tag, Constructed: true, Content: string(v.Bytes)})
		v.Bytes = []byte(r.Content)
	}
	if len(v.Bytes) > MaxValue {
		c.Fail(fmt.Errorf("%w: authentication value of %d octets", asn1.ErrTooLong, len(v.Bytes)))
	}
	return v
}

// codeBits walks a bit string of any length as packed octets.
func codeBits(c asn1.Coder, v *Value) {
	num := uint64(0)
	if !c.Reading() && v.Bits <= 64 {
		for i := range min(len(v.Bytes), 8) {
			num = num<<8 | uint64(v.Bytes[i])
		}
		num >>= uint(8*min(len(v.Bytes), 8) - v.Bits)
	}
	num, packed, n := c.Bits(elemBits, num, string(v.Bytes), v.Bits)
	if !c.Reading() {
		return
	}
	v.Bits = n
	if n > 64 {
		v.Bytes = []byte(packed)
		return
	}
	octets := (n + 7) / 8
	num <<= uint(8*octets - n)
	v.Bytes = make([]byte, octets)
	for i := range octets {
		v.Bytes[i] = byte(num >> (8 * (octets - 1 - i)))
	}
}
