package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/xmpp/jid"
)

// aDevice serves a model over TCP until the test ends, to whoever knows the password.
func aDevice(t *testing.T, password string) (*server.Server, string) {
	t.Helper()
	name := filepath.Join("..", "..", "acsi", "server", "testdata", "test.icd")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(name, b, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Config{Model: m, Vendor: "Vendor", ModelName: "inverter"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	known := &acse.InsecurePassword{Password: password, Principal: &model.Principal{Name: "bridge", Address: "127.0.0.1", Proof: model.ProofPassword}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				if a, err := mmstcp.Server(ctx, nc, mmstcp.Config{OSI: osi.Config{Authenticator: known}}); err == nil {
					_ = srv.Serve(ctx, a) // its end is the association's
				}
			}()
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		<-done
	})
	return srv, l.Addr().String()
}

// A device of 8-1 behind 'der --device' is reached by its JID: its values, its reports, its controls.
func TestDERBridge(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, args := range []string{"init", "issue --kind server --domain grid.example --file router", "issue --kind der --jid der1@grid.example", "issue --kind center --jid center@grid.example"} {
		if code := run(context.Background(), append(append([]string{"pki"}, strings.Fields(args)...), "--dir", filepath.Join(dir, "tls")), nil, io.Discard, os.Stderr); code != 0 {
			t.Fatalf("%v: exit code %d", args, code)
		}
	}
	router := write("router.yaml", "domain: grid.example\nlisten: [{address: \"127.0.0.1:0\", mode: direct}]\n"+
		"tls: {cert: tls/router.crt, key: tls/router.key, ca: tls/ca.crt}\naccounts: [{jid: \"*@grid.example\"}]\n"+
		"rules: [{from: \"*\", to: self, allow: [iq]}, {from: center@grid.example, to: der1@grid.example, allow: [iq, message, presence]}, {from: der1@grid.example, to: center@grid.example, allow: [message, presence]}]\n")
	ctx, cancel := context.WithCancel(context.Background())
	var ended []chan int
	start := func(args ...string) *talk {
		log, code := &talk{change: make(chan struct{})}, make(chan int, 1)
		ended = append(ended, code)
		go func() { code <- run(ctx, args, nil, log, log) }()
		return log
	}
	defer func() {
		cancel()
		for _, code := range ended {
			if c := <-code; c != 0 {
				t.Errorf("exit code %d", c)
			}
		}
	}()
	direct := start("xmpp", "serve", "--config", router).find(t, `msg=listening.* address=(\S+) mode=direct`)
	device, address := aDevice(t, "s3cret")
	write("password", "s3cret\n")
	who := func(jid string) string {
		return fmt.Sprintf("xmpp:\n  jid: %s\n  hosts: [\"%s/direct\"]\n  tls: {cert: tls/%s.crt, key: tls/%s.key, ca: tls/ca.crt}\n", jid, direct, jid, jid)
	}
	file := write("bridge.yaml", who("der1@grid.example")+"  peers: [center@grid.example]\nInsecureClear61850: true\nmetrics: 127.0.0.1:0\nbridge: {password_file: password, associations: 3}\n")
	file2 := write("center.yaml", who("center@grid.example")+"InsecureClear61850: true\n")

	var out, errs bytes.Buffer
	if code := run(ctx, []string{"der", "--config", file, "--device", "mms://" + address, "--check"}, nil, &out, &errs); code != 0 ||
		!strings.Contains(out.String(), "as der1@grid.example: Vendor inverter, logical devices [TLD0 TLD1]") {
		t.Fatalf("check: code %d: %s%s", code, out.String(), errs.String())
	}
	log := start("der", "--config", file, "--device", "mms://"+address)
	log.find(t, `msg=online`)
	log.find(t, `device answers.* vendor=Vendor`)

	f := &mmsFlags{config: file2, timeout: 10 * time.Second}
	s, err := f.associate(ctx, &mmsPlace{target: mmsTarget{jid: jid.MustParse("der1@grid.example")}}, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	got := make(chan *client.Report, 8)
	_, err = s.client.Subscribe(ctx, parseRef(t, "TLD0/LLN0.urcb01[RP]"), client.ReportOptions{Triggers: model.TrgDataChange | model.TrgGI}, func(r *client.Report) { got <- r })
	if err != nil {
		t.Fatal(err)
	}
	operated := make(chan struct{}, 1)
	do := parseRef(t, "TLD0/GGIO1.SPCSO3")
	if err := device.Handle(do, server.ControlFunc(func(*server.Command) model.AddCause {
		operated <- struct{}{}
		return model.AddCauseNone
	})); err != nil {
		t.Fatal(err)
	}
	k, err := s.client.Control(ctx, do)
	if err != nil {
		t.Fatal(err)
	}
	if end, err := k.Operate(ctx, model.Bool(true), client.OperateOptions{}); err != nil || !end.Enhanced {
		t.Fatalf("operate: %+v, %v", end, err)
	}
	<-operated
	log.find(t, `msg=audit peer=center@grid.example/IEC association=1 service=operate object=TLD0/GGIO1.SPCSO3.Oper\[CO\] right=CONTROL result=done`)
	if err := device.Update(time.Now(), func(tx *server.Tx) { tx.Set(parseRef(t, "TLD0/GGIO1.Ind1.stVal[ST]"), model.Bool(true)) }); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-got:
		if len(r.Entries) != 1 || !strings.HasPrefix(r.Entries[0].Ref.String(), "TLD0/GGIO1.Ind1") {
			t.Errorf("report %+v", r)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no report")
	}
	if _, err := s.client.ReadOne(ctx, parseRef(t, "TLD0/Nobody1.Pos[ST]")); !errors.Is(err, mms.ObjectNonExistent) {
		t.Errorf("unknown object: %v", err)
	}
	resp, err := http.Get("http://" + log.find(t, `msg=metrics address=(\S+)`) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"gridward_bridge_device_up 1", "gridward_bridge_associations 1"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func parseRef(t *testing.T, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The example is what its comments say.
func TestBridgeExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "bridge", "bridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"bridge.yaml": string(text),
		// What is left out by comment is there to be switched on.
		"full.yaml": strings.NewReplacer("  # password_file", "  password_file", "  # tsel", "  tsel", "  # ssel", "  ssel", "  # psel", "  psel",
			"  # ap_title", "  ap_title", "  # ae_qualifier", "  ae_qualifier", "# metrics", "metrics").Replace(string(text)),
		"password": "secret",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range []string{"init --dir tls", "issue --dir tls --kind der --jid der1@grid.example"} {
		if code := run(context.Background(), append([]string{"pki"}, strings.Fields(args)...), nil, io.Discard, os.Stderr); code != 0 {
			t.Fatalf("pki %s: exit code %d", args, code)
		}
	}
	if err := os.WriteFile("busy.yaml", []byte(strings.Replace(string(text), "probe: 1m", "probe: -1s", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	var busy bytes.Buffer
	if code := run(context.Background(), []string{"der", "--config", "busy.yaml", "--check"}, nil, io.Discard, &busy); code != 2 || !strings.Contains(busy.String(), "bridge.probe: -1s") {
		t.Errorf("a probe before the last one: code %d: %s", code, busy.String())
	}
	for _, file := range []string{"bridge.yaml", "full.yaml"} {
		var out, errs bytes.Buffer
		code := run(context.Background(), []string{"der", "--config", file, "--device", "mms://127.0.0.1:1", "--check"}, nil, &out, &errs)
		if code != 1 || !strings.Contains(out.String(), file+": ok: mms://127.0.0.1:1 as der1@grid.example") || !strings.Contains(errs.String(), "refused") {
			t.Errorf("%s: code %d: %s%s", file, code, out.String(), errs.String())
		}
	}
}
