package cotp

import (
	"bytes"
	"fmt"

	"github.com/gridward/gridward/osi/tpkt"
)

// maxSize is the TPDU size that is proposed and the largest that is agreed to, as log2: 8,192 octets.
const maxSize = 13

// maxHeader is the longest header of a TPDU in octets.
const maxHeader = 255

// keep is how much room for the next TSDU in fragments a Machine keeps.
const keep = 8192

// Config of a Machine.
type Config struct {
	Calling []byte // selector of the calling end; of the called end it is not looked at
	Called  []byte // selector that is called; at the called end nil accepts any
	Ref     uint16 // our reference, not 0
	Limit   int    // octets of a TSDU
}

// Event is what a packet meant.
type Event uint8

// The events.
const (
	None      Event = iota
	Connected       // CC came, or was sent
	Data            // a TSDU is complete
)

type state uint8

const (
	closed  state = iota
	called        // waits for CR
	waiting       // waits for CC
	open
)

// A Machine is one end of a transport connection. Make it with NewCalling or NewCalled. Every error ends it: what is in
// Output is sent, then the stream is closed. It is not safe for concurrent use.
type Machine struct {
	cfg     Config
	state   state
	size    int // octets of a TPDU that we send at most
	out     []byte
	partial []byte
	calling []byte
}

// NewCalling makes the end that connects; its CR is in Output.
func NewCalling(cfg Config) (*Machine, error) {
	m := &Machine{cfg: cfg, state: waiting}
	return m, m.send(&Connect{SrcRef: cfg.Ref, Size: maxSize, Calling: cfg.Calling, Called: cfg.Called})
}

// NewCalled makes the end that waits for a connection.
func NewCalled(cfg Config) *Machine { return &Machine{cfg: cfg, state: called} }

// Output takes what is to be sent.
func (m *Machine) Output() []byte {
	out := m.out
	m.out = nil
	return out
}

// SetLimit changes the limit of a TSDU in octets.
func (m *Machine) SetLimit(n int) { m.cfg.Limit = n }

// Calling is the selector of the peer that called.
func (m *Machine) Calling() []byte { return m.calling }

// AppendTSDU appends a TSDU, given in two parts, as packets. The connection must be open.
func (m *Machine) AppendTSDU(b, head, body []byte) []byte { return AppendTSDU(b, m.size, head, body) }

// Open reports whether data may be sent.
func (m *Machine) Open() bool { return m.state == open }

// Pending is how many octets of an incomplete TSDU are held.
func (m *Machine) Pending() int { return len(m.partial) }

// Receive takes the first packet off in: n octets, 0 when it is not complete. The TSDU of a Data event shares in or the
// Machine's room until the next call.
func (m *Machine) Receive(in []byte) (n int, ev Event, tsdu []byte, err error) {
	tpdu, n, err := tpkt.Next(in)
	if err == nil && n == 0 && len(in) >= tpkt.HeaderLen {
		// A packet that would be too long is refused before its octets are waited for.
		if most := max(m.cfg.Limit-len(m.partial)+dataHeader, maxHeader) + tpkt.HeaderLen; tpkt.Announced(in) > most {
			err = fmt.Errorf("%w: packet of %d octets where %d are allowed", ErrTooLong, tpkt.Announced(in), most)
		}
	}
	if err != nil || n == 0 {
		return 0, None, nil, err
	}
	ev, tsdu, err = m.tpdu(tpdu)
	return n, ev, tsdu, err
}

func (m *Machine) tpdu(b []byte) (Event, []byte, error) {
	code := b[1]
	if code != codeDT {
		code &= 0xf0
	}
	switch {
	case code == codeDT && m.state == open:
		return m.data(b)
	case code == codeCR && m.state == called:
		return m.connect(b)
	case code == codeCC && m.state == waiting:
		return m.confirm(b)
	case code == codeDR:
		d, err := ParseDisconnect(b)
		if err != nil {
			return None, nil, err
		}
		return None, nil, &DisconnectError{d.Reason}
	case code == codeER:
		return None, nil, fmt.Errorf("%w: it found an error in a TPDU of ours", ErrRefused)
	}
	return None, nil, fmt.Errorf("%w: %02x", ErrUnexpected, b[1])
}

func (m *Machine) send(p *Connect) error {
	b, err := p.Append(nil)
	if err != nil {
		return err
	}
	m.out = append(tpkt.AppendHeader(m.out, len(b)), b...)
	return nil
}

// connect answers a CR.
func (m *Machine) connect(b []byte) (Event, []byte, error) {
	p, err := ParseConnect(b)
	reason := byte(ReasonUnspecified)
	switch {
	case err != nil:
	case p.Class != 0 && !p.Alternative:
		err = fmt.Errorf("%w: class %d", ErrClass, p.Class)
	case p.DstRef != 0:
		err = fmt.Errorf("%w: CR with destination reference %d", ErrTPDU, p.DstRef)
	case m.cfg.Called != nil && !bytes.Equal(p.Called, m.cfg.Called):
		err, reason = fmt.Errorf("%w: %x", ErrSelector, p.Called), ReasonAddress
	}
	if err != nil {
		d := Disconnect{DstRef: p.SrcRef, Reason: reason}
		m.out = d.Append(tpkt.AppendHeader(m.out, 7))
		return None, nil, err
	}
	size := uint8(maxSize)
	if p.Size != 0 {
		size = min(p.Size, maxSize)
	}
	m.state, m.size, m.calling = open, 1<<size, bytes.Clone(p.Calling)
	return Connected, nil, m.send(&Connect{
		Confirm: true, DstRef: p.SrcRef, SrcRef: m.cfg.Ref, Size: size, Calling: bytes.Clone(p.Calling), Called: bytes.Clone(p.Called),
	})
}

// confirm takes a CC.
func (m *Machine) confirm(b []byte) (Event, []byte, error) {
	p, err := ParseConnect(b)
	switch {
	case err != nil:
		return None, nil, err
	case p.Class != 0:
		d := Disconnect{DstRef: p.SrcRef, SrcRef: m.cfg.Ref}
		m.out = d.Append(tpkt.AppendHeader(m.out, 7))
		return None, nil, fmt.Errorf("%w: class %d", ErrClass, p.Class)
	case p.Size > maxSize:
		return None, nil, fmt.Errorf("%w: CC with a larger TPDU size than proposed", ErrTPDU)
	}
	m.size = 1 << maxSize
	if p.Size != 0 {
		m.size = 1 << p.Size
	}
	m.state = open
	return Connected, nil, nil
}

// data puts fragments together. Room grows with what has come, never by what is announced.
func (m *Machine) data(b []byte) (Event, []byte, error) {
	data, eot, err := ParseData(b)
	switch {
	case err != nil:
		return None, nil, err
	case len(m.partial)+len(data) > m.cfg.Limit:
		return None, nil, fmt.Errorf("%w: %d octets", ErrTooLong, m.cfg.Limit)
	case eot && len(m.partial) == 0:
		return Data, data, nil
	}
	m.partial = append(m.partial, data...)
	if !eot {
		return None, nil, nil
	}
	tsdu := m.partial
	if m.partial = m.partial[:0]; cap(m.partial) > keep {
		m.partial = nil
	}
	return Data, tsdu, nil
}
