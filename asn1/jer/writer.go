// Package jer shows PDUs as JSON for people and their scripts, with the identifiers of the ASN.1: a SEQUENCE and a
// CHOICE are objects, a SEQUENCE OF is an array, times and object identifiers are spelled out. It writes only.
package jer

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gridward/gridward/asn1"
)

// A Writer is an asn1.Coder that appends compact JSON to a buffer. Make it ready with Reset.
type Writer struct {
	b      []byte
	levels []open
	err    error
}

type open struct {
	elem  *asn1.Elem
	array bool
	used  bool // something was written inside
	inner int  // levels inside that do not show
}

var _ asn1.Coder = (*Writer)(nil)

// Reset makes w append one PDU to b.
func (w *Writer) Reset(b []byte) { *w = Writer{b: b, levels: w.levels[:0]} }

// Bytes gives the buffer with what was appended.
func (w *Writer) Bytes() ([]byte, error) { return w.b, w.err }

// Reading is false.
func (w *Writer) Reading() bool { return false }

// Err gives the first error.
func (w *Writer) Err() error { return w.err }

// Fail records an error at the current place.
func (w *Writer) Fail(cause error) {
	if w.err != nil {
		return
	}
	var names []string
	for _, l := range w.levels {
		names = append(names, l.elem.Name)
	}
	w.err = &asn1.Error{Offset: len(w.b), Path: strings.Join(names, "/"), Cause: cause}
}

// name writes the comma before and the name of a member.
func (w *Writer) name(e *asn1.Elem) {
	if len(w.levels) == 0 {
		return
	}
	l := &w.levels[len(w.levels)-1]
	if l.used {
		w.b = append(w.b, ',')
	}
	l.used = true
	if !l.array {
		w.b = strconv.AppendQuote(w.b, e.Name)
		w.b = append(w.b, ':')
	}
}

// Begin enters e.
func (w *Writer) Begin(e *asn1.Elem) {
	if w.err != nil {
		return
	}
	if e.Form == asn1.Inner && len(w.levels) > 0 {
		w.levels[len(w.levels)-1].inner++
		return
	}
	w.name(e)
	bracket := byte('{')
	if e.List {
		bracket = '['
	}
	w.b = append(w.b, bracket)
	w.levels = append(w.levels, open{elem: e, array: e.List})
}

// End leaves the element that Begin entered last.
func (w *Writer) End() {
	if w.err != nil {
		return
	}
	l := w.levels[len(w.levels)-1]
	if l.inner > 0 {
		w.levels[len(w.levels)-1].inner--
		return
	}
	w.levels = w.levels[:len(w.levels)-1]
	if l.array {
		w.b = append(w.b, ']')
	} else {
		w.b = append(w.b, '}')
	}
}

// Has gives present.
func (w *Writer) Has(_ *asn1.Elem, present bool) bool { return present && w.err == nil }

