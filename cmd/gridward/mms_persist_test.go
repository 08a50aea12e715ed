package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A session that is lost is opened again; what does not go away by trying again ends the command.
func TestPersist(t *testing.T) {
	gone := fmt.Errorf("x: %w", mms.ErrLinkLost)
	away := &dialFailure{fmt.Errorf("x: %w", mms.ErrPeerOffline)}
	insecure := &dialFailure{cli.Exit(cli.Insecure, errors.New("certificate"), "")}
	refused := errors.New("refused")
	for name, tc := range map[string]struct {
		once bool
		errs []error // of the sessions in turn
		want error
	}{
		"done":                          {errs: []error{nil}},
		"enough":                        {errs: []error{errEnough}},
		"never there":                   {errs: []error{away}, want: away},
		"lost and back":                 {errs: []error{gone, away, away, nil}},
		"lost, then refused":            {errs: []error{gone, refused}, want: refused},
		"lost, then another's":          {errs: []error{gone, insecure}, want: insecure},
		"lost, and that is enough":      {once: true, errs: []error{gone}, want: gone},
		"lost again and again and back": {errs: []error{gone, gone, gone, gone, gone, gone, gone, gone, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cmd := &cobra.Command{}
				cmd.SetErr(io.Discard)
				n := 0
				begin := time.Now()
				err := persist(t.Context(), cmd, tc.once, func(context.Context) error {
					n++
					return tc.errs[n-1]
				})
				if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) || n != len(tc.errs) {
					t.Errorf("%v after %d sessions, want %v after %d", err, n, tc.want, len(tc.errs))
				}
				if most := time.Duration(len(tc.errs)) * reconnectMost * 3 / 2; time.Since(begin) > most {
					t.Errorf("it took %s", time.Since(begin))
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		cmd := &cobra.Command{}
		cmd.SetErr(io.Discard)
		n := 0
		if err := persist(ctx, cmd, false, func(context.Context) error { n++; return gone }); err != nil || n < 15 || n > 80 {
			t.Errorf("%v after %d sessions in ten minutes", err, n)
		}
	})
}

// A cable forwards connections until it is cut, and again once it is mended.
type cable struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
	off   bool
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: l}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			c.mu.Lock()
			if err != nil || c.off {
				_ = near.Close() // the cable is cut
			} else {
				c.conns = append(c.conns, near, far)
				all.Go(func() { _, _ = io.Copy(near, far) })
				all.Go(func() { _, _ = io.Copy(far, near) })
			}
			c.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		c.set(true)
		all.Wait()
	})
	return c
}

// set cuts or mends.
func (c *cable) set(off bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = off
	if off {
		for _, nc := range c.conns {
			_ = nc.Close()
		}
		c.conns = nil
	}
}

// TestReportWatchReconnects: what happens while the association is away comes afterwards, once and in order.
func TestReportWatchReconnects(t *testing.T) {
	s, target := serveTest(t, nil)
	line := newCable(t, target)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := &talk{change: make(chan struct{})}, &talk{change: make(chan struct{})}
	state := filepath.Join(t.TempDir(), "state.json")
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"mms", "report", "watch", line.Addr().String(), "TLD0/LLN0.brcb01", "--gi", "--state", state, "-o", "jsonl"},
			strings.NewReader(""), out, errs)
	}()
	put := func(f float32) {
		t.Helper()
		ref := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "AnIn1.mag.f", FC: model.MX}
		if err := s.Update(time.Now(), func(tx *server.Tx) { tx.Set(ref, model.Float32(f)) }); err != nil {
			t.Fatal(err)
		}
	}
	out.find(t, `"reason":"general-interrogation"`)
	put(1.5)
	out.find(t, `"f":1.5`)
	line.set(true)
	errs.find(t, `again in`)
	put(2.5)
	put(3.5)
	line.set(false)
	out.find(t, `"f":2.5`)
	out.find(t, `"f":3.5`)
	cancel()
	if c := <-code; c != cli.Done {
		t.Errorf("exit code %d", c)
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	all := out.buf.String()
	if i, j := strings.Index(all, `"f":2.5`), strings.Index(all, `"f":3.5`); i > j {
		t.Errorf("out of order:\n%s", all)
	}
	if n := strings.Count(all, `"reason":"data-change","value":{"mag":{"f":1.5}`); n != 1 {
		t.Errorf("1.5 came %d times:\n%s", n, all)
	}
}

// TestWatchReconnects: values are followed again once the server is back.
func TestWatchReconnects(t *testing.T) {
	s, target := serveTest(t, nil)
	line := newCable(t, target)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := &talk{change: make(chan struct{})}, &talk{change: make(chan struct{})}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"mms", "watch", line.Addr().String(), "TLD0/GGIO1.AnIn1.mag.f", "--interval", "20ms"}, strings.NewReader(""), out, errs)
	}()
	out.find(t, `mag\.f\[MX\]  0 W\n`)
	line.set(true)
	errs.find(t, `again in`)
	ref := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "AnIn1.mag.f", FC: model.MX}
	if err := s.Update(time.Now(), func(tx *server.Tx) { tx.Set(ref, model.Float32(7)) }); err != nil {
		t.Fatal(err)
	}
	line.set(false)
	out.find(t, `mag\.f\[MX\]  7 W\n`)
	cancel()
	if c := <-code; c != cli.Done {
		t.Errorf("exit code %d", c)
	}
}
