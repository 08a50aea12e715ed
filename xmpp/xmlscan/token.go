package xmlscan

import "bytes"

// span is a piece of the input, as offsets from the start of the element that is being scanned.
type span struct{ start, end uint32 }

func (s span) of(b []byte) []byte { return b[s.start:s.end] }
func (s span) len() int           { return int(s.end - s.start) }

// tokenKind says what step found.
type tokenKind uint8

const (
	tokMore  tokenKind = iota // the bytes end inside a token
	tokStart                  // start tag; t.tag describes it
	tokEmpty                  // start tag that closes itself
	tokEnd                    // end tag
	tokText                   // character data: t.tok, t.blank
	tokCDATA                  // inside of a CDATA section, or a part of it: t.tok
)

// open is an element that has been started and not ended.
type open struct {
	name span   // qualified name
	ns   uint16 // declarations in scope before it
}

// rawAttr is an attribute of the tag scanned last.
type rawAttr struct {
	prefix, local, value span
	plain                bool // the value needs no unescaping
	code                 int  // binding of the prefix; codeNone without prefix
}

// tokenizer walks through one element (with all it contains), in as many pieces as its bytes arrive.
// All its offsets are relative to the first byte of the element.
type tokenizer struct {
	outer []nsDecl // bindings declared outside the element

	pos     int  // bytes before pos are done with
	tagPos  int  // where the search for the end of an incomplete tag goes on
	quote   byte // the quote that is open at tagPos, or 0
	inCDATA bool

	stack []open
	ns    []binding
	attrs []rawAttr
	name  span // qualified name of the tag scanned last
	colon int  // offset of ':' in it, -1 without prefix
	code  int  // binding of the element's name
	tok   span // token scanned last
	blank bool // tokText: white space only
	cdata int  // offset of the CDATA section scanned last, markup included

	tagNS    int    // declarations in scope before the tag scanned last
	tagDecls int    // declarations of that tag
	stanzaNS int    // declarations of the element itself
	mask     uint64 // bindings from outside the current child that it relies upon

	rule Rule // set when step fails
	at   int
}

// reset makes the tokenizer ready for another element and keeps its memory.
func (t *tokenizer) reset() {
	*t = tokenizer{outer: t.outer, stack: t.stack[:0], ns: t.ns[:0], attrs: t.attrs[:0]}
}

func (t *tokenizer) fail(at int, r Rule) (tokenKind, bool) {
	t.at, t.rule = at, r
	return tokMore, false
}

// step scans one token of b from t.pos. ok is false when the input breaks a rule (t.rule, t.at).
func (t *tokenizer) step(b []byte) (k tokenKind, ok bool) {
	if t.pos >= len(b) {
		return tokMore, true
	}
	if t.inCDATA {
		return t.stepCDATA(b)
	}
	if b[t.pos] != '<' {
		end, blank, rule := text(b, t.pos)
		if rule != RuleNone {
			return t.fail(end, rule)
		}
		if end == t.pos {
			return tokMore, true
		}
		t.tok, t.blank = span{uint32(t.pos), uint32(end)}, blank
		t.pos = end
		return tokText, true
	}
	if t.pos+1 == len(b) {
		return tokMore, true
	}
	switch b[t.pos+1] {
	case '/':
		return t.endTag(b)
	case '!':
		return t.bang(b)
	case '?':
		return t.fail(t.pos, RulePI)
	}
	return t.startTag(b)
}

// bang scans what begins with "<!": a CDATA section is accepted, everything else is refused by name.
func (t *tokenizer) bang(b []byte) (tokenKind, bool) {
	const open = "<![CDATA["
	rest := b[t.pos:]
	if len(rest) >= len(open) && string(rest[:len(open)]) == open {
		t.cdata = t.pos
		t.pos += len(open)
		t.inCDATA = true
		return t.stepCDATA(b)
	}
	if bytes.HasPrefix([]byte(open), rest) {
		return tokMore, true
	}
	if bytes.HasPrefix([]byte("<!--"), rest[:min(4, len(rest))]) {
		return t.fail(t.pos, RuleComment)
	}
	return t.fail(t.pos, RuleDTD)
}

func (t *tokenizer) stepCDATA(b []byte) (tokenKind, bool) {
	end, done, rule := cdata(b, t.pos)
	if rule != RuleNone {
		return t.fail(end, rule)
	}
	if end == t.pos {
		return tokMore, true
	}
	t.tok = span{uint32(t.pos), uint32(end)}
	if done {
		t.tok.end -= 3
		t.inCDATA = false
	}
	t.pos = end
	return tokCDATA, true
}

func (t *tokenizer) endTag(b []byte) (tokenKind, bool) {
	if len(t.stack) == 0 {
		return t.fail(t.pos, RuleSyntax)
	}
	top := t.stack[len(t.stack)-1]
	name := top.name.of(b)
	i := t.pos + 2
	if rest := b[i:]; len(rest) < len(name) {
		if !bytes.HasPrefix(name, rest) {
			return t.fail(i, RuleSyntax)
		}
		return tokMore, true
	} else if !bytes.Equal(rest[:len(name)], name) {
		return t.fail(i, RuleSyntax)
	}
	for i += len(name); i < len(b) && b[i] != '>'; i++ {
		if class[b[i]]&cSpace == 0 {
			return t.fail(i, RuleSyntax)
		}
		if i-t.pos > maxEndTag {
			return t.fail(i, RuleName)
		}
	}
	if i == len(b) {
		return tokMore, true
	}
	t.tok = span{uint32(t.pos), uint32(i + 1)}
	t.pos = i + 1
	t.pop()
	return tokEnd, true
}

func (t *tokenizer) pop() {
	n := len(t.stack) - 1
	t.ns = t.ns[:t.stack[n].ns]
	t.stack = t.stack[:n]
}
