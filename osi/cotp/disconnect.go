package cotp

import (
	"encoding/binary"
	"fmt"
)

// Reasons of DR that class 0 has, X.224 13.5.3.
const (
	ReasonUnspecified = 0
	ReasonCongestion  = 1
	ReasonNotAttached = 2
	ReasonAddress     = 3
)

// A Disconnect is DR, X.224 13.5: what refuses a connection.
type Disconnect struct {
	DstRef, SrcRef uint16
	Reason         uint8
}

// Append appends the TPDU to b.
func (p *Disconnect) Append(b []byte) []byte {
	return append(b, 6, codeDR, byte(p.DstRef>>8), byte(p.DstRef), byte(p.SrcRef>>8), byte(p.SrcRef), p.Reason)
}

// ParseDisconnect reads a DR.
func ParseDisconnect(b []byte) (Disconnect, error) {
	head, _, err := split(b)
	if err != nil {
		return Disconnect{}, err
	}
	if len(head) < 7 || head[1] != codeDR {
		return Disconnect{}, fmt.Errorf("%w: DR of %d octets", ErrTPDU, len(head))
	}
	return Disconnect{binary.BigEndian.Uint16(head[2:]), binary.BigEndian.Uint16(head[4:]), head[6]}, nil
}

// A DisconnectError is a DR from the peer. It is ErrRefused.
type DisconnectError struct{ Reason uint8 }

func (e *DisconnectError) Error() string {
	names := [...]string{"not specified", "congestion", "session entity not attached", "address unknown"}
	if int(e.Reason) < len(names) {
		return fmt.Sprintf("%v: %s", ErrRefused, names[e.Reason])
	}
	return fmt.Sprintf("%v: reason %d", ErrRefused, e.Reason)
}

// Unwrap gives ErrRefused.
func (e *DisconnectError) Unwrap() error { return ErrRefused }
