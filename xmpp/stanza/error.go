package stanza

import (
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// NSError is the namespace of the defined conditions of stanza errors (RFC 6120 8.3.2).
const NSError = "urn:ietf:params:xml:ns:xmpp-stanzas"

// Defined conditions of stanza errors (RFC 6120 8.3.3).
const (
	BadRequest            = "bad-request"
	Conflict              = "conflict"
	FeatureNotImplemented = "feature-not-implemented"
	Forbidden             = "forbidden"
	Gone                  = "gone"
	InternalServerError   = "internal-server-error"
	ItemNotFound          = "item-not-found"
	JIDMalformed          = "jid-malformed"
	NotAcceptable         = "not-acceptable"
	NotAllowed            = "not-allowed"
	NotAuthorized         = "not-authorized"
	PolicyViolation       = "policy-violation"
	RecipientUnavailable  = "recipient-unavailable"
	Redirect              = "redirect"
	RegistrationRequired  = "registration-required"
	RemoteServerNotFound  = "remote-server-not-found"
	RemoteServerTimeout   = "remote-server-timeout"
	ResourceConstraint    = "resource-constraint"
	ServiceUnavailable    = "service-unavailable"
	SubscriptionRequired  = "subscription-required"
	UndefinedCondition    = "undefined-condition"
	UnexpectedRequest     = "unexpected-request"
)

// errorTypes gives the type that RFC 6120 8.3.3 associates with each condition.
var errorTypes = map[string]string{
	BadRequest: "modify", Conflict: "cancel", FeatureNotImplemented: "cancel", Forbidden: "auth", Gone: "cancel",
	InternalServerError: "cancel", ItemNotFound: "cancel", JIDMalformed: "modify", NotAcceptable: "modify",
	NotAllowed: "cancel", NotAuthorized: "auth", PolicyViolation: "modify", RecipientUnavailable: "wait",
	Redirect: "modify", RegistrationRequired: "auth", RemoteServerNotFound: "cancel", RemoteServerTimeout: "wait",
	ResourceConstraint: "wait", ServiceUnavailable: "cancel", SubscriptionRequired: "auth",
	UndefinedCondition: "cancel", UnexpectedRequest: "modify",
}

// An Error is the <error/> of a stanza (RFC 6120 8.3). It is immutable once sent or received.
type Error struct {
	Type string       // "auth", "cancel", "continue", "modify" or "wait"
	Cond string       // one of the defined conditions
	Text string       // for people; may be empty
	By   jid.JID      // who raised it; zero = absent
	App  xmlscan.Name // application-specific condition; zero = absent
}

// NewError returns an error with the type that belongs to the condition.
func NewError(cond, text string) *Error {
	t := errorTypes[cond]
	if t == "" {
		t = "cancel"
	}
	return &Error{Type: t, Cond: cond, Text: text}
}

// Error implements the error interface.
func (e *Error) Error() string {
	if e.Text != "" {
		return "stanza: " + e.Cond + ": " + e.Text
	}
	return "stanza: " + e.Cond
}

// Is reports whether target is an *Error of the same condition, so that errors.Is(err, stanza.NewError(cond, ""))
// works whatever the texts are.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Cond == e.Cond
}

// Append appends the error as XML.
func (e *Error) Append(b []byte) []byte {
	b = append(b, "<error"...)
	b = xmlscan.AppendAttr(b, "type", e.Type)
	if !e.By.IsZero() {
		b = xmlscan.AppendAttr(b, "by", e.By.String())
	}
	b = append(b, "><"...)
	cond := e.Cond
	if errorTypes[cond] == "" {
		cond = UndefinedCondition
	}
	b = append(b, cond...)
	b = append(b, " xmlns='"+NSError+"'/>"...)
	if e.Text != "" {
		b = append(b, "<text xmlns='"+NSError+"'>"...)
		b = xmlscan.AppendText(b, e.Text)
		b = append(b, "</text>"...)
	}
	if e.App.Local != "" {
		b = append(b, '<')
		b = append(b, e.App.Local...)
		b = xmlscan.AppendAttr(b, "xmlns", e.App.Space)
		b = append(b, "/>"...)
	}
	return append(b, "</error>"...)
}

// Bounds of what is kept of an error, in octets.
const (
	maxText = 1024 // its text
	maxPart = 512  // its "by", and the namespace of its application-specific condition
)

// parseError reads an <error/> element; what it does not know it leaves out.
func parseError(raw []byte) *Error {
	e := &Error{Type: "cancel", Cond: UndefinedCondition}
	r := xmlscan.NewReader(raw)
	text := false
	for {
		tok, err := r.Next()
		if err != nil {
			return e
		}
		switch {
		case tok.Kind == xmlscan.Start && tok.Depth == 0:
			switch t := tok.Attr("type"); t {
			case "auth", "continue", "modify", "wait":
				e.Type = t
			}
			if by := tok.Attr("by"); len(by) <= maxPart {
				e.By, _ = jid.Parse(by) // a malformed "by" is no by
			}
		case tok.Kind == xmlscan.Start && tok.Depth == 1:
			text = tok.Name.Space == NSError && tok.Name.Local == "text"
			switch {
			case text:
			case tok.Name.Space != NSError:
				if len(tok.Name.Space) <= maxPart && tok.Name.Space != xmlscan.NSXML { // which cannot be a default namespace
					e.App = tok.Name
				}
			case errorTypes[tok.Name.Local] != "":
				e.Cond = tok.Name.Local
			}
		case tok.Kind == xmlscan.End && tok.Depth == 1:
			text = false
		case tok.Kind == xmlscan.Text && text && tok.Depth == 2 && len(e.Text)+len(tok.Text) <= maxText:
			e.Text += string(tok.Text)
		}
	}
}
