package mms

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// xmllint validates files against gw1.xsd and gives what it says.
func xmllint(t *testing.T, files ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint: missing peer")
	}
	out, err := exec.Command("xmllint", append([]string{"--noout", "--nonet", "--schema", "gw1.xsd"}, files...)...).CombinedOutput()
	return string(out), err
}

// TestSchema: all that we write in gw1 is valid by gw1.xsd: the samples, and what other implementations sent.
func TestSchema(t *testing.T) {
	dir := t.TempDir()
	var files []string
	add := func(name string, p PDU) {
		x, err := AppendXER(nil, p, GW1)
		if err != nil {
			return // octets without XML form
		}
		file := filepath.Join(dir, fmt.Sprintf("%04d %s.xml", len(files), name))
		if err := os.WriteFile(file, x, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for name, p := range samples() {
		add(name, p)
	}
	for _, x := range examples {
		p, err := ParseXER([]byte(withNamespace(x)), nil, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		add("example", p)
	}
	for rest := readShared(t, "captures/icsnpp-mms/pdus.der"); len(rest) > 0; {
		p, next, err := NextBER(rest, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		add("foreign", p)
		rest = next
	}
	if len(files) < 400 {
		t.Fatalf("only %d PDUs", len(files))
	}
	for some := range slices.Chunk(files, 200) {
		out, err := xmllint(t, some...)
		if err == nil {
			continue
		}
		for line := range strings.Lines(out) {
			if !strings.HasSuffix(strings.TrimSpace(line), " validates") {
				t.Error(line)
			}
		}
	}
	t.Logf("%d PDUs are valid", len(files))
}

// TestSchemaIsStrict: what the schema says of bad PDUs.
func TestSchemaIsStrict(t *testing.T) {
	for what, x := range map[string]string{
		"unknown component": rejectNS + "<foo/>" + goodReason,
		"wrong order":       rejectNS + "<rejectReason><pdu-error>1</pdu-error></rejectReason><originalInvokeID>3</originalInvokeID></rejectPDU>",
		"no reason":         rejectNS + "</rejectPDU>",
		"number":            rejectNS + "<originalInvokeID>4294967296</originalInvokeID>" + goodReason,
		"odd hex":           readXML("<octet-string>123</octet-string>"),
		"bits":              readXML("<bit-string>012</bit-string>"),
		"float":             readXML("<floating-point>0842F6E979</floating-point>"),
	} {
		file := filepath.Join(t.TempDir(), "bad.xml")
		if err := os.WriteFile(file, []byte(x), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := xmllint(t, file); err == nil || !bytes.Contains([]byte(out), []byte("fails to validate")) {
			t.Errorf("%s: valid: %s", what, out)
		}
	}
}
