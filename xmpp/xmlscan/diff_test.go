package xmlscan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// meaning writes down what encoding/xml understands: expanded names, sorted attributes, joined text. White space in
// attribute values is made equal, because encoding/xml does not normalise it.
func meaning(in string) (string, error) {
	d := xml.NewDecoder(strings.NewReader(in))
	var log []string
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return join(log), nil
		}
		if err != nil {
			return "", err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			var attrs []string
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
					continue
				}
				attrs = append(attrs, fmt.Sprintf("{%s}%s=%q", a.Name.Space, a.Name.Local, space(a.Value)))
			}
			slices.Sort(attrs)
			log = append(log, fmt.Sprintf("<{%s}%s %v", t.Name.Space, t.Name.Local, attrs))
		case xml.EndElement:
			log = append(log, ">")
		case xml.CharData:
			log = append(log, "t"+string(t))
		default:
			return "", fmt.Errorf("token %T", tok)
		}
	}
}

// ours is meaning with the Reader.
func ours(in []byte) (string, error) {
	r := NewReaderNS(in, "")
	var log []string
	for {
		tok, err := r.Next()
		if errors.Is(err, io.EOF) {
			return join(log), nil
		}
		if err != nil {
			return "", err
		}
		switch tok.Kind {
		case Start:
			var attrs []string
			for _, a := range tok.Attrs {
				attrs = append(attrs, fmt.Sprintf("{%s}%s=%q", a.Space, a.Local, space(string(a.Value))))
			}
			slices.Sort(attrs)
			log = append(log, fmt.Sprintf("<{%s}%s %v", tok.Name.Space, tok.Name.Local, attrs))
		case End:
			log = append(log, ">")
		case Text:
			log = append(log, "t"+string(tok.Text))
		}
	}
}

func space(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", " "))
}

// join merges neighbouring text, which the two parsers cut differently.
func join(log []string) string {
	var b strings.Builder
	text := ""
	for _, l := range log {
		if l[0] == 't' {
			text += l[1:]
			continue
		}
		if text != "" {
			fmt.Fprintf(&b, "t%q\n", text)
			text = ""
		}
		b.WriteString(l + "\n")
	}
	if text != "" {
		fmt.Fprintf(&b, "t%q\n", text)
	}
	return b.String()
}

// sameMeaning checks that encoding/xml reads what we accepted with the same meaning, and that the payload that would
// be forwarded means what the stanza's children meant.
func sameMeaning(t *testing.T, in string) {
	s := NewScanner(NSClient, LimitPreAuth)
	s.Feed([]byte(header + in))
	for {
		it, err := s.Next()
		if err != nil || it == None {
			return
		}
		if it != Child {
			continue
		}
		e := s.Element
		if at := int(s.Offset()) - len(header); len(e.Raw) > LimitPreAuth || in[at:at+len(e.Raw)] != string(e.Raw) {
			t.Fatalf("%q: raw span %q at %d", in, e.Raw, at)
		}
		const wrap = `<w xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>%s</w>`
		raw := fmt.Sprintf(wrap, e.Raw)
		want, err := meaning(raw)
		if err != nil {
			t.Fatalf("accepted %q, encoding/xml: %v", raw, err)
		}
		got, err := ours([]byte(raw))
		if err != nil {
			t.Fatalf("scanner accepted %q, reader: %v", raw, err)
		}
		if got != want {
			t.Fatalf("%q\nours:\n%s\nencoding/xml:\n%s", raw, got, want)
		}
		if bytes.Contains(e.Payload(nil), []byte("<![CDATA[")) {
			t.Fatalf("%q: CDATA forwarded", raw)
		}
		var children strings.Builder
		for i := range e.Len() {
			r, err := meaning("<w xmlns='jabber:client'>" + string(e.AppendChild(nil, i)) + "</w>")
			if err != nil {
				t.Fatalf("%q: payload: %v", raw, err)
			}
			children.WriteString(strings.TrimSuffix(strings.TrimPrefix(r, "<{jabber:client}w []\n"), ">\n"))
		}
		if got := withoutTop(want); got != children.String() {
			t.Fatalf("%q: payload means\n%s\nwant\n%s", raw, children.String(), got)
		}
	}
}

// withoutTop leaves the children of the stanza only.
func withoutTop(m string) string {
	depth := 0
	var b strings.Builder
	for _, l := range strings.SplitAfter(m, "\n") {
		if l == "" {
			continue
		}
		if l[0] == '>' {
			depth--
		}
		if depth > 2 || depth == 2 && l[0] != 't' {
			b.WriteString(l)
		}
		if l[0] == '<' {
			depth++
		}
	}
	return b.String()
}

