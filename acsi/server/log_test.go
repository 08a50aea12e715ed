package server

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

const lcb = "LLN0$LG$lcb$"

var logName = mms.InDomain("TLD0", "LLN0$log")

// readLog reads the whole log by pages, as a client does.
func (p *peer) readLog(r mms.ReadJournal) (entries []mms.JournalEntry, pages int) {
	p.Helper()
	if r.Journal == (mms.ObjectName{}) {
		r.Journal = logName
	}
	for pages = 1; ; pages++ {
		answer := p.response(&r).(*mms.ReadJournalResponse)
		entries = append(entries, answer.Entries...)
		if !answer.MoreFollows {
			return entries, pages
		}
		if len(answer.Entries) == 0 {
			p.Fatal("more follows behind nothing")
		}
		last := answer.Entries[len(answer.Entries)-1]
		r.After = &mms.JournalPlace{Time: last.Time, Entry: last.ID}
	}
}

// floats gives the values of AnIn1.mag.f in entries.
func floats(entries []mms.JournalEntry) (list []float64) {
	for _, e := range entries {
		for _, v := range e.Variables {
			if v.Tag == "TLD0/GGIO1$MX$AnIn1" {
				f, _ := v.Value.At(0).At(0).AsFloat()
				list = append(list, f)
			}
		}
	}
	return list
}

func idOf(t testing.TB, e *mms.JournalEntry) uint64 {
	t.Helper()
	id, ok := entryIDOf(model.Octets(e.ID))
	if !ok {
		t.Fatalf("identification % x", e.ID)
	}
	return id
}

// logged runs f with a server whose log takes every trigger.
func logged(t *testing.T, cfg Config, f func(h *harness)) {
	t.Helper()
	if cfg.Model == nil {
		cfg.Model = testModel(t)
	}
	l := cfg.Model.Devices[0].Nodes[0].Logs[0]
	l.Triggers = model.TrgDataChange | model.TrgQualityChange | model.TrgDataUpdate | model.TrgIntegrity
	run(t, cfg, f)
}

