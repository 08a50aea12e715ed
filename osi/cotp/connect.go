package cotp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Codes of the TPDUs, X.224 13.1, in the upper half of the second octet (DT has no credit).
const (
	codeCR = 0xe0
	codeCC = 0xd0
	codeDR = 0x80
	codeDT = 0xf0
	codeER = 0x70
)

// Parameters of CR and CC, X.224 13.3.4.
const (
	paramSize    = 0xc0
	paramCalling = 0xc1
	paramCalled  = 0xc2
	paramAlt     = 0xc7 // alternative protocol classes
)

// What a caller decides upon.
var (
	ErrTPDU       = errors.New("cotp: malformed TPDU")
	ErrUnexpected = errors.New("cotp: TPDU has no place here")
	ErrClass      = errors.New("cotp: transport class is not 0")
	ErrSelector   = errors.New("cotp: nobody listens at the called TSAP")
	ErrTooLong    = errors.New("cotp: TSDU longer than allowed")
	ErrRefused    = errors.New("cotp: peer disconnected")
)

// MaxSelector is the longest transport selector in octets.
const MaxSelector = 32

// A Connect is CR or CC, X.224 13.3 and 13.4.
//
//	+----+---------+---------+---------+-------+----------------+
//	| LI | E0 / D0 | DST-REF | SRC-REF | class | parameters     |
//	+----+---------+---------+---------+-------+----------------+
type Connect struct {
	Confirm        bool // CC
	DstRef, SrcRef uint16
	Class          uint8  // 0 to 4
	Alternative    bool   // class 0 is offered besides Class
	Size           uint8  // log2 of the largest TPDU in octets, 7 to 13; 0: not given
	Calling        []byte // TSAP selectors; nil: not given
	Called         []byte
}

// Append appends the TPDU to b.
func (p *Connect) Append(b []byte) ([]byte, error) {
	if len(p.Calling) > MaxSelector || len(p.Called) > MaxSelector {
		return b, fmt.Errorf("%w: selector longer than %d octets", ErrTPDU, MaxSelector)
	}
	start := len(b)
	code := byte(codeCR)
	if p.Confirm {
		code = codeCC
	}
	b = append(b, 0, code, byte(p.DstRef>>8), byte(p.DstRef), byte(p.SrcRef>>8), byte(p.SrcRef), p.Class<<4)
	if p.Size != 0 {
		b = append(b, paramSize, 1, p.Size)
	}
	if p.Calling != nil {
		b = append(append(b, paramCalling, byte(len(p.Calling))), p.Calling...)
	}
	if p.Called != nil {
		b = append(append(b, paramCalled, byte(len(p.Called))), p.Called...)
	}
	b[start] = byte(len(b) - start - 1)
	return b, nil
}

// ParseConnect reads a CR or CC. Unknown parameters are skipped. Selectors share the octets of b.
func ParseConnect(b []byte) (Connect, error) {
	var p Connect
	head, _, err := split(b)
	if err != nil {
		return p, err
	}
	code := head[1] & 0xf0
	if code != codeCR && code != codeCC || len(head) < 7 {
		return p, fmt.Errorf("%w: %02x with a header of %d octets is neither CR nor CC", ErrTPDU, head[1], len(head))
	}
	p.Confirm = code == codeCC
	p.DstRef, p.SrcRef = binary.BigEndian.Uint16(head[2:]), binary.BigEndian.Uint16(head[4:])
	p.Class = head[6] >> 4
	for v := head[7:]; len(v) > 0; {
		if len(v) < 2 || int(v[1]) > len(v)-2 {
			return p, fmt.Errorf("%w: octet %d: parameter without its value", ErrTPDU, len(head)-len(v))
		}
		value := v[2 : 2+int(v[1])]
		if err := p.parameter(v[0], value); err != nil {
			return p, err
		}
		v = v[2+len(value):]
	}
	return p, nil
}

func (p *Connect) parameter(code byte, value []byte) error {
	switch code {
	case paramSize:
		if len(value) == 1 && value[0] >= 7 && value[0] <= 13 {
			p.Size = value[0]
		} else {
			return fmt.Errorf("%w: TPDU size % x", ErrTPDU, value)
		}
	case paramCalling, paramCalled:
		if len(value) > MaxSelector {
			return fmt.Errorf("%w: selector of %d octets", ErrTPDU, len(value))
		}
		if code == paramCalling {
			p.Calling = value
		} else {
			p.Called = value
		}
	case paramAlt:
		for _, c := range value {
			p.Alternative = p.Alternative || c>>4 == 0
		}
	}
	return nil
}

// split parts the header of a TPDU, with its length indicator, from the user data.
func split(b []byte) (head, data []byte, err error) {
	if len(b) < 2 || b[0] == 0 || b[0] == 255 || int(b[0])+1 > len(b) {
		return nil, nil, fmt.Errorf("%w: length indicator in %d octets", ErrTPDU, len(b))
	}
	n := int(b[0]) + 1
	return b[:n], b[n:], nil
}