var tricky = []string{
	"<iq a='\r\n\t&#13;&#10;'>\r\n\r&#13;\n</iq>",
	"<iq a=\"'\" b='\"'>'\"</iq>",
	"<iq xmlns:a='u' xmlns:b='u'><a:x b:y='1' y='2'/><a:x xmlns:a='v'><a:z/></a:x></iq>",
	"<message><body>]]&gt; ]] ] > </body><![CDATA[]]]]><![CDATA[>]]></message>",
	"<message xml:lang='de'><b xmlns='q' xml:space='preserve'>  </b></message>",
	"<m.-_9 _a.-9='1'/>",
	"<iq><a xmlns='urn:&lt;x'/></iq>",
	"<x xmlns='a'><y xmlns=''><z xmlns='b'/></y></x>",
	"<message><a>\u00a0\u0085\u2028\ufffd\U0010ffff\x7f</a></message>",
}

func TestSameMeaningAsEncodingXML(t *testing.T) {
	for _, in := range append(tricky, wellFormed...) {
		sameMeaning(t, in)
	}
}

func FuzzScanner(f *testing.F) {
	for _, in := range append(tricky, wellFormed...) {
		f.Add(in, 3)
	}
	f.Add("<iq><!-- --></iq>", 1)
	f.Add("<iq>&lol;<!DOCTYPE x></iq></stream:stream>", 2)
	f.Fuzz(func(t *testing.T, in string, size int) {
		if size < 1 || len(in) > 1<<16 {
			return
		}
		sameMeaning(t, in)
		whole, err1 := scan(header+in, len(header)+len(in), LimitPreAuth)
		pieces, err2 := scan(header+in, size, LimitPreAuth)
		if (err1 == nil) != (err2 == nil) || !slices.Equal(whole, pieces) {
			t.Fatalf("pieces of %d: %q %v\nwhole: %q %v", size, pieces, err2, whole, err1)
		}
		var e *Error
		if err1 != nil && !errors.As(err1, &e) {
			t.Fatalf("error %T", err1)
		}
		if _, err := scan(in, size, LimitPreAuth); err != nil && !errors.Is(err, ErrRefused) {
			t.Fatalf("as a whole stream: %v", err)
		}
	})
}

func FuzzReader(f *testing.F) {
	for _, in := range append(tricky, wellFormed...) {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := ours([]byte(in))
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("error %T", err)
			}
			return
		}
		want, err := meaning("<w>" + in + "</w>")
		if err != nil {
			t.Fatalf("accepted %q, encoding/xml: %v", in, err)
		}
		if want := strings.TrimSuffix(strings.TrimPrefix(want, "<{}w []\n"), ">\n"); got != want {
			t.Fatalf("%q\nours:\n%s\nencoding/xml:\n%s", in, got, want)
		}
	})
}

// What is written is read back, whatever the text.
func FuzzAppend(f *testing.F) {
	f.Add("a<b>&'\"\r\n\t]]>\x00\xff\uffff")
	f.Fuzz(func(t *testing.T, s string) {
		b := append(AppendAttr([]byte("<iq"), "a", s), '>')
		b = append(AppendText(b, s), "</iq>"...)
		r := NewReader(b)
		tok, err := r.Next()
		if err != nil {
			if len(b) > MaxValue {
				return
			}
			t.Fatalf("%q: %v", b, err)
		}
		want := strings.Map(func(r rune) rune {
			if !isChar(r) {
				return '\ufffd'
			}
			return r
		}, s)
		if got := tok.Attr("a"); got != want {
			t.Fatalf("attribute %q, want %q", got, want)
		}
		var text strings.Builder
		for {
			tok, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if tok.Kind != Text {
				break
			}
			text.Write(tok.Text)
		}
		if text.String() != want {
			t.Fatalf("text %q, want %q", text.String(), want)
		}
	})
}

func BenchmarkScanner(b *testing.B) {
	in := []byte(`<iq type='get' id='dGhlIGlkIGlz' to='der1@grid.example/IEC' from='ems@grid.example/IEC'><secure xmlns='urn:gridward:61850-e2e:1'>` + strings.Repeat("QUJD", 100) + `</secure></iq>`)
	s := NewScanner(NSClient, LimitDefault)
	s.Feed([]byte(header))
	if it, err := s.Next(); it != Open || err != nil {
		b.Fatal(it, err)
	}
	var dst []byte
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		s.Feed(in)
		if it, err := s.Next(); it != Child || err != nil {
			b.Fatal(it, err)
		}
		dst = s.Element.Payload(dst[:0])
		if it, err := s.Next(); it != None || err != nil {
			b.Fatal(it, err)
		}
	}
}
