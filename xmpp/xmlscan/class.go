package xmlscan

import "unicode/utf8"

// Byte classes.
const (
	cText       = 1 << iota // passes in text as it is
	cValue                  // passes in an attribute value as it is
	cName                   // inside a name
	cFirst                  // first of a name
	cSpace                  // white space
	cPlainValue             // is written in an attribute value as it is
)

var class = func() (t [256]uint8) {
	for c := 0x20; c < 0x80; c++ { // DEL (0x7f) is a character of XML 1.0
		t[c] |= cText | cValue
	}
	for _, c := range "\t\n\r" {
		t[c] |= cText | cValue | cSpace
	}
	t[' '] |= cSpace
	t['<'], t['&'] = 0, 0
	t['>'] &^= cText // looked at for "]]>"
	for c := range t {
		if t[c]&cValue != 0 && c >= ' ' && c != '\'' {
			t[c] |= cPlainValue
		}
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c] |= cName | cFirst
		t[c-'a'+'A'] |= cName | cFirst
	}
	for c := '0'; c <= '9'; c++ {
		t[c] |= cName
	}
	t['_'] |= cName | cFirst
	t['-'] |= cName
	t['.'] |= cName
	return t
}()

// rune1 checks the multi-byte character at the start of b. n is 0 when b may be the start of a longer one.
func rune1(b []byte) (n int, rule Rule) {
	if !utf8.FullRune(b) {
		return 0, RuleNone
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n <= 1 {
		return 0, RuleEncoding
	}
	if !isChar(r) {
		return 0, RuleChar
	}
	return n, RuleNone
}

// isChar reports whether r is a Char of XML 1.0 2.2 (the noncharacters U+FFFE and U+FFFF are not).
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

// ref reads the reference at the start of b (b[0] is '&'). n is 0 when more bytes are needed.
func ref(b []byte) (r rune, n int, rule Rule) {
	end := 1
	for ; ; end++ {
		if end >= maxRef {
			return 0, 0, RuleEntity
		}
		if end == len(b) {
			return 0, 0, RuleNone
		}
		c := b[end]
		if c == ';' {
			break
		}
		if class[c]&cName == 0 && c != '#' && c < 0x80 {
			return 0, 0, RuleSyntax
		}
	}
	name := b[1:end]
	switch string(name) {
	case "lt":
		return '<', end + 1, RuleNone
	case "gt":
		return '>', end + 1, RuleNone
	case "amp":
		return '&', end + 1, RuleNone
	case "apos":
		return '\'', end + 1, RuleNone
	case "quot":
		return '"', end + 1, RuleNone
	case "":
		return 0, 0, RuleSyntax
	}
	if name[0] != '#' {
		return 0, 0, RuleEntity
	}
	r, ok := number(name[1:])
	if !ok {
		return 0, 0, RuleSyntax
	}
	if !isChar(r) {
		return 0, 0, RuleChar
	}
	return r, end + 1, RuleNone
}

// number reads the digits of a character reference: decimal, or hexadecimal after 'x'.
func number(b []byte) (rune, bool) {
	base := rune(10)
	if len(b) > 0 && b[0] == 'x' {
		base, b = 16, b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	var r rune
	for _, c := range b {
		d := rune(99)
		switch {
		case '0' <= c && c <= '9':
			d = rune(c - '0')
		case 'a' <= c && c <= 'f':
			d = rune(c-'a') + 10
		case 'A' <= c && c <= 'F':
			d = rune(c-'A') + 10
		}
		if d >= base {
			return 0, false
		}
		if r = r*base + d; r > 0x10ffff {
			return 0x110000, true // no character: refused by the caller
		}
	}
	return r, true
}
