package client

import (
	"context"

	"github.com/gridward/gridward/mms"
)

// readAll takes PDUs from the association, whenever it is its turn, until it ends.
func (c *Client) readAll() error {
	ctx := context.Background()
	for {
		p, err := c.a.Recv(ctx)
		if err != nil {
			return err
		}
		if p, err = c.intercept(p); err != nil {
			return err
		}
		c.take(p)
		c.pause(p)
	}
}

func (c *Client) take(p mms.PDU) {
	switch p := p.(type) {
	case *mms.ConfirmedResponse, *mms.ConfirmedError, *mms.Reject:
		c.settle(p)
	case *mms.Unconfirmed:
		if r, ok := p.Service.(*mms.InformationReport); ok {
			c.inform(r)
		}
	case *mms.ConfirmedRequest:
		if !c.offered(p) {
			c.refuse(p.InvokeID)
		}
	}
}

// settle hands an answer to whoever waits for it; the capacity of the channel makes sure that it never blocks.
func (c *Client) settle(p mms.PDU) {
	id, ok := mms.InvokeID(p)
	if !ok {
		return
	}
	c.mu.Lock()
	w, ok := c.calls.Close(id)
	if ok {
		if w.op != nil {
			w.op.answered = true
		}
		w.answer <- p
	} else {
		c.count.LateAnswers++
	}
	if c.full {
		select {
		case c.room <- struct{}{}:
		default:
		}
	}
	c.mu.Unlock()
	if !ok {
		c.opt.Events(Late{InvokeID: id})
	}
}

// inform sorts unconfirmed information: reports by the variable list RPT, what belongs to controls by variable
// (IEC 61850-8-1 17, 20).
func (c *Client) inform(r *mms.InformationReport) {
	if r.Access.NamedList {
		c.report(r)
		return
	}
	for i := range r.Access.List {
		if i < len(r.Results) {
			c.notice(r.Access.List[i].Name, r.Results[i])
		}
	}
}
