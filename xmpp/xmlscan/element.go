package xmlscan

import (
	"bytes"
	"io"
	"sort"
)

// An Element is one complete child of a stream: a stanza, or what negotiates (features, auth, r and a of XEP-0198).
// It borrows the scanner's memory: it is valid until the scanner's next call.
type Element struct {
	Name Name
	Raw  []byte // the element as it came

	name     span
	code     int
	inner    span // what is between its tags
	attrs    []Attr
	children []child
	cdatas   []span // CDATA sections, markup included
	text     bool   // text beside the children
	limit    int    // octets that it may have, also when it is written anew
	t        *tokenizer
}

// child is a direct child of an element.
type child struct {
	all     span
	nameEnd uint32
	local   span
	code    int     // binding of its name
	bind    binding // that binding, when the child itself declares it
	mask    uint64  // bindings from outside that it relies upon
}

// Attr returns the value of an attribute without namespace, and whether it is there.
func (e *Element) Attr(local string) ([]byte, bool) { return e.AttrNS("", local) }

// AttrNS returns the value of an attribute by expanded name, and whether it is there.
func (e *Element) AttrNS(space, local string) ([]byte, bool) {
	for i := range e.attrs {
		if string(e.attrs[i].Local) == local && e.attrs[i].Space == space {
			return e.attrs[i].Value, true
		}
	}
	return nil, false
}

// Attrs returns all attributes, namespace declarations not among them.
func (e *Element) Attrs() []Attr { return e.attrs }

// Len returns the number of child elements.
func (e *Element) Len() int { return len(e.children) }

// Child returns the name of the child element i.
func (e *Element) Child(i int) Name {
	c := &e.children[i]
	n := Name{Local: intern(c.local.of(e.Raw))}
	if c.code >= e.t.stanzaNS && c.code < codeOuter {
		n.Space = intern(c.bind.uriBytes(e.Raw))
	} else {
		n.Space = e.t.uri(e.Raw, c.code)
	}
	return n
}

// ChildRaw returns child element i as it came; see AppendChild for its self-contained form.
func (e *Element) ChildRaw(i int) []byte { return e.children[i].all.of(e.Raw) }

// HasText reports whether there is text other than white space beside the child elements.
func (e *Element) HasText() bool { return e.text }

// CDATA returns the number of CDATA sections in the element.
func (e *Element) CDATA() int { return len(e.cdatas) }

// Text appends the character data directly inside the element.
func (e *Element) Text(dst []byte) []byte {
	r := NewReader(e.inner.of(e.Raw))
	r.t.outer = append(e.t.outer[:len(e.t.outer):len(e.t.outer)], e.stanzaDecls()...)
	depth := 0
	for {
		tok, err := r.Next()
		if err != nil {
			return dst
		}
		switch tok.Kind {
		case Start:
			depth++
		case End:
			depth--
		case Text:
			if depth == 0 {
				dst = append(dst, tok.Text...)
			}
		}
	}
}

// stanzaDecls returns the declarations of the element itself.
func (e *Element) stanzaDecls() []nsDecl {
	d := make([]nsDecl, 0, e.t.stanzaNS)
	for i := range e.t.stanzaNS {
		d = append(d, nsDecl{string(e.t.ns[:e.t.stanzaNS][i].prefix.of(e.Raw)), e.t.uri(e.Raw, i)})
	}
	return d
}

// Payload appends all child elements, self-contained: every namespace that a child uses is declared inside it, only
// the content namespace of the stream (the default namespace of stanzas, NSClient) may be inherited. A child that
// relies on nothing from outside is copied as it came; CDATA sections become escaped text; text beside the
// children is left out, and so is what Rewrite refuses.
func (e *Element) Payload(dst []byte) []byte {
	if p, ok := e.Rewrite(dst); ok {
		return p
	}
	return dst
}

// Rewrite is Payload, and reports whether the rules of this package hold for what it has written. They need not when it
// is not a copy: a small declaration outside many children becomes many, and markup in a CDATA section becomes longer.
func (e *Element) Rewrite(dst []byte) ([]byte, bool) {
	if p, ok := e.PayloadRef(); ok {
		return append(dst, p...), true
	}
	start := len(dst)
	for i := range e.children {
		if dst = e.AppendChild(dst, i); len(dst)-start > e.limit {
			return dst[:start], false
		}
	}
	return dst, Valid(dst[start:])
}

// Valid reports whether the rules hold for a piece of XML, such as the payload of a stanza.
func Valid(b []byte) bool {
	r := NewReader(b)
	for {
		if _, err := r.Next(); err != nil {
			return err == io.EOF //nolint:errorlint // returned as it is
		}
	}
}

// PayloadRef returns the payload as a piece of Raw, or false when it must be written anew by Payload.
func (e *Element) PayloadRef() ([]byte, bool) {
	if len(e.cdatas) > 0 || !e.selfContained() || !e.contiguous() {
		return nil, false
	}
	if len(e.children) == 0 {
		return nil, true
	}
	return e.Raw[e.children[0].all.start:e.children[len(e.children)-1].all.end], true
}

func (e *Element) selfContained() bool {
	for i := range e.children {
		if e.children[i].mask != 0 {
			return false
		}
	}
	return true
}

// contiguous reports whether nothing lies between the children.
func (e *Element) contiguous() bool {
	for i := 1; i < len(e.children); i++ {
		if e.children[i].all.start != e.children[i-1].all.end {
			return false
		}
	}
	return true
}

// AppendChild appends child element i in the form that Payload describes.
func (e *Element) AppendChild(dst []byte, i int) []byte {
	c := &e.children[i]
	from := c.all.start
	if c.mask != 0 {
		dst = append(dst, e.Raw[from:c.nameEnd]...)
		dst = e.appendDecls(dst, c.mask)
		from = c.nameEnd
	}
	const head, tail = uint32(len("<![CDATA[")), uint32(len("]]>"))
	first := sort.Search(len(e.cdatas), func(i int) bool { return e.cdatas[i].start >= from })
	for _, s := range e.cdatas[first:] {
		if s.start >= c.all.end {
			break
		}
		dst = append(dst, e.Raw[from:s.start]...)
		dst = AppendText(dst, string(unescapeText(nil, e.Raw[s.start+head:s.end-tail], true)))
		from = s.end
		// Without the section, ']' of it or before it may join what follows to "]]>".
		switch rest := e.Raw[from:c.all.end]; {
		case rest[0] == '>':
			dst = append(dst, "&gt;"...)
			from++
		case bytes.HasPrefix(rest, []byte("]>")):
			dst = append(dst, "]&gt;"...)
			from += 2
		}
	}
	return append(dst, e.Raw[from:c.all.end]...)
}

// appendDecls writes the declarations that the mask names.
func (e *Element) appendDecls(dst []byte, mask uint64) []byte {
	if mask&maskNone != 0 {
		dst = append(dst, " xmlns=''"...)
	}
	for i := range e.t.stanzaNS {
		if mask&(1<<i) != 0 {
			d := &e.t.ns[:e.t.stanzaNS][i]
			dst = appendDecl(dst, string(d.prefix.of(e.Raw)), e.t.uri(e.Raw, i))
		}
	}
	for i, d := range e.t.outer {
		if mask&(1<<(MaxNamespaces+i)) != 0 {
			dst = appendDecl(dst, d.prefix, d.uri)
		}
	}
	return dst
}

func appendDecl(dst []byte, prefix, uri string) []byte {
	if prefix == "" {
		return AppendAttr(dst, "xmlns", uri)
	}
	return AppendAttr(dst, "xmlns:"+prefix, uri)
}
