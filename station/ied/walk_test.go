package ied

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// TestEveryFile serves every IED with a server of every foreign SCL file, browses it to equality and reads everything.
// Files with errors say where, and what is sound of them is served as well.
func TestEveryFile(t *testing.T) {
	folder := sclFolder(t)
	if folder == "" {
		t.Skip("station/ied: missing peer shared/testdata/scl")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	servers, broken := 0, 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		f, err := scl.Parse(name, data, scl.Limits{})
		if err != nil {
			placed(t, name, err)
			broken++
			continue
		}
		for _, i := range f.IEDs() {
			for _, a := range i.AccessPoints {
				if !a.HasServer() && a.ServerAt == "" {
					if _, err := f.Server(i.Name, a.Name); !errors.Is(err, scl.ErrNoServer) {
						t.Errorf("%s: access point %s of %s without a server: %v", name, a.Name, i.Name, err)
					}
					continue
				}
				servers++
				m, err := f.Server(i.Name, a.Name)
				if err != nil {
					broken++
					placed(t, name, err)
					if m = salvage(t, f, i.Name, a.Name); m == nil {
						continue
					}
				}
				t.Run(name+"/"+i.Name+"/"+a.Name, func(t *testing.T) { walk(t, m) })
			}
		}
	}
	t.Logf("%d files, %d servers, %d with errors", len(files), servers, broken)
	if servers < 50 || broken == 0 || broken >= servers {
		t.Errorf("%d servers, %d with errors: the walk is broken", servers, broken)
	}
}

var place = regexp.MustCompile(`^scl: [^:]+:\d+:\d+: `)

// placed sees that an error says where.
func placed(t *testing.T, name string, err error) {
	t.Helper()
	if !place.MatchString(err.Error()) || !strings.Contains(err.Error(), name) {
		t.Errorf("%s: the error does not say where: %v", name, err)
	}
}

func salvage(t *testing.T, f *scl.File, ied, ap string) *model.Server {
	t.Helper()
	m, left, err := f.Salvage(ied, ap)
	if err != nil {
		if !errors.Is(err, scl.ErrNoServer) {
			t.Errorf("%s: %v", f.Name, err)
		}
		return nil
	}
	if len(left) == 0 {
		t.Errorf("%s: nothing is said to be left out", f.Name)
	}
	for _, d := range m.Devices {
		if len(d.Nodes) > 0 {
			return m
		}
	}
	return nil // a server without logical nodes shows nothing
}

// walk serves a model and compares it with what a client sees.
func walk(t *testing.T, m *model.Server) {
	s := serve(t, Config{Model: m, Simulate: &Simulation{Seed: 1, Every: time.Hour}})
	c := s.dial(nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := c.Discover(ctx)
	if err != nil {
		t.Fatal(err)
	}
	leaves := 0
	for want := range m.Walk() {
		leaves++
		tg, ok := got.Find(want.Ref)
		if !ok {
			t.Errorf("%s is missing", want.Ref)
			continue
		}
		wk, ws := want.Type.Layout()
		gk, gs := tg.Type.Layout()
		if tg.FC != want.Ref.FC && (want.Ref.FC != model.SE || tg.FC != model.SG) || wk != gk || ws != gs {
			t.Errorf("%s: FC %s, %v %d, want %v %d", want.Ref, tg.FC, gk, gs, wk, ws)
		}
	}
	n := 0
	for range got.Walk() {
		n++
	}
	if n < leaves {
		t.Errorf("%d leaves, want %d", n, leaves)
	}
	for _, d := range m.Devices {
		gd, ok := got.Device(d.Name)
		if !ok {
			t.Errorf("logical device %s is missing", d.Name)
			continue
		}
		for _, ln := range d.Nodes {
			gn, ok := gd.Node(ln.Name())
			if !ok && len(ln.Objects) > 0 {
				t.Errorf("%s/%s is missing", d.Name, ln.Name())
			}
			if ok {
				sameBlocks(t, ln, gn)
			}
		}
	}
	readAll(ctx, t, s, c, m)
}

func sameBlocks(t *testing.T, want, got *model.LogicalNode) {
	t.Helper()
	for _, ds := range want.DataSets {
		if len(ds.Members) == 0 {
			continue
		}
		g, ok := got.DataSet(ds.Name)
		if !ok {
			t.Errorf("data set %s is missing", ds.Name)
		} else if diff := cmp.Diff(ds.Members, g.Members); diff != "" {
			t.Errorf("data set %s: %s", ds.Name, diff)
		}
	}
	blocks := make(map[string]bool)
	for _, rc := range got.Reports {
		blocks[rc.Name] = true
	}
	for _, rc := range want.Reports {
		if !blocks[rc.Name] {
			t.Errorf("report control block %s is missing", rc.Name)
		}
	}
}

// readAll reads every leaf and compares it with what is served.
func readAll(ctx context.Context, t *testing.T, s *site, c *client.Client, m *model.Server) {
	t.Helper()
	var refs []model.Ref
	for l := range m.Walk() {
		refs = append(refs, l.Ref)
	}
	got, err := c.Read(ctx, refs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range refs {
		want, err := s.d.srv.Get(r)
		if err != nil {
			t.Errorf("%s: %v", r, err)
			continue
		}
		if d, _ := m.Device(r.LDevice); r.FC == model.SE && grouped(d) {
			if !errors.Is(got[i].Err, mms.TemporarilyUnavailable) { // nobody edits
				t.Errorf("%s reads as %v, %v", r, got[i].Value, got[i].Err)
			}
			continue
		}
		if strings.HasSuffix(r.Path, ".SBO") || r.FC == model.SR { // reading SBO is a select, which tracking shows
			continue
		}
		if got[i].Err != nil || !got[i].Value.Equal(want) {
			t.Errorf("%s reads as %v, %v, want %v", r, got[i].Value, got[i].Err, want)
		}
	}
}

// grouped reports whether a logical device has setting groups.
func grouped(d *model.LogicalDevice) bool {
	n, ok := d.Node("LLN0")
	return ok && n.SettingGroups != nil
}
