package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// talk collects what a command says and lets a test wait for it.
type talk struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	change chan struct{}
}

func (w *talk) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.change)
	w.change = make(chan struct{})
	return w.buf.Write(p)
}

// find waits for a match and returns its first group.
func (w *talk) find(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	limit := time.After(20 * time.Second)
	for {
		w.mu.Lock()
		m, change, all := re.FindStringSubmatch(w.buf.String()), w.change, w.buf.String()
		w.mu.Unlock()
		if m != nil {
			return m[len(m)-1]
		}
		select {
		case <-change:
		case <-limit:
			t.Fatalf("no %q in\n%s", pattern, all)
		}
	}
}

// upHandler tells when the client is online.
type upHandler struct{ up chan struct{} }

func (upHandler) HandleStanza(*stanza.Stanza) {}

func (h upHandler) HandleEvent(ev xmpp.Event) {
	if _, ok := ev.(xmpp.Up); ok {
		h.up <- struct{}{}
	}
}

// The whole service: certificates of 'pki', a client that logs in and pings, metrics, reload on SIGHUP, orderly end.
func TestXMPPServe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "router.yaml")
	config := func(extra string) {
		t.Helper()
		text := "domain: grid.example\nlisten: [{address: \"127.0.0.1:0\", mode: direct}, {address: \"127.0.0.1:0\", mode: starttls}]\n" +
			"tls: {cert: tls/router.crt, key: tls/router.key, ca: tls/ca.crt}\nmetrics: 127.0.0.1:0\n" +
			"accounts: [{jid: \"*@grid.example\"}]\nrules: [{from: \"*\", to: self, allow: [iq]}]\n" + extra
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config("")
	for _, args := range []string{"init", "issue --kind server --domain grid.example --file router", "issue --kind der --jid der1@grid.example"} {
		args := append([]string{"pki"}, strings.Fields(args)...)
		if code := run(context.Background(), append(args, "--dir", filepath.Join(dir, "tls")), nil, io.Discard, os.Stderr); code != 0 {
			t.Fatalf("%v: exit code %d", args, code)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log := &talk{change: make(chan struct{})}
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"xmpp", "serve", "--config", file}, nil, io.Discard, log) }()
	direct := log.find(t, `msg=listening.* address=(\S+) mode=direct`)
	metrics := log.find(t, `msg=metrics address=(\S+)`)

	d := keystore.Dir(filepath.Join(dir, "tls"))
	crt, key := d.Paths("der1@grid.example")
	root, _ := d.CA()
	b, err := keystore.Load(crt, key, root)
	if err != nil {
		t.Fatal(err)
	}
	tc, err := tlsprofile.Client{Certificate: b.Certificate, RootCAs: b.Pool, Domain: "grid.example"}.Config()
	if err != nil {
		t.Fatal(err)
	}
	h := upHandler{make(chan struct{}, 8)}
	c, err := xmpp.New(xmpp.Config{JID: jid.MustParse("der1@grid.example"), TLS: tc, Hosts: []string{direct + "/direct"}, Handler: h})
	if err != nil {
		t.Fatal(err)
	}
	cctx, stop := context.WithCancel(context.Background())
	defer stop()
	gone := make(chan error, 1)
	go func() { gone <- c.Run(cctx) }()
	<-h.up
	ask, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	res, err := c.IQ(ask, &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, To: jid.MustParse("grid.example"), Payload: []byte("<ping xmlns='urn:xmpp:ping'/>")})
	if err != nil || res.Type != stanza.Result {
		t.Fatalf("ping: %v %v", res, err)
	}
	resp, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`gridward_xmpp_sessions{state="attached"} 1`, `gridward_xmpp_logins_total{mechanism="EXTERNAL",result="ok"} 1`, "gridward_xmpp_login_seconds_count 1", "gridward_xmpp_route_seconds_bucket"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("metrics lack %s", want)
		}
	}

	config("nonsense: 1\n")
	hangup(t)
	log.find(t, `reload refused`)
	config("deny: {jids: [der1@grid.example]}\n")
	hangup(t)
	log.find(t, `access-revoked jid=der1@grid.example/IEC`)
	log.find(t, `login-failed .*reason=denied-jid|session-down jid=der1@grid.example/IEC`)
	stop()
	<-gone
	cancel()
	if c := <-code; c != 0 {
		t.Errorf("exit code %d", c)
	}
	log.find(t, `msg=stopped`)
}

func hangup(t *testing.T) {
	t.Helper()
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(fmt.Errorf("signal: %w", err))
	}
}

// The example works as its comments say.
func TestExampleRouter(t *testing.T) {
	example, err := os.ReadFile(filepath.Join("..", "..", "examples", "router", "router.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("router.yaml", example, 0o600); err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^# +gridward (pki .*)$`).FindAllStringSubmatch(string(example), -1)
	if len(commands) < 4 {
		t.Fatalf("only %d commands in the comments", len(commands))
	}
	var errs bytes.Buffer
	for _, c := range append(commands, []string{"", "xmpp check --config router.yaml"}) {
		if code := run(context.Background(), strings.Fields(c[1]), nil, io.Discard, &errs); code != 0 {
			t.Errorf("gridward %s: exit code %d: %s", c[1], code, errs.String())
		}
	}
}
