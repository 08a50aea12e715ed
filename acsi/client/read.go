package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Result is a value or the reason why there is none, usually an *AccessError.
type Result struct {
	Value model.Value
	Err   error
}

// Read reads values (GetDataValues, GetAllDataValues: IEC 61850-7-2 11.4.2, 10.4.3). There is one result for each
// reference; the error is about the whole. What does not fit into one request or answer is asked for in parts.
func (c *Client) Read(ctx context.Context, refs ...model.Ref) ([]Result, error) {
	results := make([]Result, len(refs))
	for i := 0; i < len(refs); i += c.opt.MaxVariables {
		end := min(i+c.opt.MaxVariables, len(refs))
		if err := c.readSome(ctx, refs[i:end], results[i:end]); err != nil {
			return results, err
		}
	}
	return results, nil
}

// A oneRead holds the whole request for one variable, which is what most requests are.
type oneRead struct {
	pdu  mms.ConfirmedRequest
	read mms.Read
	list [1]mms.VariableSpec
}

// ReadOne reads one value.
func (c *Client) ReadOne(ctx context.Context, ref model.Ref) (model.Value, error) {
	spec, err := variable(ref)
	if err != nil {
		return model.Value{}, err
	}
	r := &oneRead{list: [1]mms.VariableSpec{spec}}
	r.read.Access.List = r.list[:]
	r.pdu.Service = &r.read
	s, err := c.askWith(ctx, &r.pdu, nil)
	if err != nil {
		results := make([]Result, 1)
		if err := c.readFailed(ctx, err, []model.Ref{ref}, results); err != nil {
			return model.Value{}, err
		}
		return results[0].Value, results[0].Err
	}
	answer, ok := s.(*mms.ReadResponse)
	switch {
	case !ok:
		return model.Value{}, unexpected(&r.read, s)
	case len(answer.Results) != 1:
		return model.Value{}, fmt.Errorf("%w: one value asked for, %d came", mms.ErrProtocol, len(answer.Results))
	}
	result := accessResult(ref, &answer.Results[0])
	return result.Value, result.Err
}

func (c *Client) readSome(ctx context.Context, refs []model.Ref, results []Result) error {
	list := make([]mms.VariableSpec, 0, len(refs))
	for i := range refs {
		spec, err := variable(refs[i])
		if err != nil {
			results[i].Err = err
			continue
		}
		list = append(list, spec)
	}
	if len(list) == 0 {
		return nil
	}
	request := &mms.Read{Access: mms.VariableAccess{List: list}}
	if len(refs) > 1 && !c.fits(request) {
		return c.readParts(ctx, refs, results)
	}
	answer, err := askFor[*mms.ReadResponse](ctx, c, request)
	switch {
	case err != nil:
		return c.readFailed(ctx, err, refs, results)
	case len(answer.Results) != len(list):
		return fmt.Errorf("%w: %d values asked for, %d came", mms.ErrProtocol, len(list), len(answer.Results))
	}
	next := 0
	for i := range refs {
		if results[i].Err == nil {
			results[i] = accessResult(refs[i], &answer.Results[next])
			next++
		}
	}
	return nil
}

// readFailed asks in parts for what was too large. A refusal of a single variable is its result.
func (c *Client) readFailed(ctx context.Context, err error, refs []model.Ref, results []Result) error {
	switch {
	case tooLarge(err):
		return c.readParts(ctx, refs, results)
	case len(refs) == 1 && refused(err):
		results[0].Err = fmt.Errorf("%s: %w", refs[0], err)
		return nil
	}
	return err
}

func accessResult(ref model.Ref, r *mms.AccessResult) Result {
	if r.Failed {
		return Result{Err: &AccessError{Ref: ref, Code: r.Error}}
	}
	return Result{Value: r.Value}
}

// fits tells whether a request is short enough for the association.
func (c *Client) fits(s mms.Service) bool {
	p := c.a.Params()
	return p.Size == nil || p.MaxPDU == 0 || p.Size(&mms.ConfirmedRequest{InvokeID: 1<<32 - 1, Service: s}) <= p.MaxPDU
}

// readParts halves what was too large together, and takes a single value apart.
func (c *Client) readParts(ctx context.Context, refs []model.Ref, results []Result) error {
	if n := len(refs) / 2; n > 0 {
		if err := c.readSome(ctx, refs[:n], results[:n]); err != nil {
			return err
		}
		return c.readSome(ctx, refs[n:], results[n:])
	}
	v, err := c.readMembers(ctx, refs[0])
	results[0] = Result{Value: v, Err: err}
	if err != nil && !refused(err) && !errors.Is(err, ErrTooLarge) {
		return err
	}
	return nil
}

// readMembers reads a structure or array by its members.
func (c *Client) readMembers(ctx context.Context, ref model.Ref) (model.Value, error) {
	spec, err := c.Type(ctx, ref)
	if err != nil {
		return model.Value{}, err
	}
	children := members(ref, spec)
	if len(children) == 0 {
		return model.Value{}, fmt.Errorf("%w: %s", ErrTooLarge, ref)
	}
	results, err := c.Read(ctx, children...)
	if err != nil {
		return model.Value{}, err
	}
	values := make([]model.Value, len(results))
	for i := range results {
		if results[i].Err != nil {
			return model.Value{}, results[i].Err
		}
		values[i] = results[i].Value
	}
	if spec.Kind == model.KindArray {
		return model.Array(values...), nil
	}
	return model.Struct(values...), nil
}

// maxElements bounds what the type of a peer can make us ask for.
const maxElements = 4096

// members gives the references of the members of a structure or array, nil for anything else.
func members(ref model.Ref, spec *mms.TypeSpec) []model.Ref {
	var refs []model.Ref
	switch spec.Kind {
	case model.KindStruct:
		for i := range spec.Components {
			name := spec.Components[i].Name
			if ref.FC != model.FCNone {
				refs = append(refs, ref.Child(name))
				continue
			}
			child := ref
			child.FC, _ = model.ParseFC(name)
			refs = append(refs, child)
		}
	case model.KindArray:
		for i := range min(spec.Count, maxElements) {
			child := ref
			child.Path += "(" + strconv.Itoa(int(i)) + ")"
			refs = append(refs, child)
		}
	}
	return refs
}
