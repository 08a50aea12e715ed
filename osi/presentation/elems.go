package presentation

import (
	"math"

	"github.com/gridward/gridward/asn1"
)

// The elements of X.226 8.2.
var (
	schema asn1.Schema

	elemCP       = universal(17, "CP-PPDU") // SET
	elemMode     = context(0, "mode-selector")
	elemModeVal  = number(0, "mode-value", 0, 1)
	elemNormal   = context(2, "normal-mode-parameters")
	elemCPR      = universal(16, "CPR-PPDU")
	elemARU      = context(0, "ARU-PPDU")
	elemARP      = universal(16, "ARP-PPDU")
	elemARPWhy   = number(0, "provider-reason", 0, math.MaxUint8)
	elemARPEvent = number(1, "event-identifier", 0, math.MaxUint8)

	elemVersion    = context(0, "protocol-version")
	elemCalling    = context(1, "calling-presentation-selector")
	elemCalled     = context(2, "called-presentation-selector")
	elemResponding = context(3, "responding-presentation-selector")
	elemContexts   = context(4, "presentation-context-definition-list")
	elemResults    = context(5, "presentation-context-definition-result-list")
	elemIDs        = context(0, "presentation-context-identifier-list")
	// What follows the lists and is not looked at.
	elemsRest = []*asn1.Elem{
		context(6, "default-context-name"), context(7, "default-context-result"), context(8, "presentation-requirements"),
		context(9, "user-session-requirements"), elemWhy, context(11, "nominated-context"), context(12, "further"),
		context(13, "further"), context(14, "further"),
	}
	elemWhy = number(10, "provider-reason", 0, math.MaxUint8)

	elemItem      = universal(16, "item")
	elemID        = numbered(asn1.TagInteger, "presentation-context-identifier")
	elemAbstract  = universal(6, "abstract-syntax-name")
	elemTransfers = universal(16, "transfer-syntax-name-list")
	elemTransfer  = universal(6, "transfer-syntax-name")

	elemResult    = number(0, "result", 0, math.MaxUint8)
	elemResultTr  = context(1, "transfer-syntax-name")
	elemResultWhy = number(2, "provider-reason", 0, math.MaxUint8)

	elemSimple = schema.Add(asn1.Elem{Tag: asn1.MakeTag(1, 0), Name: "simply-encoded-data"})
	elemFully  = schema.Add(asn1.Elem{Tag: asn1.MakeTag(1, 1), Name: "fully-encoded-data", List: true})
	elemPDV    = universal(16, "PDV-list")
	elemSingle = context(0, "single-ASN1-type")
	elemOctets = context(1, "octet-aligned")
	elemBits   = context(2, "arbitrary")

	valueChoice = asn1.NewChoice(elemSingle, elemOctets, elemBits)
)

func context(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name})
}

func universal(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.MakeTag(0, n), Name: name})
}

func number(n uint32, name string, least, most int64) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name, Min: least, Max: most})
}

// maxID is the largest presentation context identifier that is taken.
const maxID = 32767

func numbered(t asn1.Tag, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: t, Name: name, Min: 1, Max: maxID})
}

// skip passes over an OPTIONAL element.
func skip(c asn1.Coder, e *asn1.Elem) {
	if c.Has(e, false) {
		c.Raw(asn1.Raw{})
	}
}
