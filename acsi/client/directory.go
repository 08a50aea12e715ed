package client

import (
	"context"
	"fmt"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// maxNames bounds a name list: a model of 1,000 logical nodes has some 100,000 names.
const maxNames = 500_000

// Identify asks who made the server.
func (c *Client) Identify(ctx context.Context) (mms.IdentifyResponse, error) {
	r, err := askFor[*mms.IdentifyResponse](ctx, c, &mms.Identify{})
	if err != nil {
		return mms.IdentifyResponse{}, err
	}
	return *r, nil
}

// Devices lists the logical devices (GetServerDirectory, IEC 61850-7-2 7.2.2).
func (c *Client) Devices(ctx context.Context) ([]string, error) {
	return c.names(ctx, mms.GetNameList{Class: mms.ClassDomain, Scope: mms.VMDSpecific})
}

// Variables lists the item names of a logical device: LN, LN$FC, LN$FC$DO, and so on.
func (c *Client) Variables(ctx context.Context, ld string) ([]string, error) {
	return c.names(ctx, mms.GetNameList{Class: mms.ClassNamedVariable, Scope: mms.DomainSpecific, Domain: ld})
}

// DataSets lists the data sets of a logical device.
func (c *Client) DataSets(ctx context.Context, ld string) ([]model.Ref, error) {
	names, err := c.names(ctx, mms.GetNameList{Class: mms.ClassNamedVariableList, Scope: mms.DomainSpecific, Domain: ld})
	if err != nil {
		return nil, err
	}
	refs := make([]model.Ref, 0, len(names))
	for _, name := range names {
		if ln, set, ok := strings.Cut(name, "$"); ok {
			refs = append(refs, model.Ref{LDevice: ld, LN: ln, Path: set})
		}
	}
	return refs, nil
}

// names gathers the pages of a name list.
func (c *Client) names(ctx context.Context, request mms.GetNameList) ([]string, error) {
	var names []string
	for {
		r := request // the association may still hold the last one
		page, err := askFor[*mms.GetNameListResponse](ctx, c, &r)
		if err != nil {
			return nil, fmt.Errorf("names of %q: %w", request.Domain, err)
		}
		names = append(names, page.Names...)
		switch {
		case !page.MoreFollows:
			return names, nil
		case len(page.Names) == 0 || page.Names[len(page.Names)-1] == request.ContinueAfter:
			return nil, fmt.Errorf("%w: names of %q do not end", mms.ErrProtocol, request.Domain)
		case len(names) > maxNames:
			return nil, fmt.Errorf("%w: more than %d names in %q", mms.ErrProtocol, maxNames, request.Domain)
		}
		request.ContinueAfter = page.Names[len(page.Names)-1]
	}
}

// Type asks for the type of what a reference names (GetDataDefinition, 11.4.5): a logical node, what it has of one
// functional constraint, or anything below. Below an array the type is found from the array's.
func (c *Client) Type(ctx context.Context, ref model.Ref) (*mms.TypeSpec, error) {
	spec, err := variable(ref)
	if err != nil {
		return nil, err
	}
	answer, err := askFor[*mms.GetVariableAccessAttributesResponse](ctx, c, &mms.GetVariableAccessAttributes{Name: spec.Name})
	if err != nil {
		return nil, fmt.Errorf("type of %s: %w", ref, err)
	}
	t := &answer.Type
	for alt := spec.Alternate; len(alt) > 0; alt = alt[0].Nested {
		if t = descend(t, &alt[0]); t == nil {
			return nil, &AccessError{Ref: ref, Code: mms.ObjectNonExistent}
		}
	}
	return t, nil
}

func descend(t *mms.TypeSpec, a *mms.AlternateAccess) *mms.TypeSpec {
	if a.HasIndex {
		if t.Kind != model.KindArray || a.Index >= t.Count {
			return nil
		}
		return t.Elem
	}
	return component(t, a.Component)
}

// component finds a component of a structure, nil when there is none.
func component(t *mms.TypeSpec, name string) *mms.TypeSpec {
	for i := range t.Components {
		if t.Components[i].Name == name {
			return &t.Components[i].Type
		}
	}
	return nil
}
