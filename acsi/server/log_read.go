package server

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// maxPageEntries bounds what is looked at in one go, and so one answer to readJournal, whatever fits.
const maxPageEntries = 1000

// maxPageOctets bounds what is held of the Store in one go.
const maxPageOctets = 4 << 20

// serviceOther is the code "other" of every class of ServiceError.
const serviceOther = 0

// reasonTag is the variableTag of the reason of the variable before it.
const reasonTag = "ReasonCode"

// journalService serves the services of logs: QueryLogByTime and QueryLogAfter (readJournal), GetLogStatusValues
// (reportJournalStatus) and the removal of entries (initializeJournal).
func (ss *session) journalService(id uint32, service mms.Service) (mms.PDU, bool) {
	switch r := service.(type) {
	case *mms.ReadJournal:
		return ss.readJournal(id, r), true
	case *mms.ReportJournalStatus:
		j, bad := ss.openJournal(r.Journal, RightRead, "reportJournalStatus")
		if bad != nil {
			return &mms.ConfirmedError{InvokeID: id, Error: *bad}, true
		}
		n, _, _, _, _ := ss.s.logs.Bounds(j.stream)
		return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.ReportJournalStatusResponse{Current: uint32(n)}}, true
	case *mms.InitializeJournal:
		return ss.initializeJournal(id, r), true
	}
	return nil, false
}

// openJournal finds a log that the peer may use with right r.
func (ss *session) openJournal(name mms.ObjectName, r Right, service string) (*journal, *mms.ServiceError) {
	s, p := ss.s, ss.principal()
	d := s.devices[name.Domain]
	if name.Scope != mms.DomainSpecific || d == nil ||
		s.cfg.Authorizer != nil && s.allow(p, RightView, model.Ref{LDevice: name.Domain}) != nil {
		if s.known(p) != nil {
			return nil, serviceError(mms.ErrAccess, mms.AccessDenied)
		}
		return nil, serviceError(mms.ErrAccess, mms.AccessNonExistent)
	}
	if ss.authorize(p, r, listRef(name), service) != nil {
		return nil, serviceError(mms.ErrAccess, mms.AccessDenied)
	}
	if j := d.journals[name.Item]; j != nil {
		return j, nil
	}
	return nil, serviceError(mms.ErrAccess, mms.AccessNonExistent)
}

// A query is what a readJournal asks for.
type query struct {
	after    uint64
	from, to time.Time
	count    int // entries at most, where the stop is a number
}

// lastOf gives the end of the millisecond that t names: entries are kept with more than their EntryTime shows.
func lastOf(t model.EntryTime) time.Time { return t.Time().Add(time.Millisecond - 1) }

// queryOf reads the range of a request, ISO 9506-2 16.2: a start, a stop and the entry after which a further page begins.
func queryOf(r *mms.ReadJournal) (q query, ok bool) {
	if st := r.Start; st != nil && st.ByEntry {
		if q.after, ok = entryIDOf(model.Octets(st.Entry)); !ok {
			return q, false
		}
		q.after = max(q.after, 1) - 1
	} else if st != nil {
		q.from = st.Time.Time()
	}
	if st := r.Stop; st != nil && st.ByCount {
		if st.Count < 0 { // backwards
			return q, false
		}
		q.count = int(st.Count)
	} else if st != nil {
		q.to = lastOf(st.Time)
	}
	if a := r.After; a != nil && a.Entry != "" {
		id, ok := entryIDOf(model.Octets(a.Entry))
		if !ok {
			return q, false
		}
		q.after = max(q.after, id)
	} else if a != nil {
		if from := lastOf(a.Time).Add(1); from.After(q.from) {
			q.from = from
		}
	}
	return q, true
}

