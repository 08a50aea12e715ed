package openiec61850

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/vectors"
)

var update = flag.Bool("update", false, "record the associations again, into vectors/flows")

type (
	args   = mmssite.Args
	object = map[string]any
)

// The two processes serve all tests.
var (
	clientProgram = sync.OnceValues(func() (*mmssite.Program, error) { return start("TheirClient") })
	serverProgram = sync.OnceValues(func() (*mmssite.Program, error) { return start("TheirServer") })
	started       []*mmssite.Program
	retrieved     bool // the client program knows the model of our station
)

func start(class string) (*mmssite.Program, error) {
	ctx := context.Background()
	sources, err := filepath.Glob("testdata/*.java")
	if err != nil {
		return nil, err
	}
	command, err := peers.Java(ctx, sources...)
	if err != nil {
		return nil, err
	}
	p, err := mmssite.Start(ctx, append(command, class)...)
	if err == nil {
		started = append(started, p)
	}
	return p, err
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, p := range started {
		if err := p.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func noErr(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, peers.ErrMissing) {
		t.Skipf("openiec61850: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// save writes the connection of r on which most was said to the flows.
func save(t *testing.T, r *mmssite.Recorder, role, name string) {
	t.Helper()
	if !*update || t.Failed() {
		return
	}
	f := slices.MaxFunc(r.Flows(), func(a, b vectors.Flow) int { return len(a.Steps) - len(b.Steps) })
	f.Name, f.Peer, f.Role = "openiec61850-"+role+"-"+name, "openiec61850", role
	f.Provenance = "OpenIEC61850 1.8.0 (com.beanit:openiec61850), " + role + "; Gridward is the other end"
	file := filepath.Join("..", "..", "vectors", "flows", "mms", f.Name+".flow")
	noErr(t, os.WriteFile(file, f.Append(nil), 0o644))
}

// tell logs what crossed last.
func tell(t *testing.T, r *mmssite.Recorder) {
	for _, f := range r.Flows() {
		for _, s := range f.Steps[max(0, len(f.Steps)-8):] {
			t.Logf("%s %c %x%s", s.At, s.Mark, s.Octets, s.Text)
		}
	}
}

// theirs is a client of OpenIEC61850, associated with our station.
type theirs struct {
	*testing.T
	ctx  context.Context
	p    *mmssite.Program
	s    *mmssite.Station
	rec  *mmssite.Recorder
	con  string
	tree tree
}

// tree is what the library has made of our server.
type tree struct {
	Leaves       map[string]string // type by reference
	URCBs, BRCBs []string
	DataSets     map[string]dataSet
}

type dataSet struct {
	Members   []string
	Deletable bool
}

// theirClient runs one session of the library's client with our server and releases it.
func theirClient(t *testing.T, name string, f func(c *theirs)) {
	p, err := clientProgram()
	noErr(t, err)
	p.Drain()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := mmssite.NewStation(t.TempDir())
	noErr(t, err)
	defer func() { noErr(t, s.Close()) }()
	addr, stop, err := s.Serve(ctx, strings.Contains(name, "password"))
	noErr(t, err)
	defer stop()
	rec, err := mmssite.Record(ctx, addr)
	noErr(t, err)
	c := &theirs{T: t, ctx: ctx, p: p, s: s, rec: rec, con: name}
	if !retrieved && name != "browse" {
		c.retrieve(addr)
	}
	defer func() {
		if t.Failed() {
			tell(t, c.rec)
		}
	}()
	c.connect()
	f(c)
	c.do("disconnect", nil, nil)
	noErr(t, rec.Close())
	save(t, rec, "client", name)
}

// retrieve asks the server for its model, without which the library does nothing else. It keeps it for later associations:
// the flows are shorter so.
func (c *theirs) retrieve(addr string) {
	c.Helper()
	other := *c
	other.con += " model"
	other.associate(addr)
	other.do("retrieveModel", nil, nil)
	other.do("disconnect", nil, nil)
	retrieved = true
}

func (c *theirs) connect() {
	c.Helper()
	c.associate(c.rec.Addr().String())
	if c.con == "browse" {
		c.do("retrieveModel", nil, &c.tree)
		return
	}
	c.do("setModel", nil, &c.tree)
}

func (c *theirs) associate(addr string) {
	c.Helper()
	host, port, err := net.SplitHostPort(addr)
	noErr(c.T, err)
	n, err := strconv.Atoi(port)
	noErr(c.T, err)
	a := args{"host": host, "port": n}
	if strings.Contains(c.con, "password") {
		a["password"] = mmssite.Password
	}
	c.do("connect", a, nil)
}

func (c *theirs) try(do string, a args, result any) error {
	if a == nil {
		a = args{}
	}
	a["con"] = c.con
	return c.p.Call(c.ctx, do, a, result)
}

func (c *theirs) do(do string, a args, result any) {
	c.Helper()
	if err := c.try(do, a, result); err != nil {
		c.Fatal(err)
	}
}

// refused asks for what must be refused with a service error of the library.
func (c *theirs) refused(want, do string, a args) {
	c.Helper()
	if err := c.try(do, a, nil); err == nil || !strings.Contains(err.Error(), want) {
		c.Errorf("%s %v: error %v, want %s", do, a, err, want)
	}
}

func (c *theirs) want(ref string, want object) {
	c.Helper()
	var got object
	c.do("getDataValues", args{"ref": ref}, &got)
	if d := cmp.Diff(want, got); d != "" {
		c.Errorf("%s: -want +got\n%s", ref, d)
	}
}

// stimulate lets the process of our station do something.
func (c *theirs) stimulate(text string) {
	c.Helper()
	c.rec.Mark(text)
	noErr(c.T, c.s.Stimulate(text))
}
