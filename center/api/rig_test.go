package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/center/api"
	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/center/fleet/fleettest"
)

const (
	domain  = "plant.example"
	one     = "der1@plant.example" // photovoltaic
	two     = "der2@plant.example" // battery
	three   = "der3@plant.example" // load: no set-point
	offline = "der5@plant.example"
)

// rig is a control centre with four simulated DERs, and one that is offline, behind HTTP over pipes and a virtual clock.
type rig struct {
	t      *testing.T
	plant  *fleettest.Plant
	fleet  *fleet.Fleet
	api    *api.API
	client *http.Client
	doc    *document
}

func run(t *testing.T, cfg api.Config, f func(r *rig)) {
	t.Helper()
	doc := readDocument(t)
	synctest.Test(t, func(t *testing.T) {
		plant, entries := fleettest.Uniform(4, domain)
		fl, err := fleet.New(fleet.Config{DERs: append(entries, fleet.Entry{JID: offline})}, plant)
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{t: t, plant: plant, fleet: fl, doc: doc}
		cfg.Version = "test"
		r.api = api.New(cfg, fl)
		d := dispatch.New(dispatch.Config{Timeout: 20 * time.Second, Queue: 2, OnChange: r.api.CommandChanged}, fl)
		r.api.SetDispatcher(d)
		ctx, cancel := context.WithCancel(t.Context())
		ln := newPipeListener()
		srv := &http.Server{
			Handler:     r.api.Handler(fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "assets/a-1.js": {Data: []byte("1")}}),
			BaseContext: func(net.Listener) context.Context { return ctx },
		}
		go func() { _ = fl.Run(ctx) }()
		go func() { _ = r.api.Run(ctx) }()
		go func() { _ = srv.Serve(ln) }()
		transport := &http.Transport{DialContext: ln.dial}
		r.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		fleettest.Arrive(fl, entries)
		r.pass(2 * time.Second)
		f(r)
		d.Close()
		cancel()
		transport.CloseIdleConnections()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		synctest.Wait()
	})
}

func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// do sends a request and checks the answer against openapi.json.
func (r *rig) do(method, path, body string, header ...string) (int, []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	r.doc.check(r.t, method, path, res, b)
	return res.StatusCode, b
}

// get reads a JSON answer into v.
func (r *rig) get(path string, v any) {
	r.t.Helper()
	code, b := r.do("GET", path, "")
	if code != http.StatusOK {
		r.t.Fatalf("GET %s: %d %s", path, code, b)
	}
	decode(r.t, b, v)
}

func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
}

// pipeListener is a network of pipes.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{make(chan net.Conn), make(chan struct{})}
}

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	a, b := net.Pipe()
	select {
	case l.conns <- b:
		return a, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
		return errors.New("closed twice")
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
