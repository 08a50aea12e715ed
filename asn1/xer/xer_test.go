package xer

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1"
)

var (
	schema  asn1.Schema
	eRoot   = schema.Add(asn1.Elem{Tag: asn1.None, Name: "Root", Form: asn1.Root})
	eSeq    = schema.Add(asn1.Elem{Tag: asn1.Context(0), Name: "seq"})
	eFlag   = schema.Add(asn1.Elem{Tag: asn1.Context(1), Name: "flag", Default: new(int64)})
	eBool   = schema.Add(asn1.Elem{Tag: asn1.Context(2), Name: "bool"})
	eInt    = schema.Add(asn1.Elem{Tag: asn1.Context(3), Name: "int", Min: -200, Max: 200, Enum: []string{"off", "on"}})
	eText   = schema.Add(asn1.Elem{Tag: asn1.Context(4), Name: "text", Basic: "Text"})
	eOctets = schema.Add(asn1.Elem{Tag: asn1.Context(5), Name: "octets"})
	eBits   = schema.Add(asn1.Elem{Tag: asn1.Context(6), Name: "bits"})
	eFloat  = schema.Add(asn1.Elem{Tag: asn1.Context(7), Name: "float"})
	eOID    = schema.Add(asn1.Elem{Tag: asn1.Context(8), Name: "oid"})
	eList   = schema.Add(asn1.Elem{Tag: asn1.Context(9), Name: "list", List: true})
	eNull   = schema.Add(asn1.Elem{Tag: asn1.Context(0), Name: "null"})
	eNum    = schema.Add(asn1.Elem{Tag: asn1.Context(1), Name: "num"})
	choice  = asn1.NewChoice(eNull, eNum)
	eItem   = schema.Add(asn1.Elem{Tag: asn1.None, Name: "Item", Form: asn1.Item, Alts: choice})
)

type all struct {
	flag, b      bool
	i            int64
	text, octets string
	bits         uint64
	n            int
	f            uint64
	width        int
	oid          string
	list         []uint64 // 0: null
}

func (a all) code(c asn1.Coder) all {
	c.Begin(eRoot)
	c.Begin(eSeq)
	a.b = c.Bool(eBool, a.b)
	a.i = c.Int(eInt, a.i)
	a.text = c.String(eText, a.text)
	a.octets = c.Octets(eOctets, a.octets)
	a.bits, _, a.n = c.Bits(eBits, a.bits, "", a.n)
	a.f, a.width = c.Float(eFloat, a.f, a.width)
	a.oid = c.OID(eOID, a.oid)
	c.Begin(eList)
	var read []uint64
	for i := 0; c.Next(i, len(a.list)); i++ {
		var v uint64
		if !c.Reading() {
			v = a.list[i]
		}
		c.Begin(eItem)
		alt := 0
		if v != 0 {
			alt = 1
		}
		switch c.Choice(choice, alt) {
		case 0:
			c.Null(eNull)
		case 1:
			v = c.Uint(eNum, v)
		}
		c.End()
		read = append(read, v)
	}
	a.list = read
	c.End()
	a.flag = c.Bool(eFlag, a.flag)
	c.End()
	c.End()
	return a
}

var sample = all{
	flag: true, b: true, i: 1, text: "a<b>&\t\x00\x1f\"'ü", octets: "\x00\xab", bits: 0b101, n: 3, f: 0x42F6E979, width: 32,
	oid: "\x28\xca\x22\x02\x01", list: []uint64{0, 1<<64 - 1, 0},
}

const want = `<seq xmlns="urn:t" flag="true"><bool><true/></bool><int>1</int><text>a&lt;b&gt;&amp;&#9;<nul/><is1/>"'ü</text>` +
	`<octets>00AB</octets><bits>101</bits><float>42F6E979</float><oid>1.0.9506.2.1</oid><list><Item><null/></Item>` +
	`<Item><num>18446744073709551615</num></Item><Item><null/></Item></list></seq>`

const wantBasic = `<Root><seq><bool><true/></bool><int>1</int><Text>a&lt;b&gt;&amp;&#9;<nul/><is1/>"'ü</Text>` +
	`<octets>00AB</octets><bits>101</bits><float>0842F6E979</float><oid>1.0.9506.2.1</oid><list><null/>` +
	`<num>18446744073709551615</num><null/></list><flag><true/></flag></seq></Root>`

