package openiec61850

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// TestTheirServerWalk: the library's server has the library's own SCL files, and our client finds in it what we find in
// the files, and reads all of it.
func TestTheirServerWalk(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "testdata", "scl", "iec61850bean")
	files, err := filepath.Glob(filepath.Join(folder, "*.icd"))
	noErr(t, err)
	if len(files) == 0 {
		t.Skip("openiec61850: missing peer data shared/testdata")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { theirWalk(t, file) })
	}
}

func theirWalk(t *testing.T, file string) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	file, err := filepath.Abs(file)
	noErr(t, err)
	b, err := os.ReadFile(file)
	noErr(t, err)
	f, err := scl.Parse(filepath.Base(file), b, scl.Limits{})
	noErr(t, err)
	want, err := f.Server(f.IEDs()[0].Name, f.IEDs()[0].AccessPoints[0].Name)
	noErr(t, err)
	_, addr := startServer(ctx, t, file)
	a, err := mmstcp.Dial(ctx, addr, mmstcp.Config{})
	noErr(t, err)
	c := client.New(a, client.Options{})
	defer c.Close()
	got, err := c.Discover(ctx)
	noErr(t, err)
	var all []model.Ref
	leaves := 0
	for l := range want.Walk() {
		leaves++
		if _, ok := got.Find(l.Ref); !ok {
			t.Errorf("%s[%s] is missing", l.Ref, l.Ref.FC)
		}
		r := model.Ref{LDevice: l.Ref.LDevice, LN: l.Ref.LN, Path: l.Ref.Path[:indexOrEnd(l.Ref.Path)], FC: l.Ref.FC}
		if r.FC != model.CO && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	rs, err := c.Read(ctx, all...)
	noErr(t, err)
	for i, r := range rs {
		if r.Err != nil {
			t.Errorf("%s: %v", all[i], r.Err)
		}
	}
	t.Logf("%d leaves, %d objects read", leaves, len(all))
}

// indexOrEnd is where the name of the data object ends.
func indexOrEnd(path string) int {
	for i, c := range path {
		if c == '.' || c == '(' {
			return i
		}
	}
	return len(path)
}

// theirFailures are what the checks find in the library's server, and why.
var theirFailures = map[string]string{
	"Associate: a second association beside the first":                                       "the answer is that to Identify",
	"Identify: identify names vendor, model and revision":                                    "not decoded, and then not answered",
	"Status: status is operational":                                                          "not decoded, and then not answered",
	"GetLogicalNodeDirectory(LOG): names come in the same order again, without a name twice": "no journals, which it says as an error",
	"GetAllDataValues: the values have the shape of their type":                              "reads objects, and not all objects of a functional constraint at once",
	"GetLogicalNodeDirectory(DATA-SET): names of an unknown logical device are refused":      "an empty list for any name",
	"GetLogicalNodeDirectory: the control blocks are those of SCL":                           "makes those of reports only",
}

// TestTheirServerCheck: the checks walk the library's server without writing.
func TestTheirServerCheck(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	m, err := mmssite.StationModel()
	noErr(t, err)
	_, addr := startServer(ctx, t, station(t))
	found := map[string]bool{}
	sum, err := check.Run(ctx, check.Options{
		Dial: func(ctx context.Context) (*client.Client, error) {
			a, err := mmstcp.Dial(ctx, addr, mmstcp.Config{})
			if err != nil {
				return nil, err
			}
			return client.New(a, client.Options{Timeout: 2 * time.Second}), nil
		},
		Model: m,
		Each: func(r check.Result) {
			if r.Outcome != check.Fail {
				return
			}
			found[r.Service+": "+r.Rule] = true
			if theirFailures[r.Service+": "+r.Rule] == "" {
				t.Errorf("%s", r)
			}
		},
	})
	noErr(t, err)
	for what, why := range theirFailures {
		if !found[what] {
			t.Errorf("it does not fail any more: %s (%s)", what, why)
		}
	}
	if sum.Pass < 100 {
		t.Errorf("%+v", sum)
	}
}
