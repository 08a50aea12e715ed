package xer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gridward/gridward/asn1"
)

// defaulted looks for a DEFAULT component: an attribute of the open element gives its value, nothing gives ok false with
// done true, an element done false.
func (r *Reader) defaulted(e *asn1.Elem) (value string, ok, done bool) {
	if e.Default == nil || len(r.levels) == 0 {
		return "", false, false
	}
	l := r.top()
	if !l.absent {
		end := len(r.attrs)
		if r.tok.kind == startTag {
			end = r.tok.attrs
		}
		for i := l.attrs; i < end; i++ {
			a := &r.attrs[i]
			for _, d := range r.dialects {
				if a.name == d.name(e) && !a.used {
					a.used = true
					return a.value, true, true
				}
			}
		}
	}
	return "", false, !r.matches(e)
}

func boolean(s string) (v, ok bool) {
	switch trimSpace(s) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// Bool reads a BOOLEAN: <true/>, true or 1.
func (r *Reader) Bool(e *asn1.Elem, _ bool) bool {
	if r.err != nil {
		return false
	}
	at := r.at()
	if value, found, done := r.defaulted(e); done {
		if r.err != nil {
			return false
		}
		if !found {
			return *e.Default != 0
		}
		v, ok := boolean(value)
		if !ok {
			r.fail(at, asn1.ErrSyntax, "attribute "+e.Name+" "+excerpt(value))
		}
		return v
	}
	value, at, ok := r.word(e)
	if !ok {
		return false
	}
	v, ok := boolean(value)
	if !ok {
		r.fail(at, asn1.ErrSyntax, e.Name+": BOOLEAN "+excerpt(value))
	}
	return v
}

// word reads the content of e: text, or one empty element whose name is the value.
func (r *Reader) word(e *asn1.Elem) (text string, at int, ok bool) {
	if !r.enter(e) {
		return "", 0, false
	}
	at = r.pos
	if !r.top().empty {
		p := r.skipSpace(r.pos)
		if p+1 < len(r.in) && r.in[p] == '<' && nameStart(r.in[p+1]) {
			if r.peek() != startTag {
				return "", 0, false
			}
			if !r.tok.known {
				r.fail(r.tok.at, asn1.ErrUnexpected, r.found())
				return "", 0, false
			}
			text = r.tok.name
			if !r.emptyElement() {
				return "", 0, false
			}
		} else if text, ok = r.text(); !ok {
			return "", 0, false
		}
	}
	r.End()
	return text, at, r.err == nil
}

// number reads an integer of e, by number or by name.
func (r *Reader) number(e *asn1.Elem, s string) (int64, error) {
	s = trimSpace(s)
	for i, n := range e.Enum {
		if n == s && n != "" {
			return int64(i), nil
		}
	}
	if s == "" || s[0] == '+' {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(s, 10, 64)
}

// Int reads an INTEGER: decimal, or the name of an enumeration.
func (r *Reader) Int(e *asn1.Elem, _ int64) int64 {
	if r.err != nil {
		return 0
	}
	at := r.at()
	value, found, done := r.defaulted(e)
	switch {
	case r.err != nil:
		return 0
	case done && !found:
		return *e.Default
	case !done:
		var ok bool
		if value, at, ok = r.word(e); !ok {
			return 0
		}
	}
	v, err := r.number(e, value)
	if err != nil {
		cause := asn1.ErrSyntax
		if isRange(err) {
			cause = asn1.ErrRange
		}
		r.fail(at, cause, e.Name+": INTEGER "+excerpt(value))
		return 0
	}
	if (e.Min != 0 || e.Max != 0) && (v < e.Min || v > e.Max) {
		r.fail(at, asn1.ErrRange, fmt.Sprintf("%s: %d is not within %d and %d", e.Name, v, e.Min, e.Max))
		return 0
	}
	return v
}

func isRange(err error) bool { return errors.Is(err, strconv.ErrRange) }

// Uint reads an INTEGER that is not negative.
func (r *Reader) Uint(e *asn1.Elem, _ uint64) uint64 {
	value, at, ok := r.word(e)
	if !ok {
		return 0
	}
	v, err := strconv.ParseUint(trimSpace(value), 10, 64)
	if err != nil {
		cause := asn1.ErrSyntax
		if isRange(err) || strings.HasPrefix(trimSpace(value), "-") {
			cause = asn1.ErrRange
		}
		r.fail(at, cause, e.Name+": INTEGER "+excerpt(value))
		return 0
	}
	return v
}

// Null reads a NULL, an element without content.
func (r *Reader) Null(e *asn1.Elem) {
	if r.enter(e) {
		r.End()
	}
}

// Octets reads hex digits, with white space between them.
func (r *Reader) Octets(e *asn1.Elem, _ string) string {
	text, at, ok := r.content(e)
	if !ok {
		return ""
	}
	b, ok := r.hex(e, at, text, make([]byte, 0, len(text)/2))
	if !ok {
		return ""
	}
	return string(b)
}

func (r *Reader) hex(e *asn1.Elem, at int, text string, b []byte) ([]byte, bool) {
	half, high := false, byte(0)
	for i := range len(text) {
		c := text[i]
		switch {
		case isSpace(c):
			continue
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			r.fail(at, asn1.ErrSyntax, e.Name+": hex "+excerpt(text))
			return nil, false
		}
		if half {
			b = append(b, high<<4|c)
		}
		half, high = !half, c
	}
	if half {
		r.fail(at, asn1.ErrSyntax, e.Name+": odd number of hex digits")
		return nil, false
	}
	return b, true
}

// short reads at most 9 octets of hex.
func (r *Reader) short(e *asn1.Elem) (v uint64, first byte, n int, ok bool) {
	text, at, ok := r.content(e)
	if !ok {
		return 0, 0, 0, false
	}
	var buf [9]byte
	if len(text) > 64 {
		r.fail(at, asn1.ErrTooLong, e.Name)
		return 0, 0, 0, false
	}
	b, ok := r.hex(e, at, text, buf[:0])
	if !ok {
		return 0, 0, 0, false
	}
	if len(b) > len(buf) {
		r.fail(at, asn1.ErrTooLong, e.Name)
		return 0, 0, 0, false
	}
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	if len(b) > 0 {
		first = b[0]
	}
	return v, first, len(b), true
}

// Float reads the octets of IEEE 754, with or without the exponent width before them.
func (r *Reader) Float(e *asn1.Elem, _ uint64, _ int) (uint64, int) {
	at := r.at()
	v, first, n, ok := r.short(e)
	switch {
	case !ok:
		return 0, 0
	case n == 4, n == 5 && first == 8:
		return v & (1<<32 - 1), 32
	case n == 8, n == 9 && first == 11:
		return v, 64
	}
	r.fail(at, asn1.ErrSyntax, fmt.Sprintf("%s: floating point of %d octets", e.Name, n))
	return 0, 0
}

// Fixed reads a short octet string.
func (r *Reader) Fixed(e *asn1.Elem, _ uint64, _ int) (uint64, int) {
	at := r.at()
	v, _, n, ok := r.short(e)
	if ok && !asn1.FixedSize(e, n) {
		r.fail(at, asn1.ErrSyntax, fmt.Sprintf("%s: %d octets", e.Name, n))
		return 0, 0
	}
	return v, n
}

// String reads text.
func (r *Reader) String(e *asn1.Elem, _ string) string {
	text, _, ok := r.content(e)
	if !ok {
		return ""
	}
	return text
}

// OID reads a dotted object identifier.
func (r *Reader) OID(e *asn1.Elem, _ string) string {
	text, at, ok := r.content(e)
	if !ok {
		return ""
	}
	s, err := asn1.ParseOID(trimSpace(text))
	if err != nil {
		r.fail(at, err, e.Name)
	}
	return s
}

// Bits reads binary digits, with white space between them.
func (r *Reader) Bits(e *asn1.Elem, _ uint64, _ string, _ int) (uint64, string, int) {
	text, at, ok := r.content(e)
	if !ok {
		return 0, "", 0
	}
	var num uint64
	n := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case isSpace(c):
		case c == '0' || c == '1':
			num = num<<1 | uint64(c-'0')
			n++
		default:
			r.fail(at, asn1.ErrSyntax, e.Name+": bits "+excerpt(text))
			return 0, "", 0
		}
	}
	if n <= 64 {
		return num, "", n
	}
	packed := make([]byte, (n+7)/8)
	k := 0
	for i := range len(text) {
		if c := text[i]; !isSpace(c) {
			packed[k/8] |= (c - '0') << (7 - k%8)
			k++
		}
	}
	return 0, string(packed), n
}

// Raw has no form in XML.
func (r *Reader) Raw(asn1.Raw) asn1.Raw {
	r.Fail(asn1.ErrNoForm)
	return asn1.Raw{}
}
