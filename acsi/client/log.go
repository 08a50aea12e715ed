package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A LogEntry is one entry of a log, IEC 61850-7-2 17.3.
type LogEntry struct {
	ID         EntryID
	At         time.Time
	Entries    []Entry // in the order of the server
	Annotation string  // of an entry that is text instead
}

// ErrLog is wrapped when an entry of a log is not understood.
var ErrLog = errors.New("acsi/client: malformed log entry")

// Logs lists the logs of a logical device: LD/LN.name.
func (c *Client) Logs(ctx context.Context, ld string) ([]model.Ref, error) {
	names, err := c.names(ctx, mms.GetNameList{Class: mms.ClassJournal, Scope: mms.DomainSpecific, Domain: ld})
	if err != nil {
		return nil, err
	}
	refs := make([]model.Ref, len(names))
	for i, name := range names {
		ln, log, _ := strings.Cut(name, "$")
		refs[i] = model.Ref{LDevice: ld, LN: ln, Path: log}
	}
	return refs, nil
}

// journalName names a log in MMS.
func journalName(log model.Ref) (mms.ObjectName, error) {
	if log.LDevice == "" || log.LN == "" {
		return mms.ObjectName{}, fmt.Errorf("%w: %s is no log", model.ErrRef, log)
	}
	if log.Path == "" { // a server that names its logs without a logical node
		return mms.InDomain(log.LDevice, log.LN), nil
	}
	return mms.InDomain(log.LDevice, log.LN+"$"+log.Path), nil
}

// LogLength gives the number of entries in a log, and whether the log can be deleted (reportJournalStatus).
func (c *Client) LogLength(ctx context.Context, log model.Ref) (entries uint32, deletable bool, err error) {
	name, err := journalName(log)
	if err != nil {
		return 0, false, err
	}
	answer, err := askFor[*mms.ReportJournalStatusResponse](ctx, c, &mms.ReportJournalStatus{Journal: name})
	if err != nil {
		return 0, false, fmt.Errorf("log %s: %w", log, err)
	}
	return answer.Current, answer.Deletable, nil
}

// InitializeLog removes entries from a log: those up to and including an entry, or when id is empty those up to a time, or
// when that is zero too all of them. It gives their number.
func (c *Client) InitializeLog(ctx context.Context, log model.Ref, until time.Time, id EntryID) (deleted uint32, err error) {
	name, err := journalName(log)
	if err != nil {
		return 0, err
	}
	request := &mms.InitializeJournal{Journal: name}
	if id != "" || !until.IsZero() {
		request.Limit = &mms.JournalPlace{Time: model.NewEntryTime(until), Entry: string(id), HasEntry: id != ""}
	}
	answer, err := askFor[*mms.InitializeJournalResponse](ctx, c, request)
	if err != nil {
		return 0, fmt.Errorf("log %s: %w", log, err)
	}
	return answer.Deleted, nil
}

// QueryLogByTime gives the entries of a log from a time to a time, both included (IEC 61850-7-2 17.3.5.2). A zero time is
// no bound. It asks for page after page while it is walked. An error ends it; it comes with no entry, but for one that is
// ErrLog, which is about a single entry.
func (c *Client) QueryLogByTime(ctx context.Context, log model.Ref, from, to time.Time) iter.Seq2[LogEntry, error] {
	r := mms.ReadJournal{}
	if !from.IsZero() {
		r.Start = &mms.JournalStart{Time: model.NewEntryTime(from)}
	}
	if !to.IsZero() {
		r.Stop = &mms.JournalStop{Time: model.NewEntryTime(to)}
	}
	return c.queryLog(ctx, log, r)
}

// QueryLogAfter gives the entries of a log behind one of them, named by its time and identification (IEC 61850-7-2
// 17.3.5.3), as QueryLogByTime does.
func (c *Client) QueryLogAfter(ctx context.Context, log model.Ref, at time.Time, id EntryID) iter.Seq2[LogEntry, error] {
	return c.queryLog(ctx, log, mms.ReadJournal{After: &mms.JournalPlace{Time: model.NewEntryTime(at), Entry: string(id)}})
}

func (c *Client) queryLog(ctx context.Context, log model.Ref, r mms.ReadJournal) iter.Seq2[LogEntry, error] {
	return func(yield func(LogEntry, error) bool) {
		var err error
		if r.Journal, err = journalName(log); err != nil {
			yield(LogEntry{}, err)
			return
		}
		for request := r; ; {
			answer, err := askFor[*mms.ReadJournalResponse](ctx, c, &request)
			if err != nil {
				yield(LogEntry{}, fmt.Errorf("log %s: %w", log, err))
				return
			}
			for i := range answer.Entries {
				if !yield(logEntry(&answer.Entries[i])) {
					return
				}
			}
			if !answer.MoreFollows {
				return
			}
			next, ok := following(request.After, answer.Entries)
			if !ok {
				yield(LogEntry{}, fmt.Errorf("log %s: %w: more follows, but not where", log, mms.ErrProtocol))
				return
			}
			request.After = next
		}
	}
}

// following gives the place where the next page begins. It is not ok when the server does not move on.
func following(before *mms.JournalPlace, entries []mms.JournalEntry) (*mms.JournalPlace, bool) {
	if len(entries) == 0 {
		return nil, false
	}
	last := &entries[len(entries)-1]
	if before != nil && before.Entry == last.ID && before.Time == last.Time {
		return nil, false
	}
	return &mms.JournalPlace{Time: last.Time, Entry: strings.Clone(last.ID)}, true
}

// Tags of reasons that servers use: one of its own behind each variable, or the variable's with a suffix.
const (
	reasonTag    = "ReasonCode"
	reasonSuffix = "$reasoncode"
)

// logEntry decodes an entry: variables are tagged LD/LN$FC$DO$DA, IEC 61850-8-1 18.
func logEntry(e *mms.JournalEntry) (LogEntry, error) {
	out := LogEntry{ID: EntryID(strings.Clone(e.ID)), At: e.Time.Time()}
	if e.IsAnnotation {
		out.Annotation = strings.Clone(e.Annotation)
		return out, nil
	}
	var err error
	for i := range e.Variables {
		v := &e.Variables[i]
		if to := reasonOf(v.Tag, out.Entries); to != nil {
			b, n, ok := v.Value.AsBits()
			if !ok || n > reasonBits+1 {
				err = fmt.Errorf("%w %s: reason of %s", ErrLog, out.ID, to.Ref)
				continue
			}
			if n < reasonBits {
				b <<= reasonBits - n
			}
			to.Reason = Reason(b >> (max(n, reasonBits) - reasonBits))
			continue
		}
		domain, item, _ := strings.Cut(v.Tag, "/")
		ref, bad := model.ParseItem(domain, item)
		if bad != nil {
			err = fmt.Errorf("%w %s: tag %q", ErrLog, out.ID, v.Tag)
			continue
		}
		out.Entries = append(out.Entries, Entry{Ref: ref, Value: v.Value.Clone()})
	}
	return out, err
}

// reasonOf gives the member whose reason a tag names, nil when it names none.
func reasonOf(tag string, entries []Entry) *Entry {
	if len(entries) == 0 {
		return nil
	}
	last := &entries[len(entries)-1]
	if strings.EqualFold(tag, reasonTag) || len(tag) > len(reasonSuffix) && strings.EqualFold(tag[len(tag)-len(reasonSuffix):], reasonSuffix) {
		return last
	}
	return nil
}