// readJournal answers with as many entries as fit.
func (ss *session) readJournal(id uint32, r *mms.ReadJournal) mms.PDU {
	s := ss.s
	j, bad := ss.openJournal(r.Journal, RightRead, "readJournal")
	if bad != nil {
		return &mms.ConfirmedError{InvokeID: id, Error: *bad}
	}
	q, ok := queryOf(r)
	if !ok {
		return reject(id, mms.RejectInvalidArgument)
	}
	page := ss.journalPage(id, j, r.Variables)
	if err := page.fill(q, r.Stop != nil && r.Stop.ByCount); err != nil {
		s.emit(StoreFailed{Op: "readJournal", Err: err})
		return failed(id, mms.ErrService, serviceOther)
	}
	return page.pdu
}

// A storedRecord is a record as it comes from the Store.
type storedRecord struct {
	id   uint64
	at   time.Time
	data []byte
}

// scan takes up to limit records out of the Store before anything is done with them: nothing is asked or told meanwhile.
// More says that there may be others behind: limit was reached, or so many octets.
func (j *journal) scan(q query, limit, octets int) (list []storedRecord, more bool, err error) {
	err = j.s.logs.Scan(j.stream, q.after, q.from, q.to, limit, func(id uint64, at time.Time, data []byte) bool {
		list = append(list, storedRecord{id, at, slices.Clone(data)})
		octets -= len(data)
		more = octets <= 0 || len(list) == limit
		return !more
	})
	return list, more, err
}

// fill puts entries into the page until it is full or there are no more. counted tells that the peer wants no more than
// q.count entries, and need not hear whether there are any.
func (p *journalPage) fill(q query, counted bool) error {
	batch, octets := min(max(p.room/64, 16), maxPageEntries), min(2*p.room, maxPageOctets)
	for {
		list, more, err := p.journal.scan(q, batch, octets)
		if err != nil {
			return err
		}
		for i := range list {
			if counted && len(p.response.Entries) >= q.count {
				return nil
			}
			if !p.add(&list[i]) {
				return nil
			}
		}
		if !more {
			return nil
		}
		if len(p.response.Entries) >= maxPageEntries/2 {
			p.response.MoreFollows = true
			return nil
		}
		q.after = list[len(list)-1].id // all of these may have been for others' eyes
	}
}

// A journalPage is an answer to readJournal that is being filled.
type journalPage struct {
	ss       *session
	journal  *journal
	p        *model.Principal
	tags     map[string]bool // that are wanted, nil: all
	pdu      *mms.ConfirmedResponse
	response *mms.ReadJournalResponse
	size     func(e *mms.JournalEntry) int // 0 when it cannot be encoded
	room     int
	domain   string // of the member before, with an Authorizer
	visible  bool   // whether the peer may see it
}

func (ss *session) journalPage(id uint32, j *journal, tags []string) *journalPage {
	p := &journalPage{ss: ss, journal: j, p: ss.principal(), response: &mms.ReadJournalResponse{}, room: 1 << 30}
	p.pdu = &mms.ConfirmedResponse{InvokeID: id, Service: p.response}
	if tags != nil {
		p.tags = make(map[string]bool, len(tags))
		for _, tag := range tags {
			p.tags[tag] = true
		}
	}
	p.size = func(*mms.JournalEntry) int { return 1 }
	if ss.params.Size != nil && ss.params.MaxPDU > 0 {
		empty := ss.params.Size(p.pdu)
		p.room = ss.params.MaxPDU - empty - 32
		p.size = func(e *mms.JournalEntry) int {
			one := &mms.ConfirmedResponse{InvokeID: id, Service: &mms.ReadJournalResponse{Entries: []mms.JournalEntry{*e}}}
			if n := ss.params.Size(one); n > 0 {
				return n - empty + 4
			}
			return 0
		}
	}
	return p
}

