package client

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var foreignLog = model.Ref{LDevice: "LD0", LN: "LLN0", Path: "EventLog"}

// Servers name reasons in several ways, shorten bit strings, and write texts instead of data.
func TestForeignLogEntries(t *testing.T) {
	c, far := dial(t, Options{})
	serve(t, far, func(s mms.Service) any {
		return &mms.ReadJournalResponse{Entries: []mms.JournalEntry{
			{ID: "\x00\x01", Time: 5, Variables: []mms.JournalVariable{
				{Tag: "LD0/GGIO1$ST$Ind1$stVal", Value: model.Bool(true)},
				{Tag: "LD0/GGIO1$ST$Ind1$stVal$reasonCode", Value: model.Bits(0b010000, 6)},
				{Tag: "LD0/GGIO1$MX$HA$phsAHar(2)$cVal", Value: model.Float32(2)},
				{Tag: "ReasonCode", Value: model.Bits(0b0000100, 7)},
			}},
			{ID: "\x00\x02", IsAnnotation: true, Annotation: "maintenance"},
			{ID: "\x00\x03", Variables: []mms.JournalVariable{{Tag: "no reference", Value: model.Int(1)}, {Tag: "LD0/A$ST$B", Value: model.Int(2)}, {Tag: "ReasonCode", Value: model.Int(3)}}},
			{ID: "\x00\x04", Variables: []mms.JournalVariable{{Tag: "ReasonCode", Value: model.Bits(0, 7)}}},
		}}
	})
	var got []LogEntry
	var errs []error
	for e, err := range c.QueryLogByTime(t.Context(), foreignLog, time.Time{}, time.Time{}) {
		got, errs = append(got, e), append(errs, err)
	}
	if len(got) != 4 || errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], ErrLog) || !errors.Is(errs[3], ErrLog) {
		t.Fatalf("%d entries, errors %v", len(got), errs)
	}
	if e := got[0].Entries; len(e) != 2 || e[0].Ref != mustRef(t, "LD0/GGIO1.Ind1.stVal[ST]") || e[0].Reason != ReasonDataChange ||
		e[1].Ref != mustRef(t, "LD0/GGIO1.HA.phsAHar(2).cVal[MX]") || e[1].Reason != ReasonIntegrity {
		t.Errorf("entry %+v", e)
	}
	if got[1].Annotation != "maintenance" || got[1].ID != "\x00\x02" {
		t.Errorf("annotation %+v", got[1])
	}
	if e := got[2].Entries; len(e) != 1 || e[0].Ref != mustRef(t, "LD0/A.B[ST]") {
		t.Errorf("what is understood of a bad entry: %+v", e)
	}
}

// A server that never comes to an end is noticed.
func TestLogThatGoesInCircles(t *testing.T) {
	for what, answer := range map[string]*mms.ReadJournalResponse{
		"the same entry again": {MoreFollows: true, Entries: []mms.JournalEntry{{ID: "1", Variables: []mms.JournalVariable{{Tag: "LD0/A$ST$B"}}}}},
		"nothing":              {MoreFollows: true},
	} {
		c, far := dial(t, Options{})
		serve(t, far, func(mms.Service) any { return answer })
		n, last := 0, error(nil)
		for _, err := range c.QueryLogAfter(t.Context(), foreignLog, time.Time{}, "0") {
			if n++; n > 10 {
				t.Fatalf("%s: no end", what)
			}
			last = err
		}
		if !errors.Is(last, mms.ErrProtocol) {
			t.Errorf("%s: %v", what, last)
		}
	}
}

func FuzzLogEntry(f *testing.F) {
	f.Add("id", "LD0/A$ST$B", "ReasonCode", byte(4), uint64(5), 7)
	f.Add("", "x$reasonCode", "$reasoncode", byte(2), uint64(1)<<63, 64)
	f.Fuzz(func(t *testing.T, id, a, b string, kind byte, num uint64, size int) {
		if size < 0 || size > 64 {
			return
		}
		e, err := logEntry(&mms.JournalEntry{ID: id, Variables: []mms.JournalVariable{
			{Tag: a, Value: model.Uint(num)}, {Tag: b, Value: model.Bits(num, size)}, {Tag: a + b, Value: model.Visible(fmt.Sprint(kind))},
		}})
		if err != nil && !errors.Is(err, ErrLog) {
			t.Errorf("error %v", err)
		}
		if len(e.Entries) > 3 || e.ID != EntryID(id) {
			t.Errorf("entry %+v", e)
		}
	})
}
