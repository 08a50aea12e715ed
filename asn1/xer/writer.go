package xer

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gridward/gridward/asn1"
)

// A Writer is an asn1.Coder that encodes in one dialect, appending to a buffer without white space. Make it ready with
// Reset.
type Writer struct {
	b       []byte
	base    int
	dialect *Dialect
	levels  []open
	nest    int  // elements that are open
	rooted  bool // the first element has been written
	err     error
}

// open is an element that was entered.
type open struct {
	elem   *asn1.Elem
	gt     int // where the > of its start tag is
	hidden bool
}

var _ asn1.Coder = (*Writer)(nil)

// Reset makes w append one PDU to b in dialect d.
func (w *Writer) Reset(b []byte, d *Dialect) {
	*w = Writer{b: b, base: len(b), dialect: d, levels: w.levels[:0]}
}

// Bytes gives the buffer with what was appended.
func (w *Writer) Bytes() []byte { return w.b }

// Release forgets the buffer, so that a pooled Writer does not keep it.
func (w *Writer) Release() { w.b, w.err, w.dialect = nil, nil, nil }

// Reading is false.
func (w *Writer) Reading() bool { return false }

// Err gives the first error.
func (w *Writer) Err() error { return w.err }

// Fail records an error at the current place.
func (w *Writer) Fail(cause error) { w.fail(cause, "") }

func (w *Writer) fail(cause error, detail string) {
	if w.err != nil {
		return
	}
	var names []string
	for _, l := range w.levels {
		if !l.hidden {
			names = append(names, w.dialect.name(l.elem))
		}
	}
	w.err = &asn1.Error{Offset: len(w.b) - w.base, Path: strings.Join(names, "/"), Detail: detail, Cause: cause}
}

// start appends the start tag of e without its end. What is nested deeper than a Reader takes is not written.
func (w *Writer) start(e *asn1.Elem) {
	if w.nest >= MaxWritten {
		w.fail(asn1.ErrTooDeep, fmt.Sprintf("more than %d elements", MaxWritten))
		return
	}
	w.b = append(w.b, '<')
	w.b = append(w.b, w.dialect.name(e)...)
	if !w.rooted {
		w.rooted = true
		if w.dialect.Namespace != "" {
			w.b = append(w.b, ` xmlns="`...)
			w.b = append(w.b, w.dialect.Namespace...)
			w.b = append(w.b, '"')
		}
	}
}

func (w *Writer) stop(e *asn1.Elem) {
	w.b = append(w.b, "</"...)
	w.b = append(w.b, w.dialect.name(e)...)
	w.b = append(w.b, '>')
}

// Begin enters e.
func (w *Writer) Begin(e *asn1.Elem) {
	if w.err != nil {
		return
	}
	if !w.dialect.shown(e) {
		w.levels = append(w.levels, open{elem: e, hidden: true})
		return
	}
	w.start(e)
	w.nest++
	w.levels = append(w.levels, open{elem: e, gt: len(w.b)})
	w.b = append(w.b, '>')
}

// End leaves the element that Begin entered last.
func (w *Writer) End() {
	if w.err != nil {
		return
	}
	l := w.levels[len(w.levels)-1]
	w.levels = w.levels[:len(w.levels)-1]
	if !l.hidden {
		w.nest--
		w.stop(l.elem)
	}
}

// Has gives present.
func (w *Writer) Has(_ *asn1.Elem, present bool) bool { return present && w.err == nil }

// Choice gives i. A raw alternative has no form.
func (w *Writer) Choice(ch *asn1.Choice, i int) int {
	switch {
	case w.err != nil:
	case i >= 0 && i < len(ch.Elems):
		if e := ch.Elems[i]; e.Form == asn1.Binary {
			w.fail(asn1.ErrNoForm, e.Name)
		}
	case i < 0 && ch.Open:
		w.fail(asn1.ErrNoForm, "an alternative that is kept as octets")
	default:
		w.fail(asn1.ErrUnknown, fmt.Sprintf("alternative %d of a CHOICE", i))
	}
	if w.err != nil {
		return -1
	}
	return i
}

