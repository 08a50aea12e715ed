package main

import (
	"context"
	"errors"
	"strings"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

// parsePattern reads a reference or a pattern of the command line. The dot or slash with which a completion ends may stay.
func parsePattern(s string) (catalog.Pattern, error) {
	if n := len(s) - 1; n > 0 && (s[n] == '.' || s[n] == '/') {
		s = s[:n]
	}
	p, err := catalog.Parse(s)
	return p, patternError(err)
}

func patternError(err error) error {
	if err == nil {
		return nil
	}
	return cli.Usage(err, "write LD/LN.DO.DA, with [FC] where it matters, or LD/LN$FC$DO$DA; * stands for any name")
}

// find gives what a pattern names.
func (s *mmsSession) find(ctx context.Context, p catalog.Pattern) ([]catalog.Item, error) {
	items, err := s.catalog.Find(ctx, p)
	var missing *catalog.NotFoundError
	if errors.As(err, &missing) {
		return nil, cli.Exit(cli.Failed, err, thereHint(missing))
	}
	return items, mmsError(err, s.target)
}

// findAll gives what several arguments name.
func (s *mmsSession) findAll(ctx context.Context, args []string) ([]catalog.Item, error) {
	var all []catalog.Item
	for _, a := range args {
		p, err := parsePattern(a)
		if err != nil {
			return nil, err
		}
		items, err := s.find(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}

// thereHint lists what is there instead of what was asked for.
func thereHint(e *catalog.NotFoundError) string {
	const most = 20
	list := e.There
	switch {
	case len(list) == 0:
		return "the server shows nothing there: this client may have no right to see it ('gridward mms browse' lists what it may)"
	case len(list) > most:
		return "there are: " + strings.Join(list[:most], ", ") + ", ... ('gridward mms browse' lists all)"
	}
	return "there are: " + strings.Join(list, ", ")
}

// typeOf says how the values of an item are spelled.
func (s *mmsSession) typeOf(i catalog.Item) *valuetext.Type {
	return valuetext.New(i.Spec, i.Ref, s.scl)
}

// A reading is a value that was read, or why not.
type reading struct {
	catalog.Item
	typ   *valuetext.Type
	value model.Value
	err   error
}

// read reads items.
func (s *mmsSession) read(ctx context.Context, items []catalog.Item) ([]reading, error) {
	refs := make([]model.Ref, len(items))
	for i := range items {
		refs[i] = items[i].Ref
	}
	results, err := s.client.Read(ctx, refs...)
	if err != nil {
		return nil, mmsError(err, s.target)
	}
	list := make([]reading, len(items))
	for i, r := range results {
		list[i] = reading{items[i], s.typeOf(items[i]), r.Value, r.Err}
	}
	return list, nil
}

// anyRefused gives the end of a command of which some results were refusals of the peer.
func anyRefused(refused int) error {
	if refused == 0 {
		return nil
	}
	return &cli.ExitError{Code: cli.Refused}
}

// splitAssignment takes REF=VALUE apart.
func splitAssignment(s string) (catalog.Pattern, string, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return catalog.Pattern{}, "", cli.Usage(errors.New("no value: "+s), "write REF=VALUE")
	}
	p, err := parsePattern(name)
	if err != nil {
		return p, "", err
	}
	if _, literal := p.Ref(); !literal {
		return p, "", cli.Usage(errors.New(name+" may name several things"), "what is written is named without * and ?")
	}
	return p, value, nil
}

// withoutFC gives a reference without its functional constraint.
func withoutFC(ref model.Ref) model.Ref {
	ref.FC = model.FCNone
	return ref
}

var _ catalog.Source = (*client.Client)(nil)
