package presentation

import (
	"fmt"
	"math/bits"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
)

// An Encoding says how a PDV list carries its value, X.226 8.4.2.
type Encoding uint8

// The encodings.
const (
	SingleASN1   Encoding = iota // one BER element
	OctetAligned                 // octets of any kind
)

// A PDV is one presentation data value with the context that it belongs to.
type PDV struct {
	Context  int
	Encoding Encoding
	Value    []byte
}

// maxPDVs is how many values one PPDU may have.
const maxPDVs = 8

// codeUser walks fully-encoded user data.
func codeUser(c asn1.Coder, pdvs []PDV) []PDV {
	if c.Reading() && c.Has(elemSimple, false) {
		c.Fail(fmt.Errorf("%w: simply encoded user data", asn1.ErrUnsupported))
		return nil
	}
	if !c.Has(elemFully, len(pdvs) > 0) {
		return nil
	}
	return asn1.List(c, elemFully, pdvs, maxPDVs, "values", (*PDV).code)
}

func (v *PDV) code(c asn1.Coder) {
	c.Begin(elemPDV)
	skip(c, elemTransfer)
	v.Context = int(c.Int(elemID, int64(v.Context)))
	switch c.Choice(valueChoice, int(v.Encoding)) {
	case 0:
		v.Encoding = SingleASN1
		r := c.Raw(asn1.Raw{Tag: elemSingle.Tag, Constructed: true, Content: string(v.Value)})
		if c.Reading() {
			if !r.Constructed {
				c.Fail(fmt.Errorf("%w: primitive single-ASN1-type", asn1.ErrSyntax))
			}
			v.Value = []byte(r.Content)
		}
	case 1:
		v.Encoding = OctetAligned
		v.Value = []byte(c.Octets(elemOctets, string(v.Value)))
	case 2:
		c.Fail(fmt.Errorf("%w: bit string as presentation data", asn1.ErrUnsupported))
	}
	c.End()
}

// AppendDataHeader appends what stands before n octets of a single value, as fully-encoded data in context id.
func AppendDataHeader(b []byte, id int, enc Encoding, n int) []byte {
	value := lengthSize(n) + 1 + n
	k := idSize(id)
	list := 2 + k + value
	b = appendLength(append(b, 0x61), list+lengthSize(list)+1)
	b = appendLength(append(b, 0x30), list)
	b = append(b, 2, byte(k))
	for k--; k >= 0; k-- {
		b = append(b, byte(id>>(8*k)))
	}
	if enc == SingleASN1 {
		return appendLength(append(b, 0xa0), n)
	}
	return appendLength(append(b, 0x81), n)
}

// idSize is how many octets the INTEGER id has.
func idSize(id int) int {
	if id < 0x80 {
		return 1
	}
	return bits.Len(uint(id))/8 + 1
}

func lengthSize(n int) int {
	if n < 0x80 {
		return 1
	}
	return 1 + (bits.Len(uint(n))+7)/8
}

func appendLength(b []byte, n int) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	k := lengthSize(n) - 1
	b = append(b, 0x80|byte(k))
	for k--; k >= 0; k-- {
		b = append(b, byte(n>>(8*k)))
	}
	return b
}

// ParseData reads the user data of the data phase. The first value shares the octets of b when it has the usual form;
// others are copied.
func ParseData(b []byte) (first PDV, more []PDV, err error) {
	if v, ok := usual(b); ok {
		return v, nil, nil
	}
	var r ber.Reader
	r.Reset(string(b), ber.Limits{})
	pdvs := codeUser(&r, nil)
	if err := r.Finish(); err != nil {
		return PDV{}, nil, fmt.Errorf("presentation: %w", err)
	}
	if len(pdvs) == 0 {
		return PDV{}, nil, fmt.Errorf("presentation: %w: no presentation data value", asn1.ErrMissing)
	}
	return pdvs[0], pdvs[1:], nil
}

// usual reads one value in definite lengths under a context identifier of one octet.
func usual(b []byte) (v PDV, ok bool) {
	b, ok = enter(b, 0x61)
	if !ok {
		return v, false
	}
	if b, ok = enter(b, 0x30); !ok || len(b) < 5 || b[0] != 2 || b[1] != 1 || b[2] == 0 || b[2] > 127 {
		return v, false
	}
	v.Context = int(b[2])
	switch b[3] {
	case 0xa0:
		v.Encoding = SingleASN1
	case 0x81:
		v.Encoding = OctetAligned
	default:
		return v, false
	}
	v.Value, ok = enter(b[3:], b[3])
	return v, ok
}

// enter gives the content of the element that b is.
func enter(b []byte, tag byte) ([]byte, bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, false
	}
	n, b := int(b[1]), b[2:]
	if n >= 0x80 {
		k := n & 0x7f
		if k == 0 || k > 4 || k > len(b) {
			return nil, false
		}
		n = 0
		for _, x := range b[:k] {
			n = n<<8 | int(x)
		}
		b = b[k:]
	}
	return b, n == len(b)
}
