package mmsbinding

import "bytes"

// An element is where one XML element lies in a buffer: its tags and what is between them.
type element struct{ start, innerStart, innerEnd, end int }

func (e element) raw(b []byte) []byte   { return b[e.start:e.end] }
func (e element) inner(b []byte) []byte { return b[e.innerStart:e.innerEnd] }

// firstElement finds the first element in b and where the next may begin. It counts tags only: that they match is
// somebody else's to check (the scanner of the stream has, the decoder of the PDU will).
func firstElement(b []byte) (e element, next int, ok bool) {
	i := bytes.IndexByte(b, '<')
	if i < 0 || len(bytes.TrimSpace(b[:i])) != 0 {
		return e, 0, false
	}
	e.start = i
	for depth := 0; ; {
		end, kind := tag(b[i:])
		if end == 0 {
			return e, 0, false
		}
		switch kind {
		case tagOpen:
			if depth++; depth == 1 {
				e.innerStart = i + end
			}
		case tagEmpty:
			if depth == 0 {
				e.innerStart, e.innerEnd, e.end = i+end, i+end, i+end
				return e, e.end, true
			}
		case tagClose:
			if depth--; depth < 0 {
				return e, 0, false
			}
			if depth == 0 {
				e.innerEnd, e.end = i, i+end
				return e, e.end, true
			}
		}
		n := bytes.IndexByte(b[i+end:], '<')
		if n < 0 {
			return e, 0, false
		}
		i += end + n
	}
}

type tagKind uint8

const (
	tagOpen tagKind = iota
	tagClose
	tagEmpty
	tagText // a CDATA section
)

// tag measures the tag that b starts with; 0 when it has no end. Quotes may hide a greater-than sign.
func tag(b []byte) (length int, kind tagKind) {
	switch {
	case bytes.HasPrefix(b, []byte("</")):
		return bytes.IndexByte(b, '>') + 1, tagClose
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		n := bytes.Index(b, []byte("]]>"))
		if n < 0 {
			return 0, tagText
		}
		return n + 3, tagText
	}
	var quote byte
	for i, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '>':
			if b[i-1] == '/' {
				return i + 1, tagEmpty
			}
			return i + 1, tagOpen
		}
	}
	return 0, tagOpen
}
