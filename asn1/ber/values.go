package ber

import (
	"fmt"

	"github.com/gridward/gridward/asn1"
)

// primitive reads the content of e.
func (r *Reader) primitive(e *asn1.Elem) (string, bool) {
	if r.err != nil {
		return "", false
	}
	if content, end, ok := r.quick(e, 0); ok {
		r.pos = end
		return r.in[content:end], true
	}
	h, ok := r.expect(e)
	if !ok {
		return "", false
	}
	if h.constructed {
		r.failElem(e, r.pos, asn1.ErrSyntax, "constructed where primitive is required")
		return "", false
	}
	r.pos = h.end
	return r.in[h.content:h.end], true
}

// absent reports that a DEFAULT component was left out.
func (r *Reader) absent(e *asn1.Elem) bool { return e.Default != nil && !r.Has(e, false) }

// Bool reads a BOOLEAN.
func (r *Reader) Bool(e *asn1.Elem, _ bool) bool {
	if r.err != nil {
		return false
	}
	if r.absent(e) {
		return r.err == nil && *e.Default != 0
	}
	at := r.pos
	s, ok := r.primitive(e)
	if ok && len(s) != 1 {
		r.failElem(e, at, asn1.ErrSyntax, fmt.Sprintf("BOOLEAN of %d octets", len(s)))
		return false
	}
	return ok && s[0] != 0
}

// Int reads an INTEGER.
func (r *Reader) Int(e *asn1.Elem, _ int64) int64 {
	if r.err != nil {
		return 0
	}
	if r.absent(e) {
		if r.err != nil {
			return 0
		}
		return *e.Default
	}
	at := r.pos
	s, ok := r.primitive(e)
	if !ok {
		return 0
	}
	v, positive, ok := integer(s)
	if !ok || positive && v>>63 != 0 {
		r.failElem(e, at, asn1.ErrRange, fmt.Sprintf("INTEGER of %d octets", len(s)))
		return 0
	}
	i := int64(v)
	if (e.Min != 0 || e.Max != 0) && (i < e.Min || i > e.Max) {
		r.failElem(e, at, asn1.ErrRange, fmt.Sprintf("%d is not within %d and %d", i, e.Min, e.Max))
		return 0
	}
	return i
}

// Uint reads an INTEGER that is not negative.
func (r *Reader) Uint(e *asn1.Elem, _ uint64) uint64 {
	at := r.pos
	s, ok := r.primitive(e)
	if !ok {
		return 0
	}
	v, positive, ok := integer(s)
	if !ok || !positive && v>>63 != 0 {
		r.failElem(e, at, asn1.ErrRange, "negative or too large")
		return 0
	}
	return v
}

// integer reads up to 9 octets of two's complement; positive means that its first octet says so.
func integer(s string) (v uint64, positive, ok bool) {
	if len(s) == 0 || len(s) > maxIntOctets {
		return 0, false, false
	}
	positive = s[0]&0x80 == 0
	if !positive {
		v = ^uint64(0)
	}
	if len(s) == maxIntOctets && s[0] != byte(v) {
		return 0, false, false
	}
	for i := range len(s) {
		v = v<<8 | uint64(s[i])
	}
	return v, positive, positive || v>>63 != 0
}

// Null reads a NULL.
func (r *Reader) Null(e *asn1.Elem) {
	at := r.pos
	if s, ok := r.primitive(e); ok && s != "" {
		r.failElem(e, at, asn1.ErrSyntax, "NULL with content")
	}
}

// Octets reads an OCTET STRING.
func (r *Reader) Octets(e *asn1.Elem, _ string) string { return r.segments(e) }

// String reads a character string.
func (r *Reader) String(e *asn1.Elem, _ string) string { return r.segments(e) }

// OID reads the content octets of an OBJECT IDENTIFIER.
func (r *Reader) OID(e *asn1.Elem, _ string) string {
	at := r.pos
	s, ok := r.primitive(e)
	if ok {
		if _, err := asn1.FormatOID(s); err != nil {
			r.failElem(e, at, err, "")
		}
	}
	return s
}

