package osi

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/cotp"
	"github.com/gridward/gridward/osi/presentation"
	"github.com/gridward/gridward/osi/session"
)

// Kind of an Event.
type Kind uint8

// The kinds.
const (
	None       Kind = iota
	Indication      // called end: a peer asks for an association and has proven who it is: Accept or Refuse
	Confirmed       // calling end: the association is there; PDU is what came with the answer
	Received        // a PDU of the association
	Released        // the association was released in order; nothing follows
	Ended           // refused, aborted, timed out or broken: Err says which; nothing follows
)

// An Event is what came of the octets that were put in.
type Event struct {
	Kind   Kind
	Syntax int    // index in Config.Syntaxes of PDU
	PDU    []byte // shares the input or the Machine's room until the next call
	Err    error
}

type state uint8

const (
	connecting  state = iota // calling end: waits for CC
	associating              // calling end: waits for AC
	idle                     // called end: waits for CR
	connected                // called end: waits for CN
	indicated                // called end: waits for Accept or Refuse
	open
	releasing // waits for DN
	ended
)

// A Machine is one end of one association. Make it with NewCalling or NewCalled. After every call Output has what is to
// be sent, and Deadline when Tick is due. Once an Event of Kind Released or Ended was given, the stream is closed after
// Output is sent. It is not safe for concurrent use, except for AppendData while the association is open.
type Machine struct {
	cfg       Config
	calling   bool
	state     state
	tp        *cotp.Machine
	out       []byte
	deadline  time.Time
	progress  time.Time
	contexts  map[int]int // presentation context to index of Syntaxes
	ids       []int       // presentation context by index of Syntaxes; 0: not agreed
	acseID    int
	user      acse.User // what goes with, or came with, the AARQ
	reply     acse.Auth
	results   []presentation.Result
	aarq      *acse.Request
	principal *model.Principal
	more      []presentation.PDV
}

// NewCalling makes the end that associates: user is the PDU that goes with the request, in the first of the syntaxes.
func NewCalling(cfg Config, user []byte, now time.Time) (*Machine, error) {
	cfg.called()
	cfg.setDefaults()
	m := &Machine{cfg: cfg, calling: true, state: connecting, acseID: 1, user: acse.User{PDU: user}}
	tp, err := cotp.NewCalling(cotp.Config{Calling: cfg.Local.TSEL, Called: cfg.Remote.TSEL, Ref: cfg.Ref, Limit: cfg.Limits.Handshake})
	if err != nil {
		return nil, fmt.Errorf("osi: %w", err)
	}
	m.tp = tp
	m.start(now)
	m.out = tp.Output()
	return m, nil
}

// NewCalled makes the end that is called.
func NewCalled(cfg Config, now time.Time) *Machine {
	cfg.setDefaults()
	m := &Machine{cfg: cfg, state: idle}
	m.tp = cotp.NewCalled(cotp.Config{Called: cfg.Local.TSEL, Ref: cfg.Ref, Limit: cfg.Limits.Handshake})
	m.start(now)
	return m
}

func (m *Machine) start(now time.Time) {
	m.deadline, m.progress = now.Add(m.cfg.Timeouts.Associate), now.Add(m.cfg.Timeouts.Progress)
	m.contexts, m.ids = make(map[int]int), make([]int, len(m.cfg.Syntaxes))
}

// Output takes what is to be sent.
func (m *Machine) Output() []byte {
	out := m.out
	m.out = nil
	return out
}

// Deadline is when Tick has something to do, zero when nothing is due.
func (m *Machine) Deadline() time.Time {
	if m.state < indicated && m.progress.Before(m.deadline) {
		return m.progress
	}
	return m.deadline
}

// Tick does what is due.
func (m *Machine) Tick(now time.Time) Event {
	due := m.Deadline()
	if m.state == ended || due.IsZero() || now.Before(due) {
		return Event{}
	}
	was := m.state
	if was == releasing {
		return m.end(fmt.Errorf("%w: no answer to the release", ErrTimeout))
	}
	if m.tp.Open() {
		m.sendAbort(true, acse.AbortNoReason)
	}
	return m.end(fmt.Errorf("%w: no association", ErrTimeout))
}

// Principal is who the peer has proven to be; nil before.
func (m *Machine) Principal() *model.Principal { return m.principal }

// Agreed reports whether the peer takes PDUs of the syntax with index i.
func (m *Machine) Agreed(i int) bool { return m.ids[i] != 0 }

