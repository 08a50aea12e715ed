package stanza

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`

// element scans one child of a stream.
func element(t testing.TB, in string) *xmlscan.Element {
	t.Helper()
	s := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitDefault)
	s.Feed([]byte(header + in))
	for _, want := range []xmlscan.Item{xmlscan.Open, xmlscan.Child} {
		if it, err := s.Next(); err != nil || it != want {
			t.Fatalf("%s: %v, %v", in, it, err)
		}
	}
	return s.Element
}

func parse(t testing.TB, in string) (*Stanza, error) {
	t.Helper()
	var p Parser
	s := new(Stanza)
	err := p.Parse(element(t, in), s)
	return s.Clone(), err
}

var opts = cmp.Options{cmp.Comparer(func(a, b jid.JID) bool { return a == b })}

// Each row is a stanza and its one written form.
var codec = []struct {
	s   Stanza
	xml string
}{
	{
		Stanza{Kind: IQ, Type: Get, ID: "1", From: jid.MustParse("ems@grid.example/IEC"), To: jid.MustParse("der1@grid.example/IEC"), Payload: []byte(`<ping xmlns='urn:xmpp:ping'/>`)},
		`<iq type='get' id='1' from='ems@grid.example/IEC' to='der1@grid.example/IEC'><ping xmlns='urn:xmpp:ping'/></iq>`,
	},
	{Stanza{Kind: IQ, Type: Result, ID: "a'&<\n"}, `<iq type='result' id='a&apos;&amp;&lt;&#10;'/>`},
	{
		Stanza{Kind: Message, To: jid.MustParse("a@b/it's <me> & co"), Lang: "de", Payload: []byte(`<body>x</body><x xmlns='y'/>`)},
		`<message to='a@b/it&apos;s &lt;me> &amp; co' xml:lang='de'><body>x</body><x xmlns='y'/></message>`,
	},
	{Stanza{Kind: Presence}, `<presence/>`},
	{Stanza{Kind: Presence, Type: Unavailable, From: jid.MustParse("b/c")}, `<presence type='unavailable' from='b/c'/>`},
	{
		Stanza{Kind: IQ, Type: TypeError, ID: "1", Err: NewError(ServiceUnavailable, "")},
		`<iq type='error' id='1'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
	},
	{
		Stanza{Kind: Message, Type: TypeError, Payload: []byte(`<body>x</body>`), Err: &Error{Type: "wait", Cond: ResourceConstraint, Text: "queue <full>", By: jid.MustParse("grid.example"), App: xmlscan.Name{Space: "urn:x", Local: "full"}}},
		`<message type='error'><body>x</body><error type='wait' by='grid.example'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>queue &lt;full&gt;</text><full xmlns='urn:x'/></error></message>`,
	},
}

func TestCodec(t *testing.T) {
	for _, c := range codec {
		if got := string(c.s.Append(nil)); got != c.xml {
			t.Errorf("append\n%s, want\n%s", got, c.xml)
		}
		got, err := parse(t, c.xml)
		if err != nil {
			t.Errorf("%s: %v", c.xml, err)
			continue
		}
		if d := cmp.Diff(&c.s, got, opts); d != "" {
			t.Errorf("%s:\n%s", c.xml, d)
		}
	}
}

func TestParseErrors(t *testing.T) {
	const ping = `<ping xmlns='urn:xmpp:ping'/>`
	for _, c := range []struct {
		in   string
		want error
	}{
		{`<iq type='get' id='1'>` + ping + `</iq>`, nil},
		{`<message type='anything'/>`, nil},
		{`<iq type='result' id='1'/>`, nil},
		{`<foo/>`, ErrUnsupported},
		{`<iq xmlns='urn:other'/>`, ErrUnsupported},
		{`<iq type='get' id='1' from='@'>` + ping + `</iq>`, ErrFrom},
		{`<iq type='get' to='a@' id='1'>` + ping + `</iq>`, ErrTo},
		{`<iq type='get' to='' id='1'>` + ping + `</iq>`, ErrTo},
		{`<iq type='get'>` + ping + `</iq>`, ErrID},
		{`<iq type='get' id='` + strings.Repeat("i", 257) + `'>` + ping + `</iq>`, ErrID},
		{`<message id='` + strings.Repeat("i", 257) + `'/>`, ErrID},
		{`<iq type='get' id='1'/>`, ErrChildren},
		{`<iq type='set' id='1'>` + ping + ping + `</iq>`, ErrChildren},
		{`<iq id='1'>` + ping + `</iq>`, ErrType},
		{`<iq type='ask' id='1'>` + ping + `</iq>`, ErrType},
		{`<presence type='here'/>`, ErrType},
	} {
		s, err := parse(t, c.in)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.in, err, c.want)
		}
		if errors.Is(c.want, ErrTo) && (s.ID != "1" || !s.IsRequest()) {
			t.Errorf("%s: what stands behind the bad attribute is lost: %+v", c.in, s)
		}
	}
}

func TestParseErrorElement(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Error
	}{
		{`<iq type='error' id='1'><q xmlns='x'/></iq>`, Error{Type: "cancel", Cond: UndefinedCondition}},
		{`<iq type='error' id='1'><error type='odd' by='@'><strange xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`, Error{Type: "cancel", Cond: UndefinedCondition}},
		{`<iq type='error' id='1'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>a<![CDATA[b]]></text></error></iq>`, Error{Type: "auth", Cond: Forbidden, Text: "ab"}},
		{`<c:iq xmlns:c='jabber:client' xmlns='x' type='error' id='1'><q/><c:error type='wait'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:b</gone></c:error></c:iq>`, Error{Type: "wait", Cond: Gone}},
	} {
		s, err := parse(t, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if d := cmp.Diff(&c.want, s.Err, opts); d != "" {
			t.Errorf("%s: %s", c.in, d)
		}
		if !errors.Is(s.Err, NewError(c.want.Cond, "other text")) || errors.Is(s.Err, NewError(Redirect, "")) {
			t.Errorf("%s: Is does not compare the condition", c.in)
		}
	}
}

