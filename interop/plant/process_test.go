package plant_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// gridward is the binary under test, built by TestMain.
var gridward string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gridward-plant-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	gridward = filepath.Join(dir, "gridward")
	build := exec.Command("go", "build", "-o", gridward, "github.com/gridward/gridward/cmd/gridward")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// run executes gridward to its end and returns its standard output.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out, talk bytes.Buffer
	cmd := exec.Command(gridward, args...)
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		t.Fatalf("gridward %s: %v\n%s", strings.Join(args, " "), err, talk.String())
	}
	return out.String()
}

// A process is a running gridward. Its output is kept and shown when the test fails.
type process struct {
	name string
	cmd  *exec.Cmd
	out  lockedBuffer
	done chan struct{}
	err  error
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(gridward, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", p.name, p.out.tail(4000))
		}
	})
	return p
}

// stop sends SIGTERM and wants an orderly end.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		t.Fatalf("%s did not end within 15 s of SIGTERM", p.name)
	}
	if p.err != nil {
		t.Errorf("%s ended with %v, want exit code 0", p.name, p.err)
	}
}

func (p *process) kill() {
	if err := p.cmd.Process.Kill(); err == nil || errors.Is(err, os.ErrProcessDone) {
		<-p.done
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lockedBuffer) tail(n int) string {
	s := l.String()
	return s[max(0, len(s)-n):]
}

// await polls until ok, which says what it saw, or fails after limit.
func await(t *testing.T, what string, limit time.Duration, ok func() (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, saw := ok()
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v; last seen: %s", what, limit, saw)
		}
	}
}

// api is the HTTP interface of a centre.
type api struct{ base string }

type der struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind"`
	State       string   `json:"state"`
	Reason      string   `json:"reason"`
	ActivePower *float64 `json:"activePower"`
	Limit       *float64 `json:"limit"`
	Quality     string   `json:"quality"`
	Age         *float64 `json:"age"`
	Stale       bool     `json:"stale"`
}

func (d der) String() string {
	b, err := json.Marshal(d)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (a api) get(path string, v any) error {
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Get(a.base + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, resp.Status, body)
	}
	return json.Unmarshal(body, v)
}

func (a api) ders() ([]der, error) {
	var f struct {
		DERs []der `json:"ders"`
	}
	err := a.get("/api/v1/ders", &f)
	return f.DERs, err
}

func (a api) der(id string) (d der, err error) {
	err = a.get("/api/v1/ders/"+id, &d)
	return d, err
}

// setpoint posts body and gives the status and the answer.
func (a api) setpoint(t *testing.T, id, body string) (int, map[string]any) {
	t.Helper()
	resp, err := (&http.Client{Timeout: 60 * time.Second}).Post(a.base+"/api/v1/ders/"+id+"/setpoint", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func (a api) awaitState(t *testing.T, id, state string, limit time.Duration) {
	t.Helper()
	await(t, id+" "+state, limit, func() (bool, string) {
		d, err := a.der(id)
		if err != nil {
			return false, err.Error()
		}
		return d.State == state, d.String()
	})
}

// awaitPower waits until the DER reports an active power within 1 % of span around w.
func (a api) awaitPower(t *testing.T, id string, ok func(w float64) bool, limit time.Duration) {
	t.Helper()
	await(t, "power of "+id, limit, func() (bool, string) {
		d, err := a.der(id)
		if err != nil {
			return false, err.Error()
		}
		return d.ActivePower != nil && d.Quality == "good" && ok(*d.ActivePower), d.String()
	})
}
