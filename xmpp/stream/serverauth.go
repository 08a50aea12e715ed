package stream

import (
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// saslServer handles auth, response and abort.
func (m *Machine) saslServer(e *xmlscan.Element) (Event, error) {
	s := m.server
	data, ok := saslData(e)
	switch {
	case e.Name.Local == "abort":
		return m.saslFailed(&sasl.Failure{Cond: sasl.Aborted, Reason: "by the client"})
	case e.Name.Local == "auth":
		name, _ := e.Attr("mechanism")
		i := slices.IndexFunc(s.mechs, func(f sasl.Factory) bool { return f.Name == string(name) })
		if i < 0 {
			return m.saslFailed(&sasl.Failure{Cond: sasl.InvalidMechanism})
		}
		s.run, s.mech = s.mechs[i].New(), s.mechs[i].Name
	case e.Name.Local == "response" && s.run != nil:
		if data == nil {
			data = []byte{}
		}
	default:
		return Event{}, m.fail(NotAuthorized, "", ErrUnexpected)
	}
	if !ok {
		return m.saslFailed(&sasl.Failure{Cond: sasl.IncorrectEncoding})
	}
	step, err := s.run.Next(data)
	if err != nil {
		return m.saslFailed(err)
	}
	if !step.Done {
		b := append(m.out, "<challenge xmlns='"+NSSASL+"'>"...)
		if len(step.Challenge) > 0 {
			b = base64.StdEncoding.AppendEncode(b, step.Challenge)
		}
		m.out = append(b, "</challenge>"...)
		return Event{}, nil
	}
	if m.scan.Behind() > 0 && !m.scan.BlankBehind() {
		return Event{}, m.fail(PolicyViolation, "", ErrPipelined)
	}
	m.identity, s.data = step.Identity, step.Data
	m.waiting = AuthRequest
	return Event{Kind: AuthRequest, JID: step.Identity.JID, Mechanism: s.mech}, nil
}

// saslFailed answers a failed authentication; after too many the stream ends.
func (m *Machine) saslFailed(err error) (Event, error) {
	var f *sasl.Failure
	if !errors.As(err, &f) {
		f = &sasl.Failure{Cond: sasl.TemporaryAuthFailure, Reason: err.Error()}
	}
	s := m.server
	s.run, m.identity = nil, sasl.Identity{}
	m.out = append(m.out, "<failure xmlns='"+NSSASL+"'><"...)
	m.out = append(m.out, f.Cond...)
	m.out = append(m.out, "/></failure>"...)
	if s.attempts++; s.attempts >= or(s.cfg.MaxAttempts, MaxAttempts) {
		return Event{}, m.end(&Error{Cond: PolicyViolation, Err: &attemptsError{f}})
	}
	return Event{Kind: AuthFailed, Mechanism: s.mech, Err: f}, nil
}

// attemptsError is ErrAttempts together with the last failure.
type attemptsError struct{ last error }

func (e *attemptsError) Error() string { return ErrAttempts.Error() + ": " + e.last.Error() }

func (e *attemptsError) Unwrap() []error { return []error{ErrAttempts, e.last} }

// Accept lets the peer of an AuthRequest in.
func (m *Machine) Accept(now time.Time) error {
	if !m.decide(AuthRequest, now) {
		return m.err
	}
	m.out = append(m.out, "<success xmlns='"+NSSASL+"'>"...)
	if m.server.data != nil {
		m.out = appendSASL(m.out, m.server.data)
	}
	m.out = append(m.out, "</success>"...)
	m.server.run, m.server.data, m.server.mechs = nil, nil, nil
	m.phase = phBind
	m.until(m.timeout.bind)
	if !m.restart() {
		return m.fail(PolicyViolation, "", ErrPipelined)
	}
	m.scan.SetLimit(orLimit(m.server.cfg.Limit, xmlscan.LimitDefault))
	return nil
}

// Refuse turns the peer of an AuthRequest away with a SASL condition.
func (m *Machine) Refuse(cond string, now time.Time) error {
	if !m.decide(AuthRequest, now) {
		return m.err
	}
	_, err := m.saslFailed(&sasl.Failure{Cond: cond, Reason: "refused by access control"})
	return err
}
