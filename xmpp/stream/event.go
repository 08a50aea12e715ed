package stream

import (
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// EventKind says what happened.
type EventKind uint8

// The events. "(server)" and "(client)" say which role sees them; a server's machine reads no further until the
// decision that an event asks for has been made.
const (
	None          EventKind = iota // nothing more: read, then Feed
	StartTLS                       // write Output, run the TLS handshake, then TLSDone
	AuthRequest                    // (server) the peer has proved Event.JID by Event.Mechanism: Accept or Refuse
	AuthFailed                     // (server) the peer failed to authenticate; Event.Err says why. Informs only
	BindRequest                    // (server) the peer wants Event.Resource ("" = any): Bind or RefuseBind
	ResumeRequest                  // (server) the peer wants to resume Event.ID, having handled Event.H: Resume or FailSM
	EnableRequest                  // (server) the peer wants stream management: EnableSM or FailSM
	Ready                          // (client) bound as Event.JID, or resumed (Event.Resumed, server has handled Event.H)
	ResumeFailed                   // (client) the old session is gone (server had handled Event.H when Event.HasH); bind follows
	Enabled                        // (client) stream management is on: Event.ID, Event.Resume, Event.Max, Event.Location
	EnableFailed                   // (client) the server does not want stream management
	StanzaIn                       // Event.Stanza; borrowed until the next call of the machine
	BadStanza                      // Event.Stanza can be answered by Event.Err (*stanza.ParseError with Cond), and is otherwise ignored
	AckRequest                     // the peer wants to know how many stanzas were handled: answer with SMAck
	Ack                            // the peer has handled Event.H stanzas
	Closed                         // the peer has ended its stream; Output has our end tag
)

// String returns the name of the event, for tests and logs.
func (k EventKind) String() string {
	names := [...]string{
		"None", "StartTLS", "AuthRequest", "AuthFailed", "BindRequest", "ResumeRequest", "EnableRequest", "Ready",
		"ResumeFailed", "Enabled", "EnableFailed", "StanzaIn", "BadStanza", "AckRequest", "Ack", "Closed",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// An Event is what Next returns. Only the fields that the kind names are set.
type Event struct {
	Kind      EventKind
	Stanza    *stanza.Stanza
	JID       jid.JID
	Mechanism string
	Resource  string
	ID        string
	H         uint32
	HasH      bool
	Resume    bool
	Resumed   bool
	Managed   bool // Ready: stream management was asked for or is resumed; stanzas written from now on count
	Max       time.Duration
	Location  string
	Err       error
}
