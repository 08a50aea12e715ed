package session

import (
	"errors"
	"fmt"
)

// A Type is the SPDU identifier, X.225 8.3.
type Type uint8

// The types. Give tokens and data transfer share their number; they come together before every presentation PDU.
const (
	Connect    Type = 0x0d // CN
	Accept     Type = 0x0e // AC
	Refuse     Type = 0x0c // RF
	Finish     Type = 0x09 // FN
	Disconnect Type = 0x0a // DN
	Abort      Type = 0x19 // AB
	AbortAck   Type = 0x1a // AA
	Data       Type = 0x01 // GT followed by DT
)

func (t Type) String() string {
	switch t {
	case Connect:
		return "CN"
	case Accept:
		return "AC"
	case Refuse:
		return "RF"
	case Finish:
		return "FN"
	case Disconnect:
		return "DN"
	case Abort:
		return "AB"
	case AbortAck:
		return "AA"
	case Data:
		return "DT"
	}
	return fmt.Sprintf("SPDU %02x", uint8(t))
}

// Groups (PGI) and parameters (PI) that are read or written, X.225 8.3.
const (
	pgiAccept     = 5   // connect/accept item
	piOptions     = 19  // in it: protocol options
	piVersion     = 22  // in it: version numbers
	piDisconnect  = 17  // transport disconnect
	piRequirement = 20  // session user requirements
	piReason      = 50  // reason code of RF, with its user data
	piCalling     = 51  // calling SSEL
	piCalled      = 52  // called, or responding, SSEL
	piOverflow    = 60  // data overflow
	pgiUser       = 193 // user data
	pgiExtended   = 194 // extended user data
)

// Bits of the transport disconnect parameter of AB, X.225 8.3.9.
const (
	Released      = 1 // the transport connection is not kept
	UserAbort     = 2
	ProtocolError = 4
	NoReason      = 8
)

// Reasons of RF, X.225 8.3.5.
const (
	ReasonUnspecified = 0
	ReasonCongestion  = 1
	ReasonUserData    = 2   // by the session user, with its data
	ReasonSelector    = 129 // SSAP unknown
	ReasonNotAttached = 130
	ReasonVersion     = 134 // protocol version not supported
)

// Duplex is the functional unit that is asked for, of the session user requirements.
const Duplex = 2

// MaxSelector is the longest SSEL in octets, MaxUser the most user data in octets.
const (
	MaxSelector = 16
	MaxUser     = 65535
	shortUser   = 512 // the most that PGI 193 of CN carries by the letter of X.225
)

// ErrSPDU is a malformed SPDU.
var ErrSPDU = errors.New("session: malformed SPDU")

// An SPDU is any of the types. Which members count is in the comments. The zero value of a member is: not given.
type SPDU struct {
	Type         Type
	Version      uint8  // CN, AC: bits of the versions, 2 is version 2
	Requirements uint16 // CN, AC: functional units
	Calling      []byte // CN: SSEL
	Called       []byte // CN, AC: called or responding SSEL
	Reason       uint8  // RF
	Transport    uint8  // FN, AB, RF: transport disconnect
	User         []byte // user data
	Extended     bool   // CN: user data in PGI 194 when it has more than 512 octets
}

// Append appends the SPDU to b. For Data it is what stands before User, and User.
func (p *SPDU) Append(b []byte) ([]byte, error) {
	switch {
	case p.Type == Data:
		return append(append(b, dataPrefix...), p.User...), nil
	case len(p.Calling) > MaxSelector || len(p.Called) > MaxSelector:
		return b, fmt.Errorf("%w: SSEL longer than %d octets", ErrSPDU, MaxSelector)
	}
	body := make([]byte, 0, 64+len(p.User))
	switch p.Type {
	case Connect, Accept:
		body = append(body, pgiAccept, 6, piOptions, 1, 0, piVersion, 1, p.Version)
		body = append(body, piRequirement, 2, byte(p.Requirements>>8), byte(p.Requirements))
		if p.Calling != nil {
			body = appendParam(body, piCalling, p.Calling)
		}
		if p.Called != nil {
			body = appendParam(body, piCalled, p.Called)
		}
	case Finish, Abort:
		if p.Transport != 0 {
			body = append(body, piDisconnect, 1, p.Transport)
		}
	case Refuse:
		if p.Transport != 0 {
			body = append(body, piDisconnect, 1, p.Transport)
		}
		body = appendHeader(body, piReason, 1+len(p.User))
		body = append(append(body, p.Reason), p.User...)
	}
	if len(p.User) > 0 && p.Type != Refuse {
		group := byte(pgiUser)
		if p.Extended && p.Type == Connect && len(p.User) > shortUser {
			group = pgiExtended
		}
		body = appendParam(body, group, p.User)
	}
	if len(body) > MaxUser {
		return b, fmt.Errorf("%w: %s of %d octets", ErrSPDU, p.Type, len(body))
	}
	return append(appendHeader(b, byte(p.Type), len(body)), body...), nil
}

func appendParam(b []byte, code byte, value []byte) []byte {
	return append(appendHeader(b, code, len(value)), value...)
}

// appendHeader appends a code and a length indicator, X.225 8.2.5.
func appendHeader(b []byte, code byte, n int) []byte {
	if n < 255 {
		return append(b, code, byte(n))
	}
	return append(b, code, 255, byte(n>>8), byte(n))
}

// dataPrefix is GIVE TOKENS and DATA TRANSFER, both without parameters.
const dataPrefix = "\x01\x00\x01\x00"

// DataPrefix stands before every presentation PDU of the data phase.
func DataPrefix() []byte { return []byte(dataPrefix) }
