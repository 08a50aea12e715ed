package ber

import (
	"fmt"

	"github.com/gridward/gridward/asn1"
)

// header is identifier and length octets of an element.
type header struct {
	tag         asn1.Tag
	constructed bool
	indefinite  bool
	content     int // where the content begins
	end         int // where it ends; the bound of the parent when indefinite
}

// header reads the header at p of an element that must end by limit.
func (r *Reader) header(p, limit int) (header, bool) {
	var h header
	tag, next, ok := r.tag(p, limit)
	if !ok {
		return h, false
	}
	h.tag, h.constructed = tag, r.in[p]&0x20 != 0
	if next >= limit {
		r.fail(next, asn1.ErrTruncated, "no length")
		return h, false
	}
	n := int(r.in[next])
	next++
	switch {
	case n < 0x80:
	case n == 0x80:
		if !h.constructed {
			r.fail(next-1, asn1.ErrSyntax, "indefinite length of a primitive")
			return h, false
		}
		h.indefinite, h.content, h.end = true, next, limit
		return h, true
	default:
		if n&0x7f > maxLenOctets {
			r.fail(next-1, asn1.ErrTooLong, fmt.Sprintf("length of %d octets", n&0x7f))
			return h, false
		}
		k := n & 0x7f
		if next+k > limit {
			r.fail(next, asn1.ErrTruncated, "length")
			return h, false
		}
		n = 0
		for ; k > 0; k-- {
			n = n<<8 | int(r.in[next])
			next++
		}
	}
	if n < 0 || n > limit-next {
		r.fail(p, asn1.ErrTruncated, fmt.Sprintf("%s of %d octets where %d are left", tag, uint32(n), limit-next))
		return h, false
	}
	h.content, h.end = next, next+n
	return h, true
}

// tag reads the identifier octets at p.
func (r *Reader) tag(p, limit int) (t asn1.Tag, next int, ok bool) {
	if p >= limit {
		r.fail(p, asn1.ErrTruncated, "no tag")
		return 0, p, false
	}
	b := r.in[p]
	p++
	if b&0x1f != 0x1f {
		return asn1.MakeTag(b>>6, uint32(b&0x1f)), p, true
	}
	var n uint32
	for i := 0; ; i++ {
		if p >= limit {
			r.fail(p, asn1.ErrTruncated, "tag")
			return 0, p, false
		}
		if i == maxTagOctets {
			r.fail(p, asn1.ErrTooLong, "tag")
			return 0, p, false
		}
		n = n<<7 | uint32(r.in[p]&0x7f)
		p++
		if r.in[p-1]&0x80 == 0 {
			return asn1.MakeTag(b>>6, n), p, true
		}
	}
}

func (r *Reader) peek() (asn1.Tag, bool) {
	t, _, ok := r.tag(r.pos, r.top().end)
	return t, ok
}

// quick is expect for what nearly all headers are: two octets that fit. bit is 0x20 for a constructed element.
func (r *Reader) quick(e *asn1.Elem, bit byte) (content, end int, ok bool) {
	p, limit := r.pos, r.levels[len(r.levels)-1].end
	if p+2 > limit || e.Tag.Number() >= 0x1f || r.in[p] != e.Tag.Class()<<6|byte(e.Tag.Number())|bit {
		return 0, 0, false
	}
	n := r.in[p+1]
	end = p + 2 + int(n)
	return p + 2, end, n < 0x80 && end <= limit
}

// quickTag gives the next tag when it is one octet, as nearly all are.
func (r *Reader) quickTag() (asn1.Tag, bool) {
	l := &r.levels[len(r.levels)-1]
	if r.pos >= l.end {
		return 0, false
	}
	b := r.in[r.pos]
	return asn1.MakeTag(b>>6, uint32(b&0x1f)), b&0x1f != 0x1f && b != 0
}

// expect reads the header of e, which must come next.
func (r *Reader) expect(e *asn1.Elem) (header, bool) {
	if r.err != nil {
		return header{}, false
	}
	if !r.more() {
		r.failElem(e, r.pos, asn1.ErrMissing, "")
		return header{}, false
	}
	h, ok := r.header(r.pos, r.top().end)
	if ok && h.tag != e.Tag {
		r.failElem(e, r.pos, asn1.ErrMissing, "found tag "+h.tag.String())
		return h, false
	}
	return h, ok
}

// skip finds the end of the contents of an element of indefinite length and the octet after its end-of-contents.
func (r *Reader) skip(h header) (end, after int, ok bool) {
	p, depth := h.content, 1
	for {
		if p+2 <= h.end && r.in[p] == 0 && r.in[p+1] == 0 {
			depth--
			if depth == 0 {
				return p, p + 2, true
			}
			p += 2
			continue
		}
		in, ok := r.header(p, h.end)
		if !ok {
			return 0, 0, false
		}
		p = in.end
		if in.indefinite {
			if depth++; depth > r.lim.Depth {
				r.fail(p, asn1.ErrTooDeep, "")
				return 0, 0, false
			}
			p = in.content
		}
	}
}

// Raw reads whatever element comes next. An indefinite length becomes definite, its content stays as it is.
func (r *Reader) Raw(asn1.Raw) asn1.Raw {
	if r.err != nil {
		return asn1.Raw{}
	}
	if !r.more() {
		r.fail(r.pos, asn1.ErrMissing, "")
		return asn1.Raw{}
	}
	h, ok := r.header(r.pos, r.top().end)
	if !ok {
		return asn1.Raw{}
	}
	after := h.end
	if h.indefinite {
		if h.end, after, ok = r.skip(h); !ok {
			return asn1.Raw{}
		}
	}
	r.pos = after
	return asn1.Raw{Tag: h.tag, Constructed: h.constructed, Content: r.in[h.content:h.end]}
}
