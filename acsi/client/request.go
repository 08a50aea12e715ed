package client

import (
	"context"

	"github.com/gridward/gridward/mms"
)

// Request asks for a confirmed service as it is and gives the answer: for services that have no method here, and for
// those who look at how a server answers. Errors are those of every other call: *mms.ServiceError, *mms.RejectReason,
// mms.ErrTimeout, the end of the association. The association may still hold s afterwards: it is not to be changed.
func (c *Client) Request(ctx context.Context, s mms.Service) (mms.Service, error) {
	return c.ask(ctx, s)
}

// Params are what initiate has negotiated.
func (c *Client) Params() mms.Params { return c.a.Params() }
