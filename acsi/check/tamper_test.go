package check_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A liar stands between a client and a good server and makes a bad one of it. answer may change or replace what the
// server says to a request; ask may keep a request from the server by answering it at once; report may change or drop
// (nil) what comes unasked.
type liar struct {
	mms.Association
	how *lie

	mu    sync.Mutex
	asked map[uint32]mms.Service
	early []mms.PDU
	wake  chan struct{}
}

type lie struct {
	ask    func(q mms.Service) mms.PDU // nil: the server answers
	answer func(q mms.Service, a mms.PDU) mms.PDU
	report func(r *mms.InformationReport) *mms.InformationReport
}

func lying(how *lie) func(mms.Association) mms.Association {
	return func(a mms.Association) mms.Association {
		return &liar{Association: a, how: how, asked: map[uint32]mms.Service{}, wake: make(chan struct{}, 1)}
	}
}

func (l *liar) Send(p mms.PDU) error {
	if q, ok := p.(*mms.ConfirmedRequest); ok {
		if l.how.ask != nil {
			if a := l.how.ask(q.Service); a != nil {
				l.mu.Lock()
				l.early = append(l.early, withID(a, q.InvokeID))
				l.mu.Unlock()
				// The server is asked something harmless in its place, so that Recv wakes up.
				return l.Association.Send(&mms.ConfirmedRequest{InvokeID: q.InvokeID, Service: &mms.Identify{}})
			}
		}
		l.mu.Lock()
		l.asked[q.InvokeID] = q.Service
		l.mu.Unlock()
	}
	return l.Association.Send(p)
}

func (l *liar) Recv(ctx context.Context) (mms.PDU, error) {
	for {
		p, err := l.Association.Recv(ctx)
		if err != nil {
			return p, err
		}
		if u, ok := p.(*mms.Unconfirmed); ok {
			r, ok := u.Service.(*mms.InformationReport)
			if !ok || l.how.report == nil {
				return p, nil
			}
			if r = l.how.report(r); r == nil {
				continue
			}
			return &mms.Unconfirmed{Service: r}, nil
		}
		id, ok := mms.InvokeID(p)
		if !ok {
			return p, nil
		}
		l.mu.Lock()
		q := l.asked[id]
		delete(l.asked, id)
		var early mms.PDU
		if q == nil && len(l.early) > 0 {
			early, l.early = l.early[0], l.early[1:]
		}
		l.mu.Unlock()
		switch {
		case early != nil:
			return early, nil
		case l.how.answer != nil && q != nil:
			return withID(l.how.answer(q, p), id), nil
		}
		return p, nil
	}
}

func withID(p mms.PDU, id uint32) mms.PDU {
	switch p := p.(type) {
	case *mms.ConfirmedResponse:
		p.InvokeID = id
	case *mms.ConfirmedError:
		p.InvokeID = id
	}
	return p
}

func good(s mms.Service) mms.PDU { return &mms.ConfirmedResponse{Service: s} }

// accept says yes to a write of an item that ends so, without the server's knowing.
func accept(ends ...string) func(mms.Service) mms.PDU {
	return func(q mms.Service) mms.PDU {
		if w, ok := q.(*mms.Write); ok && len(w.Access.List) == 1 {
			for _, end := range ends {
				if strings.HasSuffix(w.Access.List[0].Name.Item, end) {
					return good(&mms.WriteResponse{Results: make([]mms.WriteResult, 1)})
				}
			}
		}
		return nil
	}
}

// values changes what a read of one item gives.
func values(item string, f func(model.Value) model.Value) func(mms.Service, mms.PDU) mms.PDU {
	return func(q mms.Service, a mms.PDU) mms.PDU {
		r, ok := q.(*mms.Read)
		if !ok || len(r.Access.List) != 1 || r.Access.List[0].Name.Item != item {
			return a
		}
		if c, ok := a.(*mms.ConfirmedResponse); ok {
			if rr, ok := c.Service.(*mms.ReadResponse); ok && len(rr.Results) == 1 && !rr.Results[0].Failed {
				return good(&mms.ReadResponse{Results: []mms.AccessResult{{Value: f(rr.Results[0].Value)}}})
			}
		}
		return a
	}
}

// member replaces one member of a structure.
func member(i int, v model.Value) func(model.Value) model.Value {
	return func(old model.Value) model.Value {
		list := append([]model.Value(nil), old.Members()...)
		list[i] = v
		return model.Struct(list...)
	}
}

