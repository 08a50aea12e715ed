package jid

import "strings"

// escaped lists the characters that XEP-0106 table 3 maps to a backslash and two hexadecimal digits.
const escaped = " \"&'/:<>@\\"

const hexDigits = "0123456789abcdef"

// Escape makes any text usable as a local part by XEP-0106: the ten characters that a local part cannot
// hold, and the backslash where it would be read as an escape, become \XX. It does not prepare.
func Escape(s string) string {
	if !strings.ContainsAny(s, escaped) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if strings.IndexByte(escaped, c) < 0 || c == '\\' && !isEscape(s[i:]) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

// Unescape reverses Escape; backslashes that begin no escape of XEP-0106 stay.
func Unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && isEscape(s[i:]) {
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isEscape reports whether s begins with one of the ten escapes.
func isEscape(s string) bool {
	if len(s) < 3 || unhex(s[1]) > 15 || unhex(s[2]) > 15 {
		return false
	}
	return strings.IndexByte(escaped, unhex(s[1])<<4|unhex(s[2])) >= 0
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}
