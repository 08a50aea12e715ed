package ied

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
)

// A site is an IED that runs, on a port of this machine.
type site struct {
	testing.TB
	d      *IED
	addr   string
	events *eventLog
	end    context.CancelFunc
	done   chan error
}

// An eventLog keeps events and lets a test wait for one.
type eventLog struct {
	mu     sync.Mutex
	all    []Event
	change chan struct{}
}

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
	close(l.change)
	l.change = make(chan struct{})
}

// await gives the first event that fits.
func await[E Event](t testing.TB, l *eventLog, fits func(E) bool) E {
	t.Helper()
	limit := time.After(20 * time.Second)
	for seen := 0; ; {
		l.mu.Lock()
		all, change := l.all, l.change
		l.mu.Unlock()
		for ; seen < len(all); seen++ {
			if e, ok := all[seen].(E); ok && fits(e) {
				return e
			}
		}
		select {
		case <-change:
		case <-limit:
			t.Fatalf("no such event: %+v", all)
		}
	}
}

func serve(t testing.TB, cfg Config) *site {
	t.Helper()
	s := &site{TB: t, events: &eventLog{change: make(chan struct{})}, done: make(chan error, 1)}
	if cfg.Listen == "" && cfg.TLSListen == "" {
		cfg.Listen, cfg.InsecureAnonymous = "127.0.0.1:0", cfg.InsecureAnonymous || len(cfg.Clients) == 0
	}
	cfg.Events = s.events.add
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.d = d
	ctx, cancel := context.WithCancel(t.Context())
	s.end = cancel
	go func() { s.done <- d.Run(ctx) }()
	s.addr = await(t, s.events, func(Listening) bool { return true }).Addr.String()
	t.Cleanup(s.stop)
	return s
}

func (s *site) stop() {
	s.end()
	if err := <-s.done; err != nil {
		s.Errorf("Run: %v", err)
	}
	s.done <- nil
}

func (s *site) dial(auth acse.Authenticator) *client.Client {
	s.Helper()
	a, err := mmstcp.Dial(s.Context(), s.addr, mmstcp.Config{OSI: osi.Config{Authenticator: auth}})
	if err != nil {
		s.Fatal(err)
	}
	c := client.New(a, client.Options{})
	s.Cleanup(c.Close)
	return c
}

func ref(t testing.TB, text string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sclFolder finds the foreign SCL files, "" when they are missing.
func sclFolder(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	folder := filepath.Join(filepath.Dir(dir), "shared", "testdata", "scl")
	if _, err := os.Stat(folder); err != nil {
		return ""
	}
	return folder
}

func parse(t testing.TB, path string) *scl.File {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(filepath.Base(path), data, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// feeder is the IED of examples/ied.
func feeder(t testing.TB) *model.Server {
	t.Helper()
	m, err := parse(t, filepath.Join("..", "..", "examples", "ied", "feeder.scd")).Server("", "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}