// add puts an entry behind the others, unless there is no room: then more follow. What the peer may not read is left out.
func (p *journalPage) add(r *storedRecord) bool {
	s := p.ss.s
	members, err := parseLogged(r.data)
	if err != nil {
		s.emit(StoreFailed{Op: "readJournal", Err: err})
		return true // the others are sound
	}
	ident, _ := entryIDValue(r.id).AsText()
	e := mms.JournalEntry{ID: ident, Application: []byte{}, Time: model.NewEntryTime(r.at)}
	for i := range members {
		if p.wanted(&members[i]) {
			e.Variables = append(e.Variables, mms.JournalVariable{Tag: members[i].text, Value: members[i].value})
			if members[i].reason != 0 {
				e.Variables = append(e.Variables, mms.JournalVariable{Tag: reasonTag, Value: model.Bits(uint64(members[i].reason), 7)})
			}
		}
	}
	if len(e.Variables) == 0 {
		return true
	}
	size := p.size(&e)
	if size == 0 {
		s.emit(StoreFailed{Op: "readJournal", Err: fmt.Errorf("%w: entry %d has no form", errRecord, r.id)})
		return true // it would cost the association
	}
	if size > p.room && len(p.response.Entries) == 0 {
		size = p.cut(&e, r.id)
	}
	if size > p.room {
		p.response.MoreFollows = true
		return false
	}
	p.room -= size
	p.response.Entries = append(p.response.Entries, e)
	return true
}

// cut takes members from an entry that alone is longer than the peer takes, until it fits.
func (p *journalPage) cut(e *mms.JournalEntry, id uint64) (size int) {
	all := e.Variables
	n := len(all)
	for size = p.size(e); size > p.room && n > 0; size = p.size(e) {
		n /= 2
		for n > 0 && n < len(all) && all[n].Tag == reasonTag { // it belongs to the one before
			n--
		}
		e.Variables = all[:n]
	}
	p.ss.s.emit(EntryTooLong{Ref: p.journal.ref, EntryID: id, Left: len(all) - n})
	return size
}

func (p *journalPage) wanted(m *loggedMember) bool {
	if p.tags != nil && !p.tags[m.text] {
		return false
	}
	if p.ss.s.cfg.Authorizer == nil {
		return true
	}
	domain, item, _ := strings.Cut(m.text, "/")
	if domain != p.domain {
		p.domain, p.visible = domain, p.ss.s.allow(p.p, RightView, model.Ref{LDevice: domain}) == nil
	}
	ref, err := model.ParseItem(domain, item)
	return p.visible && err == nil && p.ss.s.allow(p.p, RightRead, ref) == nil
}

// initializeJournal removes entries: all, or those up to a time or an entry.
func (ss *session) initializeJournal(id uint32, r *mms.InitializeJournal) mms.PDU {
	s := ss.s
	j, bad := ss.openJournal(r.Journal, RightConfig, "initializeJournal")
	if bad != nil {
		return &mms.ConfirmedError{InvokeID: id, Error: *bad}
	}
	_, _, last, _, _ := s.logs.Bounds(j.stream)
	deleted, err := uint32(0), error(nil)
	if lim := r.Limit; lim != nil && lim.HasEntry {
		entry, ok := entryIDOf(model.Octets(lim.Entry))
		if !ok {
			return reject(id, mms.RejectInvalidArgument)
		}
		last = min(last, entry)
	} else if lim != nil {
		err = s.logs.Scan(j.stream, 0, lastOf(lim.Time).Add(1), time.Time{}, 1, func(entry uint64, _ time.Time, _ []byte) bool {
			last = entry - 1
			return false
		})
	}
	if err == nil {
		err = s.logs.Scan(j.stream, 0, time.Time{}, time.Time{}, 1<<30, func(entry uint64, _ time.Time, _ []byte) bool {
			if entry <= last {
				deleted++
			}
			return entry < last
		})
	}
	if err == nil {
		s.logs.Cut(j.stream, last)
		err = s.logs.Flush()
		s.mu.Lock()
		j.show()
		s.unlock()
	}
	ss.audit(AuditRecord{Principal: ss.principal(), Service: "initializeJournal", Right: RightConfig, Ref: j.ref, Err: err, AddCause: model.AddCauseNone})
	if err != nil {
		s.emit(StoreFailed{Op: "initializeJournal", Err: err})
		return failed(id, mms.ErrService, serviceOther)
	}
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.InitializeJournalResponse{Deleted: deleted}}
}
