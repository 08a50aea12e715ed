// Package stanza implements the three stanzas of XMPP (RFC 6120 clause 8): iq, message and presence, their errors and
// their ids. The payload of a stanza stays what it was on the wire: raw XML, checked by package xmlscan, copied and
// never parsed unless somebody asks.
package stanza

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// Kind is the kind of a stanza.
type Kind uint8

// The kinds (RFC 6120 8.2).
const (
	IQ Kind = iota + 1
	Message
	Presence
)

// String returns the element name.
func (k Kind) String() string {
	switch k {
	case IQ:
		return "iq"
	case Message:
		return "message"
	case Presence:
		return "presence"
	}
	return "unknown"
}

// Values of the attribute type.
const (
	Get          = "get"    // iq: ask
	Set          = "set"    // iq: change
	Result       = "result" // iq: answer
	TypeError    = "error"  // all kinds
	Normal       = "normal" // message; the same as ""
	Unavailable  = "unavailable"
	Subscribe    = "subscribe"
	Subscribed   = "subscribed"
	Unsubscribe  = "unsubscribe"
	Unsubscribed = "unsubscribed"
	Probe        = "probe"
)

// A Stanza is an iq, a message or a presence. The zero value is not a stanza: Kind must be set.
//
// A Stanza that a client's handler receives owns its bytes. One that comes straight from a Parser or a stream machine
// borrows Payload until the next call; Clone makes it last.
type Stanza struct {
	Kind     Kind
	Type     string  // "get", "set", "result", "error"; "", "normal"; "", "unavailable", "subscribe", ...
	ID       string  // "" = absent
	From, To jid.JID // zero = attribute absent
	Lang     string  // xml:lang; read, never needed
	Payload  []byte  // raw XML of all children, self-contained except for the content namespace of the stream
	Err      *Error  // the <error/> of a stanza of type "error"; not part of Payload, written after it
}

// Append appends the stanza as XML.
func (s *Stanza) Append(b []byte) []byte {
	b = append(b, '<')
	b = append(b, s.Kind.String()...)
	if s.Type != "" {
		b = xmlscan.AppendAttr(b, "type", s.Type)
	}
	if s.ID != "" {
		b = xmlscan.AppendAttr(b, "id", s.ID)
	}
	if !s.From.IsZero() {
		b = xmlscan.AppendAttr(b, "from", s.From.String())
	}
	if !s.To.IsZero() {
		b = xmlscan.AppendAttr(b, "to", s.To.String())
	}
	if s.Lang != "" {
		b = xmlscan.AppendAttr(b, "xml:lang", s.Lang)
	}
	if len(s.Payload) == 0 && s.Err == nil {
		return append(b, "/>"...)
	}
	b = append(b, '>')
	b = append(b, s.Payload...)
	if s.Err != nil {
		b = s.Err.Append(b)
	}
	b = append(b, "</"...)
	b = append(b, s.Kind.String()...)
	return append(b, '>')
}

// Child returns the expanded name of the first payload element.
func (s *Stanza) Child() (name xmlscan.Name, ok bool) {
	if len(s.Payload) == 0 {
		return xmlscan.Name{}, false
	}
	tok, err := xmlscan.NewReader(s.Payload).Next()
	if err != nil || tok.Kind != xmlscan.Start {
		return xmlscan.Name{}, false
	}
	return tok.Name, true
}

// IsRequest reports whether the stanza is an iq that must be answered: get or set.
func (s *Stanza) IsRequest() bool { return s.Kind == IQ && (s.Type == Get || s.Type == Set) }

// IsResponse reports whether the stanza is an iq that answers another: result or error.
func (s *Stanza) IsResponse() bool { return s.Kind == IQ && (s.Type == Result || s.Type == TypeError) }

// Clone returns a copy that owns its payload.
func (s *Stanza) Clone() *Stanza {
	c := *s
	if s.Payload != nil {
		c.Payload = append(make([]byte, 0, len(s.Payload)), s.Payload...)
	}
	if s.Err != nil {
		e := *s.Err
		c.Err = &e
	}
	return &c
}

// Reply returns the result that answers an iq request, with the given payload.
func (s *Stanza) Reply(payload []byte) *Stanza {
	return &Stanza{Kind: s.Kind, Type: Result, ID: s.ID, From: s.To, To: s.From, Payload: payload}
}

// ErrorReply returns the error that answers s, without its payload.
func (s *Stanza) ErrorReply(e *Error) *Stanza {
	return &Stanza{Kind: s.Kind, Type: TypeError, ID: s.ID, From: s.To, To: s.From, Err: e}
}

// NewID returns a fresh stanza id: 12 random octets in base64url.
func NewID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}
