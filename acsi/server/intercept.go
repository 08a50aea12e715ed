package server

import (
	"fmt"

	"github.com/gridward/gridward/mms"
)

// send sends a PDU as Config.Out gives it. PDUs leave in the order in which Out sees them.
func (ss *session) send(p mms.PDU) error {
	out := ss.s.cfg.Out
	if out == nil {
		return ss.a.Send(p)
	}
	ss.sending.Lock()
	defer ss.sending.Unlock()
	p, err := out(ss.principal(), p)
	if err != nil {
		return fmt.Errorf("server: outgoing PDU: %w", err)
	}
	if p == nil {
		return nil
	}
	return ss.a.Send(p)
}

// intercept gives a PDU of the peer as Config.In gives it; nil is none.
func (ss *session) intercept(p mms.PDU) (mms.PDU, error) {
	if ss.s.cfg.In == nil {
		return p, nil
	}
	p, err := ss.s.cfg.In(ss.principal(), p)
	if err != nil {
		return nil, fmt.Errorf("server: incoming PDU: %w", err)
	}
	return p, nil
}
