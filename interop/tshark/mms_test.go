package tshark

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gridward/gridward/vectors"
)

// unseenIn are components of single vectors that tshark's tree leaves out: a time with a fraction, a type of the second
// edition, what follows on a mandatory component left out.
var unseenIn = map[string]string{"read all": "generalized-time", "type ok": "mmsstring", "journal bare": "occurrencetime"}

// complained are the vectors of which tshark complains: a string with a NUL, a mandatory component left out.
var complained = map[string]bool{"identify ok": true, "journal bare": true}

// leaf is a component without components, and its content octets.
type leaf struct{ Name, Value string }

// TestMMS: every PDU that we write is dissected without complaint into the same components with the same octets.
func TestMMS(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark: missing peer")
	}
	all, err := vectors.MMSVectors()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(v vectors.MMS) bool { return v.Refuse != "" })
	var pdus [][]byte
	for _, v := range all {
		b, err := hex.DecodeString(v.BER)
		if err != nil {
			t.Fatal(err)
		}
		pdus = append(pdus, b)
	}
	packets := dissect(t, capture(pdus))
	if len(packets) != len(all) {
		t.Fatalf("%d packets of %d PDUs", len(packets), len(all))
	}
	for i, v := range all {
		if v.Name == "initiate answer" {
			continue // tshark's grammar ends before additionalSupportedCalled
		}
		mms := packets[i].proto("mms")
		if mms == nil {
			t.Errorf("%s: not seen as MMS", v.Name)
			continue
		}
		if bad := packets[i].complaints(); len(bad) > 0 && !complained[v.Name] {
			t.Errorf("%s: %s: tshark complains: %v", v.Name, v.BER, bad)
		}
		got, want := mms.leaves(nil), ourLeaves(t, v.Basic)
		if skip := unseenIn[v.Name]; skip != "" {
			drop := func(l leaf) bool { return l.Name == skip }
			got, want = slices.DeleteFunc(got, drop), slices.DeleteFunc(want, drop)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: tshark sees\n%v\nnot\n%v", v.Name, got, want)
		}
	}
}

// capture makes a pcap file of the PDUs on an established association: TCP, TPKT, COTP DT, session data and a
// presentation PDV of context 3.
func capture(pdus [][]byte) []byte {
	le := binary.LittleEndian
	out := le.AppendUint32(nil, 0xa1b2c3d4)
	out = append(out, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0)
	seq := uint32(1)
	for _, p := range pdus {
		pdv := tlv(0x61, tlv(0x30, append([]byte{2, 1, 3}, tlv(0xa0, p)...)))
		tpdu := append([]byte{2, 0xf0, 0x80, 1, 0, 1, 0}, pdv...)
		tpkt := append([]byte{3, 0}, binary.BigEndian.AppendUint16(nil, uint16(len(tpdu)+4))...)
		tpkt = append(tpkt, tpdu...)
		frame := append(bytes.Repeat([]byte{2}, 12), 8, 0)
		frame = append(frame, 0x45, 0)
		frame = binary.BigEndian.AppendUint16(frame, uint16(40+len(tpkt)))
		frame = append(frame, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0, 102)
		frame = binary.BigEndian.AppendUint32(frame, seq)
		frame = append(frame, 0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0)
		frame = append(frame, tpkt...)
		seq += uint32(len(tpkt))
		out = append(out, 0, 0, 0, 0, 0, 0, 0, 0)
		out = le.AppendUint32(out, uint32(len(frame)))
		out = le.AppendUint32(out, uint32(len(frame)))
		out = append(out, frame...)
	}
	return out
}

func tlv(tag byte, content []byte) []byte {
	n := len(content)
	if n < 0x80 {
		return append([]byte{tag, byte(n)}, content...)
	}
	return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
}

// node is an element of PDML.
type node struct {
	Name  string `xml:"name,attr"`
	Show  string `xml:"show,attr"`
	Value string `xml:"value,attr"`
	Hide  string `xml:"hide,attr"`
	Field []node `xml:"field"`
}

type packet struct {
	Proto []node `xml:"proto"`
}

func dissect(t *testing.T, pcap []byte) []packet {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mms.pcap")
	if err := os.WriteFile(file, pcap, 0o600); err != nil {
		t.Fatal(err)
	}
	var talk bytes.Buffer
	cmd := exec.Command("tshark", "-n", "-r", file, "-T", "pdml", "-o", `uat:pres_context_list:"3","1.0.9506.2.1"`)
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v: %s", err, talk.String())
	}
	var doc struct {
		Packet []packet `xml:"packet"`
	}
	if err := xml.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Packet
}

func (p packet) proto(name string) *node {
	for i := range p.Proto {
		if p.Proto[i].Name == name {
			return &p.Proto[i]
		}
	}
	return nil
}

func (p packet) complaints() (bad []string) {
	var walk func(n node)
	walk = func(n node) {
		if n.Name == "_ws.expert.message" || n.Name == "_ws.malformed" {
			bad = append(bad, n.Name+" "+n.Show)
		}
		for _, f := range n.Field {
			walk(f)
		}
	}
	for _, n := range p.Proto {
		if n.Name == "_ws.malformed" {
			bad = append(bad, n.Name)
		}
		walk(n)
	}
	return bad
}

