package client

import (
	"context"
	"fmt"
	"strings"

	"github.com/gridward/gridward/model"
)

// A SubstitutionState is what a client put in the place of a value, IEC 61850-7-2 12.
type SubstitutionState struct {
	On    bool
	Value model.Value // subVal, subMag or subCVal
	Q     model.Quality
	ID    string // who did it
}

// substitutes are the names of the substitute, IEC 61850-7-3 7.
var substitutes = [...]string{"subVal", "subMag", "subCVal"}

// substitution reads what a data object has of FC SV.
func (c *Client) substitution(ctx context.Context, do model.Ref) (b *block, name string, err error) {
	do.FC = model.SV
	if b, err = c.readBlock(ctx, do); err != nil {
		return nil, "", err
	}
	for _, name = range substitutes {
		if b.has(name) && b.has("subEna") {
			return b, name, nil
		}
	}
	return nil, "", fmt.Errorf("%w: %s", ErrNoSubstitution, do)
}

// Substitution tells whether the value of a data object is substituted, and with what.
func (c *Client) Substitution(ctx context.Context, do model.Ref) (SubstitutionState, error) {
	b, name, err := c.substitution(ctx, do)
	if err != nil {
		return SubstitutionState{}, err
	}
	s := SubstitutionState{On: b.on("subEna"), Value: b.fields[name].Clone(), ID: strings.Clone(b.text("subID"))}
	s.Q, _ = b.fields["subQ"].AsQuality()
	return s, nil
}

// Substitute puts value in the place of what the process says of a data object, fitted to its type: a number does for
// an analogue value. q is the quality to be served with it, id who did it (at most 64 characters; empty: the server puts
// the client's name). Everything but subEna is written before it.
func (c *Client) Substitute(ctx context.Context, do model.Ref, value model.Value, q model.Quality, id string) error {
	b, name, err := c.substitution(ctx, do)
	if err != nil {
		return err
	}
	if value, err = c.fitted(ctx, b.ref.Child(name), value); err != nil {
		return err
	}
	list := []wish{{name, value}, {"subQ", model.QualityValue(q)}, {"subID", model.Visible(id)}}
	for _, w := range list {
		if !b.has(w.name) {
			continue
		}
		if old, ok := b.fields[w.name].AsQuality(); ok && w.name == "subQ" && old == q {
			continue
		}
		if err := b.set(ctx, w.name, w.value); err != nil {
			return err
		}
	}
	return b.set(ctx, "subEna", model.Bool(true))
}

// Unsubstitute lets the process's value be served again.
func (c *Client) Unsubstitute(ctx context.Context, do model.Ref) error {
	b, _, err := c.substitution(ctx, do)
	if err != nil {
		return err
	}
	return b.set(ctx, "subEna", model.Bool(false))
}

// Block freezes the value of a data object, or lets it go (blkEna, FC BL).
func (c *Client) Block(ctx context.Context, do model.Ref, on bool) error {
	do.FC = model.BL
	return c.Write(ctx, do.Child("blkEna"), model.Bool(on))
}