// Next reports whether i is less than n.
func (w *Writer) Next(i, n int) bool { return i < n && w.err == nil }

// Hint is 0.
func (w *Writer) Hint() int { return 0 }

// attribute inserts an attribute into the start tag of the open element.
func (w *Writer) attribute(e *asn1.Elem, value string) {
	l := &w.levels[len(w.levels)-1]
	name := w.dialect.name(e)
	n := len(name) + len(value) + 4
	tail := len(w.b) - l.gt
	w.b = append(w.b, name...)
	w.b = append(w.b, value...)
	w.b = append(w.b, ` =""`...)
	copy(w.b[l.gt+n:], w.b[l.gt:l.gt+tail])
	at := w.b[l.gt:l.gt]
	at = append(at, ' ')
	at = append(at, name...)
	at = append(at, `="`...)
	at = append(at, value...)
	_ = append(at, '"')
	l.gt += n
}

// asAttribute reports whether a DEFAULT component has been dealt with: written as attribute, or left out.
func (w *Writer) asAttribute(e *asn1.Elem, v int64, value func() string) bool {
	if e.Default == nil || len(w.levels) == 0 || w.levels[len(w.levels)-1].hidden {
		return false
	}
	if w.dialect.Attributes {
		w.attribute(e, value())
		return true
	}
	return *e.Default == v
}

// Bool writes a BOOLEAN.
func (w *Writer) Bool(e *asn1.Elem, v bool) bool {
	if w.err != nil {
		return v
	}
	num, text := int64(0), "false"
	if v {
		num, text = 1, "true"
	}
	if w.asAttribute(e, num, func() string { return text }) {
		return v
	}
	w.start(e)
	w.b = append(w.b, "><"...)
	w.b = append(w.b, text...)
	w.b = append(w.b, "/>"...)
	w.stop(e)
	return v
}

// Int writes an INTEGER.
func (w *Writer) Int(e *asn1.Elem, v int64) int64 {
	if w.err != nil {
		return v
	}
	if (e.Min != 0 || e.Max != 0) && (v < e.Min || v > e.Max) {
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: %d is not within %d and %d", e.Name, v, e.Min, e.Max))
		return v
	}
	if w.asAttribute(e, v, func() string { return strconv.FormatInt(v, 10) }) {
		return v
	}
	w.start(e)
	w.b = strconv.AppendInt(append(w.b, '>'), v, 10)
	w.stop(e)
	return v
}

// Uint writes an INTEGER that is not negative.
func (w *Writer) Uint(e *asn1.Elem, v uint64) uint64 {
	if w.err == nil {
		w.start(e)
		w.b = strconv.AppendUint(append(w.b, '>'), v, 10)
		w.stop(e)
	}
	return v
}

// Null writes a NULL.
func (w *Writer) Null(e *asn1.Elem) {
	if w.err == nil {
		w.start(e)
		w.b = append(w.b, "/>"...)
	}
}

const digits = "0123456789ABCDEF"

// Octets writes upper-case hex.
func (w *Writer) Octets(e *asn1.Elem, v string) string {
	if w.err == nil {
		w.start(e)
		w.b = append(w.b, '>')
		for i := range len(v) {
			w.b = append(w.b, digits[v[i]>>4], digits[v[i]&15])
		}
		w.stop(e)
	}
	return v
}

// String writes text: the control characters of ISO 646 as the elements of X.693, DEL and C1 as references. Octets that are
// not UTF-8 have no form.
func (w *Writer) String(e *asn1.Elem, v string) string {
	if w.err != nil {
		return v
	}
	w.start(e)
	w.b = append(w.b, '>')
	for i := 0; i < len(v); {
		c := v[i]
		switch {
		case c >= utf8.RuneSelf:
			n := w.multibyte(e, v, i)
			if n == 0 {
				return v
			}
			i += n
			continue
		case c == '<':
			w.b = append(w.b, "&lt;"...)
		case c == '>':
			w.b = append(w.b, "&gt;"...)
		case c == '&':
			w.b = append(w.b, "&amp;"...)
		case c == 0x7f:
			w.reference(0x7f)
		case c >= 0x20:
			w.b = append(w.b, c)
		case controls[c] == "":
			w.reference(rune(c))
		default:
			w.b = append(w.b, '<')
			w.b = append(w.b, controls[c]...)
			w.b = append(w.b, "/>"...)
		}
		i++
	}
	w.stop(e)
	return v
}