// spelling maps tshark's names to those of the standard.
var spelling = strings.NewReplacer("mms.objectClass", "basicobjectclass", "listOfAbstractSyntaxes_item", "object_identifier",
	"getNameList-Request_continueAfter", "continueafter", "nmberOfElements", "numberofelements", "mms.", "", "data.", "",
	"data_", "", "typeSpecification.", "", "typeSpecification_", "", "FileName_item", "graphicstring",
	"listOfCapabilities_item", "visiblestring", "listOfVariables_item", "visiblestring", "getCapabilityList-Request_", "",
	"occur"+"ence", "occurrence", "_", "-", "nego"+"ciated", "negotiated") // as Wireshark spells it

// unseen are components that tshark's tree leaves out.
var unseen = map[string]bool{"format-width": true, "exponent-width": true}

func (n *node) leaves(to []leaf) []leaf {
	parent := false
	if slices.ContainsFunc(n.Field, func(f node) bool { return f.Name == "ber.bitstring.empty" }) {
		return to // shown with the octet of unused bits
	}
	for i := range n.Field {
		f := &n.Field[i]
		// The single bits of a bit string, and remarks, are not components.
		if !strings.HasPrefix(f.Name, "mms.") || strings.Contains(f.Name, "SupportOptions") {
			continue
		}
		parent = true
		to = f.leaves(to)
	}
	if !parent && n.Value != "" {
		to = append(to, leaf{strings.ToLower(spelling.Replace(n.Name)), n.Value})
	}
	return to
}

var (
	bitNames   = regexp.MustCompile(`CBB$|servicesSupported|additional.*Support|^bit-string$|^booleanArray$|^localDetail$`)
	octetNames = regexp.MustCompile(`^(floating-point|octet-string|binary-time|utc-time)$`)
	hexNames   = regexp.MustCompile(`^(fileData|entryIdentifier|timeSpecification|entrySpecification|occurrenceTime)$|ingEntry$|ingTime$`)
	textNames  = regexp.MustCompile(`-string$|String$|ID$|specific$|Specific$|Name$|^Identifier$|After$|^revision$|Description$`)
	numbers    = regexp.MustCompile(`^-?\d+$`)
)

// ourLeaves gives the same of our XER in the basic dialect, read by encoding/xml.
func ourLeaves(t *testing.T, text string) []leaf {
	t.Helper()
	type element struct {
		name string
		text string
		kids int
	}
	var out []leaf
	stack := []*element{{}}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if token == nil {
			if len(stack) != 1 {
				t.Fatalf("%s: %v", text, err)
			}
			return out
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			top.kids++
			stack = append(stack, &element{name: token.Name.Local})
		case xml.CharData:
			top.text += string(token)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			parent := stack[len(stack)-1]
			switch {
			case top.name == "true" || top.name == "false":
				out = append(out, leaf{strings.ToLower(parent.name), map[string]string{"true": "ff", "false": "00"}[top.name]})
			case control[top.name] != "":
				parent.text += control[top.name]
				parent.kids--
			case top.kids == 0 && top.text != "" && !unseen[top.name]:
				if v := octets(t, top.name, top.text); v != "" {
					out = append(out, leaf{strings.ToLower(top.name), v})
				}
			}
		}
	}
}

var control = map[string]string{"nul": "\x00", "bel": "\a", "is1": "\x1f"}

// octets gives the content octets of a component as hex.
func octets(t *testing.T, name, text string) string {
	t.Helper()
	switch {
	case bitNames.MatchString(name) && strings.Trim(text, "01") == "":
		b := make([]byte, (len(text)+7)/8)
		for i := range len(text) {
			b[i/8] |= (text[i] - '0') << (7 - i%8)
		}
		return hex.EncodeToString(b)
	case hexNames.MatchString(name):
		return strings.ToLower(text)
	case octetNames.MatchString(name) && !numbers.MatchString(text) || octetNames.MatchString(name) && len(text)%2 == 0 && len(text) > 3:
		return strings.ToLower(text)
	case name == "OBJECT_IDENTIFIER" || name == "objId":
		return oids[text]
	case numbers.MatchString(text) && name != "localDetail":
		if textNames.MatchString(name) && !regexp.MustCompile(`invokeID$|InvokeID$|frsmID$|string$|String$`).MatchString(name) {
			break
		}
		return integer(t, text)
	}
	return hex.EncodeToString([]byte(text))
}

var oids = map[string]string{"1.2.3.4": "2a0304", "1.0.9506.2.1": "28ca220201", "1.0.9506.2.3": "28ca220203"}

// integer gives minimal two's complement.
func integer(t *testing.T, text string) string {
	t.Helper()
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		t.Fatal(text)
	}
	for size := uint(1); ; size++ {
		limit := new(big.Int).Lsh(big.NewInt(1), 8*size-1)
		if n.Cmp(limit) < 0 && n.Cmp(new(big.Int).Neg(limit)) >= 0 {
			if n.Sign() < 0 {
				n.Add(n, new(big.Int).Lsh(limit, 1))
			}
			return hex.EncodeToString(n.FillBytes(make([]byte, size)))
		}
	}
}
