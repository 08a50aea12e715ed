package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

// Decisions that the fleet takes on errors of a Dialer and a Session.
var (
	// ErrReserved: the report control block belongs to another client; the next instance is tried.
	ErrReserved = errors.New("fleet: report control block is taken")
	// ErrOffline: there is no association with the DER.
	ErrOffline = errors.New("fleet: DER is not online")
	// ErrUnknown: no DER of that name.
	ErrUnknown = errors.New("fleet: unknown DER")
	// ErrNoControl: the DER's model has no such set-point or limit.
	ErrNoControl = errors.New("fleet: DER has no such control")
)

// A Dialer associates with DERs. It must be safe for concurrent use.
type Dialer interface {
	// Associate opens an association with the DER at the full JID. Errors wrap those of package mms.
	Associate(ctx context.Context, peer jid.JID) (Session, error)
}

// A Session is one association with a DER. It must be safe for concurrent use.
type Session interface {
	// Discover reads the model of the DER.
	Discover(ctx context.Context) (*model.Server, error)
	// Read reads attributes (references with an FC), one result each.
	Read(ctx context.Context, refs ...model.Ref) ([]Result, error)
	// Subscribe enables a report control block (FC BR or RP). handler is called for each report in order, from one
	// goroutine. An error that wraps ErrReserved means that another client has the block.
	Subscribe(ctx context.Context, rcb model.Ref, opt SubscribeOptions, handler func(*Report)) (resynced bool, err error)
	// Operate gives a controllable data object a value and waits for the outcome: terminated is true after a positive
	// CommandTermination (enhanced security), false after the response alone (normal). A refusal is a *Refusal.
	Operate(ctx context.Context, object model.Ref, value float64, opt OperateOptions) (terminated bool, err error)
	// Done is closed at the end of the association; Err then tells why.
	Done() <-chan struct{}
	Err() error
	// Close ends the association, in order if it can.
	Close()
}

// A Result is the value of one attribute, or why there is none.
type Result struct {
	Value model.Value
	Err   error
}

// SubscribeOptions say how a report control block is set before it is enabled. Zero values leave it as configured.
type SubscribeOptions struct {
	EntryID     string        // octets: continue a buffered block after this entry
	IntegrityPd time.Duration // period of integrity reports
	BufTm       time.Duration // time in which changes are gathered
}

// A Report is what fleet needs to know of one report, IEC 61850-7-2 17.2.3.
type Report struct {
	EntryID string // octets, "" when the block is not buffered
	BufOvfl bool   // the DER lost entries before this one
	Gap     bool   // the sequence number jumped: reports before this one are missing
	Entries []ReportEntry
}

// A ReportEntry is one member of the data set: a functionally constrained object or attribute.
type ReportEntry struct {
	Ref   model.Ref // with its FC
	Value model.Value
}

// OperateOptions are the conditions of a command.
type OperateOptions struct {
	Test    bool   // the DER checks the command but does not act, IEC 61850-7-2 20
	OrIdent string // who gave it, at most 64 octets
}

// A Refusal is the DER's no to a command.
type Refusal struct {
	Step     string         // "operate", "select" or "termination"
	AddCause model.AddCause // why, as LastApplError says; AddCauseUnknown when it said nothing
	Err      error
}

func (r *Refusal) Error() string {
	s := "fleet: command refused at " + r.Step + ": " + r.AddCause.String()
	if r.Err != nil {
		s += " (" + r.Err.Error() + ")"
	}
	return s
}

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }
