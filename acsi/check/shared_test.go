package check_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/scl"
)

// TestForeignModels serves every IED of every foreign SCL file and checks it completely.
func TestForeignModels(t *testing.T) {
	root := shared(t)
	files, servers := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := scl.Parse(path, b, scl.Limits{})
		if err != nil {
			return nil // not SCL, or broken on purpose
		}
		files++
		for _, ied := range f.IEDs() {
			for _, ap := range ied.AccessPoints {
				if !ap.HasServer() {
					continue
				}
				m, err := f.Server(ied.Name, ap.Name)
				if err != nil { // a file with errors: what is sound of it is served
					if m, _, err = f.Salvage(ied.Name, ap.Name); err != nil {
						t.Errorf("%s: %v", path, err)
						continue
					}
				}
				if len(m.Devices) == 0 {
					continue
				}
				servers++
				name, _ := filepath.Rel(root, path)
				t.Run(name+"/"+ied.Name+"/"+ap.Name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						ctx, cancel := context.WithCancel(t.Context())
						s := newSite(ctx, t, m)
						objects := s.handleAll()
						results, sum := s.run(check.Options{Model: m, AllowWrites: true, AllowControls: objects})
						for _, r := range results {
							if r.Outcome == check.Fail {
								t.Error(r)
							}
						}
						if sum.Pass == 0 {
							t.Errorf("nothing passed: %+v", sum)
						}
						t.Logf("%+v", sum)
						cancel()
						s.close()
					})
				})
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if files < 20 || servers < 20 {
		t.Errorf("only %d files with %d servers", files, servers)
	}
}
