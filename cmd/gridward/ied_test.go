package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/pki/keystore"
)

// A started IED command.
type startedIED struct {
	testing.TB
	out  *bytes.Buffer
	errs *talk
	addr string
	end  context.CancelFunc
	done chan int
}

func startIED(t testing.TB, stdin io.Reader, args ...string) *startedIED {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &startedIED{TB: t, out: &bytes.Buffer{}, errs: &talk{change: make(chan struct{})}, end: cancel, done: make(chan int, 1)}
	go func() { s.done <- run(ctx, args, stdin, s.out, s.errs) }()
	t.Cleanup(func() { cancel() })
	return s
}

func (s *startedIED) client(t *testing.T) *client.Client {
	t.Helper()
	if s.addr == "" {
		s.addr = s.errs.find(t, `msg=listening address=(\S+) mode=tcp`)
	}
	a, err := mmstcp.Dial(t.Context(), s.addr, mmstcp.Config{OSI: osi.Config{}})
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(a, client.Options{})
	t.Cleanup(c.Close)
	return c
}

func (s *startedIED) stop(t *testing.T) {
	t.Helper()
	s.end()
	if code := <-s.done; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func reference(t testing.TB, text string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var iedExample = filepath.Join("..", "..", "examples", "ied")

// TestIEDExample runs examples/ied as its reader would: check, serve, a report of the scenario, a command, metrics, end.
func TestIEDExample(t *testing.T) {
	config := filepath.Join(iedExample, "ied.yaml")
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"ied", "--config", config, "--check"}, strings.NewReader(""), &out, &errs); code != 0 ||
		!strings.Contains(out.String(), "ok: IED FEEDER1, access point AP1, 7 steps") {
		t.Fatalf("%d: %s%s", code, out.String(), errs.String())
	}
	s := startIED(t, strings.NewReader(""), "ied", "--config", config, "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--operate-time", "1ms")
	c := s.client(t)
	hz, err := c.ReadOne(t.Context(), reference(t, "FEEDER1MEAS/MMXU1.Hz.mag.f[MX]"))
	if f, _ := hz.AsFloat(); err != nil || f < 49.9 || f > 50.1 {
		t.Errorf("%v Hz, %v", f, err)
	}
	k, err := c.Control(t.Context(), reference(t, "FEEDER1CTRL/CSWI1.Pos"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Operate(t.Context(), model.Bool(false), client.OperateOptions{}); err != nil {
		t.Error(err)
	}
	pos, err := c.ReadOne(t.Context(), reference(t, "FEEDER1CTRL/XCBR1.Pos.stVal[ST]"))
	if d, _ := pos.AsDbpos(); err != nil || d != model.DbposOff {
		t.Errorf("the breaker is %v, %v", d, err)
	}
	resp, err := http.Get("http://" + s.errs.find(t, `msg=metrics address=(\S+)`) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = closing(resp.Body, err); err != nil || !strings.Contains(string(body), "gridward_ied_associations 1") {
		t.Errorf("%v\n%s", err, body)
	}
	s.errs.find(t, "level=WARN msg=\"(InsecureAnonymous)")
	s.stop(t)
	if !strings.Contains(s.out.String(), "IED FEEDER1  access point AP1") || !strings.Contains(s.out.String(), "LD FEEDER1CTRL  7 nodes") {
		t.Errorf("says %s", s.out)
	}
}

func closing(c io.Closer, err error) error {
	if e := c.Close(); err == nil {
		err = e
	}
	return err
}

// TestIEDStdin: lines change values; a bad one is told with its number, and the rest go on.
func TestIEDStdin(t *testing.T) {
	in, w := io.Pipe()
	s := startIED(t, in, "mms", "serve", "--scl", filepath.Join(iedExample, "feeder.scd"), "--listen", "127.0.0.1:0", "--insecure-anonymous", "--stdin")
	c := s.client(t)
	for _, line := range []string{`{"ref": "MEAS/MMXU1.TotW", "value": 1}`, `{"ref": "MEAS/MMXU1.TotX", "value": 1}`, `{"ref": "MEAS/MMXU1.TotW", "value": 2}`} {
		if _, err := fmt.Fprintln(w, line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s.errs.find(t, "no more values")
	s.errs.find(t, `gridward: <stdin>:2: .*no data object "TotX"`)
	s.errs.find(t, `hint: did you mean TotW\?`)
	v, err := c.ReadOne(t.Context(), reference(t, "FEEDER1MEAS/MMXU1.TotW.mag.f[MX]"))
	if f, _ := v.AsFloat(); err != nil || f != 2 {
		t.Errorf("%v, %v", f, err)
	}
	s.stop(t)
}

// TestIEDPortInUse: the second server at a port says what to do, and fails.
func TestIEDPortInUse(t *testing.T) {
	args := []string{"ied", "--scl", filepath.Join(iedExample, "feeder.scd"), "--insecure-anonymous", "--listen"}
	s := startIED(t, nil, append(args, "127.0.0.1:0")...)
	s.client(t)
	var out, errs bytes.Buffer
	code := run(t.Context(), append(args, s.addr), nil, &out, &errs)
	if code != 1 || !strings.Contains(errs.String(), "address already in use") || !strings.Contains(errs.String(), "hint: choose another address") {
		t.Errorf("%d: %s", code, errs.String())
	}
	s.stop(t)
}

// TestIEDRestart: the setting group that a client has activated, its values and an enabled schedule survive a restart; two
// processes do not share a folder of data.
func TestIEDRestart(t *testing.T) {
	data, files := filepath.Join(t.TempDir(), "data"), t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "readme.txt"), []byte("of the IED"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"ied", "--scl", filepath.Join(iedExample, "feeder.scd"), "--listen", "127.0.0.1:0", "--insecure-anonymous", "--data", data, "--files", files,
	}
	s := startIED(t, nil, args...)
	c := s.client(t)
	g, err := c.SettingGroups(t.Context(), reference(t, "FEEDER1PROT"))
	if err != nil {
		t.Fatal(err)
	}
	if err := g.SelectActive(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := c.GetFile(t.Context(), "readme.txt", &got, nil); err != nil || got.String() != "of the IED" {
		t.Errorf("%q, %v", got.String(), err)
	}
	k, err := c.Control(t.Context(), reference(t, "FEEDER1SCHD/FSCH1.EnaReq"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Operate(t.Context(), model.Bool(true), client.OperateOptions{}); err != nil {
		t.Fatal(err)
	}
	before := logged(t, c)
	if k, err = c.Control(t.Context(), reference(t, "FEEDER1CTRL/CSWI1.Pos")); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Operate(t.Context(), model.Bool(false), client.OperateOptions{}); err != nil {
		t.Fatal(err)
	}
	after := logged(t, c)
	if len(after) <= len(before) {
		t.Fatalf("the log has %d entries, %d before the command", len(after), len(before))
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), args, nil, &out, &errs); code != 1 || !strings.Contains(errs.String(), "another process serves this IED") {
		t.Errorf("a second process: %d: %s", code, errs.String())
	}
	s.stop(t)

	s = startIED(t, nil, args...)
	c = s.client(t)
	if v, err := c.ReadOne(t.Context(), reference(t, "FEEDER1PROT/PTOC1.StrVal.setMag.f[SG]")); err != nil || !v.Equal(model.Float32(400)) {
		t.Errorf("the active value is %s, %v", v.Text(nil), err)
	}
	if again := logged(t, c); len(again) < len(after) || again[0].ID != after[0].ID || again[len(after)-1].ID != after[len(after)-1].ID {
		t.Errorf("the log has %d entries, %d before the restart", len(again), len(after))
	}
	limit := time.After(10 * time.Second)
	for {
		v, err := c.ReadOne(t.Context(), reference(t, "FEEDER1SCHD/FSCH1.SchdSt.stVal[ST]"))
		if i, _ := v.AsInt(); err == nil && (i == 3 || i == 4) {
			break
		}
		select {
		case <-limit:
			t.Fatalf("the schedule is %s, %v", v.Text(nil), err)
		default:
		}
	}
	s.stop(t)
}

// logged gives the log of the feeder.
func logged(t *testing.T, c *client.Client) []client.LogEntry {
	t.Helper()
	var all []client.LogEntry
	for e, err := range c.QueryLogByTime(t.Context(), reference(t, "FEEDER1CTRL/LLN0.Events"), time.Time{}, time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestIEDTLS serves over TLS alone: with a certificate a client is in, without one it is not, unless that is allowed.
func TestIEDTLS(t *testing.T) {
	dir := t.TempDir()
	issue := func(args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"pki"}, args...), nil, &out, &errs); code != 0 {
			t.Fatal(errs.String())
		}
	}
	issue("init", "--dir", dir)
	issue("issue", "--dir", dir, "--kind", "server", "--domain", "ied.example", "--file", "ied")
	issue("issue", "--dir", dir, "--kind", "center", "--jid", "hmi@grid.example", "--file", "hmi")
	b, err := keystore.Load(filepath.Join(dir, "hmi.crt"), filepath.Join(dir, "hmi.key"), filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lax := range []bool{false, true} {
		args := []string{
			"ied", "--scl", filepath.Join(iedExample, "feeder.scd"), "--tls-listen", "127.0.0.1:0",
			"--cert", filepath.Join(dir, "ied.crt"), "--key", filepath.Join(dir, "ied.key"), "--ca", filepath.Join(dir, "ca.crt"),
		}
		if lax {
			args = append(args, "--insecure-no-client-certificate", "--insecure-anonymous")
		}
		s := startIED(t, nil, args...)
		addr := s.errs.find(t, `msg=listening address=(\S+) mode=tls`)
		for _, certified := range []bool{true, false} {
			conf := &tls.Config{RootCAs: b.Pool, ServerName: "ied.example", MinVersion: tls.VersionTLS12}
			if certified {
				conf.Certificates = []tls.Certificate{b.Certificate}
			}
			a, err := mmstcp.Dial(t.Context(), addr, mmstcp.Config{Secure: mmstcp.TLSClient(conf)})
			if want := certified || lax; (err == nil) != want {
				t.Errorf("lax %t, certified %t: %v", lax, certified, err)
			}
			if err == nil {
				c := client.New(a, client.Options{})
				if lds, err := c.Devices(t.Context()); err != nil || len(lds) != 4 {
					t.Errorf("%v, %v", lds, err)
				}
				c.Close()
			}
		}
		s.errs.find(t, `associated peer=(hmi@grid.example) proof=x509`)
		s.stop(t)
	}
}
