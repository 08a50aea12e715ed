package xmlscan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='grid.example' version='1.0' xml:lang='en'>`

// scan feeds in in pieces of the given size and writes down what the scanner found.
func scan(in string, size, limit int) (log []string, err error) {
	s := NewScanner(NSClient, limit)
	for len(in) > 0 {
		n := min(size, len(in))
		p := []byte(in[:n])
		in = in[n:]
		s.Feed(p)
		for {
			it, err := s.Next()
			if err != nil {
				return log, err
			}
			if it == None {
				break
			}
			switch it {
			case Open:
				log = append(log, fmt.Sprintf("open %s %v %s", s.Header.Name, s.Header.Attrs, s.Header.Lang))
			case Closed:
				log = append(log, "closed")
			case Child:
				e := s.Element
				line := e.Name.String()
				for _, a := range e.Attrs() {
					line += fmt.Sprintf(" %s=%q", Name{a.Space, string(a.Local)}, a.Value)
				}
				for i := range e.Len() {
					line += " <" + e.Child(i).String() + ">"
				}
				log = append(log, line, string(e.Raw), string(e.Payload(nil)))
			}
		}
		for i := range p {
			p[i] = 'X' // borrowed bytes are free again
		}
	}
	return log, nil
}

var wellFormed = []string{
	`<iq type='get' id='1' to='a@b/c'><ping xmlns='urn:xmpp:ping'/></iq>`,
	`<message><body>a &lt; b &amp;&#x41;&#66; ]] > ü 𝄞</body></message>`,
	`<presence/>`, `<presence></presence>`, "<presence\n\t a = \"1\"\r b='2' ></presence >",
	`<r xmlns='urn:xmpp:sm:3'/>`,
	`<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>`,
	`<message><a xmlns='x' xml:lang='en' b='&apos;&quot;&#10;'>t<![CDATA[<&]]>u</a><body><![CDATA[]]]]></body></message>`,
	`<c:iq xmlns:c='jabber:client' xmlns='other'><foo/><c:bar c:x='1'/></c:iq>`,
	`<iq xmlns:p='urn:p'><p:a><b xmlns='q' p:z='1'/></p:a><own xmlns='o'/></iq>`,
	`<iq><stream:x/></iq>`,
	`<message><a xmlns=''><b/></a></message>`,
}

