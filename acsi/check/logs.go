package check

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var lcbNames = []string{
	"LogEna", "LogRef", "DatSet", "OldEntrTm", "NewEntrTm", "OldEntr", "NewEntr", "TrgOps", "IntgPd",
}

// logs looks at the log control blocks and at the logs.
func (r *run) logs(ctx context.Context, s *sheet) {
	blocks := r.blocks(model.LG)
	if len(blocks) == 0 {
		s.item("GetLCBValues", "", "attributes", "").skip("the server has no log control block")
	}
	s.each(len(blocks), func(i int, s *sheet) { r.logControl(ctx, s, blocks[i]) })
	var logs []mms.ObjectName
	for _, d := range r.domains {
		for _, item := range d.logs {
			logs = append(logs, mms.InDomain(d.name, item))
		}
	}
	if len(logs) == 0 {
		s.item("QueryLogByTime", "", "entries", "").skip("the server has no log")
	}
	s.each(len(logs), func(i int, s *sheet) { r.log(ctx, s, logs[i]) })
}

func (r *run) logControl(ctx context.Context, s *sheet, sec section) {
	const clause = "IEC 61850-7-2 17.3.2, 8-1 17.2"
	object := sec.ref.String()
	if it := s.item("GetLCBValues", object, "the attributes are those of the class", clause); it != nil {
		var lacking []string
		for _, name := range lcbNames {
			if component(sec.spec, name) == nil {
				lacking = append(lacking, name)
			}
		}
		it.verdict(strings.Join(lcbNames, " "), differs(lacking, nil))
	}
	it := s.item("GetLCBValues", object, "the values are of their types and make sense", clause)
	v, err := r.c.ReadOne(ctx, sec.ref)
	if err != nil {
		_ = it.failed("values", err)
		return
	}
	if bad := shape(object, sec.spec, v); bad != "" {
		it.fail("values of the type", bad)
		return
	}
	b := blockOf(sec, v)
	set, log := b.text("DatSet"), strings.Replace(b.text("LogRef"), ".", "$", 1)
	domain, item, _ := strings.Cut(log, "/")
	switch {
	case set != "" && !r.hasSet(set):
		it.fail("DatSet that exists", set)
	case log != "" && !r.listsLogs(domain):
		it.skip("the server does not list its logs")
	case log != "" && !r.hasLog(domain, item):
		it.fail("LogRef of a log that exists", log)
	case b.on("LogEna") && (set == "" || log == ""):
		it.fail("not enabled without data set and log", "enabled")
	default:
		it.pass()
	}
	r.logStatus(s, b)
	r.logFixed(ctx, s, b)
}

func (r *run) listsLogs(domain string) bool {
	for _, d := range r.domains {
		if d.name == domain {
			return d.logsErr == nil && len(d.logs) > 0
		}
	}
	return true
}

func (r *run) hasLog(domain, item string) bool {
	for _, d := range r.domains {
		if d.name == domain {
			for _, l := range d.logs {
				if l == item {
					return true
				}
			}
		}
	}
	return false
}

// logStatus looks at the oldest and newest entry that the block shows.
func (r *run) logStatus(s *sheet, b *block) {
	it := s.item("GetLogStatusValues", b.ref.String(), "the oldest entry is not newer than the newest", "IEC 61850-7-2 17.3.3")
	old, ok := b.fields["OldEntrTm"].AsEntryTime()
	last, ok2 := b.fields["NewEntrTm"].AsEntryTime()
	switch {
	case !ok || !ok2:
		it.fail("OldEntrTm and NewEntrTm as binary times", show(b.fields["OldEntrTm"]))
	case old.Time().After(last.Time()):
		it.fail("OldEntrTm before NewEntrTm", old.String()+" and "+last.String())
	default:
		it.pass()
	}
}

// logFixed writes an attribute of an enabled block, the value that it has.
func (r *run) logFixed(ctx context.Context, s *sheet, b *block) {
	it := s.item("SetLCBValues", b.ref.String(), "attributes are refused while enabled", "IEC 61850-7-2 17.3.2.2")
	switch {
	case !r.opt.AllowWrites:
		it.skip("writes are not allowed")
	case !b.on("LogEna"):
		it.skip("it is not enabled")
	case it == nil:
	default:
		for _, name := range []string{"DatSet", "LogRef", "IntgPd"} {
			if b.has(name) && r.c.Write(ctx, b.ref.Child(name), b.fields[name]) == nil {
				it.fail("a refusal of "+name, "success")
				return
			}
		}
		it.pass()
	}
}

