package xer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/asn1"
)

// A Reader is an asn1.Coder that decodes. The strings that it gives may share the input. Make it ready with Reset; it
// may be used again after another Reset.
type Reader struct {
	in       string
	pos      int
	lim      Limits
	dialects []*Dialect
	bare     bool // elements without a namespace are good: a dialect has none
	tok      token
	levels   []level
	attrs    []attr
	bindings []binding
	nest     int
	err      error
}

// level is an element that was entered.
type level struct {
	elem   *asn1.Elem
	qname  string
	empty  bool // <a/>: no content and no end tag
	absent bool // a wrapper that was left out
	attrs  int  // first attribute
	spaces int  // first binding
}

var _ asn1.Coder = (*Reader)(nil)

// Reset makes r read in, which holds one PDU, in any of the dialects.
func (r *Reader) Reset(in string, dialects []*Dialect, lim Limits) {
	*r = Reader{
		in: in, lim: lim.normal(), dialects: dialects, levels: r.levels[:0], attrs: r.attrs[:0], bindings: r.bindings[:0],
	}
	for _, d := range dialects {
		r.bare = r.bare || d.Namespace == ""
	}
	if len(in) > r.lim.Size {
		r.fail(r.lim.Size, asn1.ErrTooLong, fmt.Sprintf("%d octets where %d are allowed", len(in), r.lim.Size))
		return
	}
	r.checkText()
}

// Release forgets the input, so that a pooled Reader does not keep it.
func (r *Reader) Release() {
	r.in, r.tok, r.err, r.dialects = "", token{}, nil, nil
	clear(r.levels[:cap(r.levels)])
	clear(r.attrs[:cap(r.attrs)])
	clear(r.bindings[:cap(r.bindings)])
}

// Offset is how many octets have been read.
func (r *Reader) Offset() int { return r.pos }

// Finish refuses anything but white space after the PDU.
func (r *Reader) Finish() error {
	if r.err == nil && r.peek() != endOfInput {
		r.fail(r.tok.at, asn1.ErrTrailing, excerpt(r.in[r.tok.at:]))
	}
	return r.err
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
	for _, l := range r.levels {
		if !l.absent {
			names = append(names, l.qname)
		}
	}
	r.tok.kind = noToken
	r.err = &asn1.Error{Offset: at, Path: strings.Join(names, "/"), Detail: detail, Cause: cause}
}

func (r *Reader) top() *level { return &r.levels[len(r.levels)-1] }

// consume takes the token that was peeked at.
func (r *Reader) consume() {
	r.pos = r.tok.end
	r.tok.kind = noToken
}

// matches reports whether the next tag starts e in any dialect.
func (r *Reader) matches(e *asn1.Elem) bool {
	if e.Form == asn1.Binary || e.Form == asn1.Inner || len(r.levels) > 0 && r.top().empty || r.peek() != startTag || !r.tok.known {
		return false
	}
	for _, d := range r.dialects {
		if d.name(e) == r.tok.name {
			return true
		}
	}
	return false
}

// found describes what comes next, for errors.
func (r *Reader) found() string {
	if len(r.levels) > 0 && r.top().empty {
		return "nothing"
	}
	switch r.tok.kind {
	case startTag:
		if !r.tok.known {
			return "<" + r.tok.qname + "> of another namespace"
		}
		return "<" + r.tok.qname + ">"
	case endTag:
		return "</" + r.tok.qname + ">"
	}
	return "the end"
}

// enter consumes the start tag of e, which must come next.
func (r *Reader) enter(e *asn1.Elem) bool {
	if r.err != nil {
		return false
	}
	if !r.matches(e) {
		if r.err == nil {
			r.fail(r.at(), asn1.ErrMissing, "<"+r.dialects[0].name(e)+">, found "+r.found())
		}
		return false
	}
	if r.nest++; r.nest > r.lim.Depth {
		r.fail(r.tok.at, asn1.ErrTooDeep, fmt.Sprintf("more than %d elements", r.lim.Depth))
		return false
	}
	r.levels = append(r.levels, level{elem: e, qname: r.tok.qname, empty: r.tok.empty, attrs: r.tok.attrs, spaces: r.tok.spaces})
	r.consume()
	return true
}

func (r *Reader) at() int {
	if r.tok.kind != noToken {
		return r.tok.at
	}
	return r.pos
}

// optionalWrapper reports whether e may be left out.
func optionalWrapper(e *asn1.Elem) bool {
	return e.Form == asn1.Item || e.Form == asn1.Root || e.Form == asn1.Inner || e.Form == asn1.Element && e.Tag == asn1.TagSequence
}

// Begin enters e. A wrapper may be missing.
func (r *Reader) Begin(e *asn1.Elem) {
	if r.err != nil {
		return
	}
	if optionalWrapper(e) && !r.matches(e) && r.err == nil {
		l := level{elem: e, absent: true, attrs: len(r.attrs), spaces: len(r.bindings)}
		if r.tok.kind == startTag {
			l.attrs, l.spaces = r.tok.attrs, r.tok.spaces
		}
		if len(r.levels) > 0 {
			l.empty = r.top().empty
		}
		r.levels = append(r.levels, l)
		return
	}
	r.enter(e)
}

// End leaves the element that Begin entered last.
func (r *Reader) End() {
	if r.err != nil {
		return
	}
	l := r.top()
	if l.absent {
		r.levels = r.levels[:len(r.levels)-1]
		return
	}
	if !l.empty {
		switch r.peek() {
		case noToken:
			return
		case endTag:
		case endOfInput:
			r.fail(len(r.in), asn1.ErrTruncated, "</"+l.qname+"> is missing")
			return
		default:
			r.fail(r.tok.at, asn1.ErrUnexpected, r.found())
			return
		}
		if r.tok.qname != l.qname {
			r.fail(r.tok.at, asn1.ErrXML, "</"+r.tok.qname+"> ends <"+l.qname+">")
			return
		}
		r.consume()
	}
	for _, a := range r.attrs[l.attrs:] {
		if !a.used {
			r.fail(r.pos, asn1.ErrUnexpected, "attribute "+a.name)
			return
		}
	}
	r.attrs, r.bindings = r.attrs[:l.attrs], r.bindings[:l.spaces]
	r.nest--
	r.levels = r.levels[:len(r.levels)-1]
}

// Has reports whether e comes next.
func (r *Reader) Has(e *asn1.Elem, _ bool) bool { return r.err == nil && r.matches(e) }

// Choice gives the alternative that comes next.
func (r *Reader) Choice(ch *asn1.Choice, _ int) int {
	if r.err != nil {
		return -1
	}
	for i, e := range ch.Elems {
		if r.matches(e) {
			return i
		}
	}
	if r.err == nil {
		r.fail(r.at(), asn1.ErrUnknown, r.found())
	}
	return -1
}

// Next reports whether the list goes on.
func (r *Reader) Next(i, _ int) bool {
	if r.err != nil || r.top().empty || r.peek() != startTag {
		return false
	}
	if i >= r.lim.Items {
		r.fail(r.tok.at, asn1.ErrTooLong, fmt.Sprintf("more than %d items in a list", r.lim.Items))
		return false
	}
	return true
}

// Hint is 0.
func (r *Reader) Hint() int { return 0 }
