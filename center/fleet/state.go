package fleet

// State is how far a DER has got.
type State string

// The states of a DER.
const (
	Offline     State = "offline"     // not present
	Associating State = "associating" // present, association being made
	Reading     State = "reading"     // model being read and reports enabled
	Online      State = "online"      // reports run
	Failed      State = "failed"      // present, but association or reports failed; retried
	Held        State = "held"        // an operator wants no association
)

// States lists all states.
func States() []State { return []State{Online, Associating, Reading, Failed, Offline, Held} }

// An Event is something that happened in the fleet: *StateChanged, *Added, *ReportsMissing, *BadReport,
// *BlockRefused or *TooMany.
type Event interface{ event() }

// StateChanged tells that a DER went from one state to another.
type StateChanged struct {
	ID       string
	From, To State
	Reason   string // why, for Failed and Offline
}

// Added tells that presence brought a DER that fits a pattern.
type Added struct{ ID, Pattern string }

// ReportsMissing tells that reports are missing although the fleet continued where it had stopped.
type ReportsMissing struct {
	ID, Block string
	Overflow  bool // the DER's buffer overflowed; otherwise the sequence number jumped
}

// BadReport tells that a member of a report did not fit the model; it was left out.
type BadReport struct {
	ID, Block, Member string
	Err               error
}

// BlockRefused tells that a DER does not let a report control block be enabled, for another reason than that it is taken.
type BlockRefused struct {
	ID, Block string
	Err       error
}

// TooMany tells that a DER was left out because MaxDERs was reached.
type TooMany struct{ ID string }

func (*StateChanged) event()   {}
func (*Added) event()          {}
func (*ReportsMissing) event() {}
func (*BadReport) event()      {}
func (*BlockRefused) event()   {}
func (*TooMany) event()        {}
