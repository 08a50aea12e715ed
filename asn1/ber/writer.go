package ber

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/gridward/gridward/asn1"
)

// A Writer is an asn1.Coder that encodes, appending to a buffer. Make it ready with Reset.
type Writer struct {
	b      []byte
	base   int
	levels []open
	err    error
}

// open is an element that was entered: where its content begins, -1 for one without octets of its own.
type open struct {
	elem    *asn1.Elem
	content int
}

var _ asn1.Coder = (*Writer)(nil)

// Reset makes w append to b.
func (w *Writer) Reset(b []byte) {
	w.b, w.base, w.err = b, len(b), nil
	w.levels = w.levels[:0]
}

// Bytes gives the buffer with what was appended.
func (w *Writer) Bytes() []byte { return w.b }

// Release forgets the buffer, so that a pooled Writer does not keep it.
func (w *Writer) Release() { w.b, w.err = nil, nil }

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
	names := make([]string, 0, len(w.levels))
	for _, l := range w.levels {
		names = append(names, l.elem.Name)
	}
	w.err = &asn1.Error{Offset: len(w.b) - w.base, Path: strings.Join(names, "/"), Detail: detail, Cause: cause}
}

// identifier appends the identifier octets.
func (w *Writer) identifier(t asn1.Tag, constructed bool) {
	first := t.Class() << 6
	if constructed {
		first |= 0x20
	}
	n := t.Number()
	if n < 0x1f {
		w.b = append(w.b, first|byte(n))
		return
	}
	w.b = append(w.b, first|0x1f)
	for shift := (bits.Len32(n) - 1) / 7 * 7; shift > 0; shift -= 7 {
		w.b = append(w.b, 0x80|byte(n>>shift&0x7f))
	}
	w.b = append(w.b, byte(n&0x7f))
}

// length appends length octets.
func (w *Writer) length(n int) {
	if n < 0x80 {
		w.b = append(w.b, byte(n))
		return
	}
	k := (bits.Len(uint(n)) + 7) / 8
	w.b = append(w.b, 0x80|byte(k))
	for k--; k >= 0; k-- {
		w.b = append(w.b, byte(n>>(8*k)))
	}
}

// Begin enters e. One octet is kept for the length; End makes room when it needs more.
func (w *Writer) Begin(e *asn1.Elem) {
	if w.err != nil {
		return
	}
	if e.Tag == asn1.None {
		w.levels = append(w.levels, open{e, -1})
		return
	}
	w.identifier(e.Tag, true)
	w.b = append(w.b, 0)
	w.levels = append(w.levels, open{e, len(w.b)})
}

// End leaves the element that Begin entered last.
func (w *Writer) End() {
	if w.err != nil {
		return
	}
	l := w.levels[len(w.levels)-1]
	w.levels = w.levels[:len(w.levels)-1]
	if l.content < 0 {
		return
	}
	n := len(w.b) - l.content
	if n < 0x80 {
		w.b[l.content-1] = byte(n)
		return
	}
	k := (bits.Len(uint(n)) + 7) / 8
	w.b = append(w.b, "\x00\x00\x00\x00\x00\x00\x00\x00"[:k]...)
	copy(w.b[l.content+k:], w.b[l.content:l.content+n])
	w.b[l.content-1] = 0x80 | byte(k)
	for i := range k {
		w.b[l.content+i] = byte(n >> (8 * (k - 1 - i)))
	}
}

// Has gives present.
func (w *Writer) Has(_ *asn1.Elem, present bool) bool { return present && w.err == nil }

