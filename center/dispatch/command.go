package dispatch

import (
	"errors"
	"time"

	"github.com/gridward/gridward/center/fleet"
)

// State is how far a command has got.
type State string

// The states of a command. Queued and Executing are followed by one of the others.
const (
	Queued     State = "queued"     // behind another command to the same DER
	Executing  State = "executing"  // sent; waiting for response or CommandTermination
	Accepted   State = "accepted"   // the DER took it; with normal security it does not say more
	Terminated State = "terminated" // carried out: positive CommandTermination
	Refused    State = "refused"    // the DER said no; AddCause tells why
	Failed     State = "failed"     // not sent
	Timeout    State = "timeout"    // no answer in time: whether it was carried out is not known
	Lost       State = "lost"       // the association ended meanwhile: whether it was carried out is not known
)

// Final reports whether s is an end.
func (s State) Final() bool { return s != Queued && s != Executing }

// Done reports whether s is a good end.
func (s State) Done() bool { return s == Accepted || s == Terminated }

// States lists all states.
func States() []State {
	return []State{Queued, Executing, Accepted, Terminated, Refused, Failed, Timeout, Lost}
}

// A Request asks for a command.
type Request struct {
	DER      string     // ID of the DER, a bare JID
	Quantity fleet.Role // fleet.Setpoint or fleet.Limit
	Watts    float64    // W, producer frame; a limit counts for either direction
	Test     bool       // the DER checks the command but does not act
	Operator string     // who asks: sent as orIdent, at most 64 octets
}

// A Command is the record of one command.
type Command struct {
	ID        uint64       `json:"id"`
	DER       string       `json:"der"`
	Quantity  fleet.Role   `json:"quantity"`
	Value     fleet.Number `json:"value"` // W
	Test      bool         `json:"test"`
	Operator  string       `json:"operator"`
	State     State        `json:"state"`
	AddCause  string       `json:"addCause"` // of Refused
	Step      string       `json:"step"`     // of Refused: operate, select or termination
	Reason    string       `json:"reason"`   // of every bad end
	Submitted time.Time    `json:"submitted"`
	Started   *time.Time   `json:"started"`
	Finished  *time.Time   `json:"finished"`
}

// Decisions of a caller. Errors of Submit also wrap those of fleet.Fleet.Control.
var (
	// ErrBounds: the value is beyond what the DER can do.
	ErrBounds = errors.New("dispatch: value out of bounds")
	// ErrBusy: too many commands wait for this DER.
	ErrBusy = errors.New("dispatch: too many commands are waiting for this DER")
	// ErrClosed: the centre is shutting down.
	ErrClosed = errors.New("dispatch: closed")
	// ErrNoCommand: no such command, or it was long ago.
	ErrNoCommand = errors.New("dispatch: unknown command")
)

// A BoundsError says how far a value may go. It wraps ErrBounds.
type BoundsError struct {
	Quantity fleet.Role
	Watts    float64
	Bounds   fleet.Bounds
}

func (e *BoundsError) Error() string {
	return "dispatch: " + string(e.Quantity) + " of " + watts(fleet.Number(e.Watts)) + " W is outside " + watts(e.Bounds.Min) +
		" to " + watts(e.Bounds.Max) + " W"
}

// Is reports whether target is ErrBounds.
func (e *BoundsError) Is(target error) bool { return target == ErrBounds }

func watts(n fleet.Number) string {
	b, err := n.MarshalJSON()
	if err != nil || !n.Known() {
		return "?"
	}
	return string(b)
}
