package check_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/xmpp/xmpptest/pipe"
)

// A site is a server and the associations with it, over every layer of the 8-1 binding and connections in memory.
type site struct {
	t      testing.TB
	ctx    context.Context
	model  *model.Server
	srv    *server.Server
	wrap   func(mms.Association) mms.Association // at the client's end; nil: as it is
	mu     sync.Mutex
	served sync.WaitGroup
	conns  []net.Conn
}

func newSite(ctx context.Context, t testing.TB, m *model.Server) *site {
	t.Helper()
	return newSiteWith(ctx, t, m, func(*server.Config) {})
}

func newSiteWith(ctx context.Context, t testing.TB, m *model.Server, change func(*server.Config)) *site {
	t.Helper()
	cfg := server.Config{Model: m, Vendor: "Gridward", ModelName: "check", Revision: "1"}
	change(&cfg)
	srv, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, ctx: ctx, model: m, srv: srv}
	return s
}

func (s *site) close() {
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close() // the test is over
	}
	s.mu.Unlock()
	s.served.Wait()
	s.srv.Close()
}

func (s *site) dial(ctx context.Context) (*client.Client, error) {
	near, far := pipe.New() // buffered: the clock of the test stands still while somebody waits for a mutex
	s.mu.Lock()
	s.conns = append(s.conns, near)
	s.mu.Unlock()
	known := &acse.InsecurePassword{Password: "secret", Principal: &model.Principal{
		Name: "check", Address: "check", Proof: model.ProofX509, Reach: model.End,
	}}
	cfg := mmstcp.Config{OSI: osi.Config{Authenticator: known}}
	s.served.Go(func() {
		a, err := mmstcp.Server(s.ctx, far, cfg)
		if err != nil {
			return // the client's side tells
		}
		_ = s.srv.Serve(s.ctx, a) // its end is the association's
	})
	a, err := mmstcp.Client(ctx, near, cfg)
	if err != nil {
		return nil, err
	}
	if s.wrap != nil {
		a = s.wrap(a)
	}
	return client.New(a, client.Options{}), nil
}

// run checks and gives all results.
func (s *site) run(opt check.Options) ([]check.Result, check.Summary) {
	s.t.Helper()
	var results []check.Result
	opt.Dial = s.dial
	opt.Each = func(r check.Result) { results = append(results, r) }
	sum, err := check.Run(s.ctx, opt)
	if err != nil {
		s.t.Fatal(err)
	}
	return results, sum
}

// compile reads the only server of a file, or that of the IED named.
func compile(t testing.TB, path, ied, ap string) *model.Server {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(path, b, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server(ied, ap)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shared finds the folder of foreign SCL files.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "testdata", "scl")
	if _, err := os.Stat(path); err != nil {
		t.Skip("foreign SCL files: missing peer ../shared/testdata/scl")
	}
	return path
}

// plant accepts every command.
type plant struct{}

func (plant) Check(*server.Command) model.AddCause                 { return model.AddCauseNone }
func (plant) Operate(_ *server.Command, done func(model.AddCause)) { done(model.AddCauseNone) }

// handleAll accepts commands to every object that has Oper.
func (s *site) handleAll() (objects []model.Ref) {
	for leaf := range s.model.Walk() {
		path, below, found := strings.Cut(leaf.Ref.Path, ".Oper.")
		if !found || leaf.Ref.FC != model.CO || !strings.HasPrefix(below, "ctlNum") {
			continue
		}
		do := model.Ref{LDevice: leaf.Ref.LDevice, LN: leaf.Ref.LN, Path: path}
		if s.srv.Handle(do, plant{}) == nil {
			objects = append(objects, do)
		}
	}
	return objects
}
