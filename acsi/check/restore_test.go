package check_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store/files"
)

// state reads everything of a server that checks may change.
func state(ctx context.Context, t *testing.T, s *site) map[string]string {
	t.Helper()
	wrap := s.wrap
	s.wrap = nil
	c, err := s.dial(ctx)
	s.wrap = wrap
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found := map[string]string{}
	devices, err := c.Devices(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, ld := range devices {
		sets, err := c.DataSets(ctx, ld)
		if err != nil {
			t.Fatal(err)
		}
		for _, ds := range sets {
			members, _, err := c.DataSetDirectory(ctx, ds)
			found[ds.String()] = strings.Join(refTexts(members), " ")
			if err != nil {
				t.Fatal(err)
			}
		}
		items, err := c.Variables(ctx, ld)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			ref, err := model.ParseItem(ld, item)
			if err != nil {
				t.Fatal(err)
			}
			if ref.Path == "" || ref.FC == model.CO || ref.FC == model.SE || ref.FC == model.SR || ref.FC == model.OR {
				continue // SR and OR tell of what was tried
			}
			counts := []string{"SqNum", "EntryID", "TimeofEntry", "LActTm", "OldEntr", "NewEntr", "OldEntrTm", "NewEntrTm", "origin", "ctlNum", "t", "stSeld"}
			part := ref.Path[strings.LastIndexByte(ref.Path, '.')+1:]
			if slices.Contains(counts, part) || strings.Contains(ref.Path, "origin.") {
				continue
			}
			spec, err := c.Type(ctx, ref)
			if err != nil {
				t.Fatal(err)
			}
			if spec.Kind == model.KindStruct || spec.Kind == model.KindArray {
				continue
			}
			v, err := c.ReadOne(ctx, ref)
			if err != nil {
				found[ref.String()] = err.Error()
				continue
			}
			found[ref.String()] = v.Text(nil)
		}
	}
	return found
}

func refTexts(refs []model.Ref) []string {
	list := make([]string, len(refs))
	for i, r := range refs {
		list[i] = r.String()
	}
	return list
}

func sameState(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, v := range before {
		if after[name] != v {
			t.Errorf("%s was %q, is %q", name, v, after[name])
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s is new", name)
		}
	}
}

// full serves the model that has every service.
func full(ctx context.Context, t *testing.T) *site {
	t.Helper()
	root, err := files.Open(t.TempDir(), files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	return newSiteWith(ctx, t, compile(t, "../server/testdata/services.icd", "T", "AP"), func(c *server.Config) { c.Files = root })
}

// TestEveryService checks a server that has every service: nothing fails, nothing is left changed.
func TestEveryService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := full(ctx, t)
		objects := s.handleAll()
		before := state(ctx, t, s)
		results, sum := s.run(check.Options{Model: s.model, AllowWrites: true, AllowControls: objects})
		for _, r := range results {
			if r.Outcome == check.Fail {
				t.Error(r)
			}
		}
		if sum.Pass < 200 {
			t.Errorf("%+v", sum)
		}
		sameState(t, before, state(ctx, t, s))
		cancel()
		s.close()
	})
}

// TestReadOnly: without leave a run sends nothing that changes anything.
func TestReadOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := full(ctx, t)
		s.handleAll()
		s.wrap = lying(&lie{ask: func(q mms.Service) mms.PDU {
			switch q := q.(type) {
			case *mms.Write, *mms.DefineNamedVariableList, *mms.DeleteNamedVariableList, *mms.FileDelete, *mms.FileRename, *mms.ObtainFile, *mms.InitializeJournal:
				t.Errorf("%T sent: %+v", q, q)
			case *mms.Read:
				for _, v := range q.Access.List {
					if strings.Contains(v.Name.Item, "$CO") {
						t.Errorf("%s read: reading SBO selects", v.Name)
					}
				}
			}
			return nil
		}})
		if results, sum := s.run(check.Options{Model: s.model}); sum.Fail > 0 || sum.Pass < 100 {
			t.Errorf("%+v %v", sum, results)
		}
		cancel()
		s.close()
	})
}

// TestInterrupt ends the context, or the association, at every hundredth request: whatever was changed is changed back.
func TestInterrupt(t *testing.T) {
	for _, how := range []string{"context", "association"} {
		t.Run(how, func(t *testing.T) {
			for at := 150; at < 1500; at += 75 {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					s := full(ctx, t)
					objects := s.handleAll()
					before := state(ctx, t, s)
					run, interrupt := context.WithCancel(ctx)
					n := 0
					s.wrap = func(a mms.Association) mms.Association {
						return lying(&lie{ask: func(mms.Service) mms.PDU {
							if n++; n == at {
								if how == "context" {
									interrupt()
								} else {
									a.Abort(nil)
								}
							}
							return nil
						}})(a)
					}
					_, err := check.Run(run, check.Options{
						Dial: s.dial, Model: s.model, AllowWrites: true, AllowControls: objects, Parallel: 1,
						Only: []string{"write", "datasets", "reports", "settings", "controls", "substitution"},
					})
					if err != nil && !errors.Is(err, context.Canceled) && how == "context" {
						t.Error(err)
					}
					interrupt()
					synctest.Wait()
					s.wrap = nil
					sameState(t, before, state(ctx, t, s))
					cancel()
					s.close()
				})
			}
		})
	}
}
