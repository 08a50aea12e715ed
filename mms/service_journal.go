package mms

import "github.com/gridward/gridward/model"

// A JournalStart is rangeStartSpecification of readJournal: the first entry that is wanted, by its time or its identifier.
type JournalStart struct {
	ByEntry bool // Entry counts
	Time    model.EntryTime
	Entry   string // octets of an entryIdentifier
}

// A JournalStop is rangeStopSpecification of readJournal: the time of the last entry, or how many.
type JournalStop struct {
	ByCount bool // Count counts
	Time    model.EntryTime
	Count   int32 // negative: backwards from the start
}

// A JournalPlace is the entry after which readJournal starts, or up to which initializeJournal deletes.
type JournalPlace struct {
	Time     model.EntryTime
	Entry    string // octets of an entryIdentifier
	HasEntry bool   // of initializeJournal, where Entry is OPTIONAL
}

// A JournalVariable is one item of an entry's listOfVariables.
type JournalVariable struct {
	Tag   string // variableTag
	Value model.Value
}

// A JournalEntry is an entry of a readJournal answer, ISO 9506-2 clause 16.
type JournalEntry struct {
	ID string // octets of entryIdentifier
	// Application is originatingApplication: the BER content of the ApplicationReference, for writing back. Empty but not
	// nil is one without titles, which is what this package's users write; nil: absent. XER has a form for these two alone.
	Application  []byte
	Time         model.EntryTime
	Detail       []byte            // additionalDetail: BER content, for writing back; nil when absent
	Event        []byte            // event of data: BER content, for writing back; nil when absent
	Variables    []JournalVariable // of data; nil when absent
	Annotation   string            // instead of data, when IsAnnotation
	IsAnnotation bool
}

// The journal services, ISO 9506-2 clause 16, and getCapabilityList, 10.6. Times are TimeOfDay with date (6 octets); a
// request or answer with others is kept as Raw.
type (
	ReadJournal struct {
		Journal   ObjectName
		Start     *JournalStart // nil: from the oldest
		Stop      *JournalStop  // nil: to the newest
		Variables []string      // tags that are wanted; nil: all
		After     *JournalPlace // entryToStartAfter; HasEntry does not count
	}
	ReadJournalResponse struct {
		Entries     []JournalEntry
		MoreFollows bool
	}
	InitializeJournal struct {
		Journal ObjectName
		Limit   *JournalPlace // nil: all entries
	}
	InitializeJournalResponse   struct{ Deleted uint32 }
	ReportJournalStatus         struct{ Journal ObjectName }
	ReportJournalStatusResponse struct {
		Current   uint32 // entries
		Deletable bool
	}
	GetCapabilityList         struct{ ContinueAfter string }
	GetCapabilityListResponse struct {
		Capabilities []string
		MoreFollows  bool
	}
)

func (*ReadJournal) service()                 {}
func (*ReadJournalResponse) service()         {}
func (*InitializeJournal) service()           {}
func (*InitializeJournalResponse) service()   {}
func (*ReportJournalStatus) service()         {}
func (*ReportJournalStatusResponse) service() {}
func (*GetCapabilityList) service()           {}
func (*GetCapabilityListResponse) service()   {}
