package xer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gridward/gridward/asn1"
)

type tokenKind uint8

const (
	noToken tokenKind = iota
	startTag
	endTag
	endOfInput
)

// token is the tag that comes next, peeked at and not yet consumed.
type token struct {
	kind   tokenKind
	empty  bool   // <a/>
	known  bool   // its namespace is one of an enabled dialect
	name   string // local name
	qname  string // as written
	at     int    // where it begins
	end    int    // behind it
	attrs  int    // first of its attributes in Reader.attrs
	spaces int    // first of its bindings in Reader.bindings
}

// attr is an attribute without a namespace, or one of xml, which counts as used.
type attr struct {
	name, value string
	used        bool
}

// binding is a declared prefix; known says that the namespace is one of an enabled dialect.
type binding struct {
	prefix string
	known  bool
}

// checkText refuses octets that no XML document may have.
func (r *Reader) checkText() bool {
	in := r.in
	for i := 0; i < len(in); {
		c := in[i]
		if classes[c]&classPlain != 0 {
			i++
			continue
		}
		if c < utf8.RuneSelf && c != 0x7f {
			r.fail(i, asn1.ErrXML, fmt.Sprintf("control character %#02x", c))
			return false
		}
		ru, n := utf8.DecodeRuneInString(in[i:])
		if ru == utf8.RuneError && n <= 1 || ru&^1 == 0xfffe {
			r.fail(i, asn1.ErrXML, "invalid UTF-8")
			return false
		}
		i += n
	}
	return true
}

func (r *Reader) skipSpace(p int) int {
	for p < len(r.in) && isSpace(r.in[p]) {
		p++
	}
	return p
}

// peek scans the next tag, with only white space before it.
func (r *Reader) peek() tokenKind {
	if r.err != nil {
		return noToken
	}
	if r.tok.kind != noToken {
		return r.tok.kind
	}
	p := r.skipSpace(r.pos)
	r.tok = token{at: p, attrs: len(r.attrs), spaces: len(r.bindings)}
	switch {
	case p == len(r.in):
		r.tok.kind = endOfInput
	case r.in[p] != '<':
		r.fail(p, asn1.ErrUnexpected, "text "+excerpt(r.in[p:]))
	case p+1 < len(r.in) && r.in[p+1] == '/':
		r.endTag(p)
	case p+1 < len(r.in) && (r.in[p+1] == '!' || r.in[p+1] == '?'):
		r.fail(p, asn1.ErrRestricted, excerpt(r.in[p:]))
	default:
		r.startTag(p)
	}
	return r.tok.kind
}

// scanName reads a name with an optional prefix at p.
func (r *Reader) scanName(p int) (prefix, local string, next int, ok bool) {
	start := p
	for p < len(r.in) && nameByte(r.in[p]) {
		p++
	}
	if p < len(r.in) && r.in[p] == ':' {
		prefix = r.in[start:p]
		p++
		start = p
		for p < len(r.in) && nameByte(r.in[p]) {
			p++
		}
	}
	local = r.in[start:p]
	if local == "" || !nameStart(local[0]) || len(local) > maxName || len(prefix) > maxName || prefix != "" && !nameStart(prefix[0]) {
		r.fail(start, asn1.ErrXML, "no name at "+excerpt(r.in[start:]))
		return "", "", p, false
	}
	return prefix, local, p, true
}

func (r *Reader) endTag(p int) {
	if len(r.levels) > 0 { // nearly always it is that of the open element
		name := r.top().qname
		if end := p + 2 + len(name); end < len(r.in) && r.in[end] == '>' && r.in[p+2:end] == name && name != "" {
			r.tok.qname, r.tok.kind, r.tok.end = name, endTag, end+1
			return
		}
	}
	_, _, next, ok := r.scanName(p + 2)
	if !ok {
		return
	}
	r.tok.qname = r.in[p+2 : next]
	next = r.skipSpace(next)
	if next >= len(r.in) || r.in[next] != '>' {
		r.fail(next, asn1.ErrXML, "end tag </"+r.tok.qname+" is not closed")
		return
	}
	r.tok.kind, r.tok.end = endTag, next+1
}