func TestLogEntries(t *testing.T) {
	logged(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		at := time.Now().Add(1500 * time.Microsecond)
		if err := h.s.Update(at, func(tx *Tx) {
			tx.Float(anIn1.Child("mag.f"), 1)
			tx.Set(ind1.Child("stVal"), model.Bool(true))
			tx.Quality(ind1, model.Invalid)
		}); err != nil {
			t.Fatal(err)
		}
		h.setFloat(1) // no change
		h.update(func(tx *Tx) { tx.Trigger(ind1) })
		entries, pages := p.readLog(mms.ReadJournal{})
		if len(entries) != 2 || pages != 1 {
			t.Fatalf("%d entries in %d pages", len(entries), pages)
		}
		e := entries[0]
		if e.Application == nil || e.Time != model.NewEntryTime(at) || len(e.Variables) != 4 {
			t.Fatalf("entry %+v", e)
		}
		for i, want := range []mms.JournalVariable{
			{Tag: "TLD0/GGIO1$MX$AnIn1"},
			{Tag: reasonTag, Value: model.Bits(reasonDataChange, 7)},
			{Tag: "TLD0/GGIO1$ST$Ind1"},
			{Tag: reasonTag, Value: model.Bits(reasonDataChange|reasonQualityChange, 7)},
		} {
			if v := e.Variables[i]; v.Tag != want.Tag || !want.Value.IsZero() && !v.Value.Equal(want.Value) {
				t.Errorf("variable %d is %+v, want %+v", i, v, want)
			}
		}
		if v := e.Variables[2].Value; !v.At(0).Equal(model.Bool(true)) || !v.At(1).Equal(model.QualityValue(model.Invalid)) {
			t.Errorf("value %v", v)
		}
		if v := entries[1].Variables; len(v) != 2 || !v[1].Value.Equal(model.Bits(reasonApplication, 7)) {
			t.Errorf("an application trigger: %+v", v)
		}
		first, last := idOf(t, &entries[0]), idOf(t, &entries[1])
		if first >= last {
			t.Errorf("identifications %d, %d", first, last)
		}
		for item, want := range map[string]model.Value{
			"OldEntr": entryIDValue(first), "NewEntr": entryIDValue(last), "OldEntrTm": model.Entry(e.Time), "NewEntrTm": model.Entry(entries[1].Time),
			"LogEna": model.Bool(true), "LogRef": model.Visible("TLD0/LLN0$log"), "DatSet": model.Visible("TLD0/LLN0$Four"),
		} {
			if v := p.read(lcb + item); !v.Equal(want) {
				t.Errorf("%s is %v, want %v", item, v, want)
			}
		}
		if s := h.s.Stats(); s.LogEntries != 2 || s.LogsLost != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestLogControlBlockWrites(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		check := func(item string, v model.Value, want mms.DataAccessError) {
			t.Helper()
			if code := p.write(lcb+item, v); code != want {
				t.Errorf("%s := %v gives %v, want %v", item, v, code, want)
			}
		}
		settings := map[string]model.Value{
			"LogRef": model.Visible("TLD0/LLN0$log"), "DatSet": model.Visible("TLD0/LLN0$Four"),
			"TrgOps": trgOps(model.TrgDataChange | model.TrgIntegrity), "IntgPd": model.Uint(60_000),
		}
		for item, v := range settings {
			check(item, v, mms.TemporarilyUnavailable) // LogEna is true
		}
		for _, item := range []string{"OldEntr", "NewEntr"} {
			check(item, entryIDValue(1), mms.ObjectAccessDenied)
			check(item+"Tm", model.Entry(1), mms.ObjectAccessDenied)
		}
		check("LogEna", model.Int(0), mms.TypeInconsistent)
		check("LogEna", model.Bool(true), accessOK)
		check("LogEna", model.Bool(false), accessOK)
		for item, v := range settings {
			check(item, v, accessOK)
			if got := p.read(lcb + item); !got.Equal(v) {
				t.Errorf("%s is %v, want %v", item, got, v)
			}
		}
		check("LogRef", model.Visible("TLD0/LLN0$nolog"), mms.ObjectValueInvalid)
		check("LogRef", model.Visible("nowhere"), mms.ObjectValueInvalid)
		check("DatSet", model.Visible("TLD0/LLN0$None"), mms.ObjectValueInvalid)
		check("IntgPd", model.Uint(1), mms.ObjectValueInvalid)
		check("TrgOps", model.Uint(1), mms.TypeInconsistent)
		if code := p.write("LLN0$LG$lcb", p.read("LLN0$LG$lcb")); code != mms.ObjectAccessUnsupported {
			t.Errorf("a block as a whole: %v", code)
		}
		check("DatSet", model.Visible(""), accessOK)
		check("LogEna", model.Bool(true), mms.ObjectAttributeInconsistent)
		check("DatSet", model.Visible("TLD0/LLN0.Four"), accessOK) // with a dot, as 7-2 writes it
		check("LogEna", model.Bool(true), accessOK)
		p2 := h.peer("other@x") // nobody owns the block
		if code := p2.write(lcb+"LogEna", model.Bool(false)); code != accessOK {
			t.Errorf("another client: %v", code)
		}
		var enabled []bool
		for _, e := range h.events {
			if e, ok := e.(LogEnabled); ok {
				enabled = append(enabled, e.Enabled)
			}
		}
		if !slices.Equal(enabled, []bool{false, true, false}) {
			t.Errorf("events %v", enabled)
		}
	})
}

func TestLogTriggers(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		count := func() int {
			entries, _ := p.readLog(mms.ReadJournal{})
			return len(entries)
		}
		h.update(func(tx *Tx) { tx.Quality(ind1, model.Invalid) })
		if n := count(); n != 0 {
			t.Errorf("TrgOps is dchg; a change of quality made %d entries", n)
		}
		p.set(lcb+"LogEna", model.Bool(false))
		h.setFloat(1)
		if n := count(); n != 0 {
			t.Errorf("%d entries while LogEna is false", n)
		}
		p.set(lcb+"TrgOps", trgOps(model.TrgQualityChange|model.TrgIntegrity|model.TrgGI))
		p.set(lcb+"IntgPd", model.Uint(1000))
		p.set(lcb+"LogEna", model.Bool(true))
		h.setFloat(2)
		h.update(func(tx *Tx) { tx.Quality(ind1, model.Good) })
		time.Sleep(2500 * time.Millisecond)
		entries, _ := p.readLog(mms.ReadJournal{})
		if len(entries) != 3 || len(entries[0].Variables) != 2 || len(entries[1].Variables) != 8 || len(entries[2].Variables) != 8 {
			t.Fatalf("entries %+v", entries)
		}
		if v := entries[2].Variables[1].Value; !v.Equal(model.Bits(reasonIntegrity, 7)) {
			t.Errorf("reason %v", v)
		}
		if d := entries[2].Time.Time().Sub(entries[1].Time.Time()); d != time.Second {
			t.Errorf("integrity entries are %v apart", d)
		}
		p.set(lcb+"LogEna", model.Bool(false))
		time.Sleep(10 * time.Second)
		if n := count(); n != 3 {
			t.Errorf("LogEna false: %d entries, want the 3 that were there", n)
		}
	})
}

