package client

import (
	"iter"

	"github.com/gridward/gridward/model"
)

// Leaves takes a value apart that a reference names, with the model that Discover or SCL gave: a member of a data set, a
// data object, an attribute. It gives nothing for what the model does not know; values that the model has no name for
// are left out.
func Leaves(srv *model.Server, ref model.Ref, v model.Value) iter.Seq2[model.Ref, model.Value] {
	return func(yield func(model.Ref, model.Value) bool) {
		t, ok := srv.Find(ref)
		if !ok {
			return
		}
		values := flatten(nil, v)
		for leaf := range t.Leaves(ref, ref.FC) {
			if len(values) == 0 || !yield(leaf.Ref, values[0]) {
				return
			}
			values = values[1:]
		}
	}
}

func flatten(list []model.Value, v model.Value) []model.Value {
	if v.Kind() != model.KindStruct && v.Kind() != model.KindArray {
		return append(list, v)
	}
	for _, m := range v.Members() {
		list = flatten(list, m)
	}
	return list
}