// Choice gives i.
func (w *Writer) Choice(ch *asn1.Choice, i int) int {
	if w.err == nil && (i >= len(ch.Elems) || i < 0 && !ch.Open) {
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

func isDefault(e *asn1.Elem, v int64) bool { return e.Default != nil && *e.Default == v }

// Bool writes a BOOLEAN.
func (w *Writer) Bool(e *asn1.Elem, v bool) bool {
	var octet byte
	var num int64
	if v {
		octet, num = 0xff, 1
	}
	if w.err == nil && !isDefault(e, num) {
		w.identifier(e.Tag, false)
		w.b = append(w.b, 1, octet)
	}
	return v
}

// Int writes an INTEGER.
func (w *Writer) Int(e *asn1.Elem, v int64) int64 {
	if w.err != nil || isDefault(e, v) {
		return v
	}
	if (e.Min != 0 || e.Max != 0) && (v < e.Min || v > e.Max) {
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: %d is not within %d and %d", e.Name, v, e.Min, e.Max))
		return v
	}
	n := 1
	for x := v; x > 127 || x < -128; x >>= 8 {
		n++
	}
	w.identifier(e.Tag, false)
	w.b = append(w.b, byte(n))
	for n--; n >= 0; n-- {
		w.b = append(w.b, byte(v>>(8*n)))
	}
	return v
}

// Uint writes an INTEGER that is not negative.
func (w *Writer) Uint(e *asn1.Elem, v uint64) uint64 {
	if w.err != nil {
		return v
	}
	n := bits.Len64(v)/8 + 1
	w.identifier(e.Tag, false)
	w.b = append(w.b, byte(n))
	if n == 9 {
		w.b = append(w.b, 0)
		n--
	}
	for n--; n >= 0; n-- {
		w.b = append(w.b, byte(v>>(8*n)))
	}
	return v
}

// Null writes a NULL.
func (w *Writer) Null(e *asn1.Elem) {
	if w.err == nil {
		w.identifier(e.Tag, false)
		w.b = append(w.b, 0)
	}
}

// Octets writes an OCTET STRING.
func (w *Writer) Octets(e *asn1.Elem, v string) string {
	if w.err == nil {
		w.identifier(e.Tag, false)
		w.length(len(v))
		w.b = append(w.b, v...)
	}
	return v
}

// String writes a character string.
func (w *Writer) String(e *asn1.Elem, v string) string { return w.Octets(e, v) }

// OID writes an OBJECT IDENTIFIER.
func (w *Writer) OID(e *asn1.Elem, content string) string {
	if w.err == nil {
		if _, err := asn1.FormatOID(content); err != nil {
			w.fail(err, "")
		}
	}
	return w.Octets(e, content)
}

// Bits writes a BIT STRING, unused bits zero.
func (w *Writer) Bits(e *asn1.Elem, num uint64, packed string, n int) (uint64, string, int) {
	if w.err != nil {
		return num, packed, n
	}
	octets := (n + 7) / 8
	if n < 0 || n > 64 && len(packed) < octets {
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: %d bits in %d octets", e.Name, n, len(packed)))
		return num, packed, n
	}
	unused := 8*octets - n
	w.identifier(e.Tag, false)
	w.length(octets + 1)
	w.b = append(w.b, byte(unused))
	if n > 64 {
		w.b = append(w.b, packed[:octets]...)
		w.b[len(w.b)-1] &= 0xff << unused
		return num, packed, n
	}
	if n < 64 {
		num &= 1<<n - 1
	}
	v := num << unused
	for i := octets - 1; i >= 0; i-- {
		w.b = append(w.b, byte(v>>(8*i)))
	}
	return num, packed, n
}

// Float writes a FloatingPoint of ISO 9506-2.
func (w *Writer) Float(e *asn1.Elem, v uint64, width int) (uint64, int) {
	if w.err != nil {
		return v, width
	}
	switch width {
	case 32:
		w.identifier(e.Tag, false)
		w.b = append(w.b, 5, 8, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	case 64:
		w.identifier(e.Tag, false)
		w.b = append(w.b, 9, 11)
		w.fixed(v, 8)
	default:
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: floating point of %d bits", e.Name, width))
	}
	return v, width
}

// Fixed writes n octets.
func (w *Writer) Fixed(e *asn1.Elem, v uint64, n int) (uint64, int) {
	if w.err != nil {
		return v, n
	}
	if !asn1.FixedSize(e, n) {
		w.fail(asn1.ErrRange, fmt.Sprintf("%s: %d octets", e.Name, n))
		return v, n
	}
	w.identifier(e.Tag, false)
	w.b = append(w.b, byte(n))
	w.fixed(v, n)
	return v, n
}

func (w *Writer) fixed(v uint64, n int) {
	for n--; n >= 0; n-- {
		w.b = append(w.b, byte(v>>(8*n)))
	}
}

// Raw writes an element back.
func (w *Writer) Raw(r asn1.Raw) asn1.Raw {
	if w.err == nil {
		w.identifier(r.Tag, r.Constructed)
		w.length(len(r.Content))
		w.b = append(w.b, r.Content...)
	}
	return r
}