func TestQueryLog(t *testing.T) {
	logged(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		start := time.Now()
		for i := range 10 {
			h.setFloat(float64(i + 1))
			time.Sleep(time.Second)
		}
		all, _ := p.readLog(mms.ReadJournal{})
		if got := floats(all); len(got) != 10 {
			t.Fatalf("entries %v", got)
		}
		tm := func(d time.Duration) model.EntryTime { return model.NewEntryTime(start.Add(d)) }
		from := func(d time.Duration) *mms.JournalStart { return &mms.JournalStart{Time: tm(d)} }
		to := func(d time.Duration) *mms.JournalStop { return &mms.JournalStop{Time: tm(d)} }
		count := func(n int32) *mms.JournalStop { return &mms.JournalStop{ByCount: true, Count: n} }
		for what, c := range map[string]struct {
			r    mms.ReadJournal
			want []float64
		}{
			"between":        {mms.ReadJournal{Start: from(3 * time.Second), Stop: to(5 * time.Second)}, []float64{4, 5, 6}},
			"one instant":    {mms.ReadJournal{Start: from(3 * time.Second), Stop: to(3 * time.Second)}, []float64{4}},
			"none":           {mms.ReadJournal{Start: from(3500 * time.Millisecond), Stop: to(3900 * time.Millisecond)}, nil},
			"since":          {mms.ReadJournal{Start: from(8 * time.Second)}, []float64{9, 10}},
			"until":          {mms.ReadJournal{Stop: to(time.Second)}, []float64{1, 2}},
			"turned round":   {mms.ReadJournal{Start: from(5 * time.Second), Stop: to(3 * time.Second)}, nil},
			"from an entry":  {mms.ReadJournal{Start: &mms.JournalStart{ByEntry: true, Entry: all[8].ID}}, []float64{9, 10}},
			"two":            {mms.ReadJournal{Start: from(3 * time.Second), Stop: count(2)}, []float64{4, 5}},
			"no entries":     {mms.ReadJournal{Stop: count(0)}, nil},
			"after an entry": {mms.ReadJournal{After: &mms.JournalPlace{Time: all[7].Time, Entry: all[7].ID}}, []float64{9, 10}},
			"after, until":   {mms.ReadJournal{After: &mms.JournalPlace{Time: all[1].Time, Entry: all[1].ID}, Stop: to(3 * time.Second)}, []float64{3, 4}},
			"after the last": {mms.ReadJournal{After: &mms.JournalPlace{Time: all[9].Time, Entry: all[9].ID}}, nil},
			"after a time":   {mms.ReadJournal{After: &mms.JournalPlace{Time: tm(8 * time.Second)}}, []float64{10}},
			"by tag":         {mms.ReadJournal{Variables: []string{"TLD0/GGIO1$MX$AnIn1"}, Start: from(9 * time.Second)}, []float64{10}},
			"by other tag":   {mms.ReadJournal{Variables: []string{"TLD0/GGIO1$ST$Ind1"}}, nil},
		} {
			got, _ := p.readLog(c.r)
			if !slices.Equal(floats(got), c.want) {
				t.Errorf("%s: %v, want %v", what, floats(got), c.want)
			}
			if c.want == nil && len(got) != 0 {
				t.Errorf("%s: %d entries", what, len(got))
			}
		}
		for what, r := range map[string]mms.ReadJournal{
			"backwards":                  {Journal: logName, Stop: count(-1)},
			"identification of 4 octets": {Journal: logName, Start: &mms.JournalStart{ByEntry: true, Entry: "abcd"}},
			"place of 9 octets":          {Journal: logName, After: &mms.JournalPlace{Entry: "123456789"}},
		} {
			if reject, ok := p.call(&r).(*mms.Reject); !ok || reject.Reason.Code != mms.RejectInvalidArgument {
				t.Errorf("%s: %+v", what, reject)
			}
		}
		for _, name := range []mms.ObjectName{mms.InDomain("TLD0", "LLN0$none"), mms.InDomain("no", "LLN0$log"), {Item: "LLN0$log"}} {
			if e := p.serviceError(&mms.ReadJournal{Journal: name}); e.Class != mms.ErrAccess || e.Code != mms.AccessNonExistent {
				t.Errorf("%s: %v", name, e)
			}
		}
		if n := p.response(&mms.ReportJournalStatus{Journal: logName}).(*mms.ReportJournalStatusResponse); n.Current != 10 || n.Deletable {
			t.Errorf("status %+v", n)
		}
	})
}