func TestChild(t *testing.T) {
	for _, c := range []struct{ payload, want string }{
		{`<ping xmlns='urn:xmpp:ping'/>`, "{urn:xmpp:ping}ping"},
		{`<p:a xmlns:p='urn:p'>x</p:a>`, "{urn:p}a"},
		{`<body>x</body>`, "{jabber:client}body"},
		{``, ""},
		{`text`, ""},
		{`<broken`, ""},
	} {
		n, ok := (&Stanza{Payload: []byte(c.payload)}).Child()
		if n.String() != c.want || ok != (c.want != "") {
			t.Errorf("%s: %v %v", c.payload, n, ok)
		}
	}
}

func TestReplies(t *testing.T) {
	a, b := jid.MustParse("a@x/1"), jid.MustParse("b@x/2")
	q := &Stanza{Kind: IQ, Type: Get, ID: "7", From: a, To: b, Payload: []byte("<x/>")}
	if r := q.Reply([]byte("<y/>")); r.From != b || r.To != a || r.ID != "7" || r.Type != Result || !r.IsResponse() || r.IsRequest() {
		t.Errorf("%+v", r)
	}
	if r := q.ErrorReply(NewError(NotAllowed, "no")); r.From != b || r.To != a || r.ID != "7" || r.Type != TypeError || r.Err.Type != "cancel" || r.Payload != nil {
		t.Errorf("%+v", r)
	}
	if NewError("made-up", "").Type != "cancel" || !strings.Contains(string(NewError("made-up", "").Append(nil)), UndefinedCondition) {
		t.Error("an unknown condition is written")
	}
}

// A parser that has seen an address does not make it again, and never mixes addresses up.
func TestParserMemory(t *testing.T) {
	known := jid.MustParse("known@x/IEC")
	p := Parser{Lookup: func(raw []byte) (jid.JID, bool) { return known, string(raw) == known.String() }}
	var s Stanza
	for _, to := range []string{"a@x/1", "a@x/1", "A@X/1", "known@x/IEC", "b@x/1", "a@x/1"} {
		if err := p.Parse(element(t, `<message to='`+to+`'/>`), &s); err != nil {
			t.Fatal(err)
		}
		if want := jid.MustParse(to); s.To != want {
			t.Errorf("to %s parsed as %s", want, s.To)
		}
	}
	e := element(t, `<iq type='get' id='1' to='a@x/1' from='b@x/2'><ping xmlns='urn:xmpp:ping'/></iq>`)
	if n := testing.AllocsPerRun(100, func() {
		if err := p.Parse(e, &s); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("%v allocations for a stanza of a known peer, want at most 1 (its id)", n)
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if len(id) != 16 || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}

// Whatever parses is written so that it parses to the same, and so that encoding/xml can read it.
func FuzzParse(f *testing.F) {
	for _, c := range codec {
		f.Add(c.xml)
	}
	f.Add(`<iq xmlns:p='u' type='set' id='1'><p:a><![CDATA[<]]></p:a></iq>`)
	f.Add(`<message><body>]<![CDATA[]]]>></body></message>`)
	f.Add(`<message type='error'><error><xml:a/></error></message>`)
	f.Fuzz(func(t *testing.T, in string) {
		sc := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitPreAuth)
		sc.Feed([]byte(header + in))
		var p Parser
		for {
			it, err := sc.Next()
			if err != nil || it == xmlscan.None {
				return
			}
			if it != xmlscan.Child {
				continue
			}
			var s Stanza
			if err := p.Parse(sc.Element, &s); err != nil {
				var pe *ParseError
				if !errors.As(err, &pe) || (pe.Stream == "") == (pe.Cond == "") {
					t.Fatalf("%v", err)
				}
				continue
			}
			b := s.Append(nil)
			again, err := parse(t, string(b))
			if err != nil {
				t.Fatalf("%s: %v", b, err)
			}
			if s.Payload == nil {
				s.Payload = again.Payload
			}
			if d := cmp.Diff(s.Clone(), again, opts); d != "" && s.Err == nil {
				t.Fatalf("%s: %s", b, d)
			}
			if err := xml.Unmarshal(b, new(struct{})); err != nil {
				t.Fatalf("%s: %v", b, err)
			}
		}
	})
}

func BenchmarkParseAppend(b *testing.B) {
	in := []byte(`<iq type='get' id='dGhlIGlkIGlz' to='der1@grid.example/IEC' from='ems@grid.example/IEC'><secure xmlns='urn:gridward:61850-e2e:1'>` + strings.Repeat("QUJD", 100) + `</secure></iq>`)
	sc := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitDefault)
	sc.Feed([]byte(header))
	if _, err := sc.Next(); err != nil {
		b.Fatal(err)
	}
	var p Parser
	var s Stanza
	var dst []byte
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		sc.Feed(in)
		if it, err := sc.Next(); it != xmlscan.Child || err != nil {
			b.Fatal(it, err)
		}
		if err := p.Parse(sc.Element, &s); err != nil {
			b.Fatal(err)
		}
		dst = s.Append(dst[:0])
		if it, err := sc.Next(); it != xmlscan.None || err != nil {
			b.Fatal(it, err)
		}
	}
}
