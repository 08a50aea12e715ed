package server

import (
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// A journal is one log, IEC 61850-7-2 17.3, which MMS shows as a journal LN$name of the domain. Several log control blocks
// may feed it. Server.mu guards it but for its records, which guard themselves.
type journal struct {
	s      *Server
	ref    model.Ref // LD/LN.name
	item   string    // LN$name
	stream string
	blocks []*logControl // whose LogRef it is
	oldest uint64        // that the blocks show
	losing bool          // LogLost was told
}

// records are the streams of a Store that logs take: a Store, or a ring in memory.
type records interface {
	Append(stream string, id uint64, at time.Time, data appender, size int) bool
	Scan(stream string, after uint64, from, to time.Time, limit int, f func(id uint64, at time.Time, data []byte) bool) error
	Bounds(stream string) (n int, oldest, newest uint64, oldestAt, newestAt time.Time)
	Limit(stream string, records int, age time.Duration)
	Cut(stream string, id uint64)
	Flush() error
}

// buildJournals makes the logs: those that the model names, and those that log control blocks name.
func (s *Server) buildJournals() {
	for _, d := range s.order {
		for _, ln := range d.ld.Nodes {
			for _, name := range ln.LogNames {
				d.journal(s, ln.Name(), name)
			}
		}
	}
	for _, l := range s.reports.logs {
		l.journal = s.devices[l.home.LDevice].journal(s, l.home.LN, l.home.Path)
	}
}

// journal gives the log of a logical node, a new one if there is none.
func (d *device) journal(s *Server, ln, name string) *journal {
	item := ln + "$" + name
	j := d.journals[item]
	if j == nil {
		j = &journal{s: s, ref: model.Ref{LDevice: d.ld.Name, LN: ln, Path: name}, item: item, stream: "log/" + d.ld.Name + "/" + item}
		if d.journals == nil {
			d.journals = map[string]*journal{}
		}
		d.journals[item] = j
		d.journalNames = append(d.journalNames, item)
	}
	return j
}

// logHome says where the log of a log control block is.
func (b *builder) logHome(m *model.LogControl) model.Ref {
	home := model.Ref{LDevice: b.dev.ld.Name, LN: m.LogLN, Path: m.Log}
	if home.LN == "" {
		home.LN = "LLN0"
	}
	for _, ld := range b.s.cfg.Model.Devices {
		if m.LogLD != "" && ld.Inst == m.LogLD {
			home.LDevice = ld.Name
		}
	}
	return home
}

// journalByRef finds a log by the reference that a client writes to LogRef: LD/LN$name or LD/LN.name.
func (s *Server) journalByRef(ref string) *journal {
	domain, item, _ := strings.Cut(ref, "/")
	if d := s.devices[domain]; d != nil {
		return d.journals[strings.Replace(item, ".", "$", 1)]
	}
	return nil
}

// text is the value of LogRef.
func (j *journal) text() string { return j.ref.LDevice + "/" + j.item }

// append puts an entry into the log. The caller holds Server.mu; nothing here waits.
func (j *journal) append(members []entryMember, set *dataSet, at time.Time) {
	e := &logEntry{members: members, set: set}
	if !j.s.logs.Append(j.stream, j.s.newID(), at, e, e.size()) {
		j.s.count.logsLost.Add(1)
		if !j.losing {
			j.losing = true
			j.s.tell(LogLost{Ref: j.ref})
		}
		return
	}
	j.losing = false
	j.s.count.logEntries.Add(1)
	_, oldest, newest, oldestAt, newestAt := j.s.logs.Bounds(j.stream)
	if oldest != j.oldest {
		j.shows(oldest, newest, oldestAt, newestAt)
		return
	}
	last, lastAt := entryIDValue(newest), model.Entry(model.NewEntryTime(newestAt))
	for _, l := range j.blocks {
		l.dev.mu.Lock()
		l.s.values[l.slots[logNewEntr]], l.s.values[l.slots[logNewEntrTm]] = last, lastAt
		l.dev.mu.Unlock()
	}
}

// show brings the attributes of the log control blocks up to date that tell of oldest and newest entry. The caller holds
// Server.mu.
func (j *journal) show() {
	_, oldest, newest, oldestAt, newestAt := j.s.logs.Bounds(j.stream)
	j.shows(oldest, newest, oldestAt, newestAt)
}

func (j *journal) shows(oldest, newest uint64, oldestAt, newestAt time.Time) {
	j.oldest = oldest
	first, last := entryIDValue(oldest), entryIDValue(newest)
	firstAt, lastAt := model.Entry(model.NewEntryTime(oldestAt)), model.Entry(model.NewEntryTime(newestAt))
	for _, l := range j.blocks {
		l.put(logOldEntr, first)
		l.put(logNewEntr, last)
		l.put(logOldEntrTm, firstAt)
		l.put(logNewEntrTm, lastAt)
	}
}

// newID gives an entry identification above every earlier one of this server, also above those before a restart: the time
// in nanoseconds, or one more than the last. The caller holds mu.
func (s *Server) newID() uint64 {
	s.lastID = max(uint64(max(s.now().UnixNano(), 0)), s.lastID+1)
	s.reserveIDs()
	return s.lastID
}