// maxEntries is how many entries of a log are looked at.
const maxEntries = 200

func (r *run) log(ctx context.Context, s *sheet, log mms.ObjectName) {
	const clause = "IEC 61850-7-2 17.3.5, 8-1 17.3, ISO 9506-2 16"
	object := log.String()
	if it := s.item("GetLogStatusValues", object, "the log tells how many entries it has", clause); it != nil {
		a, err := ask[*mms.ReportJournalStatusResponse](ctx, r.c, &mms.ReportJournalStatus{Journal: log})
		if !it.failed("the number of entries", err) {
			it.passed(fmt.Sprintf("%d entries", a.Current))
		}
	}
	it := s.item("QueryLogByTime", object, "entries come in their order, with tags of the model", clause)
	entries, err := r.entries(ctx, log, &mms.ReadJournal{Journal: log, Start: &mms.JournalStart{Time: 0}})
	if err != nil {
		_ = it.failed("entries", err)
		return
	}
	if bad := r.wrongEntries(log, entries); bad != "" {
		it.fail("entries in the order of their time, each with its own EntryID", bad)
		return
	}
	it.passed(fmt.Sprintf("%d entries looked at", len(entries)))
	it = s.item("QueryLogAfter", object, "only entries after the given one come", clause)
	if it == nil {
		return
	}
	if len(entries) < 2 {
		it.skip("fewer than two entries")
		return
	}
	at := len(entries) / 2
	after, err := r.entries(ctx, log, &mms.ReadJournal{Journal: log, After: &mms.JournalPlace{
		Time: entries[at-1].Time, Entry: entries[at-1].ID, HasEntry: true,
	}})
	switch {
	case it.failed("entries", err):
	case len(after) == 0 || after[0].ID != entries[at].ID:
		got := "none"
		if len(after) > 0 {
			got = fmt.Sprintf("%x", after[0].ID)
		}
		it.fail(fmt.Sprintf("entry %x first", entries[at].ID), got)
	default:
		it.pass()
	}
}

// entries reads pages until the end, or until there are enough.
func (r *run) entries(ctx context.Context, _ mms.ObjectName, q *mms.ReadJournal) ([]mms.JournalEntry, error) {
	var list []mms.JournalEntry
	for {
		request := *q
		a, err := ask[*mms.ReadJournalResponse](ctx, r.c, &request)
		if err != nil {
			return list, err
		}
		list = append(list, a.Entries...)
		if !a.MoreFollows || len(list) >= maxEntries {
			return list, nil
		}
		if len(a.Entries) == 0 {
			return list, fmt.Errorf("an empty page that says more follows")
		}
		last := a.Entries[len(a.Entries)-1]
		q = &mms.ReadJournal{Journal: q.Journal, After: &mms.JournalPlace{Time: last.Time, Entry: last.ID, HasEntry: true}}
	}
}

// wrongEntries looks at order, identifiers and tags.
func (r *run) wrongEntries(log mms.ObjectName, entries []mms.JournalEntry) string {
	seen := map[string]bool{}
	for i, e := range entries {
		switch {
		case e.ID == "" || seen[e.ID]:
			return fmt.Sprintf("EntryID %x of entry %d is empty or there twice", e.ID, i+1)
		case i > 0 && e.Time.Time().Before(entries[i-1].Time.Time()):
			return fmt.Sprintf("entry %d is older than the one before", i+1)
		case i > 0 && len(e.ID) == len(entries[i-1].ID) && bytes.Compare([]byte(e.ID), []byte(entries[i-1].ID)) < 0:
			return fmt.Sprintf("EntryID %x after %x", e.ID, entries[i-1].ID)
		}
		seen[e.ID] = true
		for _, v := range e.Variables {
			domain, item, ok := strings.Cut(v.Tag, "/")
			if !ok {
				domain, item = log.Domain, v.Tag
			}
			if ref, err := model.ParseItem(domain, item); err == nil && ref.FC != model.FCNone && ref.Path != "" {
				if spec := r.find(ref); spec != nil && shape(v.Tag, spec, v.Value) != "" {
					return shape(v.Tag, spec, v.Value)
				}
			}
		}
	}
	return ""
}
