package server

import "github.com/gridward/gridward/model"

// An Event is something that the operator of the server should know: one of the types of this file.
type Event interface{ event() }

type (
	// Associated: an association is served from now on.
	Associated struct{ Principal *model.Principal }
	// Ended: an association has ended; Cause is what its Err gave.
	Ended struct {
		Principal *model.Principal
		Cause     error
	}
	// Denied: a service was refused for want of a right.
	Denied struct {
		Principal *model.Principal
		Right     Right
		Ref       model.Ref
		Service   string
		Err       error
	}
	// Rejected: a PDU was not understood.
	Rejected struct {
		Principal *model.Principal
		Reason    string
	}
	// ReportEnabled: a report control block was enabled or disabled.
	ReportEnabled struct {
		Principal *model.Principal
		Ref       model.Ref
		Enabled   bool
	}
	// ReportLost: the queue of a slow association was full, and a report of an unbuffered control block was dropped.
	ReportLost struct {
		Ref       model.Ref
		Principal *model.Principal
	}
	// BufferOverflow: the buffer of a buffered control block was full, and an entry that nobody had got was dropped. It
	// comes once for each time that the buffer fills.
	BufferOverflow struct{ Ref model.Ref }
	// MemberTooLong: a single member of a report does not fit the peer's PDU size and was left out.
	MemberTooLong struct {
		Ref    model.Ref // the control block
		Member model.Ref
		Size   int // of the PDU it would have needed
	}
	// GroupActivated: a setting group became the active one. Principal is nil when the application did it.
	GroupActivated struct {
		Principal *model.Principal
		Ref       model.Ref // LD/LLN0.SGCB[SP]
		Group     uint8
	}
	// GroupEdited: edited values of a setting group were confirmed.
	GroupEdited struct {
		Principal *model.Principal
		Ref       model.Ref
		Group     uint8
	}
	// EditReleased: an edit ended without its client's doing; Why is ErrReservation, or why the association ended.
	EditReleased struct {
		Principal *model.Principal
		Ref       model.Ref
		Group     uint8
		Why       error
	}
	// SettingsStale: a stored value of a setting group fits the model no more and was left out. Without a Member it is the
	// group that was active: the model has fewer groups.
	SettingsStale struct {
		Ref    model.Ref
		Group  uint8
		Member model.Ref
	}
	// BlockChanged: a control block of GOOSE or sampled values was changed. Principal is nil when the application, or
	// the end of an association, did it.
	BlockChanged struct {
		Principal *model.Principal
		State     BlockState
	}
	// Substituted: a client put values of its own in the place of the process's, or took them away.
	Substituted struct {
		Principal *model.Principal
		Ref       model.Ref // the data object
		On        bool
		ID        string // subID
	}
	// Blocked: a client froze the values of a data object, or let them go.
	Blocked struct {
		Principal *model.Principal
		Ref       model.Ref
		On        bool
	}
	// LogEnabled: a log control block was enabled or disabled.
	LogEnabled struct {
		Principal *model.Principal
		Ref       model.Ref
		Enabled   bool
	}
	// LogLost: the Store took an entry of a log no more. It comes once until it takes one again; Stats counts each.
	LogLost struct{ Ref model.Ref }
	// EntryTooLong: an entry of a log does not fit the peer's PDU size, and some of its members were left out.
	EntryTooLong struct {
		Ref     model.Ref // the log
		EntryID uint64
		Left    int // variables that were left out
	}
	// StoreFailed: the Store, or something in it, failed.
	StoreFailed struct {
		Op  string
		Err error
	}
	// Stale: something that was kept over a restart does not fit the model any more, or was damaged, and was left out.
	Stale struct {
		What string
		Err  error
	}
	// Commanded: a command was refused, or has ended.
	Commanded struct {
		Command  Command
		AddCause model.AddCause // AddCauseNone: done
	}
)

func (Associated) event()     {}
func (Ended) event()          {}
func (Denied) event()         {}
func (Rejected) event()       {}
func (ReportEnabled) event()  {}
func (ReportLost) event()     {}
func (BufferOverflow) event() {}
func (MemberTooLong) event()  {}
func (Commanded) event()      {}
func (LogEnabled) event()     {}
func (LogLost) event()        {}
func (EntryTooLong) event()   {}
func (StoreFailed) event()    {}
func (Stale) event()          {}
func (GroupActivated) event() {}
func (GroupEdited) event()    {}
func (EditReleased) event()   {}
func (SettingsStale) event()  {}
func (BlockChanged) event()   {}
func (Substituted) event()    {}
func (Blocked) event()        {}

func (s *Server) emit(e Event) {
	if s.cfg.Events != nil {
		s.cfg.Events(e)
	}
}
