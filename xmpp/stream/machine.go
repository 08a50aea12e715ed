package stream

import (
	"errors"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// phase is how far the negotiation has come.
type phase uint8

const (
	phStart  phase = iota // TCP: headers, <starttls/>
	phTLS                 // waiting for TLSDone
	phAuth                // TLS: SASL
	phBind                // authenticated: bind or resume
	phReady               // bound: stanzas
	phClosed              // ended by either side, or failed
)

// A Machine is one stream. Create it with NewClient or NewServer. It is not safe for concurrent use.
type Machine struct {
	scan   xmlscan.Scanner
	client *clientSide // one of the two is set
	server *serverSide

	phase    phase
	opened   bool // our header is out
	waiting  EventKind
	step     clientStep // client: what is expected next
	identity sasl.Identity
	bound    jid.JID

	counting bool   // stream management is on
	h        uint32 // stanzas handled

	parser  stanza.Parser
	st      stanza.Stanza
	out     []byte
	err     error
	now     time.Time
	last    time.Time // of the last input
	limit   time.Time // for the phase; zero = none
	partial time.Time // since when a stanza is incomplete; zero = none
	timeout timeouts
}

type timeouts struct{ auth, bind, stanza time.Duration }

func pick(v, def time.Duration) time.Duration {
	if v == 0 {
		return def
	}
	return v
}

// Feed gives the machine the bytes that were read. They are borrowed until Next returns None or an error.
func (m *Machine) Feed(p []byte, now time.Time) {
	m.now = now
	if now.Sub(m.last) > quiet {
		m.scan.ResetSpace()
	}
	m.last = now
	if m.phase == phTLS {
		m.err = ErrWaiting
	}
	if m.err != nil || len(p) == 0 {
		return
	}
	if m.waiting != None && m.scan.Behind()+len(p) > xmlscan.LimitPreAuth {
		_ = m.fail(PolicyViolation, "", ErrWaiting)
		return
	}
	m.scan.Feed(p)
}

// Next returns the next event, None when more input is needed. An error ends the stream: write Output and close.
func (m *Machine) Next() (Event, error) {
	for {
		if m.err != nil {
			return Event{}, m.err
		}
		if m.waiting != None || m.phase == phTLS {
			m.scan.Hold()
			return Event{}, nil
		}
		it, err := m.scan.Next()
		if err != nil {
			return Event{}, m.refuse(err)
		}
		var ev Event
		switch it {
		case xmlscan.None:
			m.notePartial()
			m.st.Payload = nil // it borrowed from the reader's buffer
			return Event{}, nil
		case xmlscan.Open:
			m.partial = time.Time{}
			ev, err = m.header()
		case xmlscan.Child:
			m.partial = time.Time{}
			ev, err = m.element(m.scan.Element)
		case xmlscan.Closed:
			return m.peerClosed()
		}
		if err != nil {
			return Event{}, err
		}
		if ev.Kind != None {
			return ev, nil
		}
	}
}

// notePartial remembers since when a stanza is incomplete.
func (m *Machine) notePartial() {
	if !m.scan.Partial() {
		m.partial = time.Time{}
	} else if m.partial.IsZero() {
		m.partial = m.now
	}
}

// Output returns the bytes that are to be written, in order, and forgets them. nil = nothing.
func (m *Machine) Output() []byte {
	b := m.out
	m.out = nil
	return b
}

// Deadline returns when Tick must be called if nothing else happens; the zero time means never.
func (m *Machine) Deadline() time.Time {
	d := m.limit
	if !m.partial.IsZero() && m.timeout.stanza > 0 {
		if p := m.partial.Add(m.timeout.stanza); d.IsZero() || p.Before(d) {
			d = p
		}
	}
	return d
}

// Tick ends the stream with connection-timeout when a deadline has passed.
func (m *Machine) Tick(now time.Time) error {
	if m.err != nil {
		return m.err
	}
	m.now = now
	if d := m.Deadline(); d.IsZero() || now.Before(d) {
		return nil
	}
	return m.fail(ConnectionTimeout, "", ErrTimeout)
}

// JID returns the full JID that is bound; the zero JID before.
func (m *Machine) JID() jid.JID { return m.bound }

// Identity returns who the peer has proved to be (server).
func (m *Machine) Identity() sasl.Identity { return m.identity }

// Handled returns the number of stanzas handled since stream management was enabled, modulo 2^32: the h to send.
func (m *Machine) Handled() uint32 { return m.h }

// SMAck returns the answer to an AckRequest.
func (m *Machine) SMAck() sm.Element { return sm.Element{Kind: sm.Ack, H: m.h, HasH: true} }

// CDATA returns the number of CDATA sections accepted so far.
func (m *Machine) CDATA() uint64 { return m.scan.CDATA() }

// SetLookup sets how addresses that are known already are found; see stanza.Parser.
func (m *Machine) SetLookup(f func(raw []byte) (jid.JID, bool)) { m.parser.Lookup = f }

// Close ends our side of the stream in order: Output gets the end tag.
func (m *Machine) Close() {
	if m.phase == phClosed {
		return
	}
	if m.opened {
		m.out = append(m.out, "</stream:stream>"...)
	}
	m.phase = phClosed
}

// Fail ends the stream with a stream error of the driver's choice, such as Conflict or SystemShutdown, and returns it.
func (m *Machine) Fail(cond, text string) error { return m.fail(cond, text, nil) }

// peerClosed answers the peer's end tag.
func (m *Machine) peerClosed() (Event, error) {
	m.Close()
	m.err = ErrClosed
	m.limit, m.partial = time.Time{}, time.Time{}
	return Event{Kind: Closed}, nil
}

// refuse turns a breach of the XML rules into the stream error that answers it.
func (m *Machine) refuse(err error) error {
	var e *xmlscan.Error
	if !errors.As(err, &e) {
		return m.fail(InternalServerError, "", err)
	}
	se := &Error{Cond: e.Rule.Condition(), Rule: e.Rule, Err: err}
	return m.end(se)
}

func (m *Machine) fail(cond, text string, cause error) error {
	return m.end(&Error{Cond: cond, Text: text, Err: cause})
}

// end writes a stream error and the end tag; a server that has sent no header sends one first (RFC 6120 4.9.1.2).
func (m *Machine) end(e *Error) error {
	if m.err != nil {
		return m.err
	}
	m.err = e
	m.limit, m.partial = time.Time{}, time.Time{}
	if m.phase == phClosed || m.phase == phTLS {
		m.phase = phClosed
		return e
	}
	if !m.opened {
		m.open()
	}
	m.out = append(m.out, "<stream:error><"...)
	m.out = append(m.out, e.Cond...)
	m.out = append(m.out, " xmlns='"+NSError+"'/>"...)
	if e.Text != "" {
		m.out = append(m.out, "<text xmlns='"+NSError+"'>"...)
		m.out = xmlscan.AppendText(m.out, e.Text)
		m.out = append(m.out, "</text>"...)
	}
	switch {
	case e.Rule == xmlscan.RuleStanzaSize:
		m.out = append(m.out, "<"+stanzaTooBig+" xmlns='urn:xmpp:errors'/>"...)
	case errors.Is(e.Err, sm.ErrAck):
		m.out = append(m.out, "<"+handledCountTooHigh+" xmlns='"+sm.NS+"'/>"...)
	}
	m.out = append(m.out, "</stream:error></stream:stream>"...)
	m.phase = phClosed
	return e
}

// FailAck ends the stream because the peer acknowledged more than was sent (sm.ErrAck).
func (m *Machine) FailAck() error { return m.fail(UndefinedCondition, "", sm.ErrAck) }

// restart begins the stream anew after TLS or SASL.
func (m *Machine) restart() bool {
	m.opened = false
	return m.scan.Restart()
}

// element handles a complete child of the stream.
func (m *Machine) element(e *xmlscan.Element) (Event, error) {
	if e.Name.Space == xmlscan.NSStream && e.Name.Local == "error" {
		return Event{}, m.remoteError(e)
	}
	if m.phase == phReady {
		return m.ready(e)
	}
	if m.client != nil {
		return m.clientElement(e)
	}
	return m.serverElement(e)
}

// ready handles what comes on a bound stream: stanzas and stream management.
func (m *Machine) ready(e *xmlscan.Element) (Event, error) {
	if e.Name.Space == sm.NS {
		return m.managed(e)
	}
	err := m.parser.Parse(e, &m.st)
	if err == nil {
		m.count()
		return Event{Kind: StanzaIn, Stanza: &m.st}, nil
	}
	var pe *stanza.ParseError
	if errors.As(err, &pe) && pe.Stream == "" {
		m.count()
		return Event{Kind: BadStanza, Stanza: &m.st, Err: err}, nil
	}
	if m.client != nil && e.Name.Space == xmlscan.NSStream { // features sent again: nothing to do
		return Event{}, nil
	}
	return Event{}, m.fail(pe.Stream, "", err)
}

func (m *Machine) count() {
	if m.counting {
		m.h++
	}
}

// managed handles the elements of stream management on a bound stream.
func (m *Machine) managed(e *xmlscan.Element) (Event, error) {
	el, err := sm.Parse(e)
	if err != nil {
		return Event{}, m.fail(BadFormat, "", err)
	}
	switch {
	case el.Kind == sm.Request && m.counting:
		return Event{Kind: AckRequest}, nil
	case el.Kind == sm.Ack && m.counting:
		return Event{Kind: Ack, H: el.H}, nil
	case el.Kind == sm.Request || el.Kind == sm.Ack: // stream management is not on
		return Event{}, nil
	case m.server != nil && el.Kind == sm.Enable && !m.counting:
		m.waiting = EnableRequest
		return Event{Kind: EnableRequest, Resume: el.Resume, Max: el.Max}, nil
	case m.client != nil && el.Kind == sm.Enabled && m.step == waitEnabled:
		m.step = waitNothing
		m.counting, m.h = true, 0
		return Event{Kind: Enabled, ID: el.ID, Resume: el.Resume && el.ID != "", Max: el.Max, Location: el.Location}, nil
	case m.client != nil && el.Kind == sm.Failed && m.step == waitEnabled:
		m.step = waitNothing
		return Event{Kind: EnableFailed}, nil
	}
	return Event{}, m.fail(PolicyViolation, "", ErrUnexpected)
}

// remoteError reads the peer's stream error.
func (m *Machine) remoteError(e *xmlscan.Element) error {
	se := &Error{Cond: UndefinedCondition, Remote: true}
	r := xmlscan.NewReader(e.Payload(nil))
	in := ""
	for {
		tok, err := r.Next()
		if err != nil {
			break
		}
		switch {
		case tok.Kind == xmlscan.Start && tok.Depth == 0:
			in = ""
			if tok.Name.Space != NSError {
				continue
			}
			if in = tok.Name.Local; conditions[in] {
				se.Cond = in
			}
		case tok.Kind == xmlscan.Text && in == "text" && len(se.Text)+len(tok.Text) <= 1024:
			se.Text += string(tok.Text)
		case tok.Kind == xmlscan.Text && in == SeeOtherHost && len(se.Host)+len(tok.Text) <= 1024:
			se.Host += string(tok.Text)
		}
	}
	m.err = se
	m.limit, m.partial = time.Time{}, time.Time{}
	if m.opened && m.phase != phClosed {
		m.out = append(m.out, "</stream:stream>"...)
	}
	m.phase = phClosed
	return se
}
