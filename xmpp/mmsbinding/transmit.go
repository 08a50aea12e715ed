package mmsbinding

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/stanza"
)

// encode makes the child that carries a PDU.
func (c *Core) encode(a *Assoc, p mms.PDU) ([]byte, error) {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	b, err := mms.AppendXER((*buf)[:0], p, c.cfg.Dialects[0])
	if err != nil {
		return nil, err
	}
	*buf = b
	if a.Params.MaxPDU > 0 && len(b) > a.Params.MaxPDU {
		return nil, fmt.Errorf("%w: %d octets, %d allowed", ErrPDUSize, len(b), a.Params.MaxPDU)
	}
	return c.frame.wrap(make([]byte, 0, len(b)+overhead), a.id, b)
}

// scratch holds what is copied into a payload of exactly its size: payloads wait in queues.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

func (c *Core) decode(octets []byte, limit int) (mms.PDU, error) {
	return mms.ParseXER(octets, c.cfg.Dialects, mms.Limits{Size: limit})
}

// Encode makes the child that carries a PDU of an open association. It may be called while the Core is used.
func (c *Core) Encode(a *Assoc, p mms.PDU) ([]byte, error) { return c.encode(a, p) }

// Send sends a PDU that Encode encoded. It fails when the association has ended or is being released, or with
// mms.ErrOutstanding and mms.ErrInvokeID.
func (c *Core) Send(a *Assoc, p mms.PDU, payload []byte, now time.Time) error {
	switch {
	case a.state == ended || a.state == initiating:
		return mms.ErrAborted
	case a.state != open:
		if _, ok := p.(*mms.ConfirmedRequest); ok {
			return mms.ErrReleased
		}
	}
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		return c.request(a, p, payload, now)
	case *mms.ConfirmedResponse, *mms.ConfirmedError:
		iq, err := a.machine.Send(p, "", time.Time{})
		if err != nil {
			return err
		}
		c.result(a, iq, payload)
	case *mms.Reject:
		iq, err := a.machine.Send(p, "", time.Time{})
		if err != nil {
			return err
		}
		c.message(a, payload)
		if iq != "" {
			c.result(a, iq, nil)
		}
	case *mms.CancelResponse, *mms.CancelError:
		id, _ := mms.InvokeID(p)
		iq, ok := a.cancels[id]
		if !ok {
			return mms.ErrInvokeID
		}
		delete(a.cancels, id)
		c.result(a, iq, payload)
	case *mms.CancelRequest:
		iq := stanza.NewID()
		c.pending[iq] = pendingIQ{assoc: a, invokeID: p.InvokeID}
		c.iq(a, carry(p, c.cfg.Conceal), iq, payload)
	case *mms.Unconfirmed:
		c.message(a, payload)
	default:
		return fmt.Errorf("%w: %T is not the user's to send", mms.ErrProtocol, p)
	}
	return nil
}

func (c *Core) request(a *Assoc, p *mms.ConfirmedRequest, payload []byte, now time.Time) error {
	iq := stanza.NewID()
	deadline := now.Add(mms.Patience(p, c.cfg.Timeouts.Request))
	if _, err := a.machine.Send(p, iq, deadline); err != nil {
		return err
	}
	c.due(deadline)
	c.pending[iq] = pendingIQ{assoc: a, invokeID: p.InvokeID, isCall: true}
	c.iq(a, carry(p, c.cfg.Conceal), iq, payload)
	return nil
}

func (c *Core) iq(a *Assoc, as carrier, id string, payload []byte) {
	typ := stanza.Get
	if as == iqSet {
		typ = stanza.Set
	}
	c.send(a, &stanza.Stanza{Kind: stanza.IQ, Type: typ, ID: id, To: a.Peer, Payload: payload})
}

func (c *Core) result(a *Assoc, id string, payload []byte) {
	c.send(a, &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Result, ID: id, To: a.Peer, Payload: payload})
}

// message sends a PDU that has no answer. The id of the stanza names the association, so that an error that comes back
// without a payload finds it.
func (c *Core) message(a *Assoc, payload []byte) {
	a.message++
	c.send(a, &stanza.Stanza{Kind: stanza.Message, Type: stanza.Normal, ID: c.lastMessage(a), To: a.Peer, Payload: payload})
}

// lastMessage gives the id of the last message of an association.
func (c *Core) lastMessage(a *Assoc) string {
	return a.id.String() + "." + strconv.FormatUint(uint64(a.message), 36)
}

func messagePair(id string) (pair, bool) {
	s, _, ok := strings.Cut(id, ".")
	if !ok {
		return pair{}, false
	}
	return parsePair(s)
}
