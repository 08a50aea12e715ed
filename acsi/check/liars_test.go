package check_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// reads replaces what a read gives, variable by variable.
func reads(f func(item string, r mms.AccessResult) mms.AccessResult) func(mms.Service, mms.PDU) mms.PDU {
	return answers(func(q *mms.Read, a *mms.ReadResponse) mms.Service {
		if q.Access.NamedList || len(q.Access.List) != len(a.Results) {
			return a
		}
		list := make([]mms.AccessResult, len(a.Results))
		for i := range list {
			list[i] = f(q.Access.List[i].Name.Item, a.Results[i])
		}
		return &mms.ReadResponse{Results: list}
	})
}

// moreLies are bad servers with the model that has every service.
var moreLies = []struct {
	name                 string
	lie                  lie
	group, service, rule string
}{
	{"tracking of another object", lie{answer: reads(func(item string, r mms.AccessResult) mms.AccessResult {
		if strings.HasSuffix(item, "UrcbTrk$objRef") {
			r.Value = model.Visible("TLD0/LLN0.other")
		}
		return r
	})}, "tracking", "SetURCBValues", "tracked"},
	{"tracking without an error", lie{answer: reads(func(item string, r mms.AccessResult) mms.AccessResult {
		if strings.HasSuffix(item, "BrcbTrk$errorCode") {
			r.Value = model.Int(0)
		}
		return r
	})}, "tracking", "SetBRCBValues", "tracked"},
	{"a tracking object without objRef", lie{answer: withoutComponent("objRef")}, "tracking", "GetDataDirectory", ""},
	{"a substitute of good quality", lie{answer: reads(func(item string, r mms.AccessResult) mms.AccessResult {
		if strings.HasSuffix(item, "$q") && !r.Failed {
			r.Value = model.QualityValue(model.Good)
		}
		return r
	})}, "substitution", "SetDataValues", "while subEna"},
	{"settings without an edit", lie{answer: reads(func(item string, r mms.AccessResult) mms.AccessResult {
		if strings.Contains(item, "$SE$") && r.Failed {
			return mms.AccessResult{Value: model.Float32(1)}
		}
		return r
	})}, "settings", "GetEditSGValue", "without SelectEditSG"},
	{"another group is edited", lie{answer: reads(func(item string, r mms.AccessResult) mms.AccessResult {
		if strings.Contains(item, "$SE$StrVal$setMag$f") {
			return mms.AccessResult{Value: model.Float32(4711)}
		}
		return r
	})}, "settings", "SelectEditSG", "can be edited"},
	{"the edit does not end", lie{answer: reads(func(item string, r mms.AccessResult) mms.AccessResult {
		if strings.HasSuffix(item, "SGCB$EditSG") {
			return mms.AccessResult{Value: model.Uint(2)}
		}
		return r
	})}, "settings", "SelectEditSG", "EditSG 0"},
	{"a log in the wrong order", lie{ask: journal("\x02", "\x01")}, "logs", "QueryLogByTime", ""},
	{"an EntryID twice", lie{ask: journal("\x01", "\x01")}, "logs", "QueryLogByTime", ""},
	{"a log that starts again", lie{ask: journal("\x01", "\x02", "\x03")}, "logs", "QueryLogAfter", ""},
}

// journal answers every readJournal with the same entries.
func journal(ids ...string) func(mms.Service) mms.PDU {
	return func(q mms.Service) mms.PDU {
		if _, ok := q.(*mms.ReadJournal); !ok {
			return nil
		}
		a := &mms.ReadJournalResponse{}
		for _, id := range ids {
			a.Entries = append(a.Entries, mms.JournalEntry{ID: id, Time: 1, Application: []byte{}})
		}
		return good(a)
	}
}

func TestMoreLiars(t *testing.T) {
	for _, l := range moreLies {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s := full(ctx, t)
				objects := s.handleAll()
				s.wrap = lying(&l.lie)
				results, _ := s.run(check.Options{Model: s.model, AllowWrites: true, AllowControls: objects, Only: []string{l.group}})
				foundOut(t, results, l.group, l.service, l.rule)
				cancel()
				s.close()
			})
		})
	}
}

// foundOut looks for a failure.
func foundOut(t *testing.T, results []check.Result, group, service, rule string) {
	t.Helper()
	var failures []string
	for _, r := range results {
		if r.Outcome != check.Fail {
			continue
		}
		if r.Group == group && r.Service == service && strings.Contains(r.Rule, rule) {
			if r.Expected == "" || r.Got == "" {
				t.Errorf("a failure without what was expected and what came: %v", r)
			}
			return
		}
		failures = append(failures, r.String())
	}
	t.Errorf("not found out; failures: %s", strings.Join(failures, "\n"))
}

// deaf never answers a conclude.
type deaf struct{ mms.Association }

func (deaf) Release(context.Context) error { return mms.ErrTimeout }

// narrow negotiates PDUs that are too short.
type narrow struct{ mms.Association }

func (n narrow) Params() mms.Params {
	p := n.Association.Params()
	p.MaxPDU = 300
	return p
}

func TestBadAssociations(t *testing.T) {
	for name, c := range map[string]struct {
		wrap    func(mms.Association) mms.Association
		service string
	}{
		"conclude is not answered": {func(a mms.Association) mms.Association { return deaf{a} }, "Release"},
		"PDUs of 300 octets":       {func(a mms.Association) mms.Association { return narrow{a} }, "Associate"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s := full(ctx, t)
				s.wrap = c.wrap
				results, _ := s.run(check.Options{Only: []string{"associate"}})
				foundOut(t, results, "associate", c.service, "")
				cancel()
				s.close()
			})
		})
	}
}
