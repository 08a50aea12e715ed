package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
)

// serveTest serves the test model of acsi/server on a TCP port of this machine until the test ends.
func serveTest(t *testing.T, change func(*server.Config)) (s *server.Server, target string) {
	t.Helper()
	file, err := loadSCL("../../acsi/server/testdata/test.icd", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	m, err := file.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	cfg := server.Config{Model: m, Vendor: "Gridward", ModelName: "test", Revision: "1", InsecureAnonymous: true}
	if change != nil {
		change(&cfg)
	}
	if s, err = server.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l, err := tcp.Listen(ctx, "127.0.0.1:0", tcp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- mmstcp.Serve(ctx, l, mmstcp.Config{OSI: osi.Config{InsecureAnonymous: true}}, func(ctx context.Context, a mms.Association) {
			_ = s.Serve(ctx, a) // its end is the association's
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return s, l.Addr().String()
}

// mmsRun runs a command line.
func mmsRun(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}
