package osi

import (
	"fmt"
	"time"

	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/presentation"
	"github.com/gridward/gridward/osi/session"
)

// Release asks the peer to release an open association: FN with RLRQ. Released or Ended follows.
func (m *Machine) Release(now time.Time) error {
	if m.state != open {
		return fmt.Errorf("%w: release", ErrState)
	}
	m.state, m.deadline = releasing, now.Add(m.cfg.Timeouts.Release)
	return m.sendRelease(session.Finish, &acse.Release{HasReason: true})
}

// finish answers a release with DN and RLRE. Both ends may have asked at once; the answer is the same.
func (m *Machine) finish() Event {
	if err := m.sendRelease(session.Disconnect, &acse.Release{Answer: true, HasReason: true}); err != nil {
		return m.end(err)
	}
	m.end(nil)
	return Event{Kind: Released}
}

func (m *Machine) sendRelease(t session.Type, apdu *acse.Release) error {
	b, err := acse.Append(nil, apdu)
	if err != nil {
		return err
	}
	ppdu := presentation.AppendDataHeader(nil, m.acseID, presentation.SingleASN1, len(b))
	return m.send(&session.SPDU{Type: t, User: append(ppdu, b...)})
}

// Abort ends the association at once, whatever its state, and tells the peer.
func (m *Machine) Abort() {
	if m.state == ended {
		return
	}
	if m.tp.Open() && m.state != connected {
		m.sendAbort(false, 0)
	}
	m.end(ErrAborted)
}

// sendAbort sends AB with ABRT, in an ARU when there is a presentation context for it.
func (m *Machine) sendAbort(provider bool, diagnostic int) {
	p := session.SPDU{Type: session.Abort, Transport: session.Released | session.UserAbort}
	if provider {
		p.Transport = session.Released | session.ProtocolError
	}
	if m.state >= indicated || m.state == associating {
		b, err := acse.Append(nil, &acse.Abort{Provider: provider, Diagnostic: diagnostic})
		if err == nil {
			aru := presentation.Abort{User: []presentation.PDV{{Context: m.acseID, Value: b}}}
			p.User, err = aru.Append(nil)
		}
		if err != nil {
			p.User = nil
		}
	}
	_ = m.send(&p) // an AB of these sizes can be written
}

// aborted takes an AB.
func (m *Machine) aborted(p *session.SPDU) Event {
	e := &AbortError{Provider: p.Transport&session.UserAbort == 0}
	if ppdu, err := presentation.ParseAbort(p.User); err == nil && len(p.User) > 0 {
		e.Provider = e.Provider || ppdu.Provider
		if a := abortOf(ppdu.User); a != nil {
			e.Provider, e.Diagnostic = a.Provider, a.Diagnostic
		}
	}
	return m.end(e)
}

// abortOf finds the ABRT among presentation data.
func abortOf(user []presentation.PDV) *acse.Abort {
	for _, v := range user {
		if apdu, err := acse.Parse(v.Value); err == nil {
			if a, ok := apdu.(*acse.Abort); ok {
				return a
			}
		}
	}
	return nil
}
