package server

import (
	"net/netip"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
)

// EventKind says what happened.
type EventKind uint8

// The events.
const (
	Rejected        EventKind = iota + 1 // a connection was closed before TLS: Reason
	LoginFailed                          // TLS, SASL or access control refused a peer: Reason, Err
	LoginOK                              // a peer has authenticated: JID, Latency since accept
	SessionUp                            // bound: JID is full
	SessionDetached                      // the link is lost, the session waits to be resumed
	SessionResumed                       //
	SessionDown                          // the session is gone: Reason
	SessionConflict                      // another session of the account wanted the same resource: Reason is the outcome
	ClonedIdentity                       // alarm: conflicts of one account follow each other closely
	StreamError                          // a stream was ended with an error: Reason is its condition, Err the cause
	PolicyDenied                         // a stanza was refused by the rules: To, Reason is its kind
	Spoofed                              // a peer used a from that is not its own; its stream ends
	Unsolicited                          // an iq answer that nobody waits for was dropped
	Throttled                            // a session sends faster than it may and is slowed down
	Overflow                             // a session reads too slowly and is disconnected
	QueueFull                            // a stanza for a session that does not acknowledge was refused
	HeldExpired                          // a request waited too long for a detached session
	AddressBlocked                       // too many failed logins from Remote
	PolicyReloaded                       //
	AccessRevoked                        // a reload took the account of a live session away
)

var eventNames = [...]string{
	Rejected: "rejected", LoginFailed: "login-failed", LoginOK: "login", SessionUp: "session-up", SessionDetached: "session-detached",
	SessionResumed: "session-resumed", SessionDown: "session-down", SessionConflict: "session-conflict", ClonedIdentity: "cloned-identity",
	StreamError: "stream-error", PolicyDenied: "policy-denied", Spoofed: "spoofed-from", Unsolicited: "unsolicited-answer",
	Throttled: "throttled", Overflow: "overflow", QueueFull: "queue-full", HeldExpired: "held-iq-expired",
	AddressBlocked: "address-blocked", PolicyReloaded: "policy-reloaded", AccessRevoked: "access-revoked",
}

// String returns the stable name of the event.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return "unknown"
}

// An Event is something that an operator, an audit log or a metric wants to know. Only the fields that the kind names
// are set; Remote and JID wherever they are known.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Remote  netip.Addr
	JID     jid.JID
	To      jid.JID
	Reason  string // one of a bounded set, fit for a metric label
	Latency time.Duration
	Err     error
}