func TestScannerPieces(t *testing.T) {
	in := header + "\n" + strings.Join(wellFormed, " \n") + "</stream:stream >"
	want, err := scan(in, len(in), LimitDefault)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(want); n != 2+3*len(wellFormed) || want[n-1] != "closed" {
		t.Fatalf("%d lines: %q", n, want)
	}
	for size := 1; size < 60; size++ {
		got, err := scan(in, size, LimitDefault)
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("size %d:\n%s\nwant\n%s", size, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestPayload(t *testing.T) {
	for _, c := range [][2]string{
		{`<iq><a xmlns='x'><b/></a></iq>`, `<a xmlns='x'><b/></a>`},
		{`<iq> <a xmlns='x'/> t <b xmlns='y'/>u</iq>`, `<a xmlns='x'/><b xmlns='y'/>`},
		{`<iq><error type='cancel'/></iq>`, `<error type='cancel'/>`},
		{`<iq xmlns='jabber:client'><error/></iq>`, `<error/>`},
		{`<iq xmlns:p='urn:&amp;p'><p:a/></iq>`, `<p:a xmlns:p='urn:&amp;p'/>`},
		{`<iq xmlns:p='urn:p' xmlns:q='urn:q'><a xmlns='x'><b q:c=''/></a><a xmlns='x'/></iq>`, `<a xmlns:q='urn:q' xmlns='x'><b q:c=''/></a><a xmlns='x'/>`},
		{`<iq xmlns:p='urn:p'><p:a xmlns:p='urn:other'/></iq>`, `<p:a xmlns:p='urn:other'/>`},
		{`<c:iq xmlns:c='jabber:client' xmlns=''><a/></c:iq>`, `<a xmlns=''/>`},
		{`<c:iq xmlns:c='jabber:client' xmlns='o'><a><c:b/></a></c:iq>`, `<a xmlns:c='jabber:client' xmlns='o'><c:b/></a>`},
		{`<iq><stream:a/></iq>`, `<stream:a xmlns:stream='http://etherx.jabber.org/streams'/>`},
		{`<message><body><![CDATA[a<b]]>&amp;<![CDATA[]]></body></message>`, `<body>a&lt;b&amp;</body>`},
		{`<message xmlns:p='u'><![CDATA[z]]><p:x><![CDATA[>]]></p:x><![CDATA[y]]></message>`, `<p:x xmlns:p='u'>&gt;</p:x>`},
		{`<message>text</message>`, ``},
	} {
		for _, size := range []int{1, 7, 4096} {
			log, err := scan(header+c[0], size, LimitDefault)
			if err != nil || len(log) != 4 {
				t.Errorf("%s: %q, %v", c[0], log, err)
				continue
			}
			if log[3] != c[1] {
				t.Errorf("%s: payload %s, want %s", c[0], log[3], c[1])
			}
		}
	}
}

// A stream whose default namespace is not that of its stanzas: children in it need a declaration.
func TestPayloadForeignDefault(t *testing.T) {
	in := `<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client'><c:iq><a/></c:iq><c:iq xmlns='jabber:client'><a/></c:iq>`
	log, err := scan(in, 5, LimitDefault)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := log[3], `<a xmlns='http://etherx.jabber.org/streams'/>`; got != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if got, want := log[6], `<a/>`; got != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if log, err := scan(`<s:stream xmlns:s='http://etherx.jabber.org/streams'><x xmlns='jabber:client' xmlns:n=
"n"><n:y xmlns=''/></x><iq><a/></iq>`, 3, LimitDefault); err != nil || log[6] != `<a xmlns=''/>` {
		t.Errorf("%q, %v", log, err)
	}
}

// Every rule of the restricted XML, and what it is refused as.
func TestRules(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	attrs := func(n int, f string) (s string) {
		for i := range n {
			s += " " + fmt.Sprintf(f, i)
		}
		return s
	}
	name := func(n int) string { return strings.Repeat("n", n) }
	for _, c := range []struct {
		in   string // behind the header
		rule Rule
	}{
		{"<iq><a>\xff</a></iq>", RuleEncoding},
		{"<iq a='\xc3('/>", RuleEncoding},
		{"<iq>\xed\xa0\x80</iq>", RuleEncoding},
		{"<iq>\xc0\xaf</iq>", RuleEncoding},
		{"<iq a='\xff'/>", RuleEncoding},
		{"<iq>\xf8\x88\x80\x80\x80</iq>", RuleEncoding},
		{"<iq>\ufffe</iq>", RuleChar},
		{"<iq>\uffff</iq>", RuleChar},
		{"<iq a='\uffff'/>", RuleChar},
		{"<iq>\x00</iq>", RuleChar},
		{"<iq>\x0b</iq>", RuleChar},
		{"<iq a='\x01'/>", RuleChar},
		{"<iq>&#0;</iq>", RuleChar},
		{"<iq>&#x1f;</iq>", RuleChar},
		{"<iq a='&#xD800;'/>", RuleChar},
		{"<iq>&#xFFFE;</iq>", RuleChar},
		{"<iq>&#x110000;</iq>", RuleChar},
		{"<iq><![CDATA[\x08]]></iq>", RuleChar},
		{"<iq><![CDATA[\xfe]]></iq>", RuleEncoding},
		{"<!-- x --><iq/>", RuleComment},
		{"<iq><!-- x --></iq>", RuleComment},
		{"<iq><a><!----></a></iq>", RuleComment},
		{"<?php x?>", RulePI},
		{"<iq><?x?></iq>", RulePI},
		{"<?xml version='1.0'?>", RulePI},
		{"<!DOCTYPE x>", RuleDTD},
		{`<iq><!DOCTYPE x [<!ENTITY a "b">]></iq>`, RuleDTD},
		{"<iq><!ENTITY a 'b'></iq>", RuleDTD},
		{"<iq><![INCLUDE[x]]></iq>", RuleDTD},
		{"<iq>&nbsp;</iq>", RuleEntity},
		{"<iq a='&lol9;'/>", RuleEntity},
		{"<iq>&#0000000000065;</iq>", RuleEntity},
		{"<iq>&abcdefghijklmnop</iq>", RuleEntity},
		{"<iq>&;</iq>", RuleSyntax},
		{"<iq>& </iq>", RuleSyntax},
		{"<iq>&#;</iq>", RuleSyntax},
		{"<iq>&#x;</iq>", RuleSyntax},
		{"<iq>&#1a;</iq>", RuleSyntax},
		{"<iq a='&lt'/>", RuleSyntax},
		{"<iq>&#X41;</iq>", RuleSyntax},
		{"<iq a='1' a='2'/>", RuleDuplicate},
		{"<iq xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>", RuleDuplicate},
		{"<iq xmlns='a' xmlns='b'/>", RuleDuplicate},
		{"<iq xmlns:p='a' xmlns:p='a'/>", RuleDuplicate},
		{"<p:iq/>", RulePrefix},
		{"<iq p:a=''/>", RulePrefix},
		{"<iq><a xmlns:p='u'/><p:b/></iq>", RulePrefix},
		{"<iq xmlns:xml='u'/>", RulePrefix},
		{"<iq xmlns:xmlns='u'/>", RulePrefix},
		{"<iq xmlns:p='http://www.w3.org/XML/1998/namespace'/>", RulePrefix},
		{"<iq xmlns='http://www.w3.org/2000/xmlns/'/>", RulePrefix},
		{"<iq xmlns:p=''/>", RulePrefix},
		{"<xmlns:iq/>", RulePrefix},
		{"hello", RuleText},
		{"&amp;", RuleText},
		{"<iq/>x", RuleText},
		{"<![CDATA[ ]]>", RuleText},
		{"<iq></ip>", RuleSyntax},
		{"<iq></iq x>", RuleSyntax},
		{"<iq></i", RuleNone},
		{"<iq><a></iq></a>", RuleSyntax},
		{"</iq>", RuleSyntax},
		{"</stream:stream x>", RuleSyntax},
		{"<iq></iqq>", RuleSyntax},
		{"<iq a=1/>", RuleSyntax},
		{"<iq a/>", RuleSyntax},
		{"<iq a='1'b='2'/>", RuleSyntax},
		{"<iq a='<'/>", RuleSyntax},
		{"<iq / >", RuleSyntax},
		{"<iq <a/>", RuleSyntax},
		{"< iq/>", RuleSyntax},
		{"<iq>]]></iq>", RuleSyntax},
		{"<1q/>", RuleSyntax},
		{"<iq:/>", RuleSyntax},
		{"<:iq/>", RuleSyntax},
		{"<a:b:c/>", RuleSyntax},
		{"<ïq/>", RuleSyntax},
		{"<iq ä='1'/>", RuleSyntax},
		{"<-a/>", RuleSyntax},
		{"<>", RuleSyntax},
		{"<iq '/>'>", RuleSyntax},
		{"<" + name(129) + "/>", RuleName},
		{"<" + name(128) + "/>", RuleNone},
		{"<iq " + name(129) + "='1'/>", RuleName},
		{"<iq></iq" + strings.Repeat(" ", 300) + ">", RuleName},
		{"<iq" + attrs(33, "a%d=''") + "/>", RuleAttrs},
		{"<iq" + attrs(32, "a%d=''") + attrs(16, "xmlns:p%d='u'") + "/>", RuleNone},
		{"<iq a='" + name(4097) + "'/>", RuleValue},
		{"<iq a='" + name(4096) + "'/>", RuleNone},
		{"<iq xmlns:a='" + name(4097) + "'/>", RuleValue},
		{"<iq" + attrs(17, "xmlns:p%d='u'") + "/>", RuleNamespaces},
		{"<iq>" + deep(65) + "</iq>", RuleDepth},
		{"<iq>" + deep(64) + "</iq>", RuleNone},
		{strings.Repeat("<iq>", 10000), RuleDepth},
		{"<iq>" + name(20000) + "</iq>", RuleStanzaSize},
		{"<iq a='" + name(30000), RuleStanzaSize},
		{"<iq><![CDATA[" + name(20000), RuleStanzaSize},
		{"<iq>" + strings.Repeat("<a/>", 5000), RuleStanzaSize},
		{"<iq>" + name(16384-9) + "</iq>", RuleNone},
		{"<iq>" + name(16384-8) + "</iq>", RuleStanzaSize},
		{strings.Repeat(" ", 1025), RuleSpace},
		{strings.Repeat(" ", 1024) + "<iq/>" + strings.Repeat("\n", 1024), RuleNone},
		{"</stream:stream>" + "anything", RuleNone},
	} {
		for _, size := range []int{1, 13, 1 << 20} {
			_, err := scan(header+c.in, size, LimitPreAuth)
			var e *Error
			switch {
			case c.rule == RuleNone && err != nil:
				t.Errorf("%.60q in pieces of %d: %v", c.in, size, err)
			case c.rule != RuleNone && !errors.As(err, &e):
				t.Errorf("%.60q in pieces of %d: accepted, want %s", c.in, size, c.rule)
			case c.rule != RuleNone && e.Rule != c.rule:
				t.Errorf("%.60q in pieces of %d: %s (%v), want %s", c.in, size, e.Rule, e, c.rule)
			case c.rule != RuleNone && (e.Offset < int64(len(header)) || e.Offset > int64(len(header)+len(c.in)+1)):
				t.Errorf("%.60q: offset %d", c.in, e.Offset)
			}
		}
	}
}

func TestHeader(t *testing.T) {
	const root = `<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'>`
	for _, c := range []struct {
		in   string
		rule Rule
	}{
		{root, RuleNone},
		{"\n " + root, RuleNone},
		{"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n" + root, RuleNone},
		{`<?xml version="1.0"  encoding = "UTF-8"?>` + root, RuleNone},
		{"\ufeff" + root, RuleEncoding},
		{"\xff\xfe<\x00", RuleEncoding},
		{"\x00<", RuleEncoding},
		{"<?xml version='1.0' encoding='ISO-8859-1'?>" + root, RuleEncoding},
		{" <?xml version='1.0'?>" + root, RulePI},
		{"<?xml version='1.0'?><?xml version='1.0'?>" + root, RulePI},
		{"<?xmlx version='1.0'?>", RulePI},
		{"<?php?>", RulePI},
		{"<?xml version='1.1'?>" + root, RuleSyntax},
		{"<?xml encoding='UTF-8'?>" + root, RuleSyntax},
		{"<?xml version='1.0'standalone='yes'?>", RuleSyntax},
		{"<?xml version='1.0' standalone='maybe'?>", RuleSyntax},
		{"<?xml version='1.0' standalone='yes' encoding='UTF-8'?>", RuleSyntax},
		{"<?xml ?>", RuleSyntax},
		{"<?xml version='1.0?>", RuleSyntax},
		{"<?xml version=1.0?>", RuleSyntax},
		{"<?xml version='1.0' " + strings.Repeat(" ", 300), RuleSyntax},
		{"<!DOCTYPE stream [<!ENTITY lol 'lol'>]>" + root, RuleDTD},
		{"<!-- hi -->" + root, RuleComment},
		{"hello" + root, RuleSyntax},
		{"</s:stream>", RuleSyntax},
		{"GET / HTTP/1.1\r\n", RuleSyntax},
		{"<s:stream>", RulePrefix},
		{"<![CDATA[x]]>" + root, RuleSyntax},
		{strings.Repeat(" ", 1025) + root, RuleSpace},
		{"<stream a='" + strings.Repeat("b", 20000), RuleStanzaSize},
		{"\x16\x03\x01\x02\x00\x01", RuleSyntax},
	} {
		for _, size := range []int{1, 9, 1 << 20} {
			log, err := scan(c.in, size, LimitPreAuth)
			var e *Error
			errors.As(err, &e)
			switch {
			case c.rule == RuleNone && (err != nil || len(log) != 1):
				t.Errorf("%.60q in pieces of %d: %q, %v", c.in, size, log, err)
			case c.rule != RuleNone && (e == nil || e.Rule != c.rule):
				t.Errorf("%.60q in pieces of %d: %v, want %s", c.in, size, err, c.rule)
			}
		}
	}
}

func TestRestart(t *testing.T) {
	for _, c := range []struct {
		behind string
		ok     bool
	}{{"", true}, {"\r\n", true}, {"<", false}, {"<iq/>", false}, {"<?xml version='1.0'?>", false}} {
		s := NewScanner(NSClient, LimitDefault)
		s.Feed([]byte(header + "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>" + c.behind))
		for _, want := range []Item{Open, Child} {
			if it, err := s.Next(); it != want || err != nil {
				t.Fatal(it, err)
			}
		}
		if got := s.Restart(); got != c.ok {
			t.Errorf("Restart with %q behind: %v", c.behind, got)
		}
		s.Feed([]byte(header))
		if it, err := s.Next(); it != Open || err != nil {
			t.Errorf("after restart: %v, %v", it, err)
		}
	}
}

func TestIdleHoldsNothing(t *testing.T) {
	s := NewScanner(NSClient, LimitDefault)
	s.Feed([]byte(header + `<iq><a xmlns='x'/>`))
	for {
		if it, err := s.Next(); err != nil {
			t.Fatal(err)
		} else if it == None {
			break
		}
	}
	if !s.Partial() || s.w == nil {
		t.Error("an open stanza is not reported")
	}
	s.Feed([]byte(`</iq> `))
	if it, err := s.Next(); it != Child || err != nil {
		t.Fatal(it, err)
	}
	if got := string(s.Element.Raw); got != `<iq><a xmlns='x'/></iq>` {
		t.Errorf("raw %s", got)
	}
	if it, err := s.Next(); it != None || err != nil {
		t.Fatal(it, err)
	}
	if s.Partial() || s.w != nil || s.cur != nil {
		t.Error("an idle scanner holds a buffer")
	}
}

// Between Hold and the next call the fed bytes may be overwritten.
func TestHold(t *testing.T) {
	s := NewScanner(NSClient, LimitDefault)
	p := []byte(header + `<a/><iq/><presence`)
	s.Feed(p)
	for range 2 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Behind(); n != len(`<iq/><presence`) {
		t.Errorf("%d octets behind", n)
	}
	s.Hold()
	clear(p)
	s.Feed([]byte("/>"))
	var names []string
	for {
		it, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if it == None {
			break
		}
		names = append(names, s.Element.Name.Local)
	}
	if fmt.Sprint(names) != "[iq presence]" || s.Behind() != 0 {
		t.Errorf("%v, %d behind", names, s.Behind())
	}
}

func TestElementText(t *testing.T) {
	s := NewScanner(NSClient, LimitDefault)
	s.Feed([]byte(header + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' xmlns:q='q' mechanism='X'>a&amp;<q:x>no</q:x>b<![CDATA[c]]></auth>`))
	for range 2 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(s.Element.Text(nil)); got != "a&bc" {
		t.Errorf("text %q", got)
	}
	if v, ok := s.Element.Attr("mechanism"); !ok || string(v) != "X" {
		t.Errorf("attribute %q", v)
	}
	if _, ok := s.Element.Attr("none"); ok {
		t.Error("attribute out of nothing")
	}
	if !s.Element.HasText() || s.Element.CDATA() != 1 || s.CDATA() != 1 {
		t.Error("text or CDATA not noticed")
	}
}

func TestErrorText(t *testing.T) {
	seen := map[string]bool{}
	for r := RuleSyntax; r < ruleCount; r++ {
		if r.String() == "" || r.Condition() == "" || seen[r.String()] {
			t.Errorf("rule %d: %q %q", r, r, r.Condition())
		}
		seen[r.String()] = true
	}
	err := error(&Error{RuleDTD, 17})
	if !errors.Is(err, ErrRefused) || err.Error() != "xmlscan: document type declaration at offset 17" {
		t.Error(err)
	}
	if Rule(200).String() != "unknown" || Rule(200).Condition() == "" {
		t.Error("unknown rule")
	}
}

// Whatever pieces a stream comes in, the scanner finds the same.
func TestScannerPiecesRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := header + strings.Join(rapid.SliceOfN(rapid.SampledFrom(append(wellFormed, "<iq>", "<!--", "</iq>", "&", "\xff", " ")), 0, 8).Draw(t, "parts"), "")
		whole, err1 := scan(in, len(in), 200)
		pieces, err2 := scan(in, rapid.IntRange(1, 80).Draw(t, "size"), 200)
		if strings.Join(whole, "\n") != strings.Join(pieces, "\n") || (err1 == nil) != (err2 == nil) {
			t.Fatalf("%q\n%q %v\n%q %v", in, whole, err1, pieces, err2)
		}
	})
}

// The fast look at eight octets agrees with the table.
func TestPlain8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.ByteRange('%', '?')), 8, 8).Draw(t, "b")
		want := true
		for _, c := range b {
			want = want && class[c]&cText != 0 && (class[c]&cSpace == 0 || c == ' ')
		}
		if got := plain8(binary.LittleEndian.Uint64(b)); got && !want {
			t.Fatalf("%q passes", b)
		} else if !got && want {
			t.Fatalf("%q does not pass", b)
		}
	})
}