func TestLogPages(t *testing.T) {
	for _, size := range []int{400, 1000, 8000, 65000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			logged(t, Config{}, func(h *harness) {
				params := mms.Params{MaxPDU: size}
				params.Size = func(p mms.PDU) int { b, _ := mms.AppendBER(nil, p); return len(b) }
				p := h.peerWith("cc@x", params)
				for i := range 2500 {
					h.setFloat(float64(i + 1))
				}
				entries, pages := p.readLog(mms.ReadJournal{})
				got := floats(entries)
				for i, f := range got {
					if f != float64(i+1) {
						t.Fatalf("entry %d is %v", i, f)
					}
				}
				if len(got) != 2500 || pages < 2500*60/size || pages > 3+2500*150/min(size, 150_000) {
					t.Errorf("%d entries in %d pages", len(got), pages)
				}
				for _, r := range []mms.ReadJournal{{Journal: logName}} {
					b, err := mms.AppendBER(nil, p.call(&r))
					if err != nil || len(b) > size {
						t.Errorf("an answer of %d octets, %v", len(b), err)
					}
				}
			})
		})
	}
}

// What is wanted may be far behind what is not: no page comes empty while more follow.
func TestRareEntries(t *testing.T) {
	logged(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		for i := range 3000 {
			h.setFloat(float64(i + 1))
		}
		h.update(func(tx *Tx) { tx.Set(ind1.Child("stVal"), model.Bool(true)) })
		for i := range 2500 {
			h.setFloat(float64(i))
		}
		entries, pages := p.readLog(mms.ReadJournal{Variables: []string{"TLD0/GGIO1$ST$Ind1"}})
		if len(entries) != 1 || pages != 1 || len(entries[0].Variables) != 2 {
			t.Errorf("%d entries in %d pages", len(entries), pages)
		}
		if got, _ := p.readLog(mms.ReadJournal{Stop: &mms.JournalStop{ByCount: true, Count: 2}, Variables: []string{"TLD0/GGIO1$MX$AnIn1"}}); !slices.Equal(floats(got), []float64{1, 2}) {
			t.Errorf("the first two: %v", floats(got))
		}
	})
}

func TestEntryLongerThanAnAnswer(t *testing.T) {
	logged(t, Config{}, func(h *harness) {
		params := mms.Params{MaxPDU: 210}
		params.Size = func(p mms.PDU) int { b, _ := mms.AppendBER(nil, p); return len(b) }
		p := h.peerWith("cc@x", params)
		h.update(func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), 1); tx.Set(ind1.Child("stVal"), model.Bool(true)) })
		h.setFloat(2)
		entries, _ := p.readLog(mms.ReadJournal{})
		if got := floats(entries); !slices.Equal(got, []float64{1, 2}) {
			t.Errorf("entries %+v", entries)
		}
		if !slices.ContainsFunc(h.events, func(e Event) bool { long, ok := e.(EntryTooLong); return ok && long.Left == 2 }) {
			t.Errorf("events %+v", h.events)
		}
	})
}

func TestInitializeJournal(t *testing.T) {
	logged(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		for i := range 10 {
			h.setFloat(float64(i + 1))
			time.Sleep(time.Second)
		}
		all, _ := p.readLog(mms.ReadJournal{})
		remove := func(lim *mms.JournalPlace) uint32 {
			return p.response(&mms.InitializeJournal{Journal: logName, Limit: lim}).(*mms.InitializeJournalResponse).Deleted
		}
		left := func(want ...float64) {
			t.Helper()
			if got, _ := p.readLog(mms.ReadJournal{}); !slices.Equal(floats(got), want) {
				t.Errorf("left are %v, want %v", floats(got), want)
			}
		}
		if n := remove(&mms.JournalPlace{Time: all[2].Time}); n != 3 {
			t.Errorf("%d removed up to a time", n)
		}
		left(4, 5, 6, 7, 8, 9, 10)
		if v := p.read(lcb + "OldEntr"); !v.Equal(model.Octets(all[3].ID)) {
			t.Errorf("OldEntr %v", v)
		}
		if n := remove(&mms.JournalPlace{Time: all[4].Time, Entry: all[4].ID, HasEntry: true}); n != 2 {
			t.Errorf("%d removed up to an entry", n)
		}
		left(6, 7, 8, 9, 10)
		if n := remove(nil); n != 5 {
			t.Errorf("%d removed of all", n)
		}
		left()
		if v := p.read(lcb + "NewEntr"); !v.Equal(entryIDValue(0)) {
			t.Errorf("NewEntr of an empty log %v", v)
		}
		h.setFloat(11)
		left(11)
		if e, _ := p.readLog(mms.ReadJournal{}); idOf(t, &e[0]) <= idOf(t, &all[9]) {
			t.Error("identifications began anew")
		}
		if r := h.audits[len(h.audits)-1]; r.Service != "initializeJournal" || r.Err != nil {
			t.Errorf("audit %+v", r)
		}
	})
}

