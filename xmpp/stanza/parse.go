package stanza

import (
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// A ParseError says why an element is not a stanza that can be handled.
type ParseError struct {
	Stream string // stream error condition; "" when the stream can go on
	Cond   string // stanza error condition that answers the stanza, when Stream is ""
	Reason string
}

// Error implements the error interface.
func (e *ParseError) Error() string { return "stanza: " + e.Reason }

// The ways in which parsing fails.
var (
	ErrUnsupported = &ParseError{Stream: "unsupported-stanza-type", Reason: "not an iq, message or presence"}
	ErrFrom        = &ParseError{Stream: "invalid-from", Reason: "from is not an address"}
	ErrTo          = &ParseError{Cond: JIDMalformed, Reason: "to is not an address"}
	ErrID          = &ParseError{Cond: BadRequest, Reason: "iq without id, or id longer than 256 octets"}
	ErrType        = &ParseError{Cond: BadRequest, Reason: "type is not one of its kind"}
	ErrRewrite     = &ParseError{Cond: NotAcceptable, Reason: "cannot be passed on within the limits"}
	ErrChildren    = &ParseError{Cond: BadRequest, Reason: "iq request without exactly one child"}
)

// Longest values of attributes of which only a few are ever used, in octets. Written again with more references, a longer
// one could be refused by the receiver.
const (
	maxType = 32
	maxLang = 64
)

// maxID is the greatest length of an id, in octets; a server has to keep it for every request that is open.
const maxID = 256

// A Parser turns elements into stanzas. It remembers the last addresses, because most stanzas of a session go to and
// come from the same few. The zero value is ready. It is not safe for concurrent use.
type Parser struct {
	// Lookup, when set, finds the prepared form of an address that is already known, without allocating.
	Lookup func(raw []byte) (jid.JID, bool)

	from, to jid.JID
}

// Parse reads the element into s and borrows its payload. On error (*ParseError) s holds what could be read, so
// that ErrorReply works.
func (p *Parser) Parse(e *xmlscan.Element, s *Stanza) error {
	*s = Stanza{}
	if e.Name.Space != xmlscan.NSClient && e.Name.Space != xmlscan.NSServer {
		return ErrUnsupported
	}
	switch e.Name.Local {
	case "iq":
		s.Kind = IQ
	case "message":
		s.Kind = Message
	case "presence":
		s.Kind = Presence
	default:
		return ErrUnsupported
	}
	if err := p.attributes(e, s); err != nil {
		return err
	}
	ref, ok := e.PayloadRef()
	switch {
	case s.Type == TypeError:
		if !splitError(e, s) {
			return ErrRewrite
		}
	case ok:
		s.Payload = ref
	default:
		if s.Payload, ok = e.Rewrite(nil); !ok {
			return ErrRewrite
		}
	}
	return check(s, e.Len())
}

// check applies the rules of RFC 6120 8.2.3 to an iq and refuses types that the kind does not have.
func check(s *Stanza, children int) error {
	if len(s.ID) > maxID {
		s.ID = ""
		return ErrID
	}
	switch s.Kind {
	case IQ:
		if s.ID == "" {
			return ErrID
		}
		switch s.Type {
		case Get, Set:
			if children != 1 {
				return ErrChildren
			}
		case Result, TypeError:
		default:
			return ErrType
		}
	case Presence:
		switch s.Type {
		case "", Unavailable, Subscribe, Subscribed, Unsubscribe, Unsubscribed, Probe, TypeError:
		default:
			return ErrType
		}
	}
	return nil
}

func (p *Parser) attributes(e *xmlscan.Element, s *Stanza) error {
	var err, late error
	for _, a := range e.Attrs() {
		switch {
		case a.Space == "" && string(a.Local) == "type":
			if len(a.Value) > maxType {
				late = ErrType
				continue
			}
			s.Type = internType(a.Value)
		case a.Space == "" && string(a.Local) == "id":
			s.ID = string(a.Value)
		case a.Space == "" && string(a.Local) == "from":
			if s.From, err = p.jid(a.Value, &p.from); err != nil {
				return ErrFrom
			}
		case a.Space == "" && string(a.Local) == "to":
			if s.To, err = p.jid(a.Value, &p.to); err != nil {
				late = ErrTo // after the other attributes have been read
			}
		case a.Space == xmlscan.NSXML && string(a.Local) == "lang":
			if len(a.Value) <= maxLang {
				s.Lang = internType(a.Value)
			}
		}
	}
	return late
}

// jid parses an address by way of the memory.
func (p *Parser) jid(b []byte, last *jid.JID) (jid.JID, error) {
	if string(b) == last.String() && len(b) > 0 {
		return *last, nil
	}
	if p.Lookup != nil {
		if j, ok := p.Lookup(b); ok {
			return j, nil
		}
	}
	j, err := jid.ParseBytes(b)
	if err == nil {
		*last = j
	}
	return j, err
}

// splitError takes the error element out of the children. It reports false when the others cannot be written again.
func splitError(e *xmlscan.Element, s *Stanza) bool {
	if _, ok := e.PayloadRef(); !ok {
		if _, ok = e.Rewrite(nil); !ok {
			return false
		}
	}
	for i := range e.Len() {
		if n := e.Child(i); s.Err == nil && n.Local == "error" && n.Space == e.Name.Space {
			s.Err = parseError(e.AppendChild(nil, i))
			continue
		}
		s.Payload = e.AppendChild(s.Payload, i)
	}
	if s.Err == nil {
		s.Err = &Error{Type: "cancel", Cond: UndefinedCondition}
	}
	return true
}

// internType returns a string for the value without allocating for those in common use.
func internType(b []byte) string {
	switch string(b) {
	case Get:
		return Get
	case Set:
		return Set
	case Result:
		return Result
	case TypeError:
		return TypeError
	case Normal:
		return Normal
	case "chat":
		return "chat"
	case "groupchat":
		return "groupchat"
	case Unavailable:
		return Unavailable
	case "en":
		return "en"
	}
	return string(b)
}
