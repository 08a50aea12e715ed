package xmlscan

import "bytes"

// startTag scans a start tag, resolves its names and opens its element.
func (t *tokenizer) startTag(b []byte) (tokenKind, bool) {
	i, colon, rule := qname(b, t.pos+1)
	if rule != RuleNone {
		return t.fail(i, rule)
	}
	if i == len(b) {
		return tokMore, true
	}
	t.name, t.colon = span{uint32(t.pos + 1), uint32(i)}, colon
	t.attrs = t.attrs[:0]
	t.tagNS = len(t.ns)
	empty := false
	if b[i] == '>' {
		i++
	} else {
		end, ok := t.tagEnd(b, i)
		if !ok {
			return tokMore, false
		}
		if end < 0 {
			return tokMore, true
		}
		if empty, ok = t.attributes(b[:end], i); !ok {
			return tokMore, false
		}
		i = end
	}
	if len(t.stack) > MaxDepth {
		return t.fail(t.pos, RuleDepth)
	}
	if !t.resolveTag(b) {
		return tokMore, false
	}
	t.tagDecls = len(t.ns) - t.tagNS
	t.tok = span{uint32(t.pos), uint32(i)}
	t.pos, t.tagPos, t.quote = i, 0, 0
	if empty {
		t.ns = t.ns[:t.tagNS]
		return tokEmpty, true
	}
	t.stack = append(t.stack, open{t.name, uint16(t.tagNS)})
	return tokStart, true
}

// tagEnd looks for the '>' that ends the tag, from where an earlier search stopped. It returns the offset behind
// it, or -1 when the tag is incomplete.
func (t *tokenizer) tagEnd(b []byte, i int) (int, bool) {
	if t.tagPos > i {
		i = t.tagPos
	}
	for i < len(b) {
		if t.quote != 0 {
			n := bytes.IndexByte(b[i:], t.quote)
			if n < 0 {
				i = len(b)
				break
			}
			i += n + 1
			t.quote = 0
			continue
		}
		switch b[i] {
		case '>':
			return i + 1, true
		case '\'', '"':
			t.quote = b[i]
		case '<':
			t.fail(i, RuleSyntax)
			return 0, false
		}
		i++
	}
	t.tagPos = i
	return -1, true
}

// attributes scans the attributes of the complete tag that ends at len(b), from b[i] on.
func (t *tokenizer) attributes(b []byte, i int) (empty, ok bool) {
	decls := 0
	for {
		start := i
		for class[b[i]]&cSpace != 0 { // ends at '>' at the latest
			i++
		}
		switch b[i] {
		case '>':
			return false, true
		case '/':
			if b[i+1] != '>' {
				t.fail(i, RuleSyntax)
				return false, false
			}
			return true, true
		}
		if i == start {
			t.fail(i, RuleSyntax)
			return false, false
		}
		var a rawAttr
		if i, a, ok = t.attribute(b, i); !ok {
			return false, false
		}
		if isDecl(b, a) {
			if decls++; decls > MaxNamespaces {
				t.fail(start, RuleNamespaces)
				return false, false
			}
			if r := t.declare(b, a); r != RuleNone {
				t.fail(start, r)
				return false, false
			}
			continue
		}
		if len(t.attrs) == MaxAttrs {
			t.fail(start, RuleAttrs)
			return false, false
		}
		t.attrs = append(t.attrs, a)
	}
}

// attribute scans name = "value" at b[i].
func (t *tokenizer) attribute(b []byte, i int) (next int, a rawAttr, ok bool) {
	end, colon, rule := qname(b, i)
	if rule != RuleNone {
		t.fail(end, rule)
		return 0, a, false
	}
	a.code = codeNone
	a.local = span{uint32(i), uint32(end)}
	if colon >= 0 {
		a.prefix = span{uint32(i), uint32(colon)}
		a.local.start = uint32(colon + 1)
	}
	for class[b[end]]&cSpace != 0 {
		end++
	}
	if b[end] != '=' {
		t.fail(end, RuleSyntax)
		return 0, a, false
	}
	for end++; class[b[end]]&cSpace != 0; end++ {
	}
	q := b[end]
	if q != '\'' && q != '"' {
		t.fail(end, RuleSyntax)
		return 0, a, false
	}
	end++
	n := bytes.IndexByte(b[end:], q)
	if n < 0 {
		t.fail(end, RuleSyntax)
		return 0, a, false
	}
	if n > MaxValue {
		t.fail(end, RuleValue)
		return 0, a, false
	}
	var at int
	if a.plain, at, rule = value(b[end : end+n]); rule != RuleNone {
		t.fail(end+at, rule)
		return 0, a, false
	}
	a.value = span{uint32(end), uint32(end + n)}
	return end + n + 1, a, true
}

// qname scans a qualified name at b[i]: one or two ASCII NCNames. end is len(b) when the name may go on.
func qname(b []byte, i int) (end, colon int, rule Rule) {
	colon = -1
	first := i
	for end = i; end < len(b); end++ {
		c := b[end]
		if class[c]&cName != 0 {
			if end == first && class[c]&cFirst == 0 {
				return end, colon, RuleSyntax
			}
			continue
		}
		if c == ':' && colon < 0 && end > first {
			colon, first = end, end+1
			continue
		}
		if end == first || c == ':' || c >= 0x80 {
			return end, colon, RuleSyntax
		}
		break
	}
	if end-i > MaxName {
		return end, colon, RuleName
	}
	return end, colon, RuleNone
}
