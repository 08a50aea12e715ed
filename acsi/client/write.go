package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Write writes one value (SetDataValues, IEC 61850-7-2 11.4.3). A refusal is an *AccessError. It is never repeated.
func (c *Client) Write(ctx context.Context, ref model.Ref, v model.Value) error {
	errs, err := c.WriteMany(ctx, []model.Ref{ref}, []model.Value{v})
	if err != nil {
		return err
	}
	return errs[0]
}

// WriteMany writes values in order, in as many requests as they need. There is one error, or nil, for each reference;
// the last result is about the whole: what was written before it stays written.
func (c *Client) WriteMany(ctx context.Context, refs []model.Ref, vs []model.Value) ([]error, error) {
	if len(refs) != len(vs) {
		return nil, fmt.Errorf("acsi/client: %d references, %d values", len(refs), len(vs))
	}
	errs := make([]error, len(refs))
	list := make([]mms.VariableSpec, len(refs))
	for i := range refs {
		var err error
		if list[i], err = variable(refs[i]); err != nil {
			return nil, err
		}
	}
	for i := 0; i < len(refs); {
		n := min(c.opt.MaxVariables, len(refs)-i)
		request := writeRequest(list[i:i+n], vs[i:i+n])
		for n > 1 && !c.fits(request) {
			n /= 2
			request = writeRequest(list[i:i+n], vs[i:i+n])
		}
		if n == 1 && !c.fits(request) {
			return errs, fmt.Errorf("%w: %s", ErrTooLarge, refs[i])
		}
		if err := c.writeSome(ctx, request, refs[i:i+n], errs[i:i+n]); err != nil {
			return errs, err
		}
		i += n
	}
	return errs, nil
}

func writeRequest(list []mms.VariableSpec, vs []model.Value) *mms.Write {
	return &mms.Write{Access: mms.VariableAccess{List: list}, Data: vs}
}

func (c *Client) writeSome(ctx context.Context, request *mms.Write, refs []model.Ref, errs []error) error {
	answer, err := askFor[*mms.WriteResponse](ctx, c, request)
	if err != nil {
		if len(refs) == 1 && refused(err) {
			errs[0] = fmt.Errorf("%s: %w", refs[0], err)
			return nil
		}
		return err
	}
	if len(answer.Results) != len(refs) {
		return fmt.Errorf("%w: %d values written, %d results", mms.ErrProtocol, len(refs), len(answer.Results))
	}
	for i, r := range answer.Results {
		if r.Failed {
			errs[i] = &AccessError{Ref: refs[i], Code: r.Error}
		}
	}
	return nil
}

// isAccess reports whether err is the peer's refusal of an access, and which.
func isAccess(err error) (mms.DataAccessError, bool) {
	var e *AccessError
	if errors.As(err, &e) {
		return e.Code, true
	}
	return 0, false
}