// segments reads a string that may be constructed of primitive segments.
func (r *Reader) segments(e *asn1.Elem) string {
	if r.err != nil {
		return ""
	}
	if content, end, ok := r.quick(e, 0); ok {
		r.pos = end
		return r.in[content:end]
	}
	at := r.pos
	h, ok := r.expect(e)
	if !ok {
		return ""
	}
	if !h.constructed {
		r.pos = h.end
		return r.in[h.content:h.end]
	}
	var all string
	r.each(e, at, h, func(seg string, _ bool) { all += seg })
	return all
}

// each calls f with every segment of a constructed string and moves behind it.
func (r *Reader) each(e *asn1.Elem, at int, h header, f func(seg string, last bool)) {
	end, after := h.end, h.end
	if h.indefinite {
		var ok bool
		if end, after, ok = r.skip(h); !ok {
			return
		}
	}
	n := 0
	for p := h.content; p < end; n++ {
		s, ok := r.header(p, end)
		switch {
		case !ok:
			return
		case s.constructed:
			r.failElem(e, p, asn1.ErrSyntax, "segment that is constructed")
			return
		case n == maxSegments:
			r.failElem(e, at, asn1.ErrTooLong, fmt.Sprintf("more than %d segments", maxSegments))
			return
		}
		f(r.in[s.content:s.end], s.end == end)
		p = s.end
	}
	if r.err == nil {
		r.pos = after
	}
}

// Bits reads a BIT STRING.
func (r *Reader) Bits(e *asn1.Elem, _ uint64, _ string, _ int) (uint64, string, int) {
	at := r.pos
	h, ok := r.expect(e)
	if !ok {
		return 0, "", 0
	}
	var packed string
	var unused int
	if h.constructed {
		unused = r.bitSegments(e, at, h, &packed)
	} else {
		r.pos = h.end
		if h.content == h.end {
			r.failElem(e, at, asn1.ErrSyntax, "BIT STRING without content")
			return 0, "", 0
		}
		unused, packed = int(r.in[h.content]), r.in[h.content+1:h.end]
	}
	if unused > 7 || unused > 0 && packed == "" {
		r.failElem(e, at, asn1.ErrSyntax, fmt.Sprintf("BIT STRING with %d unused bits", unused))
	}
	if r.err != nil {
		return 0, "", 0
	}
	n := 8*len(packed) - unused
	if n > 64 {
		return 0, packed, n
	}
	var num uint64
	for i := range len(packed) {
		if i == 8 {
			break
		}
		num = num<<8 | uint64(packed[i])
	}
	return num >> unused, "", n
}

func (r *Reader) bitSegments(e *asn1.Elem, at int, h header, packed *string) (unused int) {
	r.each(e, at, h, func(seg string, last bool) {
		if seg == "" || seg[0] != 0 && !last {
			r.failElem(e, at, asn1.ErrSyntax, "segment of a BIT STRING")
			return
		}
		unused = int(seg[0])
		*packed += seg[1:]
	})
	return unused
}

// Float reads a FloatingPoint of ISO 9506-2: exponent width and IEEE 754 octets. Other widths are ErrUnsupported.
func (r *Reader) Float(e *asn1.Elem, _ uint64, _ int) (uint64, int) {
	at := r.pos
	s := r.segments(e)
	if r.err != nil {
		return 0, 0
	}
	switch {
	case len(s) == 5 && s[0] == 8, len(s) == 9 && s[0] == 11:
		return bigEndian(s[1:]), 8 * (len(s) - 1)
	}
	r.failElem(e, at, asn1.ErrUnsupported, fmt.Sprintf("floating point of %d octets", len(s)))
	return 0, 0
}

// Fixed reads an OCTET STRING of as many octets as the element allows; others are ErrUnsupported.
func (r *Reader) Fixed(e *asn1.Elem, _ uint64, _ int) (uint64, int) {
	at := r.pos
	s := r.segments(e)
	if r.err != nil {
		return 0, 0
	}
	if !asn1.FixedSize(e, len(s)) {
		r.failElem(e, at, asn1.ErrUnsupported, fmt.Sprintf("%d octets", len(s)))
		return 0, 0
	}
	return bigEndian(s), len(s)
}

func bigEndian(s string) (v uint64) {
	for i := range len(s) {
		v = v<<8 | uint64(s[i])
	}
	return v
}