func TestLogLimits(t *testing.T) {
	logged(t, Config{Limits: Limits{LogEntries: 5, LogAge: time.Minute}}, func(h *harness) {
		p := h.peer("cc@x")
		for i := range 20 {
			h.setFloat(float64(i + 1))
		}
		if got, _ := p.readLog(mms.ReadJournal{}); !slices.Equal(floats(got), []float64{16, 17, 18, 19, 20}) {
			t.Errorf("five entries: %v", floats(got))
		}
		time.Sleep(61 * time.Second)
		if got, _ := p.readLog(mms.ReadJournal{}); len(got) != 0 {
			t.Errorf("after a minute: %v", floats(got))
		}
	})
}

func TestTwoBlocksFeedOneLog(t *testing.T) {
	m := testModel(t)
	second := *m.Devices[0].Nodes[0].Logs[0]
	second.Name, second.DataSet = "lcb2", "Array"
	third := second
	third.Name, third.Log, third.DataSet, third.ReasonCode = "lcb3", "other", "Four", false
	m.Devices[0].Nodes[0].Logs = append(m.Devices[0].Nodes[0].Logs, &second, &third)
	run(t, Config{Model: m}, func(h *harness) {
		p := h.peer("cc@x")
		p.set("LLN0$LG$lcb2$LogEna", model.Bool(false))
		p.set("LLN0$LG$lcb2$DatSet", model.Visible("TLD0/LLN0$Four"))
		p.set("LLN0$LG$lcb2$LogEna", model.Bool(true))
		h.setFloat(1)
		entries, _ := p.readLog(mms.ReadJournal{})
		if got := floats(entries); !slices.Equal(got, []float64{1, 1}) || entries[0].ID == entries[1].ID {
			t.Errorf("entries %+v", entries)
		}
		other, _ := p.readLog(mms.ReadJournal{Journal: mms.InDomain("TLD0", "LLN0$other")})
		if len(other) != 1 || len(other[0].Variables) != 1 {
			t.Errorf("the other log, without reasons: %+v", other)
		}
		if a, b := p.read(lcb+"NewEntr"), p.read("LLN0$LG$lcb2$NewEntr"); !a.Equal(b) || a.Equal(p.read("LLN0$LG$lcb3$NewEntr")) {
			t.Errorf("NewEntr %v and %v", a, b)
		}
		p.set("LLN0$LG$lcb3$LogEna", model.Bool(false))
		p.set("LLN0$LG$lcb3$LogRef", model.Visible("TLD0/LLN0$log"))
		if a, b := p.read(lcb+"NewEntr"), p.read("LLN0$LG$lcb3$NewEntr"); !a.Equal(b) {
			t.Errorf("after the change of LogRef: NewEntr %v and %v", a, b)
		}
	})
}

func TestDataSetOfALogStays(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		name := mms.InDomain("TLD0", "LLN0$mine")
		p.response(&mms.DefineNamedVariableList{Name: name, List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1")}})
		p.set(lcb+"LogEna", model.Bool(false))
		p.set(lcb+"DatSet", model.Visible("TLD0/LLN0$mine"))
		if e := p.serviceError(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}}); e.Code != mms.ServiceObjectConstraint {
			t.Errorf("deleting it: %v", e)
		}
		p.response(&mms.DefineNamedVariableList{Name: mms.ObjectName{Scope: mms.AASpecific, Item: "own"}, List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1")}})
		if code := p.write(lcb+"DatSet", model.Visible("@own")); code != mms.ObjectValueInvalid {
			t.Errorf("a data set of the association: %v", code)
		}
		p.set(lcb+"DatSet", model.Visible("TLD0/LLN0$Four"))
		p.response(&mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}})
	})
}

