package osi

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/presentation"
	"github.com/gridward/gridward/osi/session"
)

// asked takes a CN: every layer has its say before the user of the association is asked.
func (m *Machine) asked(p *session.SPDU, now time.Time) Event {
	switch {
	case p.Version != 0 && p.Version&version2 == 0:
		return m.refuseSession(session.ReasonVersion, "session protocol version 2 was not proposed")
	case p.Requirements != 0 && p.Requirements&session.Duplex == 0:
		return m.refuseSession(session.ReasonUnspecified, "duplex functional unit was not proposed")
	case m.cfg.Local.SSEL != nil && !bytes.Equal(p.Called, m.cfg.Local.SSEL):
		return m.refuseSession(session.ReasonSelector, "nobody listens at the called SSAP")
	}
	cp, err := presentation.ParseConnect(p.User)
	if err != nil {
		return m.broken(err)
	}
	m.agree(cp.Contexts)
	if m.cfg.Local.PSEL != nil && !bytes.Equal(cp.Called, m.cfg.Local.PSEL) {
		return m.refusePresentation(errors.New("osi: nobody listens at the called PSAP"))
	}
	if m.acseID == 0 || len(m.contexts) == 0 {
		return m.refusePresentation(fmt.Errorf("osi: %w: no context that is known", asn1.ErrMissing))
	}
	for _, v := range cp.User {
		if v.Context == m.acseID && v.Encoding == presentation.SingleASN1 {
			return m.request(v.Value, now)
		}
	}
	return m.broken(fmt.Errorf("osi: %w: AARQ", asn1.ErrMissing))
}

// agree answers each context that is proposed. ACSE and the syntaxes are found wherever they are.
func (m *Machine) agree(list []presentation.Context) {
	for _, x := range list {
		r := presentation.Result{Result: presentation.ProviderRejection, Reason: presentation.UnknownAbstract}
		i := slices.IndexFunc(m.cfg.Syntaxes, func(s Syntax) bool { return s.Abstract == x.Abstract })
		_, used := m.contexts[x.ID]
		switch {
		case used || x.ID == m.acseID, i >= 0 && m.ids[i] != 0:
			r.Reason = presentation.TooManyContexts
		case i < 0 && x.Abstract != presentation.ACSE:
		case !slices.Contains(x.Transfers, presentation.BER):
			r.Reason = presentation.UnknownTransfer
		default:
			r = presentation.Result{Transfer: presentation.BER, Reason: presentation.ReasonNotGiven}
			if i >= 0 {
				m.contexts[x.ID], m.ids[i] = i, x.ID
			} else {
				m.acseID = x.ID
			}
		}
		m.results = append(m.results, r)
	}
}

// request takes an AARQ.
func (m *Machine) request(b []byte, now time.Time) Event {
	apdu, err := acse.Parse(b)
	if err != nil {
		return m.broken(err)
	}
	aarq, ok := apdu.(*acse.Request)
	if !ok {
		return m.broken(fmt.Errorf("osi: %w: AARQ", asn1.ErrMissing))
	}
	m.aarq = aarq
	m.state = indicated
	if len(aarq.User) == 0 {
		return m.refuse(&acse.Diagnostic{Code: acse.DiagNoReason}, nil)
	}
	if aarq.ContextName != acse.MMSContext {
		return m.refuse(&acse.Diagnostic{Code: acse.DiagContextName}, nil)
	}
	m.user = aarq.User[0]
	i, ok := m.contexts[m.user.Context]
	if !ok {
		// Without a reference it is the first that was agreed.
		if i = slices.IndexFunc(m.ids, func(id int) bool { return id != 0 }); m.user.Context != 0 {
			return m.broken(fmt.Errorf("osi: user information in context %d, which was not agreed", m.user.Context))
		}
		m.user.Context = m.ids[i]
	}
	if err := m.verify(now); err != nil {
		return m.refuse(err, nil)
	}
	return Event{Kind: Indication, Syntax: i, PDU: m.user.PDU}
}

// verify asks for the proof of who calls.
func (m *Machine) verify(now time.Time) error {
	peer := acse.Peer{
		Addr: m.cfg.Addr, Channel: m.cfg.Channel, CalledAP: m.aarq.Called, CallingAP: m.aarq.Calling, UserPDU: m.user.PDU,
	}
	switch {
	case m.cfg.Authenticator != nil:
		reply, p, err := m.cfg.Authenticator.Verify(peer, m.aarq.Auth)
		if err != nil {
			return err
		}
		m.reply, m.principal = reply, p
	case m.cfg.Channel != nil:
		m.principal = m.cfg.Channel.Principal()
	case m.cfg.InsecureAnonymous:
		m.principal = &model.Principal{Name: m.cfg.Addr}
	}
	if m.principal == nil || !m.principal.Expires.IsZero() && !now.Before(m.principal.Expires) {
		m.principal = nil
		return &acse.Diagnostic{Code: acse.DiagAuthenticationNeeded}
	}
	return nil
}

