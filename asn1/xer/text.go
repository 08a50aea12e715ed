package xer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gridward/gridward/asn1"
)

// controls are the elements that stand for the characters below 0x20 in a character string, X.693 8.15.5.
var controls = [32]string{
	"nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "", "", "vt", "ff", "", "so", "si",
	"dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "is4", "is3", "is2", "is1",
}

func controlOf(name string) (byte, bool) {
	for i, n := range controls {
		if n == name && n != "" {
			return byte(i), true
		}
	}
	return 0, false
}

// reference decodes the reference that s begins with and gives its length.
func (r *Reader) reference(at int, s string) (ru rune, n int, ok bool) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		r.fail(at, asn1.ErrXML, "reference "+excerpt(s))
		return 0, 0, false
	}
	name := s[1:end]
	switch name {
	case "lt":
		return '<', end + 1, true
	case "gt":
		return '>', end + 1, true
	case "amp":
		return '&', end + 1, true
	case "apos":
		return '\'', end + 1, true
	case "quot":
		return '"', end + 1, true
	}
	if name[0] != '#' {
		r.fail(at, asn1.ErrRestricted, "entity &"+name+";")
		return 0, 0, false
	}
	digits, base := name[1:], 10
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	v, err := strconv.ParseUint(digits, base, 21)
	ru = rune(v)
	if err != nil || !validRune(ru) {
		r.fail(at, asn1.ErrXML, "reference &"+name+";")
		return 0, 0, false
	}
	return ru, end + 1, true
}

func validRune(ru rune) bool {
	if ru < 0x20 {
		return ru == '\t' || ru == '\n' || ru == '\r'
	}
	return utf8.ValidRune(ru) && ru&^1 != 0xfffe
}

// unescape gives text with references resolved and line ends as LF (in attributes, as blanks).
func (r *Reader) unescape(at int, s string, attribute bool) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '&':
			ru, n, ok := r.reference(at+i, s[i:])
			if !ok {
				return "", false
			}
			b = utf8.AppendRune(b, ru)
			i += n
			continue
		case c == '\r':
			if i+1 >= len(s) || s[i+1] != '\n' {
				b = append(b, '\n')
			}
		case attribute && isSpace(c):
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
		i++
	}
	return string(b), true
}

// trimSpace takes away what XML calls white space, and no other: a no-break space is not part of a number.
func trimSpace(s string) string { return strings.Trim(s, " \t\r\n") }

// content reads the text of e up to and with its end tag; e's start tag comes next. In character strings the elements
// of control characters count as text.
func (r *Reader) content(e *asn1.Elem) (text string, at int, ok bool) {
	if !r.enter(e) {
		return "", 0, false
	}
	at = r.pos
	if !r.top().empty {
		if text, ok = r.text(); !ok {
			return "", 0, false
		}
	}
	r.End()
	return text, at, r.err == nil
}

// text reads character data up to the end tag of the open element.
func (r *Reader) text() (string, bool) {
	var b []byte
	for built := false; ; built = true {
		n := strings.IndexByte(r.in[r.pos:], '<')
		if n < 0 {
			r.fail(len(r.in), asn1.ErrTruncated, "")
			return "", false
		}
		run, at := r.in[r.pos:r.pos+n], r.pos
		r.pos += n
		if i := strings.Index(run, "]]>"); i >= 0 {
			r.fail(at+i, asn1.ErrXML, "]]> in text")
			return "", false
		}
		if strings.ContainsAny(run, "&\r") {
			var ok bool
			if run, ok = r.unescape(at, run, false); !ok {
				return "", false
			}
		}
		rest := r.in[r.pos:]
		if strings.HasPrefix(rest, "</") {
			if !built {
				return run, true
			}
			return string(append(b, run...)), true
		}
		b = append(b, run...)
		const cdata = "<![CDATA["
		if strings.HasPrefix(rest, cdata) {
			end := strings.Index(rest, "]]>")
			if end < 0 {
				r.fail(r.pos, asn1.ErrTruncated, "CDATA section")
				return "", false
			}
			b = append(b, strings.ReplaceAll(rest[len(cdata):end], "\r\n", "\n")...)
			r.pos += end + 3
			continue
		}
		if r.peek() != startTag {
			return "", false
		}
		c, ok := controlOf(r.tok.name)
		if !ok || !r.tok.known {
			r.fail(r.pos, asn1.ErrUnexpected, "<"+r.tok.qname+"> in text")
			return "", false
		}
		if !r.emptyElement() {
			return "", false
		}
		b = append(b, c)
	}
}

// emptyElement consumes the start tag that was peeked at and, unless it is <a/>, its end tag.
func (r *Reader) emptyElement() bool {
	t := r.tok
	for _, a := range r.attrs[t.attrs:] {
		if !a.used {
			r.fail(t.at, asn1.ErrUnexpected, "attribute of <"+t.qname+">")
			return false
		}
	}
	r.attrs = r.attrs[:t.attrs]
	r.bindings = r.bindings[:t.spaces]
	r.consume()
	if t.empty {
		return true
	}
	if r.peek() != endTag || r.tok.qname != t.qname {
		r.fail(r.tok.at, asn1.ErrUnexpected, "<"+t.qname+"> must be empty")
		return false
	}
	r.consume()
	return true
}
