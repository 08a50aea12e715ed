package osi

import (
	"fmt"
	"time"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/presentation"
	"github.com/gridward/gridward/osi/session"
)

// connected goes on once the transport connection is there.
func (m *Machine) connected(now time.Time) Event {
	if !m.calling {
		m.state = connected
		return Event{}
	}
	if err := m.associate(); err != nil {
		return m.end(err)
	}
	m.state, m.progress = associating, now.Add(m.cfg.Timeouts.Progress)
	return Event{}
}

// associate sends CN, CP and AARQ. Contexts are numbered 1 for ACSE and 3, 5, ... for the syntaxes.
func (m *Machine) associate() error {
	contexts := []presentation.Context{{ID: m.acseID, Abstract: presentation.ACSE, Transfers: []asn1.OID{presentation.BER}}}
	for i, s := range m.cfg.Syntaxes {
		contexts = append(contexts, presentation.Context{ID: 2*i + 3, Abstract: s.Abstract, Transfers: []asn1.OID{presentation.BER}})
	}
	m.user.Context = 3
	aarq := acse.Request{
		ContextName: acse.MMSContext, Called: m.cfg.Remote.Title, Calling: m.cfg.Local.Title, User: []acse.User{m.user},
	}
	if a := m.cfg.Authenticator; a != nil {
		auth, err := a.Offer(m.cfg.Local, m.cfg.Remote)
		if err != nil {
			return fmt.Errorf("osi: %w", err)
		}
		aarq.Auth = auth
	}
	b, err := acse.Append(nil, &aarq)
	if err != nil {
		return err
	}
	cp := presentation.Connect{
		Calling: m.cfg.Local.PSEL, Called: m.cfg.Remote.PSEL, Contexts: contexts,
		User: []presentation.PDV{{Context: m.acseID, Value: b}},
	}
	ppdu, err := cp.Append(nil)
	if err != nil {
		return err
	}
	return m.send(&session.SPDU{
		Type: session.Connect, Version: version2, Requirements: session.Duplex,
		Calling: m.cfg.Local.SSEL, Called: m.cfg.Remote.SSEL, User: ppdu, Extended: m.cfg.ExtendedUserData,
	})
}

// version2 is the bit of session protocol version 2.
const version2 = 2

// answered takes an AC.
func (m *Machine) answered(p *session.SPDU) Event {
	cpa, err := presentation.ParseAccept(p.User)
	if err != nil {
		return m.broken(err)
	}
	for i, r := range cpa.Results {
		if i > 0 && i <= len(m.ids) && r.Result == presentation.Acceptance {
			m.ids[i-1] = 2*i + 1
			m.contexts[2*i+1] = i - 1
		}
	}
	aare, err := m.response(cpa.User)
	if err != nil {
		return m.broken(err)
	}
	user := acse.User{}
	if len(aare.User) > 0 {
		user = aare.User[0]
	}
	if aare.Result != acse.Accepted {
		return m.end(&RefusedError{Layer: "acse", Reason: aare.Result, Diagnostic: &aare.Diagnostic, UserPDU: user.PDU})
	}
	if m.ids[0] == 0 {
		return m.broken(fmt.Errorf("osi: the peer does not take %s", m.cfg.Syntaxes[0].Abstract))
	}
	if err := m.verifyAnswer(aare, user.PDU); err != nil {
		m.sendAbort(false, acse.AbortAuthentication)
		return m.end(fmt.Errorf("%w: %w", ErrRefused, err))
	}
	m.state, m.deadline, m.user = open, time.Time{}, acse.User{}
	return Event{Kind: Confirmed, Syntax: m.contexts[user.Context], PDU: user.PDU}
}

func (m *Machine) verifyAnswer(aare *acse.Response, user []byte) error {
	peer := acse.Peer{
		Addr: m.cfg.Addr, Called: true, Channel: m.cfg.Channel, CalledAP: aare.Responding, CallingAP: m.cfg.Local.Title, UserPDU: user,
	}
	switch {
	case m.cfg.Authenticator != nil:
		_, p, err := m.cfg.Authenticator.Verify(peer, aare.Auth)
		if err != nil {
			return err
		}
		m.principal = p
	case m.cfg.Channel != nil:
		m.principal = m.cfg.Channel.Principal()
	}
	if m.principal == nil {
		m.principal = &model.Principal{Name: m.cfg.Addr}
	}
	return nil
}

func (m *Machine) response(user []presentation.PDV) (*acse.Response, error) {
	for _, v := range user {
		if v.Context != m.acseID {
			continue
		}
		apdu, err := acse.Parse(v.Value)
		if err != nil {
			return nil, err
		}
		if r, ok := apdu.(*acse.Response); ok {
			return r, nil
		}
	}
	return nil, fmt.Errorf("osi: %w: AARE", asn1.ErrMissing)
}

// refused takes an RF, which may carry CPR and ABRT or AARE.
func (m *Machine) refused(p *session.SPDU) Event {
	e := &RefusedError{Layer: "session", Reason: int(p.Reason)}
	cpr, err := presentation.ParseRefuse(p.User)
	if err != nil || len(p.User) == 0 {
		return m.end(e)
	}
	if cpr.Reason != presentation.ReasonNotGiven {
		e.Layer, e.Reason = "presentation", cpr.Reason
	}
	if a := abortOf(cpr.User); a != nil {
		e.Layer, e.Reason, e.Cause = "acse", a.Diagnostic, &AbortError{a.Provider, a.Diagnostic}
	} else if r, err := m.response(cpr.User); err == nil {
		e.Layer, e.Reason, e.Diagnostic = "acse", r.Result, &r.Diagnostic
		if len(r.User) > 0 {
			e.UserPDU = r.User[0].PDU
		}
	}
	return m.end(e)
}
