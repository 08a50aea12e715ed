package client

import (
	"fmt"

	"github.com/gridward/gridward/mms"
)

// send sends a PDU as Options.Out gives it. PDUs leave in the order in which Out sees them.
func (c *Client) send(p mms.PDU) error {
	if c.opt.Out == nil {
		return c.a.Send(p)
	}
	c.leaving.Lock()
	defer c.leaving.Unlock()
	p, err := c.opt.Out(c.a.Peer(), p)
	if err != nil {
		err = fmt.Errorf("acsi/client: outgoing PDU: %w", err)
		c.a.Abort(err)
		return err
	}
	if p == nil {
		return nil
	}
	return c.a.Send(p)
}

// intercept gives a PDU of the server as Options.In gives it; nil is none.
func (c *Client) intercept(p mms.PDU) (mms.PDU, error) {
	if c.opt.In == nil {
		return p, nil
	}
	p, err := c.opt.In(c.a.Peer(), p)
	if err != nil {
		err = fmt.Errorf("acsi/client: incoming PDU: %w", err)
		c.a.Abort(err)
		return nil, err
	}
	return p, nil
}

// refuse rejects a request of the server: a client serves nothing but the file of a running SetFile.
func (c *Client) refuse(invokeID uint32) {
	// An association that has ended needs no answer.
	_ = c.send(&mms.Reject{HasInvokeID: true, InvokeID: invokeID, Reason: mms.RejectReason{
		Class: mms.RejectConfirmedRequest, Code: mms.RejectUnrecognizedService,
	}})
}