func (r *Reader) startTag(p int) {
	prefix, local, next, ok := r.scanName(p + 1)
	if !ok {
		return
	}
	r.tok.name, r.tok.qname = local, r.in[p+1:next]
	for {
		q := r.skipSpace(next)
		switch {
		case q >= len(r.in):
			r.fail(q, asn1.ErrTruncated, "start tag <"+r.tok.qname)
			return
		case r.in[q] == '>':
			r.tok.end = q + 1
		case strings.HasPrefix(r.in[q:], "/>"):
			r.tok.end, r.tok.empty = q+2, true
		case q == next:
			r.fail(q, asn1.ErrXML, "start tag <"+r.tok.qname)
			return
		default:
			if next, ok = r.attribute(q); !ok {
				return
			}
			continue
		}
		break
	}
	r.tok.known, ok = r.resolve(prefix)
	if !ok {
		r.fail(p, asn1.ErrXML, "prefix "+prefix+" is not declared")
		return
	}
	r.tok.kind = startTag
}

// resolve says whether the namespace bound to prefix is one of an enabled dialect.
func (r *Reader) resolve(prefix string) (known, ok bool) {
	for i := len(r.bindings) - 1; i >= 0; i-- {
		if r.bindings[i].prefix == prefix {
			return r.bindings[i].known, true
		}
	}
	return r.bare, prefix == ""
}

// attribute reads one attribute or namespace declaration.
func (r *Reader) attribute(p int) (next int, ok bool) {
	prefix, local, q, ok := r.scanName(p)
	if !ok {
		return 0, false
	}
	q = r.skipSpace(q)
	if q >= len(r.in) || r.in[q] != '=' {
		r.fail(q, asn1.ErrXML, "attribute "+local+" without value")
		return 0, false
	}
	q = r.skipSpace(q + 1)
	if q >= len(r.in) || r.in[q] != '"' && r.in[q] != '\'' {
		r.fail(q, asn1.ErrXML, "attribute "+local+" without quotes")
		return 0, false
	}
	n := strings.IndexByte(r.in[q+1:], r.in[q])
	if n < 0 {
		r.fail(q, asn1.ErrTruncated, "attribute "+local)
		return 0, false
	}
	raw := r.in[q+1 : q+1+n]
	next = q + n + 2
	if n > maxValue {
		r.fail(q, asn1.ErrTooLong, "attribute "+local)
		return 0, false
	}
	if strings.IndexByte(raw, '<') >= 0 {
		r.fail(q, asn1.ErrXML, "< in attribute "+local)
		return 0, false
	}
	value := raw
	if strings.ContainsAny(raw, "&\t\n\r") {
		if value, ok = r.unescape(q+1, raw, true); !ok {
			return 0, false
		}
	}
	return next, r.addAttribute(p, prefix, local, value)
}

func (r *Reader) addAttribute(at int, prefix, local, value string) bool {
	if len(r.attrs)-r.tok.attrs+len(r.bindings)-r.tok.spaces >= maxAttrs || len(r.bindings) >= maxBindings {
		r.fail(at, asn1.ErrTooLong, "too many attributes")
		return false
	}
	switch {
	case prefix == "xmlns" || prefix == "" && local == "xmlns":
		bound := local
		if prefix == "" {
			bound = ""
		}
		if bound == "xml" || bound == "xmlns" || prefix != "" && value == "" {
			r.fail(at, asn1.ErrXML, "namespace declaration of "+bound)
			return false
		}
		for _, b := range r.bindings[r.tok.spaces:] {
			if b.prefix == bound {
				r.fail(at, asn1.ErrXML, "namespace declared twice")
				return false
			}
		}
		r.bindings = append(r.bindings, binding{bound, r.ours(value)})
		return true
	case prefix == "xml":
		local = "xml:" + local // xml:lang, xml:space: mean nothing here
	case prefix != "":
		r.fail(at, asn1.ErrUnexpected, "attribute "+prefix+":"+local)
		return false
	}
	for _, a := range r.attrs[r.tok.attrs:] {
		if a.name == local {
			r.fail(at, asn1.ErrXML, "attribute "+local+" twice")
			return false
		}
	}
	r.attrs = append(r.attrs, attr{name: local, value: value, used: prefix != ""})
	return true
}

func (r *Reader) ours(namespace string) bool {
	for _, d := range r.dialects {
		if d.Namespace == namespace {
			return true
		}
	}
	return false
}

func excerpt(s string) string {
	if len(s) > 24 {
		s = s[:24]
	}
	return fmt.Sprintf("%q", s)
}
