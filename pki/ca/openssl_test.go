package ca_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/pki/ca"
)

// OpenSSL accepts the path in strict mode and for the right purpose only, and reads the names that were written.
func TestOpenSSLAgrees(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("TestOpenSSLAgrees: missing peer openssl")
	}
	a, err := ca.New("Test CA", time.Now(), 365*day)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ca.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, c *x509.Certificate) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	root := put("ca.crt", a.Cert)
	tests := []struct {
		req       ca.Request
		good, bad string
		names     []string
	}{
		{
			ca.Request{Kind: ca.DER, JIDs: []string{"der1@grid.example", "pv@grid.example"}, Life: day},
			"sslclient", "sslserver",
			[]string{"der1@grid.example", "pv@grid.example"},
		},
		{
			ca.Request{Kind: ca.Server, JIDs: []string{"grid.example"}, DNS: []string{"grid.example"}, SRV: []string{"_xmpp-client.grid.example"}, Life: day},
			"sslserver", "smimesign",
			[]string{"XmppAddr", "grid.example", "SRVName", "_xmpp-client.grid.example", "DNS:grid.example"},
		},
	}
	for _, tt := range tests {
		c, err := a.Issue(tt.req, key.Public(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		leaf := put("leaf.crt", c)
		if out, err := exec.Command("openssl", "verify", "-x509_strict", "-purpose", tt.good, "-CAfile", root, leaf).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", tt.good, err, out)
		}
		if out, err := exec.Command("openssl", "verify", "-x509_strict", "-purpose", tt.bad, "-CAfile", root, leaf).CombinedOutput(); err == nil {
			t.Errorf("%s was accepted\n%s", tt.bad, out)
		}
		out, err := exec.Command("openssl", "x509", "-in", leaf, "-noout", "-ext", "subjectAltName").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, n := range tt.names {
			if !strings.Contains(string(out), n) {
				t.Errorf("%q is not in\n%s", n, out)
			}
		}
	}
}
