package xmpp_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
)

// router runs our server and returns the addresses of its two listeners.
func router(t *testing.T, site peers.Site) (s *server.Server, direct, starttls string) {
	t.Helper()
	b, err := keystore.Load(site.Cert, site.Key, site.CA)
	if err != nil {
		t.Fatal(err)
	}
	tc, err := tlsprofile.Server{Certificate: b.Certificate, ClientCAs: b.Pool, ALPN: []string{tlsprofile.ALPNClient}}.Config()
	if err != nil {
		t.Fatal(err)
	}
	s, err = server.New(server.Config{Domain: domain, TLS: tc, Policy: server.Policy{
		Accounts: []server.Account{{JID: ems, Groups: []string{"center"}}, {JID: "*@" + domain, Groups: []string{"der"}}},
		Rules: []server.Rule{
			{From: "@center", To: "@der", Allow: []string{"iq", "message", "presence"}},
			{From: "@der", To: "@center", Allow: []string{"message", "presence"}},
			{From: "*", To: "self", Allow: []string{"iq"}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	addrs := map[server.Mode]string{}
	for _, m := range []server.Mode{server.Direct, server.StartTLS} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs[m] = ln.Addr().String()
		go func() {
			if err := s.Serve(context.Background(), ln, m); !errors.Is(err, server.ErrShutdown) {
				t.Error(err)
			}
		}()
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
	})
	return s, addrs[server.Direct], addrs[server.StartTLS]
}

// foreign is the foreign client as a process.
type foreign struct {
	t     *testing.T
	in    io.WriteCloser
	lines chan map[string]any
	log   bytes.Buffer
}

func startForeign(t *testing.T, site peers.Site, mode, addr, as, certOf string) *foreign {
	t.Helper()
	python, err := peers.Python()
	if errors.Is(err, peers.ErrMissing) {
		t.Skip(t.Name() + ": " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	crt, key := site.Files(certOf)
	f := &foreign{t: t, lines: make(chan map[string]any, 100)}
	cmd := exec.Command(python, filepath.Join("testdata", "foreign_client.py"), mode, host, port, as, crt, key, site.CA)
	cmd.Stderr = &f.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if f.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(f.lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			var m map[string]any
			if err := json.Unmarshal(sc.Bytes(), &m); err == nil {
				f.lines <- m
			}
		}
	}()
	t.Cleanup(func() {
		_ = f.in.Close()
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
		if t.Failed() {
			log := f.log.String()
			t.Log(log[max(0, len(log)-6000):])
		}
	})
	return f
}

// await returns what the client says about a step.
func (f *foreign) await(step string) map[string]any {
	f.t.Helper()
	limit := time.After(40 * time.Second)
	for {
		select {
		case m, ok := <-f.lines:
			if !ok {
				f.t.Fatalf("the client ended before %q", step)
			}
			if m["step"] == step {
				return m
			}
		case <-limit:
			f.t.Fatalf("nothing about %q", step)
		}
	}
}

// A foreign client binds at our router, does what it may, and is refused what it may not.
func TestForeignClientAtOurRouter(t *testing.T) {
	site, err := peers.MakeSite(t.TempDir(), domain, []string{ems}, []string{der1, der2})
	if err != nil {
		t.Fatal(err)
	}
	s, direct, starttls := router(t, site)
	center := run(t, ems, tlsOf(t, site, ems), direct+"/direct")
	center.up()
	other := run(t, der2, tlsOf(t, site, der2), direct+"/direct")
	other.up()
	for mode, addr := range map[string]string{"direct": direct, "starttls": starttls} {
		t.Run(mode, func(t *testing.T) {
			f := startForeign(t, site, mode, addr, der1+"/IEC", der1)
			if m := f.await("bound"); m["jid"] != der1+"/IEC" {
				t.Errorf("got %v", m)
			}
			for _, step := range []string{"ping", "disco"} {
				if m := f.await(step); m["ok"] != true {
					t.Errorf("%s: got %v", step, m)
				}
			}
			if m := f.await("roster"); m["condition"] != stanza.ServiceUnavailable {
				t.Errorf("roster: got %v", m)
			}
			for _, name := range []string{"ems", "der2"} {
				if m := f.await("ask " + name); m["condition"] != stanza.NotAllowed {
					t.Errorf("ask %s: got %v", name, m)
				}
			}
			if m := f.await("managed"); m["sm"] != true {
				t.Errorf("stream management: got %v", m)
			}
			if m := f.await("message error"); m["sender"] != der2+"/IEC" || m["condition"] != stanza.NotAllowed {
				t.Errorf("message to another device: got %v", m)
			}
			center.await("presence of the foreign client", presenceOf(der1))
			center.await("report", func(st *stanza.Stanza) bool { return st.Kind == stanza.Message && st.From.Bare().String() == der1 })
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			res, err := center.IQ(ctx, &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, To: jid.MustParse(der1 + "/IEC"), Payload: []byte("<ping xmlns='urn:xmpp:ping'/>")})
			if err != nil || res.Type != stanza.Result {
				t.Errorf("the centre pings it: %v, %v", res, err)
			}
			if _, err := io.WriteString(f.in, "forge\n"); err != nil {
				t.Fatal(err)
			}
			if m := f.await("stream error"); m["condition"] != "invalid-from" {
				t.Errorf("forged from: got %v", m)
			}
		})
	}
	t.Run("another resource", func(t *testing.T) {
		f := startForeign(t, site, "direct", direct, der1+"/phone", der1)
		for m := range f.lines {
			if j, _ := m["jid"].(string); strings.Contains(j, "@") { // it takes the refusal for a bind to nothing
				t.Errorf("got %v", m)
			}
			if m["step"] == "disconnected" || m["step"] == "bind refused" || m["step"] == "stream error" {
				return
			}
		}
	})
	t.Run("another's certificate", func(t *testing.T) {
		f := startForeign(t, site, "direct", direct, der1+"/IEC", der2)
		for m := range f.lines {
			if m["step"] == "bound" && strings.HasPrefix(m["jid"].(string), der1) {
				t.Errorf("got %v", m)
			}
			if m["step"] == "refused" || m["step"] == "disconnected" || m["step"] == "bind refused" {
				return
			}
		}
	})
	if n := s.Stats().Events[server.Spoofed]; n != 2 {
		t.Errorf("%d forged addresses counted", n)
	}
}
