package mmsbinding

import (
	"errors"
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// What a caller decides upon, besides the ends of an association that package mms names.
var (
	ErrInsecureClear = errors.New("mmsbinding: unsecured associations are switched off (InsecureClear61850)")
	ErrTooMany       = errors.New("mmsbinding: too many associations")
	ErrPDUSize       = errors.New("mmsbinding: PDU longer than negotiated")
	ErrClosed        = errors.New("mmsbinding: endpoint closed")
	ErrNotAllowed    = errors.New("mmsbinding: peer is not on the list")
)

// clearRefused is the application condition by which an end refuses unsecured associations.
var clearRefused = xmlscan.Name{Space: NS, Local: "insecure-clear-refused"}

// A StanzaError is an association that ended, or did not begin, by a stanza error.
type StanzaError struct {
	Cause  error // ErrPeerOffline, ErrTransport, ErrPolicy, ErrRefused of package mms
	Stanza *stanza.Error
}

func (e *StanzaError) Error() string { return fmt.Sprintf("%s: %s", e.Cause, e.Stanza.Cond) }

// Unwrap gives the cause.
func (e *StanzaError) Unwrap() error { return e.Cause }

// named gives stanza errors the names that callers decide upon.
func named(s *stanza.Error) error {
	if s == nil {
		s = stanza.NewError(stanza.UndefinedCondition, "")
	}
	if s.App == clearRefused {
		return fmt.Errorf("%w: %w", mms.ErrRefused, ErrInsecureClear)
	}
	e := &StanzaError{Cause: mms.ErrTransport, Stanza: s}
	switch s.Cond {
	case stanza.ServiceUnavailable, stanza.RecipientUnavailable, stanza.ItemNotFound, stanza.Gone,
		stanza.RemoteServerNotFound:
		e.Cause = mms.ErrPeerOffline
	case stanza.NotAllowed, stanza.Forbidden, stanza.NotAuthorized, stanza.PolicyViolation:
		e.Cause = mms.ErrPolicy
	}
	return e
}
