package mms

import (
	"fmt"
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/gridward/gridward/asn1/ber"
	"github.com/gridward/gridward/asn1/jer"
	"github.com/gridward/gridward/asn1/xer"
)

// Limits bound what a parser accepts. The zero value takes the defaults and copies what it keeps.
type Limits struct {
	Depth int // BER: nested constructed elements, 32, at most 128; XER: elements within each other, 64
	Items int // items of one list, 4,096
	Size  int // octets of one PDU; XER 262,144, BER unlimited
	// Borrow lets strings of the PDU share the octets of the input, which then must not change as long as the PDU or
	// any value taken from it is in use. Without it the input is copied once and the PDU owns the copy. XER ignores it.
	Borrow bool
}

var (
	berReaders = sync.Pool{New: func() any { return new(ber.Reader) }}
	berWriters = sync.Pool{New: func() any { return new(ber.Writer) }}
	xerReaders = sync.Pool{New: func() any { return new(xer.Reader) }}
	xerWriters = sync.Pool{New: func() any { return new(xer.Writer) }}
	scratch    = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}
)

// AppendBER appends the BER of p to b, in the one minimal form. On error b is given back unchanged.
func AppendBER(b []byte, p PDU) ([]byte, error) {
	w := berWriters.Get().(*ber.Writer)
	w.Reset(b)
	codePDU(w, p)
	out, err := w.Bytes(), w.Err()
	w.Release()
	berWriters.Put(w)
	if err != nil {
		return b, fmt.Errorf("mms: %w", err)
	}
	return out, nil
}

// ParseBER reads the PDU that b holds. The error wraps an *asn1.Error, which says where. With an error the PDU is what
// was read before it, nil when not even its kind: enough to reject it by its invokeID.
func ParseBER(b []byte, lim Limits) (PDU, error) {
	p, rest, err := NextBER(b, lim)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("mms: %w", trailing(len(b)-len(rest), len(rest)))
	}
	return p, err
}

// NextBER reads the first of several PDUs that stand back to back in b, and gives the rest.
func NextBER(b []byte, lim Limits) (p PDU, rest []byte, err error) {
	in := b
	if lim.Size > 0 && len(in) > lim.Size {
		in = in[:lim.Size]
	}
	s := unsafe.String(unsafe.SliceData(in), len(in))
	if !lim.Borrow {
		s = string(in)
	}
	r := berReaders.Get().(*ber.Reader)
	r.Reset(s, ber.Limits{Depth: lim.Depth, Items: lim.Items})
	p = codePDU(r, nil)
	rest, err = b[r.Offset():], r.Err()
	r.Release()
	berReaders.Put(r)
	if err != nil {
		return p, b, fmt.Errorf("mms: %w", err)
	}
	return p, rest, nil
}

// AppendXER appends the XER of p in dialect d to b, in the one form of the dialect. On error b is given back unchanged.
func AppendXER(b []byte, p PDU, d *xer.Dialect) ([]byte, error) {
	w := xerWriters.Get().(*xer.Writer)
	w.Reset(b, d)
	codePDU(w, p)
	out, err := w.Bytes(), w.Err()
	w.Release()
	xerWriters.Put(w)
	if err != nil {
		return b, fmt.Errorf("mms: %w", err)
	}
	return out, nil
}

// ParseXER reads the PDU that b holds, in any of the dialects; none means GW1 alone. Errors and what comes with them
// are as in ParseBER. The PDU owns what it holds.
func ParseXER(b []byte, dialects []*xer.Dialect, lim Limits) (PDU, error) {
	p, _, err := parseXER(b, dialects, lim, true)
	return p, err
}

// NextXER reads the first of several PDUs that stand in b with white space between them, and gives the rest.
func NextXER(b []byte, dialects []*xer.Dialect, lim Limits) (p PDU, rest []byte, err error) {
	if lim.Size <= 0 {
		lim.Size = xer.DefaultSize
	}
	// The reader copies and checks all that it is given, so it is given little at first. What it reads from a part of b
	// without error ends there, and would not read otherwise from all of b.
	for n := firstPart; ; n *= 8 {
		part := b[:min(n, lim.Size, len(b))]
		more := len(part) < min(lim.Size, len(b))
		for k := 0; k < utf8.UTFMax-1 && len(part) > 0 && len(part) < len(b) && !utf8.RuneStart(b[len(part)]); k++ {
			part = part[:len(part)-1] // no character is cut
		}
		if p, rest, err = parseXER(part, dialects, lim, false); err == nil {
			return p, b[len(part)-len(rest):], nil
		}
		if !more {
			return p, b, err
		}
	}
}

const firstPart = 4096

func parseXER(b []byte, dialects []*xer.Dialect, lim Limits, only bool) (p PDU, rest []byte, err error) {
	if len(dialects) == 0 {
		dialects = gw1Only
	}
	if lim.Size <= 0 {
		lim.Size = xer.DefaultSize
	}
	in := b
	if len(in) > lim.Size {
		in = in[:lim.Size+1]
	}
	r := xerReaders.Get().(*xer.Reader)
	r.Reset(string(in), dialects, xer.Limits{Depth: lim.Depth, Items: lim.Items, Size: lim.Size})
	p = codePDU(r, nil)
	if only {
		err = r.Finish()
	} else {
		err = r.Err()
	}
	rest = b[r.Offset():]
	r.Release()
	xerReaders.Put(r)
	if err != nil {
		return p, b, fmt.Errorf("mms: %w", err)
	}
	return p, rest, nil
}

// SizeBER gives the octets of p in BER, 0 when it cannot be encoded.
func SizeBER(p PDU) int {
	return size(func(b []byte) ([]byte, error) { return AppendBER(b, p) })
}

// SizeXER gives the octets of p in dialect d, 0 when it cannot be encoded.
func SizeXER(p PDU, d *xer.Dialect) int {
	return size(func(b []byte) ([]byte, error) { return AppendXER(b, p, d) })
}

func size(encode func([]byte) ([]byte, error)) int {
	buf := scratch.Get().(*[]byte)
	b, err := encode((*buf)[:0])
	n := len(b)
	if err != nil {
		n = 0
	}
	*buf = b[:0]
	scratch.Put(buf)
	return n
}

// AppendJSON appends p as JSON for people, with the identifiers of ISO 9506-2. It cannot be read back.
func AppendJSON(b []byte, p PDU) ([]byte, error) {
	var w jer.Writer
	w.Reset(b)
	codePDU(&w, p)
	out, err := w.Bytes()
	if err != nil {
		return b, fmt.Errorf("mms: %w", err)
	}
	return out, nil
}
