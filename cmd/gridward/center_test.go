package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// gridward runs a command line to its end.
func gridward(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

// mustRun fails the test when the command line fails.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := gridward(args...)
	if code != 0 {
		t.Fatalf("gridward %s: code %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

// TestCenterExample checks examples/center as its reader would.
func TestCenterExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "center", "center.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "center.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "pki", "init", "--dir", filepath.Join(dir, "tls"))
	mustRun(t, "pki", "issue", "--dir", filepath.Join(dir, "tls"), "--kind", "center", "--jid", "center@grid.example")
	if out := mustRun(t, "center", "--config", file, "--check"); !strings.Contains(out, ": ok: center@grid.example with 3 entries") {
		t.Error(out)
	}
}

var httpAt = regexp.MustCompile(`msg=starting .*http=(\S+)`)

// startCenter runs a centre that finds no router, and gives the address of its HTTP interface. stop ends it as Ctrl-C
// does, and gives its exit code.
func startCenter(t *testing.T, dir, more string) (addr string, stop func() int) {
	t.Helper()
	file := filepath.Join(dir, "center.yaml")
	text := `xmpp:
  jid: center@grid.example
  hosts: ["127.0.0.1:1/starttls"]
  tls: {cert: tls/center@grid.example.crt, key: tls/center@grid.example.key, ca: tls/ca.crt}
InsecureClear61850: true
ders: [{jid: pv1@grid.example}]
` + more
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"center", "--config", file, "--listen", "127.0.0.1:0"}, strings.NewReader(""), io.Discard, w)
		_ = w.Close()
	}()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if m := httpAt.FindStringSubmatch(lines.Text()); m != nil {
			addr = m[1]
			break
		}
		t.Log(lines.Text())
	}
	if addr == "" {
		t.Fatalf("the centre did not start: code %d", <-code)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	return addr, func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(10 * time.Second):
			t.Fatal("the centre did not end within 10 s")
			return -1
		}
	}
}

func centerKeys(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	mustRun(t, "pki", "init", "--dir", filepath.Join(dir, "tls"))
	mustRun(t, "pki", "issue", "--dir", filepath.Join(dir, "tls"), "--kind", "center", "--jid", "center@grid.example")
	return dir
}

// TestCenterServesAndStops: the dashboard is there although no router is, and an open stream does not hold up the end.
func TestCenterServesAndStops(t *testing.T) {
	addr, stop := startCenter(t, centerKeys(t), "")
	for path, want := range map[string]string{
		"/": "<title>Gridward control centre</title>", "/healthz": `"status":"ok"`, "/api/v1/ders": `"state":"offline"`, "/metrics": "gridward_center_ders",
	} {
		res, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(b), want) {
			t.Errorf("%s: %s, %v, without %s", path, res.Status, err, want)
		}
	}
	stream, err := http.Get("http://" + addr + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := http.Get("http://" + addr + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

// TestCenterAsksForClientCertificates: with http.tls nobody without a certificate of the authority gets in.
func TestCenterAsksForClientCertificates(t *testing.T) {
	dir := centerKeys(t)
	pki := filepath.Join(dir, "tls")
	mustRun(t, "pki", "issue", "--dir", pki, "--kind", "server", "--domain", "grid.example")
	addr, stop := startCenter(t, dir, "http:\n  hosts: [grid.example]\n  tls: {cert: tls/grid.example.crt, key: tls/grid.example.key, ca: tls/ca.crt}\n")
	ca, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	mine, err := tls.LoadX509KeyPair(filepath.Join(pki, "center@grid.example.crt"), filepath.Join(pki, "center@grid.example.key"))
	if err != nil {
		t.Fatal(err)
	}
	get := func(certs ...tls.Certificate) (int, error) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "grid.example", Certificates: certs, MinVersion: tls.VersionTLS12}}
		defer transport.CloseIdleConnections()
		res, err := (&http.Client{Transport: transport}).Get("https://" + addr + "/api/v1/ders")
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		return res.StatusCode, nil
	}
	if code, err := get(mine); err != nil || code != http.StatusOK {
		t.Errorf("with a certificate: %d, %v", code, err)
	}
	if code, err := get(); err == nil {
		t.Errorf("without a certificate: %d", code)
	}
	res, err := http.Get("http://" + addr + "/api/v1/ders")
	if err == nil {
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			t.Error("plain HTTP is served")
		}
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
