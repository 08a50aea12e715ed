package mmsbinding

import (
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A carrier is the stanza that a PDU travels in.
type carrier uint8

const (
	noCarrier carrier = iota
	iqGet
	iqSet
	iqResult
	message
)

func carrierOf(s *stanza.Stanza) carrier {
	switch {
	case s.Kind == stanza.IQ && s.Type == stanza.Get:
		return iqGet
	case s.Kind == stanza.IQ && s.Type == stanza.Set:
		return iqSet
	case s.Kind == stanza.IQ && s.Type == stanza.Result:
		return iqResult
	case s.Kind == stanza.Message && (s.Type == "" || s.Type == stanza.Normal):
		return message
	}
	return noCarrier
}

// carry gives the stanza that a PDU is sent in. Requests that only look are an iq get, those that change something an
// iq set; whatever has no answer is a message. With conceal every request is an iq set, so that a router cannot tell
// reading from writing.
func carry(p mms.PDU, conceal bool) carrier {
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		if conceal || changes(p.Service) {
			return iqSet
		}
		return iqGet
	case *mms.CancelRequest:
		if conceal {
			return iqSet
		}
		return iqGet
	case *mms.InitiateRequest, *mms.ConcludeRequest:
		return iqSet
	case *mms.Unconfirmed, *mms.Reject:
		return message
	}
	return iqResult
}

// fits tells whether p may have come in c. An iq set fits every request, since the sender may conceal.
func (c carrier) fits(p mms.PDU) bool {
	want := carry(p, false)
	return c == want || want == iqGet && c == iqSet
}

// changes lists the services that are not an iq get.
func changes(s mms.Service) bool {
	switch s.(type) {
	case *mms.Read, *mms.GetNameList, *mms.GetVariableAccessAttributes, *mms.GetNamedVariableListAttributes,
		*mms.Identify, *mms.Status:
		return false
	}
	return true
}
