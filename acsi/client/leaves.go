package client

import (
	"iter"

	"github.com/gridward/gridward/model"
)

// Leaves takes a value apart that a reference names, with the model that Discover or SCL gave: a member of a data set, a
// data object, an attribute. It gives nothing for what the model does not know, nor for a value that has another shape there or a
// leaf of another kind.
func Leaves(srv *model.Server, ref model.Ref, v model.Value) iter.Seq2[model.Ref, model.Value] {
	return func(yield func(model.Ref, model.Value) bool) {
		t, ok := srv.Find(ref)
		if !ok {
			return
		}
		values, ok := t.AppendSlots(nil, ref.FC, v)
		if !ok {
			return
		}
		for leaf := range t.Leaves(ref, ref.FC) {
			if len(values) == 0 || !yield(leaf.Ref, values[0].Value) {
				return
			}
			values = values[1:]
		}
	}
}
