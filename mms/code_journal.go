package mms

import (
	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
)

// ReadJournal-Request, ISO 9506-2 16.2.
var (
	reqReadJournal = elem(65, "readJournal")
	journalName    = elem(0, "journalName")
	journalStart   = elem(1, "rangeStartSpecification")
	startingTime   = timeOfDay(0, "startingTime")
	startingEntry  = elem(1, "startingEntry")
	startChoice    = asn1.NewChoice(startingTime, startingEntry)
	journalStop    = elem(2, "rangeStopSpecification")
	endingTime     = timeOfDay(0, "endingTime")
	numberEntries  = integer32(1, "numberOfEntries")
	stopChoice     = asn1.NewChoice(endingTime, numberEntries)
	journalTags    = list(4, "listOfVariables")
	visibleString  = element(asn1.TagVisible, "VisibleString")
	journalAfter   = elem(5, "entryToStartAfter")
	afterTime      = timeOfDay(0, "timeSpecification")
	afterEntry     = elem(1, "entrySpecification")
)

func timeOfDay(n uint32, name string) *asn1.Elem {
	return schema.Add(asn1.Elem{Tag: asn1.Context(n), Name: name, Show: asn1.ShowEntryTime})
}

// codeTimeOfDay walks a TimeOfDay with date.
func codeTimeOfDay(c asn1.Coder, e *asn1.Elem, t model.EntryTime) model.EntryTime {
	num, size := c.Fixed(e, uint64(t), 6)
	if size != 6 {
		c.Fail(asn1.ErrUnsupported)
	}
	return model.EntryTime(num)
}

func codeVisible(c asn1.Coder, s string) string { return c.String(visibleString, s) }

func (s ReadJournal) code(c asn1.Coder) ReadJournal {
	c.Begin(reqReadJournal)
	c.Begin(journalName)
	s.Journal = codeName(c, s.Journal)
	c.End()
	if c.Has(journalStart, s.Start != nil) {
		s.Start = codePointer(c, s.Start, codeJournalStart)
	}
	if c.Has(journalStop, s.Stop != nil) {
		s.Stop = codePointer(c, s.Stop, codeJournalStop)
	}
	if c.Has(journalTags, s.Variables != nil) {
		c.Begin(journalTags)
		s.Variables = codeList(c, given(s.Variables), codeVisible)
		c.End()
	}
	if c.Has(journalAfter, s.After != nil) {
		s.After = codePointer(c, s.After, codeJournalAfter)
	}
	c.End()
	return s
}

// codePointer walks what an OPTIONAL component that is there points to.
func codePointer[T any](c asn1.Coder, p *T, code func(asn1.Coder, T) T) *T {
	if !c.Reading() {
		code(c, *p)
		return p
	}
	var zero T
	v := code(c, zero)
	return &v
}

func codeJournalStart(c asn1.Coder, s JournalStart) JournalStart {
	i := 0
	if s.ByEntry {
		i = 1
	}
	c.Begin(journalStart)
	switch c.Choice(startChoice, i) {
	case 0:
		s.Time = codeTimeOfDay(c, startingTime, s.Time)
	case 1:
		s.ByEntry = true
		s.Entry = c.Octets(startingEntry, s.Entry)
	}
	c.End()
	return s
}

func codeJournalStop(c asn1.Coder, s JournalStop) JournalStop {
	i := 0
	if s.ByCount {
		i = 1
	}
	c.Begin(journalStop)
	switch c.Choice(stopChoice, i) {
	case 0:
		s.Time = codeTimeOfDay(c, endingTime, s.Time)
	case 1:
		s.ByCount = true
		s.Count = int32(c.Int(numberEntries, int64(s.Count)))
	}
	c.End()
	return s
}

func codeJournalAfter(c asn1.Coder, p JournalPlace) JournalPlace {
	c.Begin(journalAfter)
	p.Time = codeTimeOfDay(c, afterTime, p.Time)
	p.Entry = c.Octets(afterEntry, p.Entry)
	c.End()
	return p
}

// InitializeJournal, ISO 9506-2 16.4, and ReportJournalStatus, 16.5.
var (
	reqInitJournal  = elem(67, "initializeJournal")
	initJournalName = elem(0, "journalName")
	initLimit       = elem(1, "limitSpecification")
	limitingTime    = timeOfDay(0, "limitingTime")
	limitingEntry   = elem(1, "limitingEntry")
	respInitJournal = unsigned32(67, "initializeJournal")

	reqJournalStatus  = elem(68, "reportJournalStatus")
	respJournalStatus = elem(68, "reportJournalStatus")
	currentEntries    = unsigned32(0, "currentEntries")
	journalDeletable  = elem(1, "mmsDeletable")
	journalACL        = binary(2, "accessControlList")
)

func (s InitializeJournal) code(c asn1.Coder) InitializeJournal {
	c.Begin(reqInitJournal)
	c.Begin(initJournalName)
	s.Journal = codeName(c, s.Journal)
	c.End()
	if c.Has(initLimit, s.Limit != nil) {
		s.Limit = codePointer(c, s.Limit, codeJournalLimit)
	}
	c.End()
	return s
}

func codeJournalLimit(c asn1.Coder, p JournalPlace) JournalPlace {
	c.Begin(initLimit)
	p.Time = codeTimeOfDay(c, limitingTime, p.Time)
	if c.Has(limitingEntry, p.HasEntry) {
		p.HasEntry = true
		p.Entry = c.Octets(limitingEntry, p.Entry)
	}
	c.End()
	return p
}

func (s InitializeJournalResponse) code(c asn1.Coder) InitializeJournalResponse {
	s.Deleted = uint32(c.Int(respInitJournal, int64(s.Deleted)))
	return s
}

func (s ReportJournalStatus) code(c asn1.Coder) ReportJournalStatus {
	c.Begin(reqJournalStatus)
	s.Journal = codeName(c, s.Journal)
	c.End()
	return s
}

func (s ReportJournalStatusResponse) code(c asn1.Coder) ReportJournalStatusResponse {
	c.Begin(respJournalStatus)
	s.Current = uint32(c.Int(currentEntries, int64(s.Current)))
	s.Deletable = c.Bool(journalDeletable, s.Deletable)
	refuseOptional(c, journalACL)
	c.End()
	return s
}