// answers changes the answers of one kind.
func answers[Q, A mms.Service](f func(q Q, a A) mms.Service) func(mms.Service, mms.PDU) mms.PDU {
	return func(q mms.Service, p mms.PDU) mms.PDU {
		asked, ok := q.(Q)
		c, ok2 := p.(*mms.ConfirmedResponse)
		if !ok || !ok2 {
			return p
		}
		a, ok := c.Service.(A)
		if !ok {
			return p
		}
		return good(f(asked, a))
	}
}

// succeed turns refusals of one kind into success.
func succeed[Q mms.Service](s mms.Service) func(mms.Service, mms.PDU) mms.PDU {
	return func(q mms.Service, p mms.PDU) mms.PDU {
		if _, ok := q.(Q); ok {
			if _, bad := p.(*mms.ConfirmedError); bad {
				return good(s)
			}
		}
		return p
	}
}

// lies are bad servers: each breaks a rule, and the check that looks at the rule has to fail.
var lies = []struct {
	name    string
	lie     lie
	group   string // of the failure expected
	service string
	rule    string // part of it
}{
	{"identify says nothing", lie{answer: answers(func(*mms.Identify, *mms.IdentifyResponse) mms.Service {
		return &mms.IdentifyResponse{}
	})}, "vmd", "Identify", ""},
	{"status out of range", lie{answer: answers(func(*mms.Status, *mms.StatusResponse) mms.Service {
		return &mms.StatusResponse{Logical: 9}
	})}, "vmd", "Status", ""},
	{"names in another order each time", lie{answer: shuffled()}, "directory", "GetLogicalDeviceDirectory", "same order"},
	{
		"a name twice",
		lie{answer: nameList(mms.ClassNamedVariable, func(n []string) []string { return append(n, n[len(n)-1]) })},
		"directory", "GetLogicalDeviceDirectory", "same order",
	},
	{"a child before its parent", lie{answer: nameList(mms.ClassNamedVariable, func(n []string) []string {
		n[0], n[1] = n[1], n[0]
		return n
	})}, "directory", "GetLogicalDeviceDirectory", "depth first"},
	{"continueAfter forgets a name", lie{answer: skipsOne()}, "directory", "GetLogicalDeviceDirectory", "continueAfter"},
	{"a name too long", lie{answer: nameList(mms.ClassNamedVariable, func(n []string) []string {
		return append(n, n[len(n)-1]+"$"+strings.Repeat("x", 60))
	})}, "directory", "GetLogicalDeviceDirectory", "64 characters"},
	{
		"a data set of no node",
		lie{answer: nameList(mms.ClassNamedVariableList, func(n []string) []string { return append(n, "XXXX1$set") })},
		"directory", "GetLogicalNodeDirectory(DATA-SET)", "belong",
	},
	{"a name that the type does not have", lie{answer: nameList(mms.ClassNamedVariable, func(n []string) []string {
		return append(n, "MHAI1$BL")
	})}, "types", "GetLogicalDeviceDirectory", "those of the type"},
	{"a part with another type", lie{answer: answers(func(q *mms.GetVariableAccessAttributes, a *mms.GetVariableAccessAttributesResponse) mms.Service {
		if q.Name.Item == "GGIO1$MX$AnIn1" {
			return &mms.GetVariableAccessAttributesResponse{Type: mms.TypeSpec{Kind: model.KindBool}}
		}
		return a
	})}, "types", "GetDataDefinition", "part"},
	{"values of another shape", lie{answer: values("GGIO1$MX", member(0, model.Bool(true)))}, "read", "GetAllDataValues", ""},
	{
		"an attribute of another type",
		lie{answer: values("GGIO1$CF$AnIn1$units$SIUnit", func(model.Value) model.Value { return model.Visible("x") })},
		"read", "GetDataValues", "",
	},
	{"unknown objects have values", lie{answer: func(q mms.Service, a mms.PDU) mms.PDU {
		if r, ok := q.(*mms.Read); ok && len(r.Access.List) == 1 && strings.Contains(r.Access.List[0].Name.String(), "GwNoSuchThing") {
			return good(&mms.ReadResponse{Results: []mms.AccessResult{{Value: model.Bool(true)}}})
		}
		return a
	}}, "errors", "GetDataValues", "object-non-existent"},
	{"unknown objects are denied", lie{answer: func(q mms.Service, a mms.PDU) mms.PDU {
		if r, ok := q.(*mms.Read); ok && len(r.Access.List) == 1 && strings.Contains(r.Access.List[0].Name.String(), "GwNoSuchThing") {
			return good(&mms.ReadResponse{Results: []mms.AccessResult{{Failed: true, Error: mms.ObjectAccessDenied}}})
		}
		return a
	}}, "errors", "GetDataValues", "object-non-existent"},
	{"unknown objects have types", lie{answer: succeed[*mms.GetVariableAccessAttributes](
		&mms.GetVariableAccessAttributesResponse{Type: mms.TypeSpec{Kind: model.KindBool}})}, "errors", "GetDataDefinition", ""},
	{"unknown devices have names", lie{answer: succeed[*mms.GetNameList](&mms.GetNameListResponse{})}, "errors", "GetLogicalDeviceDirectory", ""},
	{
		"unknown data sets have members",
		lie{answer: succeed[*mms.GetNamedVariableListAttributes](&mms.GetNamedVariableListAttributesResponse{})},
		"errors", "GetDataSetDirectory", "",
	},
	{"writes do nothing", lie{ask: changes("GGIO1$SP$Set1$setMag$f")}, "write", "SetDataValues", ""},
	{"a wrong type is taken", lie{ask: func(q mms.Service) mms.PDU {
		if w, ok := q.(*mms.Write); ok && len(w.Data) == 1 && w.Data[0].Kind() == model.KindBool && strings.Contains(w.Access.List[0].Name.Item, "$SP$") {
			return good(&mms.WriteResponse{Results: make([]mms.WriteResult, 1)})
		}
		return nil
	}}, "write", "SetDataValues", "another type"},
	{"status is writable", lie{ask: accept("LLN0$ST$Mod$stVal")}, "write", "SetDataValues", "not writable"},
	{"a member that does not exist", lie{answer: answers(func(q *mms.GetNamedVariableListAttributes, a *mms.GetNamedVariableListAttributesResponse) mms.Service {
		return &mms.GetNamedVariableListAttributesResponse{List: append(append([]mms.VariableSpec(nil), a.List...), mms.VariableSpec{Name: mms.InDomain("TLD0", "XXXX1$ST$Beh")})}
	})}, "datasets", "GetDataSetDirectory", "exist"},
	{"a data set with other values", lie{answer: answers(func(q *mms.Read, a *mms.ReadResponse) mms.Service {
		if !q.Access.NamedList {
			return a
		}
		list := append([]mms.AccessResult(nil), a.Results...)
		list[0].Value = model.Struct(model.Struct(model.Float32(77)), model.QualityValue(0), model.Time(0))
		return &mms.ReadResponse{Results: list}
	})}, "datasets", "GetDataSetValues", ""},
	{
		"a data set is defined twice",
		lie{answer: succeed[*mms.DefineNamedVariableList](&mms.DefineNamedVariableListResponse{})},
		"datasets", "CreateDataSet", "given once",
	},
	{
		"a member that does not exist is taken",
		lie{answer: succeed[*mms.DefineNamedVariableList](&mms.DefineNamedVariableListResponse{})},
		"datasets", "CreateDataSet", "does not exist",
	},
	{
		"too many members are taken",
		lie{answer: succeed[*mms.DefineNamedVariableList](&mms.DefineNamedVariableListResponse{})},
		"datasets", "CreateDataSet", "more members",
	},
	{"configured data sets are deleted", lie{answer: answers(func(q *mms.DeleteNamedVariableList, a *mms.DeleteNamedVariableListResponse) mms.Service {
		return &mms.DeleteNamedVariableListResponse{Matched: 1, Deleted: 1}
	})}, "datasets", "DeleteDataSet", "configuration"},
	{"a data set stays", lie{ask: func(q mms.Service) mms.PDU {
		if _, ok := q.(*mms.DeleteNamedVariableList); ok {
			return good(&mms.DeleteNamedVariableListResponse{Matched: 1, Deleted: 1})
		}
		return nil
	}}, "datasets", "DeleteDataSet", "gone"},
	{"a report control block without Resv", lie{answer: withoutComponent("Resv")}, "reports", "GetURCBValues", "class"},
	{
		"a report control block with an unknown data set",
		lie{answer: values("LLN0$RP$urcb01", member(3, model.Visible("TLD0/LLN0$Gone")))},
		"reports", "GetURCBValues", "make sense",
	},
	{"GI is taken while disabled", lie{ask: accept("urcb01$GI")}, "reports", "SetURCBValues", "while disabled"},
	{"no report comes", lie{report: func(r *mms.InformationReport) *mms.InformationReport { return nil }}, "reports", "Report", "general interrogation"},
	{"a report without a member", lie{report: edited(withoutMember)}, "reports", "Report", "general interrogation"},
	{"a report with another reason", lie{report: edited(otherReason)}, "reports", "Report", "integrity"},
	{"a report with another ConfRev", lie{report: edited(otherConfRev)}, "reports", "Report", "ConfRev"},
	{"sequence numbers stand still", lie{report: edited(sameSqNum)}, "reports", "Report", "sequence"},
	{"attributes change while enabled", lie{ask: accept("brcb01$BufTm")}, "reports", "SetBRCBValues", "while enabled"},
	{"a second client gets the block", lie{ask: second("urcb01$GI")}, "reports", "SetURCBValues", "second client"},
	{"any EntryID is taken", lie{ask: accept("brcb01$EntryID")}, "reports", "SetBRCBValues", "not in the buffer"},
	{
		"the block stays enabled",
		lie{answer: values("LLN0$RP$urcb01$RptEna", func(model.Value) model.Value { return model.Bool(true) })},
		"reports", "SetURCBValues", "disabling",
	},
	{"an active group that does not exist", lie{answer: values("LLN0$SP$SGCB", member(1, model.Uint(9)))}, "settings", "GetSGCBValues", "sense"},
	{"a group that does not exist is taken", lie{ask: accept("SGCB$ActSG")}, "settings", "SelectActiveSG", "does not exist"},
	{"a log control block with an unknown data set", lie{answer: values("LLN0$LG$lcb", member(2, model.Visible("TLD0/LLN0$Gone")))}, "logs", "GetLCBValues", "sense"},
	{"a log that is newer at its start", lie{answer: values("LLN0$LG$lcb", member(3, model.Entry(5)))}, "logs", "GetLogStatusValues", ""},
	{"a GOOSE control block enabled without data set", lie{answer: values("LLN0$GO$gocb", func(v model.Value) model.Value {
		return member(2, model.Visible(""))(member(0, model.Bool(true))(v))
	})}, "blocks", "GetGoCBValues", "sense"},
	{
		"a control model that does not exist",
		lie{answer: values("GGIO1$CF$SPCSO2$ctlModel", func(model.Value) model.Value { return model.Int(7) })},
		"controls", "GetDataValues", "control model",
	},
	{"a control object without SBO", lie{answer: withoutComponent("SBO")}, "controls", "GetDataDefinition", ""},
	{"operate without select", lie{ask: accept("SPCSO2$Oper")}, "controls", "Operate", "without a select"},
	{"no command termination", lie{report: func(r *mms.InformationReport) *mms.InformationReport {
		if r.Access.NamedList {
			return r
		}
		return nil
	}}, "controls", "Operate", "present value"},
	{"a select of two", lie{answer: alwaysSelected}, "controls", "Select", "second client"},
	{"a cancel that does nothing", lie{ask: accept("SPCSO2$Cancel")}, "controls", "Cancel", "free"},
	{"another model than SCL's", lie{answer: withoutComponent("AnIn2")}, "model", "GetDataDirectory", ""},
	{
		"another data set than SCL's",
		lie{answer: nameList(mms.ClassNamedVariableList, func(n []string) []string { return n[:1] })},
		"model", "GetLogicalNodeDirectory(DATA-SET)", "",
	},
	{"another block than SCL's", lie{answer: withoutComponent("urcb02")}, "model", "GetLogicalNodeDirectory", "control blocks"},
	{"a file outside the root", lie{ask: badFiles}, "files", "GetFile", "out of the root"},
	{"a file of another length", lie{ask: badFiles}, "files", "GetFileAttributeValues", ""},
	{"a file that stays open", lie{ask: badFiles}, "files", "GetFile", "closed is not read"},
}

