// Package stream implements the negotiation and the framing of an XMPP stream (RFC 6120 clauses 4 to 7) for both
// roles, without I/O: a Machine takes bytes and the time, and gives bytes, events and the next deadline.
//
//	TCP -> [STARTTLS] -> TLS -> SASL -> restart -> bind or resume -> stanzas
//
// Its driver owns the connection. It feeds what it reads (Feed), handles what Next returns until that is None, writes
// what Output returns, calls Tick when Deadline has passed, runs TLS when told to (StartTLS, then TLSDone), and makes
// the decisions that the machine asks for. A machine is used by one goroutine; what other goroutines write to the same
// connection, and the queue of stream management (package sm), belong to the driver.
//
// Only the restricted XML of package xmlscan passes. TLS is always required; before it nothing but <starttls/> is
// accepted. Compression, dialback and in-band registration do not exist.
package stream

import "time"

// Namespaces of the negotiation.
const (
	NSTLS   = "urn:ietf:params:xml:ns:xmpp-tls"
	NSSASL  = "urn:ietf:params:xml:ns:xmpp-sasl"
	NSBind  = "urn:ietf:params:xml:ns:xmpp-bind"
	NSError = "urn:ietf:params:xml:ns:xmpp-streams"
)

// Defaults.
const (
	AuthTimeout   = 30 * time.Second // from the first byte to authenticated
	BindTimeout   = 10 * time.Second // from authenticated to bound
	StanzaTimeout = 30 * time.Second // from the first to the last byte of one stanza
	MaxAttempts   = 3                // of authentication, and of bind
	quiet         = 10 * time.Second // white space after such a pause is keep-alive
)

// NoTimeout switches a deadline off.
const NoTimeout time.Duration = -1
