package stream

import (
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// bindServer handles a request to bind.
func (m *Machine) bindServer(e *xmlscan.Element) (Event, error) {
	var st stanza.Stanza
	err := m.parser.Parse(e, &st)
	name, _ := st.Child()
	if err != nil || st.Type != stanza.Set || name != (xmlscan.Name{Space: NSBind, Local: "bind"}) || !st.To.IsZero() && st.To != m.identity.JID && st.To != m.identity.JID.DomainJID() {
		return Event{}, m.fail(NotAuthorized, "", ErrUnexpected)
	}
	m.server.bindID = st.ID
	m.waiting = BindRequest
	return Event{Kind: BindRequest, JID: m.identity.JID, Resource: childText(st.Payload, "resource")}, nil
}

// Bind answers a BindRequest: the stream is bound to the full JID, stanzas follow.
func (m *Machine) Bind(full jid.JID, now time.Time) error {
	if !m.decide(BindRequest, now) {
		return m.err
	}
	b := append(m.out, "<iq type='result'"...)
	b = xmlscan.AppendAttr(b, "id", m.server.bindID)
	b = append(b, "><bind xmlns='"+NSBind+"'><jid>"...)
	b = xmlscan.AppendText(b, full.String())
	m.out = append(b, "</jid></bind></iq>"...)
	m.becomeReady(full)
	return nil
}

// RefuseBind answers a BindRequest with a stanza error condition, such as stanza.NotAllowed or stanza.Conflict. After
// too many the stream ends.
func (m *Machine) RefuseBind(cond string, now time.Time) error {
	if !m.decide(BindRequest, now) {
		return m.err
	}
	st := stanza.Stanza{Kind: stanza.IQ, Type: stanza.TypeError, ID: m.server.bindID, Err: stanza.NewError(cond, "")}
	m.out = st.Append(m.out)
	if m.server.binds++; m.server.binds >= or(m.server.cfg.MaxAttempts, MaxAttempts) {
		return m.fail(PolicyViolation, "", ErrAttempts)
	}
	return nil
}

// resumeServer handles resume, and refuses everything else of stream management before bind.
func (m *Machine) resumeServer(e *xmlscan.Element) (Event, error) {
	el, err := sm.Parse(e)
	if err != nil {
		return Event{}, m.fail(BadFormat, "", err)
	}
	if el.Kind != sm.Resume || m.server.cfg.NoSM {
		m.out = sm.Element{Kind: sm.Failed, Cond: stanza.UnexpectedRequest}.Append(m.out)
		if m.server.binds++; m.server.binds >= or(m.server.cfg.MaxAttempts, MaxAttempts) {
			return Event{}, m.fail(PolicyViolation, "", ErrAttempts)
		}
		return Event{}, nil
	}
	m.server.previd = el.ID
	m.waiting = ResumeRequest
	return Event{Kind: ResumeRequest, JID: m.identity.JID, ID: el.ID, H: el.H}, nil
}

// Resume answers a ResumeRequest: the stream goes on as full, of whose stanzas handled were handled by us. What the
// queue (sm.Out.Resume) says must be written behind Output.
func (m *Machine) Resume(full jid.JID, handled uint32, now time.Time) error {
	if !m.decide(ResumeRequest, now) {
		return m.err
	}
	m.out = sm.Element{Kind: sm.Resumed, ID: m.server.previd, H: handled, HasH: true}.Append(m.out)
	m.becomeReady(full)
	m.counting, m.h = true, handled
	return nil
}

// EnableSM answers an EnableRequest. id names the session for resumption, "" when it cannot be resumed.
func (m *Machine) EnableSM(id string, maxPause time.Duration, now time.Time) error {
	if !m.decide(EnableRequest, now) {
		return m.err
	}
	el := sm.Element{Kind: sm.Enabled, ID: id, Resume: id != ""}
	if id != "" {
		el.Max = maxPause
	}
	m.out = el.Append(m.out)
	m.counting, m.h = true, 0
	return nil
}

// FailSM answers an EnableRequest or ResumeRequest with a stanza error condition, such as stanza.ItemNotFound. handled
// is what we had handled of the session that cannot be resumed, nil when that is not known.
func (m *Machine) FailSM(cond string, handled *uint32, now time.Time) error {
	if !m.decide(EnableRequest, now) && !m.decide(ResumeRequest, now) {
		return m.err
	}
	el := sm.Element{Kind: sm.Failed, Cond: cond}
	if handled != nil {
		el.H, el.HasH = *handled, true
	}
	m.out = el.Append(m.out)
	return nil
}
