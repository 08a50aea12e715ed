package mms

import (
	"math"

	"github.com/gridward/gridward/asn1"
)

// schema holds every element of the PDUs of this package, so that an XER dialect can name them all. The code_*.go files
// describe one PDU or service each; the tags are those of ISO 9506-2, the names those of the gw1 dialect.
var schema asn1.Schema

// Schema gives the elements of all PDUs, for making further XER dialects.
func Schema() *asn1.Schema { return &schema }

// elem declares a component [n] of a type whose form the description shows.
func elem(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name})
}

// choice declares a component that is an untagged CHOICE.
func choice(name string, alts *asn1.Choice) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.None, Name: name, Alts: alts})
}

// list declares a component [n] that is a SEQUENCE OF.
func list(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name, List: true})
}

// item declares the wrapper of a list's item that is a CHOICE.
func item(name string, alts *asn1.Choice) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.None, Name: name, Form: asn1.Item, Alts: alts})
}

// number declares an INTEGER [n] within a range.
func number(n uint32, name string, least, most int64) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name, Min: least, Max: most})
}

func unsigned8(n uint32, name string) *asn1.Elem  { return number(n, name, 0, math.MaxUint8) }
func unsigned32(n uint32, name string) *asn1.Elem { return number(n, name, 0, math.MaxUint32) }
func integer8(n uint32, name string) *asn1.Elem   { return number(n, name, math.MinInt8, math.MaxInt8) }

func integer16(n uint32, name string) *asn1.Elem {
	return number(n, name, math.MinInt16, math.MaxInt16)
}

func integer32(n uint32, name string) *asn1.Elem {
	return number(n, name, math.MinInt32, math.MaxInt32)
}

// defaulted declares a component [n] with DEFAULT: an INTEGER of 0 to most, or a BOOLEAN when most is 1.
func defaulted(n uint32, name string, most, value int64) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name, Max: most, Default: &value})
}

// element declares the item of a list that has a tag of its own.
func element(t asn1.Tag, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: t, Name: name, Form: asn1.Element})
}

// inner declares the tag of a type that stands behind an explicit tag.
func inner(t asn1.Tag) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: t, Name: "SEQUENCE", Form: asn1.Inner})
}

// binary declares a component [n] that only BER carries.
func binary(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name, Form: asn1.Binary})
}

// openChoice is a CHOICE of which alternatives that are not listed are kept as octets.
func openChoice(elems ...*asn1.Elem) *asn1.Choice {
	ch := asn1.NewChoice(elems...)
	ch.Open = true
	return ch
}

// named sets the identifiers of an enumeration.
func named(e *asn1.Elem, names []string) *asn1.Elem {
	e.Enum = names
	return e
}

// codeList walks a list item by item. When writing, the list is not touched.
func codeList[T any](c asn1.Coder, items []T, code func(asn1.Coder, T) T) []T {
	if !c.Reading() {
		for i := 0; c.Next(i, len(items)); i++ {
			code(c, items[i])
		}
		return items
	}
	if n := c.Hint(); n > cap(items) {
		items = make([]T, 0, n)
	}
	items = items[:0]
	for i := 0; c.Next(i, 0); i++ {
		var zero T
		items = append(items, code(c, zero))
	}
	return items
}

// given makes a list that is not nil, so that an OPTIONAL list that is there but empty stays there.
func given[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// codeBinary walks an OPTIONAL component that is kept as its content octets; its type is constructed.
func codeBinary(c asn1.Coder, e *asn1.Elem, content []byte) []byte {
	if !c.Has(e, content != nil) {
		return nil
	}
	r := c.Raw(asn1.Raw{Tag: e.Tag, Constructed: true, Content: string(content)})
	if !c.Reading() {
		return content
	}
	if !r.Constructed {
		c.Fail(asn1.ErrSyntax)
	}
	return append(make([]byte, 0, len(r.Content)), r.Content...)
}

// refuseOptional keeps a service as octets when it has a component that the structures do not represent.
func refuseOptional(c asn1.Coder, e *asn1.Elem) {
	if c.Has(e, false) {
		c.Fail(asn1.ErrUnsupported)
	}
}
