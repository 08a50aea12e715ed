package model

import "time"

// Proof says how a peer showed who it is.
type Proof uint8

// The ways a peer proves its name.
const (
	ProofNone            Proof = iota // not authenticated: nothing may be applied on its word
	ProofX509                         // an X.509 certificate path to a configured trust anchor
	ProofCertificateless              // a certificateless credential of a key generation centre
	ProofToken                        // a bearer or bound token of a configured issuer
	ProofPassword                     // an ACSE or SASL password
)

var proofNames = [...]string{"none", "x509", "certificateless", "token", "password"}

func (p Proof) String() string {
	if int(p) < len(proofNames) {
		return proofNames[p]
	}
	return "unknown"
}

// Reach says how far a proof carries.
type Reach uint8

// Hop is proven to the next server only (TLS to a router, requirement R1), End between the IEC 61850
// client and server themselves (requirement R2).
const (
	Hop Reach = iota
	End
)

func (r Reach) String() string {
	if r == End {
		return "end"
	}
	return "hop"
}

// A Principal is an authenticated peer. It is made where its proof is checked and passed down to every
// service; nothing asks a connection who it is. A Principal is immutable once made.
type Principal struct {
	Name    string    // bare or full JID, certificate subject, or host:port for an anonymous peer
	Address string    // what a report control block shows as its owner: the full JID over 8-2, the IP address over 8-1
	Proof   Proof     // how Name was shown
	Reach   Reach     // for which hop or end
	Roles   []string  // roles of IEC 62351-8, empty when none were asserted
	Expires time.Time // when the proof ends; zero when it does not
}
