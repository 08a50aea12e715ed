package python

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/vectors"
)

var update = flag.Bool("update", false, "record the associations again, into vectors/flows")

type (
	args   = mmssite.Args
	object = map[string]any
)

func noErr(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, peers.ErrMissing) {
		t.Skipf("python: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var provenance = map[string]string{
	"iec61850rust": "iec61850 0.14.0 of the Python package index, whose core is in Rust",
	"hat":          "hat-drivers 0.10.10 of the Python package index",
}

// save writes the connection of r on which most was said to the flows.
func save(t *testing.T, r *mmssite.Recorder, peer, role, name string) {
	t.Helper()
	if !*update || t.Failed() {
		return
	}
	f := slices.MaxFunc(r.Flows(), func(a, b vectors.Flow) int { return len(a.Steps) - len(b.Steps) })
	f.Name, f.Peer, f.Role = peer+"-"+role+"-"+name, peer, role
	f.Provenance = provenance[peer] + ", " + role + "; Gridward is the other end"
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

// theirs is a client of another implementation, associated with our station.
type theirs struct {
	*testing.T
	ctx context.Context
	p   *mmssite.Program
	s   *mmssite.Station
	rec *mmssite.Recorder
}

// theirClient runs one session of a client with our server and ends it.
func theirClient(t *testing.T, p *mmssite.Program, peer, name string, f func(c *theirs)) {
	t.Helper()
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
	c := &theirs{T: t, ctx: ctx, p: p, s: s, rec: rec}
	defer func() {
		if t.Failed() {
			tell(t, c.rec)
		}
	}()
	c.do("connect", args{"addr": rec.Addr().String()}, nil)
	f(c)
	c.do("disconnect", nil, nil)
	noErr(t, rec.Close())
	save(t, rec, peer, "client", name)
}

func (c *theirs) do(do string, a args, result any) {
	c.Helper()
	if err := c.p.Call(c.ctx, do, a, result); err != nil {
		c.Fatal(err)
	}
}

// stimulate lets the process of our station do something.
func (c *theirs) stimulate(text string) {
	c.Helper()
	c.rec.Mark(text)
	noErr(c.T, c.s.Stimulate(text))
}
