package xmlscan

import "io"

// Kind is the kind of a Token.
type Kind uint8

// The kinds of tokens.
const (
	Start Kind = iota + 1 // start tag; an empty element gives Start and End
	End                   // end tag
	Text                  // character data, unescaped; one run may come in several tokens
)

// A Token is one piece of XML. Attrs and Text are borrowed until the next call of the Reader.
type Token struct {
	Kind  Kind
	Name  Name   // of Start
	Attrs []Attr // of Start
	Text  []byte // of Text
	Depth int    // open elements around the token
}

// A Reader walks through a complete piece of XML, such as the payload of a stanza, by the rules of this package. It
// takes any number of elements side by side, with text between them. The zero value is an empty reader.
type Reader struct {
	t     tokenizer
	b     []byte
	attrs []Attr
	text  []byte
	empty bool // the End of an empty element is due
	err   error
}

// NewReader returns a reader of b, which it borrows. Elements without declared default namespace are in NSClient.
func NewReader(b []byte) *Reader { return NewReaderNS(b, NSClient) }

// NewReaderNS is NewReader with another default namespace.
func NewReaderNS(b []byte, space string) *Reader {
	return &Reader{b: b, t: tokenizer{outer: []nsDecl{{"", space}}}}
}

// Next returns the next token, io.EOF at the end, or an *Error.
func (r *Reader) Next() (Token, error) {
	if r.err != nil {
		return Token{}, r.err
	}
	t := &r.t
	if r.empty {
		r.empty = false
		return Token{Kind: End, Depth: len(t.stack)}, nil
	}
	k, ok := t.step(r.b)
	if !ok {
		r.err = &Error{t.rule, int64(t.at)}
		return Token{}, r.err
	}
	switch k {
	case tokStart, tokEmpty:
		r.empty = k == tokEmpty
		tok := Token{Kind: Start, Name: Name{t.uri(r.b, t.code), intern(t.local(r.b))}, Depth: len(t.stack)}
		if k == tokStart {
			tok.Depth--
		}
		r.attrs = r.attrs[:0]
		for i := range t.attrs {
			a := &t.attrs[i]
			v := a.value.of(r.b)
			if !a.plain {
				v = unescapeValue(nil, v)
			}
			r.attrs = append(r.attrs, Attr{t.uri(r.b, a.code), a.local.of(r.b), v})
		}
		tok.Attrs = r.attrs
		return tok, nil
	case tokEnd:
		return Token{Kind: End, Depth: len(t.stack)}, nil
	case tokText, tokCDATA:
		r.text = unescapeText(r.text[:0], t.tok.of(r.b), k == tokCDATA)
		return Token{Kind: Text, Text: r.text, Depth: len(t.stack)}, nil
	}
	r.err = io.EOF
	if len(t.stack) > 0 || t.pos < len(r.b) || t.inCDATA {
		r.err = &Error{RuleSyntax, int64(t.pos)}
	}
	return Token{}, r.err
}

// Skip reads up to the end of the element that the Start token before it opened.
func (r *Reader) Skip() error {
	for depth := 1; depth > 0; {
		tok, err := r.Next()
		if err != nil {
			return err
		}
		switch tok.Kind {
		case Start:
			depth++
		case End:
			depth--
		}
	}
	return nil
}

// Attr returns the value of an attribute without namespace, "" when absent.
func (t *Token) Attr(local string) string {
	for i := range t.Attrs {
		if t.Attrs[i].Space == "" && string(t.Attrs[i].Local) == local {
			return string(t.Attrs[i].Value)
		}
	}
	return ""
}