// multibyte writes the character beyond ASCII at v[i] and gives its octets, 0 when XML has none for them.
func (w *Writer) multibyte(e *asn1.Elem, v string, i int) int {
	ru, n := utf8.DecodeRuneInString(v[i:])
	switch {
	case ru == utf8.RuneError && n <= 1:
		w.fail(asn1.ErrNoForm, fmt.Sprintf("%s: octet %d of the string, %#02x, is not UTF-8", e.Name, i, v[i]))
		return 0
	case !validRune(ru):
		w.fail(asn1.ErrNoForm, fmt.Sprintf("%s: octet %d of the string: XML has no %U", e.Name, i, ru))
		return 0
	case ru < 0xa0: // C1: a terminal may obey it
		w.reference(ru)
	default:
		w.b = append(w.b, v[i:i+n]...)
	}
	return n
}

// reference writes a character by its number.
func (w *Writer) reference(ru rune) {
	w.b = append(w.b, "&#"...)
	w.b = strconv.AppendInt(w.b, int64(ru), 10)
	w.b = append(w.b, ';')
}

// OID writes the dotted form.
func (w *Writer) OID(e *asn1.Elem, content string) string {
	if w.err != nil {
		return content
	}
	s, err := asn1.FormatOID(content)
	if err != nil {
		w.fail(err, e.Name)
		return content
	}
	w.start(e)
	w.b = append(append(w.b, '>'), s...)
	w.stop(e)
	return content
}

// Bits writes binary digits.
func (w *Writer) Bits(e *asn1.Elem, num uint64, packed string, n int) (uint64, string, int) {
	if w.err != nil {
		return num, packed, n
	}
	if n < 0 || n > 64 && len(packed) < (n+7)/8 {
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: %d bits in %d octets", e.Name, n, len(packed)))
		return num, packed, n
	}
	w.start(e)
	w.b = append(w.b, '>')
	for i := range n {
		var bit byte
		if n > 64 {
			bit = packed[i/8] >> (7 - i%8) & 1
		} else {
			bit = byte(num >> (n - 1 - i) & 1)
		}
		w.b = append(w.b, '0'+bit)
	}
	w.stop(e)
	return num, packed, n
}

// Float writes the octets of IEEE 754.
func (w *Writer) Float(e *asn1.Elem, v uint64, width int) (uint64, int) {
	if w.err != nil {
		return v, width
	}
	if width != 32 && width != 64 {
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: floating point of %d bits", e.Name, width))
		return v, width
	}
	w.start(e)
	w.b = append(w.b, '>')
	if w.dialect.Exponent {
		w.hex(map[bool]uint64{false: 8, true: 11}[width == 64], 1)
	}
	w.hex(v, width/8)
	w.stop(e)
	return v, width
}

func (w *Writer) hex(v uint64, octets int) {
	for i := 2*octets - 1; i >= 0; i-- {
		w.b = append(w.b, digits[v>>(4*i)&15])
	}
}

// Fixed writes n octets in hex.
func (w *Writer) Fixed(e *asn1.Elem, v uint64, n int) (uint64, int) {
	if w.err != nil {
		return v, n
	}
	if !asn1.FixedSize(e, n) || n < 8 && bits.Len64(v) > 8*n {
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: %d octets", e.Name, n))
		return v, n
	}
	w.start(e)
	w.b = append(w.b, '>')
	w.hex(v, n)
	w.stop(e)
	return v, n
}

// Raw has no form in XML.
func (w *Writer) Raw(r asn1.Raw) asn1.Raw {
	w.fail(asn1.ErrNoForm, "element "+r.Tag.String()+" that is kept as octets")
	return r
}
