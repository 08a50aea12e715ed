package mmsbinding

import "github.com/gridward/gridward/xmpp/jid"

// An Event is one of the types of this file.
type Event interface{ event() }

type (
	// PeerAvailable is a peer whose presence came: it may be associated with. Presence proves nothing.
	PeerAvailable struct{ JID jid.JID }
	// PeerUnavailable is a peer that went away: its associations are aborted.
	PeerUnavailable struct{ JID jid.JID }
	// AssociationUp is an association that was accepted, here or there.
	AssociationUp struct {
		Peer    jid.JID
		ID      string // "12:7"
		Calling bool   // we asked for it
	}
	// AssociationDown is the end of one that was up.
	AssociationDown struct {
		Peer jid.JID
		ID   string
		Err  error
	}
	// Refused is an association that we did not accept.
	Refused struct {
		Peer jid.JID
		Err  error
	}
	// PolicyDenied is a peer to which, or from which, the server lets nothing pass. It is not tried again for five
	// minutes.
	PolicyDenied struct {
		Peer jid.JID
		Err  error
	}
	// Ignored is a stanza that was dropped: what it claims does not hold.
	Ignored struct {
		From jid.JID
		Why  Why
	}
)

func (PeerAvailable) event()   {}
func (PeerUnavailable) event() {}
func (AssociationUp) event()   {}
func (AssociationDown) event() {}
func (Refused) event()         {}
func (PolicyDenied) event()    {}
func (Ignored) event()         {}

// Why says why a stanza was ignored.
type Why uint8

// The reasons.
const (
	WhyNoFrame     Why = iota // no association context, or a malformed one
	WhyUnknown                // no such association with that address
	WhyCarrier                // the PDU does not belong into that stanza
	WhyLate                   // an answer to nothing: late, duplicated, never asked for
	WhyMismatch               // an answer on another iq than its question
	WhyReplay                 // an invokeID or association identifier that was used before
	WhyUndecodable            // no PDU
	WhySize                   // longer than negotiated
	WhyNotListed              // from an address that is not on the list
	WhyEmpty                  // an iq result without a PDU, after a reject
	NumWhy                    // how many there are
)

var whyNames = [NumWhy]string{
	"no-frame", "unknown-association", "wrong-carrier", "late-answer", "mismatched-answer", "replay", "undecodable",
	"too-large", "not-listed", "empty",
}

func (w Why) String() string {
	if w < NumWhy {
		return whyNames[w]
	}
	return "unknown"
}