// Accept answers an Indication; user is the PDU that goes with the answer, maxPDU the size that was negotiated.
func (m *Machine) Accept(user []byte, maxPDU int) error {
	if m.state != indicated {
		return fmt.Errorf("%w: accept", ErrState)
	}
	if err := m.answer(&acse.Response{Auth: m.reply, User: []acse.User{{Context: m.user.Context, PDU: user}}}); err != nil {
		return err
	}
	m.state, m.deadline = open, time.Time{}
	m.aarq, m.results, m.user, m.reply = nil, nil, acse.User{}, acse.Auth{} // nobody needs them any more
	m.SetMaxPDU(maxPDU)
	return nil
}

// Refuse answers an Indication in the negative: cause is for a *acse.Diagnostic in it, user (or nil) goes with it. It
// gives the Event that ends the association.
func (m *Machine) Refuse(cause error, user []byte) (Event, error) {
	if m.state != indicated {
		return Event{}, fmt.Errorf("%w: refuse", ErrState)
	}
	return m.refuse(cause, user), nil
}

func (m *Machine) refuse(cause error, user []byte) Event {
	d := acse.Reason(cause)
	if m.cfg.Refusal == ByAbort {
		code := acse.AbortNoReason
		switch d.Code {
		case acse.DiagAuthenticationFailed:
			code = acse.AbortAuthentication
		case acse.DiagAuthenticationNeeded, acse.DiagMechanismRequired, acse.DiagMechanismUnknown:
			code = acse.AbortNeeded
		}
		return m.refuseByAbort(&acse.Abort{Provider: true, Diagnostic: code}, presentation.NoReason, cause)
	}
	aare := acse.Response{Result: acse.RejectedPermanent, Diagnostic: d}
	if user != nil && m.user.Context != 0 {
		aare.User = []acse.User{{Context: m.user.Context, PDU: user}}
	}
	if err := m.answer(&aare); err != nil {
		return m.end(err)
	}
	return m.end(fmt.Errorf("%w: %w", ErrRefused, cause))
}

// answer sends AC with CPA and AARE.
func (m *Machine) answer(aare *acse.Response) error {
	aare.ContextName, aare.Responding = m.aarq.ContextName, m.aarq.Called
	if m.cfg.Local.Title.AP != "" {
		aare.Responding = m.cfg.Local.Title
	}
	b, err := acse.Append(nil, aare)
	if err != nil {
		return err
	}
	cpa := presentation.Accept{
		Responding: m.cfg.Local.PSEL, Results: m.results, User: []presentation.PDV{{Context: m.acseID, Value: b}},
	}
	if cpa.Responding == nil {
		cpa.Responding = []byte{0, 0, 0, 1}
	}
	ppdu, err := cpa.Append(nil)
	if err != nil {
		return err
	}
	ssel := m.cfg.Local.SSEL
	if ssel == nil {
		ssel = []byte{0, 1}
	}
	return m.send(&session.SPDU{Type: session.Accept, Version: version2, Requirements: session.Duplex, Called: ssel, User: ppdu})
}

func (m *Machine) refuseSession(reason uint8, why string) Event {
	if err := m.send(&session.SPDU{Type: session.Refuse, Reason: reason}); err != nil {
		return m.end(err)
	}
	return m.end(fmt.Errorf("%w: %s", ErrRefused, why))
}

func (m *Machine) refusePresentation(cause error) Event {
	return m.refuseByAbort(nil, presentation.NoReason, cause)
}

// refuseByAbort sends RF with CPR and, if not nil, ABRT.
func (m *Machine) refuseByAbort(a *acse.Abort, reason int, cause error) Event {
	cpr := presentation.Refuse{Responding: m.cfg.Local.PSEL, Results: m.results, Reason: reason}
	if a != nil {
		b, err := acse.Append(nil, a)
		if err != nil {
			return m.end(err)
		}
		cpr.User = []presentation.PDV{{Context: m.acseID, Value: b}}
	}
	ppdu, err := cpr.Append(nil)
	if err == nil {
		err = m.send(&session.SPDU{Type: session.Refuse, Reason: session.ReasonUserData, User: ppdu})
	}
	if err != nil {
		return m.end(err)
	}
	return m.end(fmt.Errorf("%w: %w", ErrRefused, cause))
}
