package stream

import (
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// bind asks for our resource.
func (m *Machine) bind() {
	m.client.bindID = stanza.NewID()
	b := append(m.out, "<iq type='set'"...)
	b = xmlscan.AppendAttr(b, "id", m.client.bindID)
	b = append(b, "><bind xmlns='"+NSBind+"'><resource>"...)
	b = xmlscan.AppendText(b, m.client.cfg.Resource)
	m.out = append(b, "</resource></bind></iq>"...)
	m.step = waitBound
}

// boundClient handles the answer to bind.
func (m *Machine) boundClient(e *xmlscan.Element) (Event, error) {
	if err := m.parser.Parse(e, &m.st); err != nil || !m.st.IsResponse() || m.st.ID != m.client.bindID {
		return Event{}, m.fail(PolicyViolation, "", ErrUnexpected)
	}
	if m.st.Type == stanza.TypeError {
		return Event{}, m.stop(&BindError{Cond: m.st.Err.Cond, Text: m.st.Err.Text})
	}
	j, err := jid.Parse(childText(m.st.Payload, "jid"))
	want, err2 := m.client.cfg.JID.WithResource(m.client.cfg.Resource)
	if err != nil || err2 != nil || j != want || !j.IsFull() {
		return Event{}, m.stop(ErrResource)
	}
	m.becomeReady(j)
	m.step = waitNothing
	if m.client.sm {
		m.out = sm.Element{Kind: sm.Enable, Resume: true, Max: m.client.cfg.SMMax}.Append(m.out)
		m.step = waitEnabled
	}
	return Event{Kind: Ready, JID: j, Managed: m.client.sm}, nil
}

// becomeReady forgets what only the negotiation needs.
func (m *Machine) becomeReady(j jid.JID) {
	m.phase, m.bound = phReady, j
	m.limit = time.Time{}
	m.scan.Header = xmlscan.Header{}
}

// resumed handles the answer to resume.
func (m *Machine) resumed(e *xmlscan.Element) (Event, error) {
	el, err := sm.Parse(e)
	r := m.client.cfg.Resume
	switch {
	case err != nil:
		return Event{}, m.fail(BadFormat, "", err)
	case el.Kind == sm.Resumed && el.ID == r.ID:
		j, err := m.client.cfg.JID.WithResource(m.client.cfg.Resource)
		if err != nil {
			return Event{}, m.stop(ErrResource)
		}
		m.becomeReady(j)
		m.step = waitNothing
		m.counting, m.h = true, r.H
		return Event{Kind: Ready, JID: j, Resumed: true, Managed: true, H: el.H}, nil
	case el.Kind == sm.Failed:
		m.bind()
		return Event{Kind: ResumeFailed, H: el.H, HasH: el.HasH}, nil
	}
	return Event{}, m.fail(PolicyViolation, "", ErrUnexpected)
}

// childText returns the text of the element called local, two levels down.
func childText(raw []byte, local string) (text string) {
	r := xmlscan.NewReader(raw)
	in := false
	for {
		tok, err := r.Next()
		if err != nil {
			return text
		}
		switch tok.Kind {
		case xmlscan.Start:
			in = tok.Depth == 1 && tok.Name == xmlscan.Name{Space: NSBind, Local: local}
		case xmlscan.End:
			in = false
		case xmlscan.Text:
			if in {
				text += string(tok.Text)
			}
		}
	}
}
