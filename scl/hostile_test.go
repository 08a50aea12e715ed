package scl

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

const head = `<SCL xmlns="http://www.iec.ch/61850/2003/SCL">`

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, in string
		limits   Limits
		want     error
		at       string
		msg      string
	}{
		{"empty", "", Limits{}, ErrSyntax, "1:1", "no XML element"},
		{"no XML", "SCL", Limits{}, ErrSyntax, "1:1", "text outside"},
		{"other root", "<a/>", Limits{}, ErrNotSCL, "1:1", "root element is a"},
		{"no name space", "<SCL/>", Limits{}, nil, "", ""},
		{"other name space", `<SCL xmlns="urn:x"/>`, Limits{}, ErrNotSCL, "1:1", "not SCL"},
		{"second root", head + "</SCL>\n<SCL/>", Limits{}, ErrSyntax, "2:1", "second root"},
		{"text behind", head + "</SCL>\nx", Limits{}, ErrSyntax, "1:53", "text outside"},
		{"unclosed", "\n" + head + "\n<IED>\n", Limits{}, ErrSyntax, "4:1", "inside <IED>, which line 3 opens"},
		{"cut in a tag", head + "<IED na", Limits{}, ErrSyntax, "1:54", "ends inside <SCL>, which line 1 opens"},
		{"wrong end", head + "\n<IED></LN>", Limits{}, ErrSyntax, "2:11", "element <IED> closed by </LN>"},
		{"doctype", "<!DOCTYPE SCL>\n" + head + "</SCL>", Limits{}, ErrSyntax, "1:1", "document type definitions"},
		{
			"entity bomb", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>` + head + "&b;</SCL>",
			Limits{},
			ErrSyntax, "1:1", "document type definitions",
		},
		{"unknown entity", head + "\n<Text>&b;</Text></SCL>", Limits{}, ErrSyntax, "2:10", "invalid character entity &b;"},
		{"attribute twice", head + `<IED name="a" name="b"/></SCL>`, Limits{}, ErrSyntax, "1:47", "attribute name twice"},
		{"UTF-16", "\xff\xfe<\x00", Limits{}, ErrSyntax, "1:1", "UTF-16"},
		{"not UTF-8", head + "\xff</SCL>", Limits{}, ErrSyntax, "1:48", "invalid UTF-8"},
		{"encoding", `<?xml version="1.0" encoding="EBCDIC"?>` + head + "</SCL>", Limits{}, ErrSyntax, "1:40", "EBCDIC"},
		{"control character", head + "\x1b</SCL>", Limits{}, ErrSyntax, "1:48", "illegal character"},
		{"size", head + "</SCL>", Limits{Size: 20}, ErrLimit, "1:1", "more than the limit of 20"},
		{"depth", head + strings.Repeat("<a>", 100_000), Limits{}, ErrLimit, "1:236", "deeper than 64"},
		{"elements", head + strings.Repeat("<a/>", 20) + "</SCL>", Limits{Elements: 10}, ErrLimit, "1:83", "more than 10 elements"},
		{"attributes", head + `<a b="" c="" d=""/></SCL>`, Limits{Attrs: 2}, ErrLimit, "1:47", "more than 2 attributes"},
		{"text in pieces", head + strings.Repeat(strings.Repeat("x", 1000)+"<!-- -->", 70) + "</SCL>", Limits{}, ErrLimit, "1:65567", "in pieces"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.in), tt.limits)
			if tt.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var p *Problem
			if !errors.As(err, &p) || !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if got := fmt.Sprintf("%d:%d", p.Line, p.Col); got != tt.at || !strings.Contains(p.Msg, tt.msg) {
				t.Errorf("%s: %s; want %s: ...%s...", got, p.Msg, tt.at, tt.msg)
			}
		})
	}
}

func TestParseEncodings(t *testing.T) {
	text := `<IED name="A" desc="Überstrom"/></SCL>`
	latin, err := charmap.ISO8859_1.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{
		head + text,
		"\xef\xbb\xbf" + `<?xml version="1.0" encoding="UTF-8"?>` + head + text,
		`<?xml version="1.0" encoding="ISO-8859-1"?>` + head + latin,
		`<?xml version="1.0" encoding='windows-1252'?>` + head + latin,
	} {
		f, err := Parse("f", []byte(in), Limits{})
		if err != nil {
			t.Error(err)
			continue
		}
		if got := f.IEDs()[0].Desc; got != "Überstrom" {
			t.Errorf("%.60q: desc %q", in, got)
		}
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	data, err := os.ReadFile("testdata/plant.scd")
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.TrimRight(string(data), "\n")
	for n := 0; n < len(whole); n += 7 {
		if _, err := Parse("f", []byte(whole[:n]), Limits{}); !errors.Is(err, ErrSyntax) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

// bomb is a file with one node whose type is the templates.
func bomb(templates string) string {
	return head + `<Header id="x"/><IED name="I"><AccessPoint name="A"><Server><LDevice inst="L">` +
		`<LN0 lnClass="LLN0" inst="" lnType="N"/></LDevice></Server></AccessPoint></IED><DataTypeTemplates>` +
		`<LNodeType id="N" lnClass="LLN0"><DO name="A" type="D"/></LNodeType>` + templates + `</DataTypeTemplates></SCL>`
}

func TestServerLimits(t *testing.T) {
	var chain, doubling strings.Builder
	for i := range 200 {
		fmt.Fprintf(&chain, `<DAType id="T%d"><BDA name="a" bType="Struct" type="T%d"/></DAType>`, i, i+1)
	}
	for i := range 20 {
		fmt.Fprintf(&doubling, `<DAType id="T%d"><BDA name="a" bType="Struct" type="T%d"/><BDA name="b" bType="Struct" type="T%d"/></DAType>`, i, i+1, i+1)
	}
	doubling.WriteString(`<DAType id="T20"><BDA name="a" bType="INT8"/></DAType>`)
	object := `<DOType id="D" cdc="MV"><DA name="a" fc="ST" bType="Struct" type="T0"/></DOType>`
	tests := []struct {
		name, templates string
		want            error
		msg             string
	}{
		{"deep types", object + chain.String(), ErrContent, "nested deeper than"},
		{"doubling types", object + doubling.String(), ErrLimit, "more than 1000000 attributes"},
		{
			"arrays of arrays", object + `<DAType id="T0"><BDA name="a" bType="Struct" type="T1" count="60000"/></DAType>` +
				`<DAType id="T1"><BDA name="a" bType="INT8" count="60000"/></DAType>`, ErrLimit, "more than 1000000 attributes",
		},
		{"circle of data objects", `<DOType id="D" cdc="MV"><SDO name="a" type="D"/></DOType>`, ErrContent, "part of itself"},
		{"nothing below", `<DOType id="D" cdc="MV"><DA name="a" fc="ST" bType="Struct" type="T0"/></DOType><DAType id="T0"/>`, ErrContent, "without attributes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Parse("f", []byte(bomb(tt.templates)), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Server("", "")
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.msg) {
				t.Errorf("server: %v", err)
			}
			if len(Check(f).Errors()) == 0 {
				t.Error("check finds nothing")
			}
		})
	}
}

func TestServerSlotsAcrossNodes(t *testing.T) {
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, `<LN lnClass="MMXU" inst="%d" lnType="M"/>`, i+1)
	}
	text := bomb(`<LNodeType id="M" lnClass="MMXU"><DO name="A" type="D"/></LNodeType>` +
		`<DOType id="D" cdc="MV"><DA name="a" fc="ST" bType="INT8" count="60000"/></DOType>`)
	text = strings.Replace(text, "</LDevice>", b.String()+"</LDevice>", 1)
	f, err := Parse("f", []byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Server("", ""); !errors.Is(err, ErrLimit) {
		t.Errorf("server: %v", err)
	}
	f, err = Parse("f", []byte(text), Limits{Slots: 2_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if srv, err := f.Server("", ""); err != nil || len(srv.Initial) != 21*60_000 {
		t.Errorf("with a higher limit: %v", err)
	}
}

func TestCheckStopsAtManyServers(t *testing.T) {
	text := bomb(`<DOType id="D" cdc="MV"><DA name="a" fc="ST" bType="INT8" count="1000"/></DOType>`)
	ied := text[strings.Index(text, "<IED"):strings.Index(text, "<DataType")]
	text = strings.Replace(text, ied, strings.Repeat(ied, 500), 1)
	f, err := Parse("f", []byte(text), Limits{Slots: 2000})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range Check(f) {
		found = found || errors.Is(&p, ErrLimit) && strings.Contains(p.Msg, "the rest is not checked")
	}
	if !found {
		t.Error("nothing said that checking ended")
	}
}

// TestManyWarningsHideNoError fills the list of warnings before the first error comes.
func TestManyWarningsHideNoError(t *testing.T) {
	text := bomb(`<DOType id="D" cdc="MV"><DA name="a" fc="ST" bType="INT8"/></DOType>`)
	text = strings.Replace(text, `lnType="N"/>`, `lnType="N">`+strings.Repeat("<Odd/>", maxProblems+1)+`<DOI name="Nope"/></LN0>`, 1)
	f, err := Parse("f", []byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ps := Check(f)
	if n := len(ps.Errors()); n != 2 || !errors.Is(&ps.Errors()[0], ErrLimit) {
		t.Errorf("%d errors: %v", n, ps.Errors())
	}
	if _, err := f.Server("", ""); !errors.Is(err, ErrContent) {
		t.Errorf("server: %v", err)
	}
}
