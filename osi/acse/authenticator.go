package acse

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
	"github.com/gridward/gridward/model"
)

// MaxValue is the longest authentication value that is taken or written, in octets.
const MaxValue = 12 << 10

// Password is the mechanism of X.227 annex B: a password as charstring.
var Password = asn1.MustOID("2.2.3.1")

// An Authenticator is what package osi asks about the proof that goes with an association. Both ends ask Verify about
// what came in. It must be safe for concurrent use when associations share it.
type Authenticator interface {
	// Offer gives what the calling end puts into its AARQ.
	Offer(local, remote Address) (Auth, error)
	// Verify judges what came in. At the called end reply goes into the AARE, at the calling end it is not used. An error
	// refuses the association; a *Diagnostic in it goes to the peer, any other is authentication-failure there.
	Verify(peer Peer, a Auth) (reply Auth, p *model.Principal, err error)
}

// Auth is mechanism and value. The zero value is none.
type Auth struct {
	Mechanism asn1.OID
	Value     Value
}

// IsZero reports whether there is neither a mechanism nor a value.
func (a Auth) IsZero() bool { return a.Mechanism == "" && a.Value.Form == NoValue }

// Peer is what is known of who is at the other end when its proof is judged.
type Peer struct {
	Addr      string  // address of the transport, host:port
	Called    bool    // the peer is the called end: what is judged came in an AARE
	Channel   Channel // the protected transport; nil on a clear one
	CalledAP  Title
	CallingAP Title
	UserPDU   []byte // exact content of [0] in the user information
}

// A Channel is what a protected transport offers; with Export a value is bound to this very association.
type Channel interface {
	Export(label string, context []byte, n int) ([]byte, error)
	Principal() *model.Principal
}

// A Title is AP-title and AE-qualifier in form 2. Other forms are not kept.
type Title struct {
	AP    asn1.OID // "": not given
	AE    int64
	HasAE bool
}

// An Address names one end at every layer. Nil selectors are not given.
type Address struct {
	TSEL, SSEL, PSEL []byte
	Title            Title
}

// A Form is the alternative of Authentication-value.
type Form uint8

// The forms, X.227 9.1.
const (
	NoValue    Form = iota
	CharString      // [0] GraphicString
	BitString       // [1]
	External        // [2] EXTERNAL
	Other           // [3] SEQUENCE { mechanism, ANY }
)

// A Value is an Authentication-value.
type Value struct {
	Form  Form
	Bytes []byte // characters, packed bits, or the BER content of an External or Other
	Bits  int    // of a BitString
}

// Chars makes a charstring.
func Chars(s string) Value { return Value{Form: CharString, Bytes: []byte(s)} }

// BitOctets makes a bitstring of whole octets.
func BitOctets(b []byte) Value { return Value{Form: BitString, Bytes: b, Bits: 8 * len(b)} }

// OtherValue makes an Other of a mechanism and one BER element.
func OtherValue(mechanism asn1.OID, element []byte) (Value, error) {
	if _, err := ber.ParseRaw(element); err != nil {
		return Value{}, fmt.Errorf("acse: %w", err)
	}
	b := ber.AppendRaw(nil, asn1.Raw{Tag: asn1.TagOID, Content: string(mechanism)})
	return Value{Form: Other, Bytes: append(b, element...)}, nil
}

// Split takes an Other apart.
func (v Value) Split() (mechanism asn1.OID, element []byte, err error) {
	if v.Form != Other {
		return "", nil, fmt.Errorf("acse: %w: authentication value is not other", asn1.ErrUnknown)
	}
	var r ber.Reader
	r.Reset(string(v.Bytes), ber.Limits{})
	mechanism = asn1.OID(r.OID(elemOID, ""))
	at := r.Offset()
	r.Raw(asn1.Raw{})
	if err := r.Finish(); err != nil {
		return "", nil, fmt.Errorf("acse: %w", err)
	}
	return mechanism, v.Bytes[at:], nil
}

// A Diagnostic is what an AARE says about a refusal, X.227 9.1. It is an error.
type Diagnostic struct {
	Provider bool // acse-service-provider, otherwise acse-service-user
	Code     int
}

// Codes of acse-service-user.
const (
	DiagNull                 = 0
	DiagNoReason             = 1
	DiagContextName          = 2 // application context name not supported
	DiagCallingAPTitle       = 3
	DiagCalledAPTitle        = 7
	DiagMechanismUnknown     = 11 // authentication mechanism name not recognized
	DiagMechanismRequired    = 12
	DiagAuthenticationFailed = 13
	DiagAuthenticationNeeded = 14
)

var diagnostics = map[int]string{
	DiagNull: "null", DiagNoReason: "no reason given", DiagContextName: "application context name not supported",
	DiagCallingAPTitle: "calling AP title not recognized", DiagCalledAPTitle: "called AP title not recognized",
	DiagMechanismUnknown: "authentication mechanism name not recognized", DiagMechanismRequired: "authentication mechanism name required",
	DiagAuthenticationFailed: "authentication failure", DiagAuthenticationNeeded: "authentication required",
}

func (d *Diagnostic) Error() string {
	if s, ok := diagnostics[d.Code]; ok && !d.Provider {
		return "acse: " + s
	}
	who := "user"
	if d.Provider {
		who = "provider"
	}
	return fmt.Sprintf("acse: service %s diagnostic %d", who, d.Code)
}

// Reason gives the Diagnostic in err, authentication failure when there is none.
func Reason(err error) Diagnostic {
	var d *Diagnostic
	if errors.As(err, &d) {
		return *d
	}
	return Diagnostic{Code: DiagAuthenticationFailed}
}

// InsecurePassword is an Authenticator by a password that crosses the wire as it is. Who presents it gets the Principal.
type InsecurePassword struct {
	Password  string
	Principal *model.Principal // given to whoever knows the password; nil: one named after the address
}

// Offer implements Authenticator.
func (p *InsecurePassword) Offer(_, _ Address) (Auth, error) {
	return Auth{Mechanism: Password, Value: Chars(p.Password)}, nil
}

// Verify implements Authenticator. At the calling end nothing comes back, and the server is not authenticated.
func (p *InsecurePassword) Verify(peer Peer, a Auth) (Auth, *model.Principal, error) {
	switch {
	case peer.Called:
		return Auth{}, &model.Principal{Name: peer.Addr}, nil
	case a.IsZero():
		return Auth{}, nil, &Diagnostic{Code: DiagAuthenticationNeeded}
	case a.Mechanism == "":
		return Auth{}, nil, &Diagnostic{Code: DiagMechanismRequired}
	case a.Mechanism != Password || a.Value.Form != CharString:
		return Auth{}, nil, &Diagnostic{Code: DiagMechanismUnknown}
	case subtle.ConstantTimeCompare(a.Value.Bytes, []byte(p.Password)) != 1:
		return Auth{}, nil, &Diagnostic{Code: DiagAuthenticationFailed}
	}
	if p.Principal != nil {
		return Auth{}, p.Principal, nil
	}
	return Auth{}, &model.Principal{Name: peer.Addr, Proof: model.ProofPassword, Reach: model.Hop}, nil
}
