package ber

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/asn1"
)

// A Reader is an asn1.Coder that decodes. The strings that it gives share the input. Make it ready with Reset; it may
// be used again after another Reset.
type Reader struct {
	in     string
	pos    int
	lim    Limits
	nest   int
	levels []level
	err    error
}

// A level is an element that was entered.
type level struct {
	elem       *asn1.Elem
	end        int // of the content; for an indefinite length the bound that the parent sets
	indefinite bool
	through    bool // no element of its own in BER
}

var _ asn1.Coder = (*Reader)(nil)

// Reset makes r read in from its start.
func (r *Reader) Reset(in string, lim Limits) {
	r.in, r.pos, r.nest, r.err, r.lim = in, 0, 0, nil, lim.normal()
	r.levels = append(r.levels[:0], level{end: len(in)})
}

// Release forgets the input, so that a pooled Reader does not keep it.
func (r *Reader) Release() { r.in, r.err = "", nil }

// Offset is how many octets have been read.
func (r *Reader) Offset() int { return r.pos }

// Finish refuses data after the PDU.
func (r *Reader) Finish() error {
	if r.err == nil && r.pos != len(r.in) {
		r.fail(r.pos, asn1.ErrTrailing, "")
	}
	return r.err
}

// A Mark is a place to return to.
type Mark struct{ pos, nest, depth int }

// Mark remembers the current place.
func (r *Reader) Mark() Mark { return Mark{r.pos, r.nest, len(r.levels)} }

// Rewind returns to m, which must be in an element that is still open, and forgets the error since.
func (r *Reader) Rewind(m Mark) {
	r.pos, r.nest, r.err = m.pos, m.nest, nil
	r.levels = r.levels[:m.depth]
}

// Reading is true.
func (r *Reader) Reading() bool { return true }

// Err gives the first error.
func (r *Reader) Err() error { return r.err }

// Fail records an error at the current place.
func (r *Reader) Fail(cause error) {
	var e *asn1.Error
	if r.err == nil && !errors.As(cause, &e) {
		r.fail(r.pos, cause, "")
	} else if r.err == nil {
		r.err = cause
	}
}

func (r *Reader) fail(at int, cause error, detail string) {
	if r.err != nil {
		return
	}
	names := make([]string, 0, len(r.levels))
	for _, l := range r.levels[1:] {
		names = append(names, l.elem.Name)
	}
	r.err = &asn1.Error{Offset: at, Path: strings.Join(names, "/"), Detail: detail, Cause: cause}
}

func (r *Reader) failElem(e *asn1.Elem, at int, cause error, detail string) {
	if detail != "" {
		detail = e.Name + ": " + detail
	} else {
		detail = e.Name
	}
	r.fail(at, cause, detail)
}

func (r *Reader) top() *level { return &r.levels[len(r.levels)-1] }

// more reports whether the open element has further content.
func (r *Reader) more() bool {
	l := r.top()
	if l.indefinite && r.pos+2 <= l.end && r.in[r.pos] == 0 && r.in[r.pos+1] == 0 {
		return false
	}
	return r.pos < l.end
}

// Begin enters e.
func (r *Reader) Begin(e *asn1.Elem) {
	if r.err != nil {
		return
	}
	if e.Tag == asn1.None {
		l := *r.top()
		l.elem, l.through = e, true
		r.levels = append(r.levels, l)
		return
	}
	var h header
	if content, end, ok := r.quick(e, 0x20); ok {
		h.content, h.end = content, end
	} else if h, ok = r.expect(e); !ok {
		return
	} else if !h.constructed {
		r.failElem(e, r.pos, asn1.ErrSyntax, "primitive where constructed is required")
		return
	}
	if r.nest++; r.nest > r.lim.Depth {
		r.failElem(e, r.pos, asn1.ErrTooDeep, "")
		return
	}
	r.levels = append(r.levels, level{elem: e, end: h.end, indefinite: h.indefinite})
	r.pos = h.content
}

// End leaves the element that Begin entered last.
func (r *Reader) End() {
	if r.err != nil {
		return
	}
	l := *r.top()
	if !l.through {
		if r.more() {
			h, _ := r.header(r.pos, l.end)
			r.fail(r.pos, asn1.ErrUnexpected, "tag "+h.tag.String())
			return
		}
		if l.indefinite {
			if r.pos+2 > l.end {
				r.fail(r.pos, asn1.ErrTruncated, "no end of contents")
				return
			}
			r.pos += 2
		}
		r.nest--
	}
	r.levels = r.levels[:len(r.levels)-1]
}

// Has reports whether e comes next.
func (r *Reader) Has(e *asn1.Elem, _ bool) bool {
	if r.err != nil {
		return false
	}
	if t, ok := r.quickTag(); ok {
		return t == e.Tag || e.Alts != nil && e.Alts.Find(t) >= 0
	}
	if !r.more() {
		return false
	}
	t, ok := r.peek()
	return ok && e.Begins(t)
}

// Choice gives the alternative that comes next.
func (r *Reader) Choice(ch *asn1.Choice, _ int) int {
	if r.err != nil {
		return -1
	}
	t, ok := r.quickTag()
	if !ok {
		if !r.more() {
			r.fail(r.pos, asn1.ErrMissing, "an alternative of a CHOICE")
			return -1
		}
		if t, ok = r.peek(); !ok {
			return -1
		}
	}
	i := ch.Find(t)
	if i < 0 && !ch.Open {
		r.fail(r.pos, asn1.ErrUnknown, "tag "+t.String())
	}
	return i
}

// Next reports whether the list goes on.
func (r *Reader) Next(i, _ int) bool {
	if r.err != nil || !r.more() {
		return false
	}
	if i >= r.lim.Items {
		r.fail(r.pos, asn1.ErrTooLong, fmt.Sprintf("more than %d items in a list", r.lim.Items))
		return false
	}
	return true
}

// Hint counts the items of the list by their headers.
func (r *Reader) Hint() int {
	l := r.top()
	if r.err != nil || l.indefinite {
		return 0
	}
	n := 0
	for p := r.pos; p < l.end && n < r.lim.Items; n++ {
		h, ok := r.header(p, l.end)
		if !ok || h.indefinite {
			r.err = nil // it will be found again where it counts
			return n
		}
		p = h.end
	}
	return n
}