func TestLogRights(t *testing.T) {
	hidden := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Ind1", FC: model.ST}
	denied := Right(99)
	cfg := Config{Authorizer: AuthorizerFunc(func(p *model.Principal, r Right, ref model.Ref) error {
		if r == denied && p.Name != "admin@x" || r == RightRead && ref == hidden && p.Name == "half@x" {
			return errors.New("no")
		}
		return nil
	})}
	logged(t, cfg, func(h *harness) {
		p, half := h.peer("cc@x"), h.peer("half@x")
		h.update(func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), 1); tx.Set(ind1.Child("stVal"), model.Bool(true)) })
		if all, _ := p.readLog(mms.ReadJournal{}); len(all) != 1 || len(all[0].Variables) != 4 {
			t.Errorf("with all rights: %+v", all)
		}
		if some, _ := half.readLog(mms.ReadJournal{}); len(some) != 1 || len(some[0].Variables) != 2 || some[0].Variables[0].Tag != "TLD0/GGIO1$MX$AnIn1" {
			t.Errorf("what may not be read comes through the log: %+v", some)
		}
		denied = RightRead
		if e := p.serviceError(&mms.ReadJournal{Journal: logName}); e.Code != mms.AccessDenied {
			t.Errorf("readJournal without READ: %v", e)
		}
		if e := p.serviceError(&mms.ReportJournalStatus{Journal: logName}); e.Code != mms.AccessDenied {
			t.Errorf("reportJournalStatus without READ: %v", e)
		}
		denied = RightConfig
		if e := p.serviceError(&mms.InitializeJournal{Journal: logName}); e.Code != mms.AccessDenied {
			t.Errorf("initializeJournal without CONFIG: %v", e)
		}
		if code := p.write(lcb+"LogEna", model.Bool(false)); code != mms.ObjectAccessDenied {
			t.Errorf("LogEna without CONFIG: %v", code)
		}
		denied = RightView
		if e := p.serviceError(&mms.ReadJournal{Journal: logName}); e.Code != mms.AccessNonExistent {
			t.Errorf("readJournal without VIEW: %v", e)
		}
	})
}

// Entry identifications grow while the clock goes back, and queries by time still find what they ask for.
func TestLogWhenTheClockGoesBack(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	cfg := Config{Model: testModel(t), Now: func() time.Time { return now }}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := &quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}}
	ss := s.open(q)
	for i, d := range []time.Duration{0, time.Second, -time.Hour, time.Second, 2 * time.Hour} {
		now = now.Add(d)
		if err := s.Update(now, func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i+1)) }); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(r mms.ReadJournal) []mms.JournalEntry {
		r.Journal = logName
		return ss.confirmed(1, &r).(*mms.ConfirmedResponse).Service.(*mms.ReadJournalResponse).Entries
	}
	all := ask(mms.ReadJournal{})
	if got := floats(all); !slices.Equal(got, []float64{1, 2, 3, 4, 5}) {
		t.Fatalf("entries %v", got)
	}
	for i := 1; i < len(all); i++ {
		if idOf(t, &all[i]) <= idOf(t, &all[i-1]) {
			t.Errorf("entry %d has an identification below the one before", i)
		}
	}
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	if got := floats(ask(mms.ReadJournal{Stop: &mms.JournalStop{Time: model.NewEntryTime(noon.Add(-time.Minute))}})); !slices.Equal(got, []float64{3, 4}) {
		t.Errorf("before noon: %v", got)
	}
}

func FuzzParseLogged(f *testing.F) {
	set := &dataSet{members: []member{{text: "TLD0/GGIO1$MX$AnIn1"}, {text: ""}}}
	b, _ := (&logEntry{set: set, members: []entryMember{{0, reasonDataChange, model.Struct(model.Float32(1))}, {1, 0, model.Value{}}}}).AppendBinary(nil)
	f.Add(b)
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		members, err := parseLogged(b)
		if err != nil && !errors.Is(err, errRecord) {
			t.Errorf("error %v", err)
		}
		if e, err := parseEntry(b, 8); err == nil {
			for _, m := range e.members {
				if m.index >= 8 {
					t.Errorf("member %d", m.index)
				}
			}
		}
		for _, m := range members {
			_, _ = mms.AppendBER(nil, &mms.ConfirmedResponse{Service: &mms.ReadJournalResponse{Entries: []mms.JournalEntry{{Variables: []mms.JournalVariable{{Tag: m.text, Value: m.value}}}}}}) // a value that has no form is an error, no panic
		}
	})
}