// TestLiars sees that the checks can fail: each of the bad servers is found out by the check of the rule that it breaks.
func TestLiars(t *testing.T) {
	for _, l := range lies {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s := newSite(ctx, t, compile(t, "../server/testdata/test.icd", "T", "AP"))
				objects := s.handleAll()
				s.wrap = lying(&l.lie)
				results, _ := s.run(check.Options{
					Model: s.model, AllowWrites: true, AllowControls: objects, Only: []string{l.group},
				})
				foundOut(t, results, l.group, l.service, l.rule)
				cancel()
				s.close()
			})
		})
	}
}

// TestHonest: the same server without a lie fails nothing.
func TestHonest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newSite(ctx, t, compile(t, "../server/testdata/test.icd", "T", "AP"))
		objects := s.handleAll()
		s.wrap = lying(&lie{})
		results, sum := s.run(check.Options{Model: s.model, AllowWrites: true, AllowControls: objects})
		groups := map[string]bool{}
		for _, r := range results {
			groups[r.Group] = true
			if r.Outcome == check.Fail {
				t.Error(r)
			}
		}
		for _, g := range check.Groups() {
			if !groups[g] {
				t.Errorf("no result of group %s", g)
			}
		}
		if sum.Pass < 100 {
			t.Errorf("only %+v", sum)
		}
		cancel()
		s.close()
	})
}
