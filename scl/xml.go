package scl

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// A reader turns octets into elements.
type reader struct {
	file   string
	data   []byte
	limits Limits
	names  map[string]string // interned names and values
	plain  bool              // the root element is in no name space

	offset    int // how far line and col have been counted
	line, col int32
}

// readXML reads one document, and tells whether its root is in no name space. Its errors are Problems.
func readXML(file string, data []byte, limits Limits) (root *Element, plain bool, err error) {
	r := &reader{file: file, limits: limits, names: make(map[string]string), line: 1, col: 1}
	if len(data) > limits.Size {
		return nil, false, r.fail(ErrLimit, "split the file or raise the limit",
			"%d octets are more than the limit of %d", len(data), limits.Size)
	}
	if r.data, err = r.decode(data); err != nil {
		return nil, false, err
	}
	root, err = r.document()
	return root, r.plain, err
}

func (r *reader) fail(kind error, hint, format string, args ...any) error {
	return &Problem{File: r.file, Line: int(r.line), Col: int(r.col), Msg: fmt.Sprintf(format, args...), Hint: hint, Kind: kind}
}

// decode removes a byte order mark and brings Latin-1 to UTF-8.
func (r *reader) decode(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, r.fail(ErrSyntax, "save the file as UTF-8", "UTF-16 is not supported")
	}
	head := data[:min(len(data), 200)]
	if i := bytes.Index(head, []byte("?>")); bytes.HasPrefix(head, []byte("<?xml")) && i > 0 {
		head = bytes.ToLower(head[:i])
	} else {
		return data, nil
	}
	switch {
	case bytes.Contains(head, []byte("iso-8859-1")):
		return charmap.ISO8859_1.NewDecoder().Bytes(data)
	case bytes.Contains(head, []byte("windows-1252")):
		return charmap.Windows1252.NewDecoder().Bytes(data)
	}
	return data, nil
}

func (r *reader) document() (*Element, error) {
	d := xml.NewDecoder(bytes.NewReader(r.data))
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(label) {
		case "iso-8859-1", "windows-1252", "us-ascii", "ascii":
			return in, nil
		}
		return nil, fmt.Errorf("encoding %q is not supported", label)
	}
	var root, open *Element
	depth, elements := 0, 0
	for {
		r.advance(int(d.InputOffset()))
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, r.syntax(d, err, open)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if elements++; elements > r.limits.Elements {
				return nil, r.fail(ErrLimit, "split the file or raise the limit", "more than %d elements", r.limits.Elements)
			}
			if depth++; depth > r.limits.Depth {
				return nil, r.fail(ErrLimit, "", "elements nested deeper than %d", r.limits.Depth)
			}
			e, err := r.element(t)
			if err != nil {
				return nil, err
			}
			switch {
			case open != nil:
				e.Parent = open
				open.Children = append(open.Children, e)
			case root != nil:
				return nil, r.fail(ErrSyntax, "keep one SCL element", "a second root element %s", e.Name)
			default:
				root = e
				r.plain = t.Name.Space == ""
			}
			open = e
		case xml.EndElement:
			open, depth = open.Parent, depth-1
		case xml.CharData:
			if err := r.text(open, t); err != nil {
				return nil, err
			}
		case xml.Directive:
			return nil, r.fail(ErrSyntax, "remove the <!DOCTYPE ...>", "document type definitions are not allowed")
		}
	}
	if root == nil {
		return nil, r.fail(ErrSyntax, "an SCL file starts with <SCL", "no XML element")
	}
	return root, nil
}

func (r *reader) element(t xml.StartElement) (*Element, error) {
	e := &Element{Space: r.space(t.Name.Space), Name: r.intern(t.Name.Local), Line: r.line, Col: r.col}
	if len(t.Attr) > r.limits.Attrs {
		return nil, r.fail(ErrLimit, "", "%s has more than %d attributes", e.Name, r.limits.Attrs)
	}
	if len(t.Attr) > 0 {
		e.Attrs = make([]Attr, 0, len(t.Attr))
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		attr := Attr{Space: r.intern(a.Name.Space), Name: r.intern(a.Name.Local), Value: r.intern(a.Value)}
		for _, b := range e.Attrs {
			if b.Space == attr.Space && b.Name == attr.Name {
				return nil, r.fail(ErrSyntax, "keep one of them", "%s has the attribute %s twice", e.Name, attr.Name)
			}
		}
		e.Attrs = append(e.Attrs, attr)
	}
	return e, nil
}

func (r *reader) text(open *Element, t xml.CharData) error {
	blank := len(bytes.TrimSpace(t)) == 0
	switch {
	case open == nil && !blank && !bytes.Equal(t, []byte("\ufeff")):
		return r.fail(ErrSyntax, "an SCL file starts with <SCL", "text outside of the root element")
	case blank || open == nil:
	case open.Text == "":
		open.Text = r.intern(string(t))
	case len(open.Text)+len(t) > maxText:
		return r.fail(ErrLimit, "", "more than %d octets of text in pieces", maxText)
	default:
		open.Text += string(t)
	}
	return nil
}

// maxText bounds text that comments or sections cut into pieces.
const maxText = 64 << 10

// space gives "" for SCL's own name space.
func (r *reader) space(uri string) string {
	if uri == Namespace {
		return ""
	}
	return r.intern(uri)
}

// intern keeps one copy of every short string: a large file repeats few names and values very often.
func (r *reader) intern(s string) string {
	if len(s) > 64 {
		return s
	}
	if kept, ok := r.names[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	r.names[s] = s
	return s
}

// advance counts lines and columns up to an offset.
func (r *reader) advance(to int) {
	part := r.data[r.offset:to]
	r.offset = to
	if n := bytes.Count(part, []byte("\n")); n > 0 {
		r.line += int32(n)
		r.col = 1
		part = part[bytes.LastIndexByte(part, '\n')+1:]
	}
	r.col += int32(utf8.RuneCount(part))
}

// syntax places an error of the XML decoder.
func (r *reader) syntax(d *xml.Decoder, err error, in *Element) error {
	at := min(int(d.InputOffset()), len(r.data))
	var se *xml.SyntaxError
	msg := strings.TrimPrefix(err.Error(), "xml: ")
	if errors.As(err, &se) {
		msg = se.Msg
	}
	if strings.Contains(msg, "unexpected EOF") {
		at = len(r.data)
		msg = "the file ends inside a tag"
		if in != nil {
			msg = fmt.Sprintf("the file ends inside <%s>, which line %d opens", in.Name, in.Line)
		}
	}
	r.advance(at)
	return r.fail(ErrSyntax, "repair the XML; xmllint --noout shows the same place", "%s", msg)
}
