package client

// An Event is something that a client's owner may want to count or log: one of the types of this file.
type Event interface{ event() }

type (
	// Late is an answer to nothing that is open.
	Late struct{ InvokeID uint32 }
	// Gap is a jump in the sequence numbers of a subscription: reports are missing.
	Gap struct {
		Sub       *Subscription
		Want, Got uint16
	}
	// Overflow is a report that says that the server's buffer had overflown before it.
	Overflow struct{ Sub *Subscription }
	// Unknown is a report that belongs to no subscription.
	Unknown struct{ RptID string }
	// Bad is a report that could not be understood.
	Bad struct {
		Sub *Subscription // nil when not even that is known
		Err error
	}
	// SegmentLost is a segmented report of which a part is missing: none of it was delivered.
	SegmentLost struct{ Sub *Subscription }
	// Overrun is a subscription that ended with ErrOverrun.
	Overrun struct{ Sub *Subscription }
)

func (Late) event()        {}
func (Gap) event()         {}
func (Overflow) event()    {}
func (Unknown) event()     {}
func (Bad) event()         {}
func (SegmentLost) event() {}
func (Overrun) event()     {}

// Counters count since New.
type Counters struct {
	LateAnswers    uint64
	Reports        uint64 // delivered or queued for delivery
	ReportGaps     uint64
	UnknownReports uint64
	BadReports     uint64
	LostSegments   uint64
	Overruns       uint64
}