// SetMaxPDU says what size of PDU was negotiated, in octets: TSDUs may be a little longer.
func (m *Machine) SetMaxPDU(n int) { m.tp.SetLimit(n + m.cfg.Limits.Margin) }

// Receive takes what has come: all octets of the stream that were not taken before. n of them are done with. There may
// be more Events in the rest: it is called again until it gives None. A call with new octets counts as progress.
func (m *Machine) Receive(in []byte, now time.Time) (n int, ev Event) {
	if m.state < indicated {
		m.progress = now.Add(m.cfg.Timeouts.Progress)
	}
	for m.state != ended {
		if len(m.more) > 0 {
			v := m.more[0]
			m.more = m.more[1:]
			return n, m.value(v)
		}
		k, what, tsdu, err := m.tp.Receive(in[n:])
		n += k
		m.out = append(m.out, m.tp.Output()...)
		switch {
		case err != nil:
			return n, m.transport(err)
		case k == 0:
			return n, Event{}
		case what == cotp.Connected:
			ev = m.connected(now)
		case what == cotp.Data:
			ev = m.tsdu(tsdu, now)
		}
		if ev.Kind != None {
			return n, ev
		}
	}
	return len(in), Event{}
}

// transport ends with an error of the layers below.
func (m *Machine) transport(err error) Event {
	var d *cotp.DisconnectError
	switch {
	case errors.As(err, &d) && m.state == connecting:
		return m.end(&RefusedError{Layer: "transport", Reason: int(d.Reason), Cause: err})
	case errors.Is(err, cotp.ErrRefused):
		return m.end(fmt.Errorf("%w: %w", ErrAborted, err))
	}
	return m.broken(err)
}

// broken aborts for a violation of the protocol.
func (m *Machine) broken(err error) Event {
	if m.tp.Open() && m.state != ended {
		m.sendAbort(true, acse.AbortProtocolError)
	}
	return m.end(protocol(err))
}

func (m *Machine) end(err error) Event {
	m.state, m.deadline = ended, time.Time{}
	return Event{Kind: Ended, Err: err}
}

// tsdu takes a whole TSDU.
func (m *Machine) tsdu(b []byte, now time.Time) Event {
	p, err := session.Parse(b)
	if err != nil {
		return m.broken(err)
	}
	switch {
	case p.Type == session.Data && (m.state == open || m.state == releasing):
		v, more, err := presentation.ParseData(p.User)
		if err != nil {
			return m.broken(err)
		}
		m.more = more
		return m.value(v)
	case p.Type == session.Abort:
		return m.aborted(&p)
	case p.Type == session.Connect && m.state == connected:
		return m.asked(&p, now)
	case p.Type == session.Accept && m.state == associating:
		return m.answered(&p)
	case p.Type == session.Refuse && m.state == associating:
		return m.refused(&p)
	case p.Type == session.Finish && (m.state == open || m.state == releasing):
		return m.finish()
	case p.Type == session.Disconnect && m.state == releasing:
		m.end(nil)
		return Event{Kind: Released}
	}
	return m.broken(fmt.Errorf("osi: %s has no place here", p.Type))
}

// value gives a PDU to whoever registered its syntax.
func (m *Machine) value(v presentation.PDV) Event {
	i, ok := m.contexts[v.Context]
	switch {
	case !ok:
		return m.broken(fmt.Errorf("osi: presentation context %d was not agreed", v.Context))
	case v.Encoding != m.cfg.Syntaxes[i].Encoding:
		return m.broken(fmt.Errorf("osi: presentation context %d: wrong kind of value", v.Context))
	}
	return Event{Kind: Received, Syntax: i, PDU: v.Value}
}

// AppendData appends a PDU of the syntax with index i to b as it crosses the wire. The association must be open, and the
// syntax agreed.
func (m *Machine) AppendData(b []byte, i int, pdu []byte) []byte {
	var room [48]byte
	head := append(room[:0], 1, 0, 1, 0) // GT and DT, X.225 8.3.11 and 8.3.10
	head = presentation.AppendDataHeader(head, m.ids[i], m.cfg.Syntaxes[i].Encoding, len(pdu))
	return m.tp.AppendTSDU(b, head, pdu)
}

// send puts an SPDU into Output.
func (m *Machine) send(p *session.SPDU) error {
	b, err := p.Append(nil)
	if err != nil {
		return fmt.Errorf("osi: %w", err)
	}
	m.out = m.tp.AppendTSDU(m.out, b, nil)
	return nil
}
