package stream

import (
	"errors"

	"github.com/gridward/gridward/xmpp/xmlscan"
)

// Stream error conditions (RFC 6120 4.9.3).
const (
	BadFormat             = "bad-format"
	BadNamespacePrefix    = "bad-namespace-prefix"
	Conflict              = "conflict"
	ConnectionTimeout     = "connection-timeout"
	HostUnknown           = "host-unknown"
	ImproperAddressing    = "improper-addressing"
	InternalServerError   = "internal-server-error"
	InvalidFrom           = "invalid-from"
	InvalidNamespace      = "invalid-namespace"
	NotAuthorized         = "not-authorized"
	NotWellFormed         = "not-well-formed"
	PolicyViolation       = "policy-violation"
	Reset                 = "reset"
	ResourceConstraint    = "resource-constraint"
	RestrictedXML         = "restricted-xml"
	SeeOtherHost          = "see-other-host"
	SystemShutdown        = "system-shutdown"
	UndefinedCondition    = "undefined-condition"
	UnsupportedStanzaType = "unsupported-stanza-type"
	UnsupportedVersion    = "unsupported-version"
	handledCountTooHigh   = "handled-count-too-high"
	stanzaTooBig          = "stanza-too-big"
)

// conditions is what a peer may say; anything else becomes UndefinedCondition.
var conditions = map[string]bool{
	BadFormat: true, BadNamespacePrefix: true, Conflict: true, ConnectionTimeout: true, HostUnknown: true, ImproperAddressing: true,
	InternalServerError: true, InvalidFrom: true, InvalidNamespace: true, NotAuthorized: true, NotWellFormed: true,
	PolicyViolation: true, Reset: true, ResourceConstraint: true, RestrictedXML: true, SeeOtherHost: true, SystemShutdown: true,
	UnsupportedStanzaType: true, UnsupportedVersion: true, "host-gone": true, "invalid-xml": true, "remote-connection-failed": true,
	"unsupported-encoding": true, "unsupported-feature": true,
}

// An Error ends a stream. When it is ours (not Remote), Output holds the stream error and the end tag that tell the peer.
type Error struct {
	Cond   string       // stream error condition
	Text   string       // for people; of the peer when Remote
	Host   string       // see-other-host: where to
	Remote bool         // the peer sent it
	Rule   xmlscan.Rule // what the peer's XML broke, if anything
	Err    error        // cause, may be nil
}

// Error implements the error interface.
func (e *Error) Error() string {
	s := "stream: " + e.Cond
	if e.Remote {
		s = "stream: peer says " + e.Cond
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error of the same condition.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Cond == e.Cond
}

// Errors that end a negotiation. Those with a stream error condition are the cause inside an *Error.
var (
	ErrInjection   = errors.New("stream: bytes behind the STARTTLS element")      // a command injected before TLS
	ErrPipelined   = errors.New("stream: bytes sent before the stream's restart") // must not be read in the new context
	ErrNoTLS       = errors.New("stream: server does not offer STARTTLS")
	ErrTLSRefused  = errors.New("stream: server refuses STARTTLS")
	ErrNoMechanism = errors.New("stream: no common authentication mechanism")
	ErrResource    = errors.New("stream: server has bound another resource")
	ErrNoBind      = errors.New("stream: server does not offer resource binding")
	ErrTimeout     = errors.New("stream: timeout")
	ErrAttempts    = errors.New("stream: too many attempts")
	ErrUnexpected  = errors.New("stream: element out of turn")
	ErrClosed      = errors.New("stream: closed")
	ErrWaiting     = errors.New("stream: input while TLS or a decision is pending")
)

// A BindError is the server's refusal to bind a resource.
type BindError struct {
	Cond string // stanza error condition
	Text string
}

// Error implements the error interface.
func (e *BindError) Error() string { return "stream: bind refused: " + e.Cond }