func dialects(t testing.TB) (gw, basic *Dialect) {
	t.Helper()
	gw, err := NewDialect(&schema, Rules{Name: "gw", Namespace: "urn:t", Items: true, Attributes: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	basic, err = NewDialect(&schema, Rules{Name: "basic", Root: true, Exponent: true}, BasicNames(&schema))
	if err != nil {
		t.Fatal(err)
	}
	return gw, basic
}

func parse(t testing.TB, in string, lim Limits) (all, error) {
	t.Helper()
	gw, basic := dialects(t)
	var r Reader
	r.Reset(in, []*Dialect{gw, basic}, lim)
	a := all{}.code(&r)
	return a, r.Finish()
}

func write(t testing.TB, a all, d *Dialect) string {
	t.Helper()
	var w Writer
	w.Reset(nil, d)
	a.code(&w)
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	return string(w.Bytes())
}

func TestWriterHasOneForm(t *testing.T) {
	gw, basic := dialects(t)
	if got := write(t, sample, gw); got != want {
		t.Errorf("written as\n%s\nnot\n%s", got, want)
	}
	if got := write(t, sample, basic); got != wantBasic {
		t.Errorf("written as\n%s\nnot\n%s", got, wantBasic)
	}
}

func TestReaderIsLiberal(t *testing.T) {
	gw, _ := dialects(t)
	r := strings.NewReplacer
	for what, in := range map[string]string{
		"itself":                  want,
		"basic":                   wantBasic,
		"white space":             r("<int>", "\r\n <int>", "</seq>", "\n</seq>\n").Replace(want),
		"default as element":      r(` flag="true"`, "", "</seq>", "<flag><true/></flag></seq>").Replace(want),
		"default as text":         r(` flag="true"`, "", "</seq>", "<flag> 1 </flag></seq>").Replace(want),
		"attribute of 1":          r(`flag="true"`, `flag='1'`).Replace(want),
		"attribute with a blank":  r(`flag="true"`, "flag = 'true'\n").Replace(want),
		"boolean as text":         r("<true/>", " true ").Replace(want),
		"boolean as number":       r("<true/>", "1").Replace(want),
		"boolean with end tag":    r("<true/>", " <true></true> ").Replace(want),
		"enumeration":             r("<int>1<", "<int>on<").Replace(want),
		"enumeration as element":  r("<int>1<", "<int><on/><").Replace(want),
		"number with white space": r("<int>1<", "<int>\n 1 <").Replace(want),
		"items without wrapper":   r("<Item>", "", "</Item>", "").Replace(want),
		"some items wrapped":      strings.Replace(strings.Replace(want, "<Item>", "", 1), "</Item>", "", 1),
		"float with exponent":     r(">42F6", ">0842F6").Replace(want),
		"hex in lower case":       r("42F6E979", "42f6e979", "00AB", "00 aB\n").Replace(want),
		"bits with white space":   r(">101<", "> 10\n1 <").Replace(want),
		"null with end tag":       r("<null/>", "<null></null>").Replace(want),
		"references":              r("a&lt;b", "&#97;&#x3C;b", `"'`, "&quot;&apos;").Replace(want),
		"CDATA":                   r("a&lt;b&gt;&amp;", "a<![CDATA[<b>&]]>").Replace(want),
		"prefix":                  r("</", "</t:", "<", "<t:", `xmlns="`, `xmlns:t="`).Replace(want),
		"prefix declared inside":  r("<bool>", `<z:bool xmlns:z="urn:t">`, "</bool>", "</z:bool>").Replace(want),
		"xml:lang":                r("<seq ", `<seq xml:lang="en" xml:space="preserve" `).Replace(want),
		"xml:lang in a value":     r("<true/>", `<true xml:lang="en"/>`, "<nul/>", `<nul xml:lang="en"></nul>`).Replace(want),
		"references to C1":        r("ü", "&#252;").Replace(want),
		"wrapper of the other":    "<Root>" + want + "</Root>",
	} {
		a, err := parse(t, in, Limits{})
		if err != nil {
			t.Errorf("%s: %s: %v", what, in, err)
			continue
		}
		if got := write(t, a, gw); got != want {
			t.Errorf("%s: %s: read as\n%s", what, in, got)
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	r := strings.NewReplacer
	for what, c := range map[string]struct {
		in    string
		cause error
	}{
		"default twice":         {r("</seq>", "<flag><true/></flag></seq>").Replace(want), asn1.ErrUnexpected},
		"attribute elsewhere":   {r("<list>", "<list flag='true'>").Replace(want), asn1.ErrUnexpected},
		"attribute on a leaf":   {r("<int>", "<int unit='W'>").Replace(want), asn1.ErrUnexpected},
		"attribute on a word":   {r("<true/>", "<true x='1'/>").Replace(want), asn1.ErrUnexpected},
		"prefixed attribute":    {r("<int>", "<int xmlns:a='urn:a' a:b=''>").Replace(want), asn1.ErrUnexpected},
		"two words":             {r("<true/>", "<true/><true/>").Replace(want), asn1.ErrUnexpected},
		"word with content":     {r("<true/>", "<true>1</true>").Replace(want), asn1.ErrUnexpected},
		"text beside elements":  {r("<int>", "text<int>").Replace(want), asn1.ErrUnexpected},
		"text after elements":   {r("</list>", "text</list>").Replace(want), asn1.ErrUnexpected},
		"null with content":     {r("<null/>", "<null>1</null>").Replace(want), asn1.ErrUnexpected},
		"xmlns redefined":       {r("<int>", "<int xmlns:xmlns='urn:a'>").Replace(want), asn1.ErrXML},
		"prefix without name":   {r("<int>", "<int xmlns:a=''>").Replace(want), asn1.ErrXML},
		"prefix out of scope":   {r("<bool>", `<z:bool xmlns:z="urn:t">`, "</bool>", "</z:bool>", "<int>", "<z:int>").Replace(want), asn1.ErrXML},
		"number out of range":   {r("<int>1<", "<int>201<").Replace(want), asn1.ErrRange},
		"negative number":       {r(">18446744073709551615<", ">-1<").Replace(want), asn1.ErrRange},
		"number of 65 bits":     {r(">18446744073709551615<", ">18446744073709551616<").Replace(want), asn1.ErrRange},
		"enumeration unknown":   {r("<int>1<", "<int>auto<").Replace(want), asn1.ErrSyntax},
		"hex number":            {r("<int>1<", "<int>0x1<").Replace(want), asn1.ErrSyntax},
		"OID":                   {r("9506", "x").Replace(want), asn1.ErrSyntax},
		"float too long":        {r("42F6E979", strings.Repeat("00", 10)).Replace(want), asn1.ErrTooLong},
		"float of wrong width":  {r("42F6E979", "0942F6E979").Replace(want), asn1.ErrSyntax},
		"]]> in text":           {r("a&lt;b", "]]>").Replace(want), asn1.ErrXML},
		"CDATA open":            {r("a&lt;b", "<![CDATA[").Replace(want), asn1.ErrTruncated},
		"comment in text":       {r("a&lt;b", "<!--x-->").Replace(want), asn1.ErrRestricted},
		"reference to nothing":  {r("a&lt;b", "&;").Replace(want), asn1.ErrXML},
		"reference unended":     {r("a&lt;b", "&amp").Replace(want), asn1.ErrRestricted},
		"reference too large":   {r("a&lt;b", "&#x110000;").Replace(want), asn1.ErrXML},
		"reference, surrogate":  {r("a&lt;b", "&#xD800;").Replace(want), asn1.ErrXML},
		"U+FFFE":                {r("a&lt;b", "\ufffe").Replace(want), asn1.ErrXML},
		"xml:lang twice":        {r("<seq ", `<seq xml:lang="en" xml:lang="de" `).Replace(want), asn1.ErrXML},
		"attribute twice":       {r("<seq ", `<seq flag="true" `).Replace(want), asn1.ErrXML},
		"no-break space":        {r("<int>1<", "<int>\u00a01<").Replace(want), asn1.ErrSyntax},
		"line separator":        {r("<num>", "<num>\u2028").Replace(want), asn1.ErrSyntax},
		"next line":             {r("<int>1<", "<int>1\u0085<").Replace(want), asn1.ErrSyntax},
		"form feed":             {r("<int>1<", "<int>1<ff/><").Replace(want), asn1.ErrSyntax},
		"boolean with nbsp":     {r("<true/>", "true\u00a0").Replace(want), asn1.ErrSyntax},
		"attribute with nbsp":   {r(`flag="true"`, "flag=\"true\u00a0\"").Replace(want), asn1.ErrSyntax},
		"OID with nbsp":         {r("1.0.9506.2.1", "\u00a01.0.9506.2.1").Replace(want), asn1.ErrSyntax},
		"not UTF-8":             {r("ü", "\xfc").Replace(want), asn1.ErrXML},
		"overlong UTF-8":        {r("ü", "\xc0\x80").Replace(want), asn1.ErrXML},
		"< in an attribute":     {r(`"true"`, `"<"`).Replace(want), asn1.ErrXML},
		"attribute open":        {`<seq xmlns="urn:t`, asn1.ErrTruncated},
		"tag open":              {`<seq xmlns="urn:t"`, asn1.ErrTruncated},
		"end tag open":          {strings.TrimSuffix(want, ">"), asn1.ErrXML},
		"second root":           {want + want, asn1.ErrTrailing},
		"name too long":         {"<" + strings.Repeat("a", 129) + "/>", asn1.ErrXML},
		"name begins with -":    {"<-a/>", asn1.ErrXML},
		"byte order mark":       {"\ufeff" + want, asn1.ErrUnexpected},
		"unknown namespace":     {r("urn:t", "urn:u").Replace(want), asn1.ErrMissing},
		"control of no name":    {r("<nul/>", "<tab/>").Replace(want), asn1.ErrUnexpected},
		"nested text":           {r("<nul/>", "<nul>x</nul>").Replace(want), asn1.ErrUnexpected},
		"element closed twice":  {r("</int>", "</int></int>").Replace(want), asn1.ErrMissing},
		"elements interleaved":  {r("<true/></bool>", "<true></bool></true>").Replace(want), asn1.ErrUnexpected},
		"wrapper never closed":  {"<Root>" + want, asn1.ErrTruncated},
		"attribute with no gap": {r(` flag="true"`, `flag="true"`).Replace(want), asn1.ErrXML},
	} {
		a, err := parse(t, c.in, Limits{})
		var where *asn1.Error
		if !errors.As(err, &where) || !errors.Is(err, c.cause) {
			t.Errorf("%s: %s: %v, not %v (%+v)", what, c.in, err, c.cause, a)
			continue
		}
		if where.Offset < 0 || where.Offset > len(c.in) {
			t.Errorf("%s: offset %d in %d octets", what, where.Offset, len(c.in))
		}
	}
	if _, err := parse(t, want, Limits{Depth: 2}); !errors.Is(err, asn1.ErrTooDeep) {
		t.Errorf("depth 4 with a limit of 2: %v", err)
	}
	if _, err := parse(t, want, Limits{Items: 2}); !errors.Is(err, asn1.ErrTooLong) {
		t.Errorf("3 items with a limit of 2: %v", err)
	}
}

func TestDialects(t *testing.T) {
	for what, names := range map[string]map[string]string{
		"unknown": {"nonesuch": "x"}, "not a name": {"seq": "a b"}, "empty": {"seq": ""}, "colon": {"seq": "a:b"},
	} {
		if _, err := NewDialect(&schema, Rules{Name: "d"}, names); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	d, err := NewDialect(&schema, Rules{Name: "d", Namespace: "urn:d"}, map[string]string{"seq": "Folge", "flag": "Merker"})
	if err != nil {
		t.Fatal(err)
	}
	x := write(t, sample, d)
	if !strings.HasPrefix(x, `<Folge xmlns="urn:d"><bool>`) || !strings.HasSuffix(x, "<Merker><true/></Merker></Folge>") {
		t.Error(x)
	}
	var r Reader
	gw, _ := dialects(t)
	r.Reset(x, []*Dialect{gw, d}, Limits{})
	a := all{}.code(&r)
	if r.Finish() != nil || write(t, a, gw) != want {
		t.Errorf("%v: %+v", r.Err(), a)
	}
}

func TestWriterRefuses(t *testing.T) {
	gw, _ := dialects(t)
	for what, f := range map[string]func(w *Writer){
		"not UTF-8": func(w *Writer) { w.String(eText, "\xff") },
		"U+FFFF":    func(w *Writer) { w.String(eText, "\uffff") },
		"range":     func(w *Writer) { w.Int(eInt, 201) },
		"float":     func(w *Writer) { w.Float(eFloat, 0, 16) },
		"bits":      func(w *Writer) { w.Bits(eBits, 0, "", 65) },
		"OID":       func(w *Writer) { w.OID(eOID, "") },
		"raw":       func(w *Writer) { w.Raw(asn1.Raw{}) },
		"choice":    func(w *Writer) { w.Choice(choice, -1) },
	} {
		var w Writer
		w.Reset(nil, gw)
		w.Begin(eSeq)
		f(&w)
		w.End()
		var where *asn1.Error
		if !errors.As(w.Err(), &where) || where.Path != "seq" {
			t.Errorf("%s: %v", what, w.Err())
		}
	}
}

// TestStringsOfControls: every character that XML can carry comes back, and no control character stands in the output.
func TestStringsOfControls(t *testing.T) {
	gw, _ := dialects(t)
	var all []rune
	for ru := rune(0); ru < 0x100; ru++ {
		all = append(all, ru)
	}
	a := sample
	a.text = string(append(all, 0xfffd, 0x10ffff))
	out := write(t, a, gw)
	for i, ru := range out {
		if ru < 0x20 || ru >= 0x7f && ru < 0xa0 {
			t.Errorf("%U at %d of %q", ru, i, out)
		}
	}
	if b, err := parse(t, out, Limits{}); err != nil || b.text != a.text {
		t.Errorf("%q is read as %q, %v", out, b.text, err)
	}
}

// TestBadStringsSayWhere: an octet that has no form is not replaced, and the error names its place.
func TestBadStringsSayWhere(t *testing.T) {
	gw, _ := dialects(t)
	for in, detail := range map[string]string{
		"K\xf6ln": "octet 1 of the string, 0xf6", "ab\xc3": "octet 2 of the string, 0xc3", "é\uffff": "octet 2 of the string: XML has no U+FFFF",
	} {
		var w Writer
		w.Reset(nil, gw)
		w.Begin(eSeq)
		w.String(eText, in)
		var where *asn1.Error
		if !errors.As(w.Err(), &where) || !errors.Is(w.Err(), asn1.ErrNoForm) || !strings.Contains(where.Detail, detail) || where.Path != "seq" {
			t.Errorf("%q: %v", in, w.Err())
		}
	}
}

// TestWriterNestsNoDeeperThanTheReader: what is written at the limit is read, one more is not written.
func TestWriterNestsNoDeeperThanTheReader(t *testing.T) {
	gw, _ := dialects(t)
	for _, n := range []int{MaxWritten - 1, MaxWritten} {
		var w Writer
		w.Reset(nil, gw)
		for range n {
			w.Begin(eSeq)
		}
		w.Null(eNull)
		for range n {
			w.End()
		}
		if n == MaxWritten {
			if !errors.Is(w.Err(), asn1.ErrTooDeep) {
				t.Errorf("%d elements: %v", n+1, w.Err())
			}
			continue
		}
		var r Reader
		r.Reset(string(w.Bytes()), []*Dialect{gw}, Limits{})
		for range n {
			r.Begin(eSeq)
		}
		r.Null(eNull)
		for range n {
			r.End()
		}
		if w.Err() != nil || r.Finish() != nil {
			t.Errorf("%d elements: %v, %v", n+1, w.Err(), r.Err())
		}
	}
}

// FuzzReader: what is accepted is well-formed for encoding/xml too, and what we write of it is read the same.
func FuzzReader(f *testing.F) {
	f.Add(want)
	f.Add(wantBasic)
	f.Add(strings.NewReplacer("</", "</t:", "<", "<t:", `xmlns="`, `xmlns:t="`).Replace(want))
	gw, _ := dialects(f)
	f.Fuzz(func(t *testing.T, in string) {
		a, err := parse(t, in, Limits{})
		if err != nil {
			return
		}
		d := xml.NewDecoder(strings.NewReader(in))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%q is accepted, but not by encoding/xml: %v", in, err)
			}
		}
		out := write(t, a, gw)
		b, err := parse(t, out, Limits{})
		if err != nil || write(t, b, gw) != out {
			t.Fatalf("%q written as %q: %v", in, out, err)
		}
	})
}
