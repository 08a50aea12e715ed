package mms

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/xer"
)

// shared gives the path of a file of foreign test data.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "testdata", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s: missing peer: foreign test data", name)
	}
	return path
}

func readShared(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// foreignDialect reads the XER of the other implementation that made pdus.xml: BASIC-XER with the identifiers of its own
// ASN.1 module.
func foreignDialect(t testing.TB) []*xer.Dialect {
	t.Helper()
	d, err := LoadDialect(DialectFile{Name: "foreign", Root: true, FloatExponent: true, Names: map[string]string{
		"ConfirmedServiceRequest":                       "confirmedServiceRequest",
		"ConfirmedServiceResponse":                      "confirmedServiceResponse",
		"UnconfirmedService":                            "unconfirmedService",
		"objectClass":                                   "extendedObjectClass",
		"basicObjectClass":                              "objectClass",
		"initRequestDetail":                             "mmsInitRequestDetail",
		"initResponseDetail":                            "mmsInitResponseDetail",
		"negotiatedMaxServOutstandingCalling":           "negociatedMaxServOutstandingCalling",
		"negotiatedMaxServOutstandingCalled":            "negociatedMaxServOutstandingCalled",
		"negotiatedDataStructureNestingLevel":           "negociatedDataStructureNestingLevel",
		"negotiatedVersionNumber":                       "negociatedVersionNumber",
		"negotiatedParameterCBB":                        "negociatedParameterCBB",
		"named.access":                                  "accesst",
		"variableAccessSpecification":                   "variableAccessSpecificatn",
		"DirectoryEntry.fileName":                       "filename",
		"occurrenceTime":                                "occurenceTime",
		"informationReport.variableAccessSpecification": "variableAccessSpecification",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return []*xer.Dialect{d}
}

var (
	foreignPDU  = regexp.MustCompile(`(?s)<MMSpdu>.*?</MMSpdu>`)
	foreignOpen = regexp.MustCompile(`(?s)<(cs-request-detail|listOfModifier)>.*?</(cs-request-detail|listOfModifier)>`)
)

// TestForeignPDUs reads PDUs of the whole of ISO 9506, back to back, and compares them with what another implementation
// read. Every PDU is written back octet for octet.
func TestForeignPDUs(t *testing.T) {
	rest := readShared(t, "captures/icsnpp-mms/pdus.der")
	xmls := foreignPDU.FindAll(readShared(t, "captures/icsnpp-mms/pdus.xml"), -1)
	dialects := foreignDialect(t)
	unrepresented := map[string]int{}
	var total, kept, compared, addressed int
	for i := 0; len(rest) > 0; i++ {
		p, next, err := NextBER(rest, Limits{})
		if err != nil {
			t.Fatalf("PDU %d, %d octets left: %v", i, len(rest), err)
		}
		in := rest[:len(rest)-len(next)]
		rest = next
		total++
		out, err := AppendBER(nil, p)
		if err != nil {
			t.Fatalf("PDU %d: %v", i, err)
		}
		if !bytes.Equal(in, out) {
			t.Errorf("PDU %d\n%x\n%x", i, in, out)
		}
		switch {
		case isRaw(p):
			kept++
			if known := knownService(p); known != "" {
				unrepresented[known]++
			}
			continue
		case hasBinary(p):
			addressed++
			continue
		}
		// service-ext and modifiers are kept as octets, which XML does not show.
		q, err := ParseXER(graphicText(t, foreignOpen.ReplaceAll(xmls[i], nil)), dialects, Limits{})
		if err != nil {
			t.Errorf("PDU %d: %v", i, err)
			continue
		}
		compared++
		if d := cmp.Diff(withoutBinary(p), q, equal); d != "" {
			t.Errorf("PDU %d %x: -BER +XML\n%s", i, in, d)
		}
	}
	t.Logf("%d PDUs: %d equal the XML, %d are kept as octets, %d have a component without XML form",
		total, compared, kept, addressed)
	if d := cmp.Diff(keptThoughKnown, unrepresented); d != "" {
		t.Errorf("services that are supported, kept as octets: -want +got\n%s", d)
	}
	if total != 756 || len(xmls) != 756 {
		t.Errorf("%d PDUs and %d in XML, not 756", total, len(xmls))
	}
}

var foreignGraphic = regexp.MustCompile(`<GraphicString>[0-9A-F\s]*</GraphicString>`)

// graphicText puts text in the place of hex, which is how the other implementation shows a GraphicString.
func graphicText(t testing.TB, in []byte) []byte {
	t.Helper()
	return foreignGraphic.ReplaceAllFunc(in, func(x []byte) []byte {
		digits := bytes.Fields(bytes.TrimSuffix(bytes.TrimPrefix(x, []byte("<GraphicString>")), []byte("</GraphicString>")))
		return fmt.Appendf(nil, "<GraphicString>%s</GraphicString>", unhex(t, string(bytes.Join(digits, nil))))
	})
}

// keptThoughKnown counts the PDUs of supported services that have a component without place in the structures, and why.
var keptThoughKnown = map[string]int{
	"*mms.Unconfirmed informationReport":      4, // a floating-point of 17 octets
	"*mms.ConfirmedRequest readJournal":       1, // a TimeOfDay of 17 octets
	"*mms.ConfirmedRequest initializeJournal": 1,
	"*mms.ConfirmedResponse readJournal":      3,
}

// knownService names the supported service that a Raw holds, if any.
func knownService(p PDU) string {
	r, ok := serviceOf(p).(*Raw)
	if !ok {
		return ""
	}
	ch := requestChoice
	switch p.(type) {
	case *ConfirmedResponse:
		ch = responseChoice
	case *Unconfirmed:
		ch = unconfirmedChoice
	}
	if i := ch.Find(asn1.MakeTag(r.Class, r.Number)); i >= 0 {
		return fmt.Sprintf("%T %s", p, ch.Elems[i].Name)
	}
	return ""
}

func serviceOf(p PDU) Service {
	switch p := p.(type) {
	case *ConfirmedRequest:
		return p.Service
	case *ConfirmedResponse:
		return p.Service
	case *Unconfirmed:
		return p.Service
	}
	return nil
}

func isRaw(p PDU) bool {
	_, raw := serviceOf(p).(*Raw)
	return raw
}

// hasBinary reports whether p has a component that is kept as octets and that the other implementation spells out.
func hasBinary(p PDU) bool {
	var variables []VariableSpec
	switch s := serviceOf(p).(type) {
	case *InformationReport:
		variables = s.Access.List
	case *Read:
		variables = s.Access.List
	case *GetNamedVariableListAttributesResponse:
		variables = s.List
	case *DefineNamedVariableList:
		variables = s.List
	case *GetVariableAccessAttributes:
		return s.Address != nil
	case *GetVariableAccessAttributesResponse:
		return s.Address != nil
	}
	for _, v := range variables {
		if v.Unnamed {
			return true
		}
	}
	return false
}

func withoutBinary(p PDU) PDU {
	switch p := p.(type) {
	case *ConfirmedRequest:
		return &ConfirmedRequest{InvokeID: p.InvokeID, Service: p.Service}
	case *ConfirmedResponse:
		return &ConfirmedResponse{InvokeID: p.InvokeID, Service: p.Service}
	case *Unconfirmed:
		return &Unconfirmed{Service: p.Service}
	}
	return p
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// kindOf names PDU and service.
func kindOf(p PDU) string {
	return fmt.Sprintf("%T %T", p, serviceOf(p))
}
