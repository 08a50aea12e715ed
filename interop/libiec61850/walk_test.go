package libiec61850

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/capturetest"
	"github.com/gridward/gridward/scl"
)

// walked is what client.py tells about one logical device.
type walked struct {
	Nodes, Variables, Unique, Reads, Leaves, Specs int
	Errors, DataSets                               []string
}

// TestTheirWalk: libiec61850's client goes through every server of every SCL file that others wrote: its logical devices,
// nodes, variables, types and data sets, and a read of every functional constraint of every node. It finds what the file
// has, no more and no less.
func TestTheirWalk(t *testing.T) {
	p, err := clientProgram()
	noErr(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	root := capturetest.Path(t, "scl")
	served := 0
	noErr(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := scl.Parse(path, b, scl.Limits{})
		if err != nil {
			t.Logf("%s: %v", d.Name(), err)
			return nil
		}
		for _, ied := range f.IEDs() {
			for _, ap := range ied.AccessPoints {
				if !ap.HasServer() {
					continue
				}
				if walk(ctx, t, p, f, ied.Name, ap.Name) {
					served++
				}
			}
		}
		return nil
	}))
	t.Logf("%d servers", served)
	if served < 40 {
		t.Errorf("only %d servers", served)
	}
}

// walk serves one access point and compares what their client finds with the model.
func walk(ctx context.Context, t *testing.T, p *mmssite.Program, f *scl.File, ied, ap string) bool {
	t.Helper()
	name := filepath.Base(f.Name) + " " + ied + " " + ap
	m, left, err := f.Salvage(ied, ap)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return false
	}
	if len(left) > 0 {
		t.Logf("%s: without %d things that are wrong in the file", name, len(left))
	}
	srv, err := server.New(server.Config{Model: m, InsecureAnonymous: true})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return false
	}
	defer srv.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noErr(t, err)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = mmstcp.Serve(ctx, l, mmstcp.Config{OSI: osi.Config{InsecureAnonymous: true}}, func(ctx context.Context, a mms.Association) {
			_ = srv.Serve(ctx, a) // the client says what went wrong
		})
	}()
	defer func() {
		cancel()
		<-done
	}()
	noErr(t, connect(ctx, t, p, args{"con": name, "host": "127.0.0.1", "port": l.Addr().(*net.TCPAddr).Port}))
	var got map[string]walked
	if err := p.Call(ctx, "walk", args{"con": name}, &got); err != nil {
		t.Errorf("%s: %v", name, err)
		return true
	}
	noErr(t, p.Call(ctx, "release", args{"con": name}, nil))
	if len(got) != len(m.Devices) {
		t.Errorf("%s: %d logical devices, want %d", name, len(got), len(m.Devices))
	}
	for _, d := range m.Devices {
		w := got[d.Name]
		// Nobody edits a setting group, so that there are no values under edit.
		w.Errors = slices.DeleteFunc(w.Errors, func(e string) bool { return strings.HasSuffix(e, "$SE: 2") })
		sets, leaves := []string{}, 0
		for _, n := range d.Nodes {
			for _, ds := range n.DataSets {
				sets = append(sets, n.Name()+"$"+ds.Name)
			}
			for range n.Walk(d.Name) {
				leaves++
			}
		}
		if w.Nodes != len(d.Nodes) || w.Specs != len(d.Nodes) || w.Variables != w.Unique || len(w.Errors) > 0 {
			t.Errorf("%s %s: %+v, want %d nodes", name, d.Name, w, len(d.Nodes))
		}
		if w.Leaves < leaves {
			t.Errorf("%s %s: %d leaves were read, the model has %d", name, d.Name, w.Leaves, leaves)
		}
		if diff := cmp.Diff(sortedStrings(sets), w.DataSets); diff != "" {
			t.Errorf("%s %s: data sets -want +got\n%s", name, d.Name, diff)
		}
	}
	return true
}
