package libiec61850

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/vectors"
)

var update = flag.Bool("update", false, "record the associations again, into vectors/flows")

// The two processes serve all tests.
var (
	clientProgram = sync.OnceValues(func() (*mmssite.Program, error) {
		return mmssite.Python(context.Background(), "testdata/client.py", "pyiec61850")
	})
)

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := clientProgram(); err == nil {
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
		t.Skipf("libiec61850: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// save writes the connection of r on which most was said to the flows.
func save(t *testing.T, r *mmssite.Recorder, role, name string) {
	t.Helper()
	if !*update || t.Failed() || name == "lock" || name == "reservation" { // of two clients at once
		return
	}
	f := longest(r.Flows())
	f.Name, f.Peer, f.Role = "libiec61850-"+role+"-"+name, "libiec61850", role
	f.Provenance = "libiec61850 1.6.1 by its Python binding pyiec61850-ng 1.6.1.10, " + role + "; Gridward is the other end"
	file := filepath.Join("..", "..", "vectors", "flows", "mms", f.Name+".flow")
	noErr(t, os.WriteFile(file, f.Append(nil), 0o644))
}

func longest(all []vectors.Flow) vectors.Flow {
	return slices.MaxFunc(all, func(a, b vectors.Flow) int { return len(a.Steps) - len(b.Steps) })
}

// tell logs what crossed last.
func tell(t *testing.T, r *mmssite.Recorder) {
	for _, f := range r.Flows() {
		for _, s := range f.Steps[max(0, len(f.Steps)-8):] {
			t.Logf("%s %c %x%s", s.At, s.Mark, s.Octets, s.Text)
		}
	}
}

// theirs is libiec61850's client, associated with our station.
type theirs struct {
	*testing.T
	ctx context.Context
	p   *mmssite.Program
	s   *mmssite.Station
	rec *mmssite.Recorder
	dir string // of the station's files
	con string
}

// theirClient runs one session of libiec61850's client with our server and releases it.
func theirClient(t *testing.T, name string, f func(c *theirs)) {
	p, err := clientProgram()
	noErr(t, err)
	p.Drain()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dir := t.TempDir()
	s, err := mmssite.NewStation(dir)
	noErr(t, err)
	defer s.Close()
	addr, stop, err := s.Serve(ctx, strings.Contains(name, "password"))
	noErr(t, err)
	defer stop()
	rec, err := mmssite.Record(ctx, addr)
	noErr(t, err)
	c := &theirs{T: t, ctx: ctx, p: p, s: s, rec: rec, dir: dir, con: name}
	c.connect()
	defer func() {
		if t.Failed() {
			tell(t, c.rec)
		}
	}()
	f(c)
	c.do("release", nil, nil)
	noErr(t, rec.Close())
	save(t, rec, "client", name)
}

// connect associates. Now and then the library's client loses an association that it has just made, with its own server
// too: then it tries again.
func connect(ctx context.Context, t *testing.T, p *mmssite.Program, a args) error {
	for attempt := 1; ; attempt++ {
		err := p.Call(ctx, "connect", a, nil)
		if err == nil || !strings.Contains(err.Error(), "CONNECTION_LOST") || attempt == 10 {
			return err
		}
		t.Log("the client lost its association")
	}
}

func (c *theirs) connect() {
	c.Helper()
	a := args{"con": c.con, "host": "127.0.0.1", "port": c.rec.Addr().Port}
	if strings.Contains(c.con, "password") {
		a["password"] = mmssite.Password
	}
	if err := connect(c.ctx, c.T, c.p, a); err != nil {
		c.Fatal(err)
	}
}

func (c *theirs) try(do string, args mmssite.Args, result any) error {
	if args == nil {
		args = mmssite.Args{}
	}
	args["con"] = c.con
	return c.p.Call(c.ctx, do, args, result)
}

func (c *theirs) do(do string, args mmssite.Args, result any) {
	c.Helper()
	if err := c.try(do, args, result); err != nil {
		c.Fatal(err)
	}
}

// refused asks for what must be refused with an error of the library.
func (c *theirs) refused(do string, args mmssite.Args, want string) {
	c.Helper()
	if err := c.try(do, args, nil); err == nil || !strings.HasSuffix(err.Error(), want) {
		c.Errorf("%s %v: error %v, want %s", do, args, err, want)
	}
}

// stimulate lets the process of our station do something.
func (c *theirs) stimulate(text string) {
	c.Helper()
	c.rec.Mark(text)
	if err := c.s.Stimulate(text); err != nil {
		c.Fatal(err)
	}
}

func sortedStrings(s []string) []string {
	slices.Sort(s)
	return s
}
