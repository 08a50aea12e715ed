package server

import "github.com/gridward/gridward/model"

// Origin is who issued a command, IEC 61850-7-3 (Originator). It is what the client says; Command.Principal is what it
// proved.
type Origin struct {
	Cat   int8   // orCat: 1 bay-control, 2 station-control, 3 remote-control, 4 to 6 automatic, 7 maintenance, 8 process
	Ident string // orIdent, at most 64 octets
}

// Check bits of a command, IEC 61850-7-2 20.5.2.6.
const (
	CheckInterlock    = 1 << 0 // second bit on the wire
	CheckSynchrocheck = 1 << 1 // first bit on the wire
)

// A Command is one control service on a data object.
type Command struct {
	Ref         model.Ref   // the data object, FC CO: LD/DWMX1.WMaxSpt
	Value       model.Value // ctlVal
	Origin      Origin
	CtlNum      uint8
	T           model.Timestamp
	OperTm      model.Timestamp // of a time-activated command, 0: at once
	Test        bool
	Check       uint8 // CheckInterlock, CheckSynchrocheck
	Model       model.ControlModel
	Select      bool // Check is asked for a select: no Operate follows at once
	Principal   *model.Principal
	Association uint64 // as in AuditRecord
}

// A ControlHandler obeys the commands for one data object. Both methods are called without locks held, from the
// goroutine that serves the association, and may call the Server. They must not wait for anything long: Operate starts
// the execution and calls done when it has ended, now or later, from any goroutine.
type ControlHandler interface {
	// Check is the application's own check before a select or an execution. AddCauseNone accepts.
	Check(c *Command) model.AddCause
	// Operate executes. done is called exactly once, with AddCauseNone for success: with enhanced security that sends
	// the CommandTermination, with normal security a failure before Operate returns makes the answer negative. Later
	// calls of done, and calls after the operate timeout, do nothing.
	Operate(c *Command, done func(model.AddCause))
}

// A Canceler is a ControlHandler that is told when an execution that it started is given up: the operate timeout, loss
// of the association, or a Cancel. done then has no effect any more.
type Canceler interface {
	Canceled(c *Command, why model.AddCause)
}

// A Selector is a ControlHandler that is told about selects and their end.
type Selector interface {
	Selected(c *Command, selected bool)
}

// A ControlFunc is a ControlHandler for commands that are executed on the spot: its result is that of the execution.
type ControlFunc func(c *Command) model.AddCause

// Check accepts everything.
func (f ControlFunc) Check(*Command) model.AddCause { return model.AddCauseNone }

// Operate calls f and is done.
func (f ControlFunc) Operate(c *Command, done func(model.AddCause)) { done(f(c)) }
