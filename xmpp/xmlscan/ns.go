package xmlscan

import "bytes"

// nsDecl is a binding that was declared outside the element that is being scanned.
type nsDecl struct{ prefix, uri string }

// binding is a declaration inside the element that is being scanned.
type binding struct {
	prefix, uri span
	plain       bool   // the URI needs no unescaping
	meant       []byte // the URI, when it does: what is looked at often is unescaped once
}

// Codes of bindings: an index into tokenizer.ns, codeOuter plus an index into tokenizer.outer, or one of these.
const (
	codeOuter   = 1 << 20
	codeNone    = -1 // no prefix and no default namespace
	codeXML     = -2
	codeUnbound = -3

	maskNone = 1 << 63 // bit of tokenizer.mask: the absence of a default namespace is relied upon
)

// isDecl reports whether the attribute is a namespace declaration.
func isDecl(b []byte, a rawAttr) bool {
	if a.prefix.len() == 0 {
		return string(a.local.of(b)) == "xmlns"
	}
	return string(a.prefix.of(b)) == "xmlns"
}

// declare brings a declaration into scope (Namespaces in XML 1.0, clause 3).
func (t *tokenizer) declare(b []byte, a rawAttr) Rule {
	d := binding{uri: a.value, plain: a.plain}
	if !d.plain {
		d.meant = unescapeValue(nil, d.uri.of(b))
	}
	if a.prefix.len() > 0 {
		d.prefix = a.local
	}
	prefix, uri := d.prefix.of(b), d.uriBytes(b)
	switch {
	case string(prefix) == "xmlns", string(uri) == NSXMLNS:
		return RulePrefix
	case (string(prefix) == "xml") != (string(uri) == NSXML):
		return RulePrefix
	case len(prefix) > 0 && len(uri) == 0:
		return RulePrefix
	case bytes.IndexByte(uri, '&') >= 0: // libxml2 reads it as the text "&#38;", which is another namespace
		return RulePrefix
	}
	for i := t.tagNS; i < len(t.ns); i++ {
		if bytes.Equal(t.ns[i].prefix.of(b), prefix) {
			return RuleDuplicate
		}
	}
	t.ns = append(t.ns, d)
	return RuleNone
}

func (d *binding) uriBytes(b []byte) []byte {
	if d.plain {
		return d.uri.of(b)
	}
	return d.meant
}

// lookup finds the binding of a prefix; an empty prefix asks for the default namespace.
func (t *tokenizer) lookup(b, prefix []byte) int {
	for i := len(t.ns) - 1; i >= 0; i-- {
		if d := &t.ns[i]; d.prefix.len() == len(prefix) && bytes.Equal(d.prefix.of(b), prefix) {
			return i
		}
	}
	for i := len(t.outer) - 1; i >= 0; i-- {
		if t.outer[i].prefix == string(prefix) {
			return codeOuter + i
		}
	}
	switch {
	case len(prefix) == 0:
		return codeNone
	case string(prefix) == "xml":
		return codeXML
	}
	return codeUnbound
}

// use notes in the mask that a binding from outside the child of the stanza is relied upon.
func (t *tokenizer) use(code int) {
	switch {
	case code >= codeOuter:
		t.mask |= 1 << (MaxNamespaces + code - codeOuter)
	case code == codeNone:
		t.mask |= maskNone
	case code >= 0 && code < t.stanzaNS:
		t.mask |= 1 << code
	}
}

// resolveTag resolves the names of the tag scanned last and refuses duplicate attributes.
func (t *tokenizer) resolveTag(b []byte) bool {
	var prefix []byte
	if t.colon >= 0 {
		prefix = b[t.name.start:t.colon]
	}
	if string(prefix) == "xmlns" {
		t.fail(int(t.name.start), RulePrefix)
		return false
	}
	if t.code = t.lookup(b, prefix); t.code == codeUnbound {
		t.fail(int(t.name.start), RulePrefix)
		return false
	}
	t.use(t.code)
	for i := range t.attrs {
		a := &t.attrs[i]
		if a.prefix.len() > 0 {
			if a.code = t.lookup(b, a.prefix.of(b)); a.code == codeUnbound {
				t.fail(int(a.prefix.start), RulePrefix)
				return false
			}
			t.use(a.code)
		}
		for j := range t.attrs[:i] {
			o := &t.attrs[j]
			if bytes.Equal(o.local.of(b), a.local.of(b)) && (o.code == a.code || o.code != codeNone && a.code != codeNone && t.sameURI(b, o.code, a.code)) {
				t.fail(int(a.local.start), RuleDuplicate)
				return false
			}
		}
	}
	return true
}

// uri returns the namespace of a binding.
func (t *tokenizer) uri(b []byte, code int) string {
	switch {
	case code >= codeOuter:
		return t.outer[code-codeOuter].uri
	case code >= 0:
		return intern(t.ns[:code+1][code].uriBytes(b)) // also when it has just gone out of scope
	case code == codeXML:
		return NSXML
	}
	return ""
}

// sameURI reports whether two bindings of prefixes are of the same namespace.
func (t *tokenizer) sameURI(b []byte, x, y int) bool {
	if x >= 0 && x < codeOuter && y >= 0 && y < codeOuter {
		return bytes.Equal(t.ns[x].uriBytes(b), t.ns[y].uriBytes(b))
	}
	return t.uri(b, x) == t.uri(b, y)
}

// local returns the local part of the element name scanned last.
func (t *tokenizer) local(b []byte) []byte { return t.localSpan().of(b) }

func (t *tokenizer) localSpan() span {
	if t.colon >= 0 {
		return span{uint32(t.colon + 1), t.name.end}
	}
	return t.name
}
