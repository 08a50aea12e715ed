package asn1c

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1/xer"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/vectors"
)

// converter gives the path of the converter, which is made once for each text of the module.
func converter(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"asn1c", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s: missing peer asn1c", tool)
		}
	}
	module, err := os.ReadFile("mms.asn")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	sum := sha256.Sum256(module)
	dir := filepath.Join(cache, "gridward", "asn1c", hex.EncodeToString(sum[:8]))
	path := filepath.Join(dir, "convert")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	module2, err := filepath.Abs("mms.asn")
	if err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "asn1c", "-pdu=MMSpdu", "-fcompound-names", "-fwide-types", module2)
	sources, err := filepath.Glob(filepath.Join(dir, "*.c"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("asn1c made no sources: %v", err)
	}
	run(t, dir, nil, "gcc", append([]string{"-w", "-O1", "-DPDU=MMSpdu", "-I.", "-o", "convert.new"}, sources...)...)
	if err := os.Rename(filepath.Join(dir, "convert.new"), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, dir string, in []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%.2000s", name, err, talk.String())
	}
	return out.Bytes()
}

// convert runs the converter on a file of its own, as it reads no pipe reliably.
func convert(t *testing.T, path string, in []byte, from, to string) ([]byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pdu")
	if err := os.WriteFile(file, in, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	cmd := exec.Command(path, "-i"+from, "-o"+to, file)
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, talk.String())
	}
	return out.Bytes(), nil
}

// TestConverter: what asn1c makes of our BER is our PDU in XER, and what it makes of our XER is our BER.
func TestConverter(t *testing.T) {
	path := converter(t)
	all, err := vectors.MMSVectors()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, v := range all {
		if v.Refuse != "" {
			continue
		}
		compared++
		want, err := hex.DecodeString(v.BER)
		if err != nil {
			t.Fatal(err)
		}
		text, err := convert(t, path, want, "ber", "xer")
		if err != nil {
			t.Errorf("%s: asn1c refuses our BER %s: %v", v.Name, v.BER, err)
			continue
		}
		p, err := mms.ParseXER(graphicText(t, text), []*xer.Dialect{mms.BasicXER}, mms.Limits{})
		if err != nil {
			t.Errorf("%s: asn1c's XER %s: %v", v.Name, text, err)
			continue
		}
		if got, err := mms.AppendXER(nil, p, mms.BasicXER); err != nil || string(got) != v.Basic {
			t.Errorf("%s: asn1c reads our BER as\n%s\nnot\n%s\n%v", v.Name, got, v.Basic, err)
		}
		// DER, because asn1c's BER is the same but for that, and but for a fraction of zeros in a GeneralizedTime.
		if short := zeroFraction.ReplaceAllString(v.Basic, "${1}Z"); short != v.Basic {
			p, err := mms.ParseXER([]byte(short), []*xer.Dialect{mms.BasicXER}, mms.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if want, err = mms.AppendBER(nil, p); err != nil {
				t.Fatal(err)
			}
		}
		got, err := convert(t, path, graphicHex([]byte(v.Basic)), "xer", "der")
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: asn1c writes our XER %s as\n%x\nnot\n%x\n%v", v.Name, v.Basic, got, want, err)
		}
	}
	if compared < 40 {
		t.Errorf("only %d vectors were compared", compared)
	}
}

var zeroFraction = regexp.MustCompile(`(<lastModified>\d{14})\.0+Z`)

var graphic = regexp.MustCompile(`(?s)<GraphicString>(.*?)</GraphicString>`)

// graphicText puts text in the place of hex, which is how asn1c shows a GraphicString, and graphicHex hex in that of text.
func graphicText(t *testing.T, in []byte) []byte {
	t.Helper()
	return graphic.ReplaceAllFunc(in, func(x []byte) []byte {
		text, err := hex.DecodeString(string(bytes.Join(bytes.Fields(graphic.FindSubmatch(x)[1]), nil)))
		if err != nil {
			t.Fatalf("%s: %v", x, err)
		}
		// BEL is the only control character in the vectors.
		escaped := strings.ReplaceAll(html.EscapeString(string(text)), "\a", "<bel/>")
		return fmt.Appendf(nil, "<GraphicString>%s</GraphicString>", escaped)
	})
}

func graphicHex(in []byte) []byte {
	return graphic.ReplaceAllFunc(in, func(x []byte) []byte {
		text := graphic.FindSubmatch(x)[1]
		text = bytes.ReplaceAll(text, []byte("<bel/>"), []byte{7})
		return fmt.Appendf(nil, "<GraphicString>%X</GraphicString>", html.UnescapeString(string(text)))
	})
}

// TestConverterRefuses: BER that breaks the rules is refused by asn1c as well, where its reader looks at all.
func TestConverterRefuses(t *testing.T) {
	path := converter(t)
	all, err := vectors.MMSVectors()
	if err != nil {
		t.Fatal(err)
	}
	// asn1c reads a prefix of its input, takes any octets of a BOOLEAN or NULL, skips what it does not know, and sets no
	// limit to lengths, tags and numbers; there we are stricter.
	refuses := map[string]bool{
		"BER unknown PDU": true, "BER universal tag": true, "BER no length": true, "BER announced 1 GB": true,
		"BER child longer than parent": true, "BER no service": true, "BER no invokeID": true, "BER no end of contents": true,
	}
	for _, v := range all {
		if !refuses[v.Name] {
			continue
		}
		delete(refuses, v.Name)
		b, err := hex.DecodeString(v.BER)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := convert(t, path, b, "ber", "xer"); err == nil {
			t.Errorf("%s: asn1c reads it as %s", v.Name, out)
		}
	}
	if len(refuses) > 0 {
		t.Errorf("no such vectors: %v", refuses)
	}
}

// TestConverterForeign: asn1c reads the PDUs of another implementation as we do, where XER can carry them.
func TestConverterForeign(t *testing.T) {
	path := converter(t)
	rest, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "testdata", "captures", "icsnpp-mms", "pdus.der"))
	if err != nil {
		t.Skip("pdus.der: missing peer: foreign test data")
	}
	compared := 0
	for len(rest) > 0 {
		p, next, err := mms.NextBER(rest, mms.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		in := rest[:len(rest)-len(next)]
		rest = next
		want, err := mms.AppendXER(nil, p, mms.BasicXER)
		if err != nil {
			continue // kept as octets
		}
		text, err := convert(t, path, in, "ber", "xer")
		if err != nil {
			t.Errorf("asn1c refuses %x: %v", in, err)
			continue
		}
		q, err := mms.ParseXER(graphicText(t, text), []*xer.Dialect{mms.BasicXER}, mms.Limits{})
		if err != nil {
			t.Errorf("%x: asn1c's XER %s: %v", in, text, err)
			continue
		}
		if got, err := mms.AppendXER(nil, q, mms.BasicXER); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%x: asn1c reads\n%s\nnot\n%s\n%v", in, got, want, err)
		}
		compared++
	}
	t.Logf("%d PDUs are read the same", compared)
	if compared < 350 {
		t.Errorf("only %d PDUs were compared", compared)
	}
}
