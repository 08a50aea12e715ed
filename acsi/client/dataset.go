package client

import (
	"context"
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// ReadDataSet reads the values of a data set (GetDataSetValues, IEC 61850-7-2 13.3.2). When the answer would be too
// large its members are read in parts.
func (c *Client) ReadDataSet(ctx context.Context, ds model.Ref) ([]Result, error) {
	name, err := listName(ds)
	if err != nil {
		return nil, err
	}
	request := &mms.Read{Access: mms.VariableAccess{ListName: name, NamedList: true}}
	answer, err := askFor[*mms.ReadResponse](ctx, c, request)
	if unspecific(err) { // some servers know a data set only when their answer is to name it
		withName := *request
		withName.SpecificationWithResult = true
		if again, err2 := askFor[*mms.ReadResponse](ctx, c, &withName); err2 == nil || !refused(err2) {
			answer, err = again, err2
		}
	}
	if err != nil && !tooLarge(err) {
		return nil, fmt.Errorf("data set %s: %w", name, err)
	}
	if err != nil {
		members, _, err := c.DataSetDirectory(ctx, ds)
		if err != nil {
			return nil, err
		}
		return c.Read(ctx, members...)
	}
	return c.memberResults(ctx, ds, name, answer.Results)
}

// WriteDataSet writes the values of a data set in one request (SetDataSetValues, 13.3.3): a value for each member, in their
// order. There is one error, or nil, for each; the last result is about the whole.
func (c *Client) WriteDataSet(ctx context.Context, ds model.Ref, values ...model.Value) ([]error, error) {
	name, err := listName(ds)
	if err != nil {
		return nil, err
	}
	members, _, err := c.DataSetDirectory(ctx, ds)
	switch {
	case err != nil:
		return nil, err
	case len(members) != len(values):
		return nil, fmt.Errorf("acsi/client: data set %s has %d members, %d values are given", name, len(members), len(values))
	}
	request := &mms.Write{Access: mms.VariableAccess{ListName: name, NamedList: true}, Data: values}
	if !c.fits(request) {
		return nil, fmt.Errorf("%w: data set %s", ErrTooLarge, name)
	}
	errs := make([]error, len(members))
	return errs, c.writeSome(ctx, request, members, errs)
}

// maxSizes bounds how many data sets have their size remembered.
const maxSizes = 256

// memberResults checks that there are as many answers as members, and tells which member each failure is of. The directory
// is asked for when it is needed for that, and the first time.
func (c *Client) memberResults(ctx context.Context, ds model.Ref, name mms.ObjectName, answers []mms.AccessResult) ([]Result, error) {
	results := make([]Result, len(answers))
	failed := false
	for i := range answers {
		results[i].Value = answers[i].Value
		failed = failed || answers[i].Failed
	}
	c.mu.Lock()
	size, known := c.sizes[ds]
	c.mu.Unlock()
	if known && size == len(answers) && !failed {
		return results, nil
	}
	members, _, err := c.DataSetDirectory(ctx, ds)
	switch {
	case err != nil:
		return nil, err
	case len(members) != len(answers):
		return nil, fmt.Errorf("%w: data set %s has %d members, %d values came", mms.ErrProtocol, name, len(members), len(answers))
	}
	c.mu.Lock()
	if c.sizes == nil || len(c.sizes) >= maxSizes {
		c.sizes = make(map[model.Ref]int)
	}
	c.sizes[ds] = len(answers)
	c.mu.Unlock()
	for i := range answers {
		results[i] = accessResult(members[i], &answers[i])
	}
	return results, nil
}

// DataSetDirectory gives the members of a data set and whether it can be deleted (GetDataSetDirectory, 13.3.6).
func (c *Client) DataSetDirectory(ctx context.Context, ds model.Ref) (members []model.Ref, deletable bool, err error) {
	name, err := listName(ds)
	if err != nil {
		return nil, false, err
	}
	answer, err := askFor[*mms.GetNamedVariableListAttributesResponse](ctx, c, &mms.GetNamedVariableListAttributes{Name: name})
	if err != nil {
		return nil, false, fmt.Errorf("data set %s: %w", name, err)
	}
	members = make([]model.Ref, len(answer.List))
	for i := range answer.List {
		if members[i], err = reference(&answer.List[i]); err != nil {
			return nil, false, fmt.Errorf("data set %s: member %d: %w", name, i, err)
		}
	}
	return members, answer.Deletable, nil
}

// DefineDataSet makes a data set (CreateDataSet, 13.3.4).
func (c *Client) DefineDataSet(ctx context.Context, ds model.Ref, members ...model.Ref) error {
	name, err := listName(ds)
	if err != nil {
		return err
	}
	request := &mms.DefineNamedVariableList{Name: name, List: make([]mms.VariableSpec, len(members))}
	for i := range members {
		if request.List[i], err = variable(members[i]); err != nil {
			return err
		}
	}
	if _, err = askFor[*mms.DefineNamedVariableListResponse](ctx, c, request); err != nil {
		return fmt.Errorf("data set %s: %w", name, err)
	}
	return nil
}

// DeleteDataSet deletes a data set that DefineDataSet made (13.3.5).
func (c *Client) DeleteDataSet(ctx context.Context, ds model.Ref) error {
	name, err := listName(ds)
	if err != nil {
		return err
	}
	answer, err := askFor[*mms.DeleteNamedVariableListResponse](ctx, c, &mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}})
	switch {
	case err != nil:
		return fmt.Errorf("data set %s: %w", name, err)
	case answer.Matched == 0:
		return fmt.Errorf("data set %s: %w", name, mms.ObjectNonExistent)
	case answer.Deleted == 0:
		return fmt.Errorf("data set %s: %w", name, mms.ObjectAccessDenied)
	}
	return nil
}
