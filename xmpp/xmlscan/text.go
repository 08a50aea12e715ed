package xmlscan

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// text checks character data from b[i] on and stops at '<', at the end of b, or before something incomplete.
// blank is false when anything but white space was seen.
func text(b []byte, i int) (end int, blank bool, rule Rule) {
	blank = true
	for i < len(b) {
		for i < len(b) && class[b[i]]&(cText|cSpace) == cText|cSpace {
			i++
		}
		start := i
		for len(b)-i >= 8 && plain8(binary.LittleEndian.Uint64(b[i:])) {
			i += 8
		}
		for i < len(b) && class[b[i]]&cText != 0 {
			i++
		}
		if i > start {
			blank = false
		}
		if i == len(b) {
			break
		}
		c := b[i]
		switch {
		case c == '<':
			return i, blank, RuleNone
		case c == '>':
			if i >= 2 && b[i-1] == ']' && b[i-2] == ']' {
				return i, false, RuleSyntax
			}
			i++
		case c == '&':
			_, n, rule := ref(b[i:])
			if rule != RuleNone || n == 0 {
				return i, false, rule
			}
			i += n
		case c >= 0x80:
			n, rule := rune1(b[i:])
			if rule != RuleNone || n == 0 {
				return i, false, rule
			}
			i += n
		default:
			return i, false, RuleChar
		}
		blank = false
	}
	return i, blank, RuleNone
}

// plain8 reports whether none of eight octets needs a look: all are ASCII, none is a control, '<', '>' or '&'.
func plain8(v uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	angle := (v | 2*ones) ^ '>'*ones // zero where '<' or '>' is
	amp := v ^ '&'*ones
	return (v|(v-' '*ones)|(angle-ones)&^angle|(amp-ones)&^amp)&highs == 0
}

// cdata checks the inside of a CDATA section from b[i] on. done says that its end was met; end is then behind it.
func cdata(b []byte, i int) (end int, done bool, rule Rule) {
	for i < len(b) {
		c := b[i]
		switch {
		case c == ']':
			rest := b[i:]
			if len(rest) < 3 && bytes.HasPrefix([]byte("]]>"), rest) {
				return i, false, RuleNone
			}
			if len(rest) >= 3 && rest[1] == ']' && rest[2] == '>' {
				return i + 3, true, RuleNone
			}
			i++
		case class[c]&cValue != 0 || c == '<' || c == '&':
			i++
		case c >= 0x80:
			n, rule := rune1(b[i:])
			if rule != RuleNone || n == 0 {
				return i, false, rule
			}
			i += n
		default:
			return i, false, RuleChar
		}
	}
	return i, false, RuleNone
}

// value checks a complete attribute value. plain is false when it holds references or white space to normalise.
func value(b []byte) (plain bool, at int, rule Rule) {
	plain = true
	for i := 0; i < len(b); {
		c := b[i]
		k := class[c]
		if k&cValue != 0 {
			if k&cSpace != 0 && c != ' ' {
				plain = false
			}
			i++
			continue
		}
		n := 0
		switch {
		case c == '&':
			plain = false
			if _, n, rule = ref(b[i:]); rule == RuleNone && n == 0 {
				rule = RuleSyntax
			}
		case c >= 0x80:
			if n, rule = rune1(b[i:]); rule == RuleNone && n == 0 {
				rule = RuleEncoding
			}
		case c == '<':
			rule = RuleSyntax
		default:
			rule = RuleChar
		}
		if rule != RuleNone {
			return false, i, rule
		}
		i += n
	}
	return plain, 0, RuleNone
}

// unescapeValue appends the meaning of a checked attribute value: references replaced, literal white space as spaces.
func unescapeValue(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case '&':
			r, n, _ := ref(b[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		case '\r':
			dst = append(dst, ' ')
			if i++; i < len(b) && b[i] == '\n' {
				i++
			}
		case '\t', '\n':
			dst = append(dst, ' ')
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// unescapeText appends the meaning of checked character data: references replaced, line ends as LF.
func unescapeText(dst, b []byte, isCDATA bool) []byte {
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '&' && !isCDATA:
			r, n, _ := ref(b[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		case c == '\r':
			dst = append(dst, '\n')
			if i++; i < len(b) && b[i] == '\n' {
				i++
			}
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
