package session

import (
	"fmt"
)

// Parse reads the SPDU that a TSDU is. What it gives shares the octets of b. Parameters that are not known are skipped.
func Parse(b []byte) (SPDU, error) {
	if len(b) >= len(dataPrefix) && string(b[:len(dataPrefix)]) == dataPrefix {
		return SPDU{Type: Data, User: b[len(dataPrefix):]}, nil
	}
	r := reader{b: b}
	code, body, ok := r.param()
	p := SPDU{Type: Type(code)}
	if !ok {
		return p, r.bad("no SPDU")
	}
	switch p.Type {
	case Data: // give tokens with a parameter, or padded lengths
		code, parameters, ok := r.param()
		if !ok || Type(code) != Data {
			return p, r.bad("GT without DT")
		}
		if len(body) > 0 {
			if _, err := each(body, len(b)-len(r.b), nil); err != nil {
				return p, err
			}
		}
		if len(parameters) > 0 {
			return p, r.bad("DT with parameters: segmented data is not supported")
		}
		p.User = r.b[r.pos:]
		return p, nil
	case Connect, Accept, Refuse, Finish, Disconnect, Abort, AbortAck:
	default:
		return p, fmt.Errorf("%w: unknown type %02x", ErrSPDU, code)
	}
	if r.pos != len(b) {
		return p, r.bad("data after the SPDU")
	}
	_, err := each(body, r.pos-len(body), p.parameter)
	return p, err
}

// each walks parameters and groups that stand one after the other; at is where they begin.
func each(b []byte, at int, f func(code byte, value []byte, at int) error) (int, error) {
	r := reader{b: b, base: at}
	n := 0
	for ; r.pos < len(b); n++ {
		code, value, ok := r.param()
		if !ok {
			return n, r.bad("parameter without its value")
		}
		if f == nil {
			continue
		}
		if err := f(code, value, at+r.pos-len(value)); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (p *SPDU) parameter(code byte, value []byte, at int) error {
	wrong := func() error {
		return fmt.Errorf("%w: octet %d: parameter %d of %d octets", ErrSPDU, at, code, len(value))
	}
	switch code {
	case pgiAccept:
		_, err := each(value, at, p.parameter)
		return err
	case piVersion:
		if len(value) != 1 {
			return wrong()
		}
		p.Version = value[0]
	case piRequirement:
		if len(value) != 2 {
			return wrong()
		}
		p.Requirements = uint16(value[0])<<8 | uint16(value[1])
	case piDisconnect:
		if len(value) != 1 {
			return wrong()
		}
		p.Transport = value[0]
	case piCalling, piCalled:
		if len(value) > MaxSelector {
			return wrong()
		}
		if code == piCalling {
			p.Calling = value
		} else {
			p.Called = value
		}
	case piReason:
		if len(value) < 1 || p.Type != Refuse {
			return wrong()
		}
		p.Reason = value[0]
		if len(value) > 1 {
			p.User = value[1:]
		}
	case pgiUser, pgiExtended:
		if p.User != nil {
			return fmt.Errorf("%w: octet %d: user data twice", ErrSPDU, at)
		}
		p.User, p.Extended = value, code == pgiExtended
	case piOverflow:
		return fmt.Errorf("%w: octet %d: data overflow is not supported", ErrSPDU, at)
	}
	return nil
}

type reader struct {
	b    []byte
	pos  int
	base int
}

// param reads an identifier, its length in either form, and the value.
func (r *reader) param() (code byte, value []byte, ok bool) {
	b := r.b[r.pos:]
	if len(b) < 2 {
		return 0, nil, false
	}
	n, head := int(b[1]), 2
	if n == 255 {
		if len(b) < 4 {
			return 0, nil, false
		}
		n, head = int(b[2])<<8|int(b[3]), 4
	}
	if n > len(b)-head {
		return b[0], nil, false
	}
	r.pos += head + n
	return b[0], b[head : head+n], true
}

func (r *reader) bad(what string) error {
	return fmt.Errorf("%w: octet %d: %s", ErrSPDU, r.base+r.pos, what)
}