// Choice gives i.
func (w *Writer) Choice(ch *asn1.Choice, i int) int {
	if w.err == nil && (i >= len(ch.Elems) || i < 0 && !ch.Open) {
		w.Fail(asn1.ErrUnknown)
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

// Bool writes true or false, defaults too.
func (w *Writer) Bool(e *asn1.Elem, v bool) bool {
	if w.err == nil {
		w.name(e)
		w.b = strconv.AppendBool(w.b, v)
	}
	return v
}

// Int writes a number, or the identifier of an enumeration.
func (w *Writer) Int(e *asn1.Elem, v int64) int64 {
	if w.err != nil {
		return v
	}
	w.name(e)
	if v >= 0 && v < int64(len(e.Enum)) {
		w.text(e.Enum[v])
	} else {
		w.b = strconv.AppendInt(w.b, v, 10)
	}
	return v
}

// Uint writes a number.
func (w *Writer) Uint(e *asn1.Elem, v uint64) uint64 {
	if w.err == nil {
		w.name(e)
		w.b = strconv.AppendUint(w.b, v, 10)
	}
	return v
}

// Null writes null.
func (w *Writer) Null(e *asn1.Elem) {
	if w.err == nil {
		w.name(e)
		w.b = append(w.b, "null"...)
	}
}

// text writes a string. One that is not UTF-8 becomes an object of its octets, so that nothing is replaced in silence.
// DEL and C1 are escaped, because JSON is shown on terminals.
func (w *Writer) text(s string) {
	if !utf8.ValidString(s) {
		w.b = append(w.b, `{"octets":"`...)
		w.b = append(w.b, strings.ToUpper(hex.EncodeToString([]byte(s)))...)
		w.b = append(w.b, `"}`...)
		return
	}
	w.b = append(w.b, '"')
	for _, ru := range s {
		switch {
		case ru == '"' || ru == '\\':
			w.b = append(w.b, '\\', byte(ru))
		case ru < 0x20 || ru >= 0x7f && ru < 0xa0 || ru == 0x2028 || ru == 0x2029:
			w.b = fmt.Appendf(w.b, `\u%04x`, ru)
		default:
			w.b = utf8.AppendRune(w.b, ru)
		}
	}
	w.b = append(w.b, '"')
}

// Octets writes upper-case hex.
func (w *Writer) Octets(e *asn1.Elem, v string) string {
	if w.err == nil {
		w.name(e)
		w.text(strings.ToUpper(hex.EncodeToString([]byte(v))))
	}
	return v
}

// String writes text, or {"octets": hex} when it is not UTF-8.
func (w *Writer) String(e *asn1.Elem, v string) string {
	if w.err == nil {
		w.name(e)
		w.text(v)
	}
	return v
}

// OID writes the dotted form.
func (w *Writer) OID(e *asn1.Elem, content string) string {
	if w.err != nil {
		return content
	}
	s, err := asn1.FormatOID(content)
	if err != nil {
		w.Fail(err)
		return content
	}
	w.name(e)
	w.text(s)
	return content
}

// Bits writes a string of 0 and 1.
func (w *Writer) Bits(e *asn1.Elem, num uint64, packed string, n int) (uint64, string, int) {
	if w.err != nil {
		return num, packed, n
	}
	w.name(e)
	w.b = append(w.b, '"')
	for i := range n {
		bit := byte(num >> ((n - 1 - i) & 63) & 1)
		if n > 64 {
			bit = packed[i/8] >> (7 - i%8) & 1
		}
		w.b = append(w.b, '0'+bit)
	}
	w.b = append(w.b, '"')
	return num, packed, n
}

// Float writes a number; what is not finite as a string.
func (w *Writer) Float(e *asn1.Elem, bits uint64, width int) (uint64, int) {
	if w.err != nil {
		return bits, width
	}
	w.name(e)
	f := math.Float64frombits(bits)
	if width == 32 {
		f = float64(math.Float32frombits(uint32(bits)))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.text(strconv.FormatFloat(f, 'g', -1, 64))
	} else {
		w.b = strconv.AppendFloat(w.b, f, 'g', -1, width)
	}
	return bits, width
}

// Fixed writes a time as an object of its instant and its quality, other octets in hex.
func (w *Writer) Fixed(e *asn1.Elem, num uint64, n int) (uint64, int) {
	if w.err != nil {
		return num, n
	}
	w.name(e)
	switch {
	case e.Show == asn1.ShowUTCTime && n == 8:
		w.b = append(w.b, `{"t":`...)
		w.text(utcTime(num).Format("2006-01-02T15:04:05.000000Z"))
		w.b = append(w.b, `,"quality":`...)
		w.text(fmt.Sprintf("%02X", num&0xff))
		w.b = append(w.b, '}')
	case e.Show == asn1.ShowEntryTime && n == 6:
		w.text(entryTime(num).Format("2006-01-02T15:04:05.000Z"))
	default:
		w.text(fmt.Sprintf("%0*X", 2*n, num))
	}
	return num, n
}

// utcTime gives the instant of 32 bits of seconds and 24 bits of fraction before the octet of quality.
func utcTime(num uint64) time.Time {
	fraction := num >> 8 & (1<<24 - 1)
	return time.Unix(int64(num>>32), int64((fraction*1e9+1<<23)>>24)).UTC()
}

// entryTime gives the instant of 32 bits of milliseconds of the day and 16 bits of days since 1984.
func entryTime(num uint64) time.Time {
	day := time.Date(1984, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(num&0xffff))
	return day.Add(time.Duration(num>>16&(1<<32-1)) * time.Millisecond)
}

// Raw writes tag and content of an element that is kept as its octets.
func (w *Writer) Raw(r asn1.Raw) asn1.Raw {
	if w.err != nil {
		return r
	}
	w.name(&asn1.Elem{Name: r.Tag.String()})
	w.b = append(w.b, `{"tag":`...)
	w.text(r.Tag.String())
	w.b = append(w.b, `,"base64":"`...)
	w.b = base64.StdEncoding.AppendEncode(w.b, []byte(r.Content))
	w.b = append(w.b, `"}`...)
	return r
}
