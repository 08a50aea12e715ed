// Package sasl implements the SASL mechanisms of XMPP (RFC 6120 clause 6) for both ends, without I/O and without
// the XML around them: EXTERNAL with X.509 certificates (XEP-0178). Password and token mechanisms fit the same two
// interfaces; none is implemented yet, and PLAIN never will be on the server.
package sasl

// Failure conditions (RFC 6120 6.5).
const (
	Aborted              = "aborted"
	AccountDisabled      = "account-disabled"
	CredentialsExpired   = "credentials-expired"
	EncryptionRequired   = "encryption-required"
	IncorrectEncoding    = "incorrect-encoding"
	InvalidAuthzid       = "invalid-authzid"
	InvalidMechanism     = "invalid-mechanism"
	MalformedRequest     = "malformed-request"
	MechanismTooWeak     = "mechanism-too-weak"
	NotAuthorized        = "not-authorized"
	TemporaryAuthFailure = "temporary-auth-failure"
)

// A Failure is a refused authentication. Cond goes on the wire; Reason does not, it is for the audit log.
type Failure struct {
	Cond   string // one of the conditions above
	Reason string
}

// Error implements the error interface.
func (f *Failure) Error() string {
	if f.Reason == "" {
		return "sasl: " + f.Cond
	}
	return "sasl: " + f.Cond + ": " + f.Reason
}

// Is reports whether target is a *Failure with the same condition, or with none.
func (f *Failure) Is(target error) bool {
	t, ok := target.(*Failure)
	return ok && (t.Cond == "" || t.Cond == f.Cond)
}

// A Client is one run of a mechanism at the initiating end. It is used once.
type Client interface {
	// Name returns the registered name of the mechanism.
	Name() string
	// Start returns the initial response; nil means that there is none, an empty one is sent as "=".
	Start() ([]byte, error)
	// Next answers a challenge.
	Next(challenge []byte) ([]byte, error)
	// Success checks the data that the server sent with its success; an error means that it is not to be trusted.
	Success(data []byte) error
}

// A Step is what a Server answers to a response.
type Step struct {
	Challenge []byte   // when not Done
	Done      bool     // the peer has proved Identity
	Data      []byte   // additional data with success; nil = none
	Identity  Identity // when Done
}

// A Server is one run of a mechanism at the receiving end. It is used once.
type Server interface {
	// Next takes the initial response (nil when there was none) or the answer to the last challenge. An error is a
	// *Failure; the run is over then.
	Next(response []byte) (Step, error)
}

// A Factory offers a mechanism on one connection.
type Factory struct {
	Name string // registered name
	New  func() Server
}
