package xmlscan

import (
	"encoding/binary"
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
		{`<iq xmlns:p='urn:&lt;p'><p:a/></iq>`, `<p:a xmlns:p='urn:&lt;p'/>`},
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
