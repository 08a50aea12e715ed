package xmlscan

import "unicode/utf8"

// AppendAttr appends one attribute, leading space included: name='value'. TAB, LF and CR are written as
// references; characters that XML 1.0 does not allow become U+FFFD.
func AppendAttr(dst []byte, name, value string) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=', '\'')
	dst = appendEscaped(dst, value, true)
	return append(dst, '\'')
}

// AppendText appends character data, escaped. Characters that XML 1.0 does not allow become U+FFFD.
func AppendText(dst []byte, s string) []byte { return appendEscaped(dst, s, false) }

func appendEscaped(dst []byte, s string, attr bool) []byte {
	special := uint8(cText)
	if attr {
		special = cPlainValue
	}
	for i := 0; i < len(s); {
		start := i
		for i < len(s) && class[s[i]]&special != 0 && s[i] != '\r' {
			i++
		}
		if dst = append(dst, s[start:i]...); i == len(s) {
			break
		}
		c := s[i]
		if c >= 0x80 {
			r, n := utf8.DecodeRuneInString(s[i:])
			if isChar(r) {
				dst = utf8.AppendRune(dst, r) // RuneError of invalid UTF-8 included
			} else {
				dst = utf8.AppendRune(dst, utf8.RuneError)
			}
			i += n
			continue
		}
		i++
		switch {
		case c == '&':
			dst = append(dst, "&amp;"...)
		case c == '<':
			dst = append(dst, "&lt;"...)
		case c == '>' && !attr:
			dst = append(dst, "&gt;"...)
		case c == '\'' && attr:
			dst = append(dst, "&apos;"...)
		case c == '\r':
			dst = append(dst, "&#13;"...)
		case c == '\n' && attr:
			dst = append(dst, "&#10;"...)
		case c == '\t' && attr:
			dst = append(dst, "&#9;"...)
		case class[c]&cValue == 0:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
