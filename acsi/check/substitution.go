package check

import (
	"context"
	"fmt"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// substitution looks at the objects that can be substituted.
func (r *run) substitution(ctx context.Context, s *sheet) {
	var list []section
	for _, sec := range r.blocks(model.SV) {
		if component(sec.spec, "subEna") != nil {
			list = append(list, sec)
		}
	}
	if len(list) == 0 {
		s.item("SetDataValues", "", "substitution", "").skip("the server has nothing that can be substituted")
		return
	}
	s.each(len(list), func(i int, s *sheet) { r.substitute(ctx, s, list[i]) })
}

// substituted pairs the substitute with what it stands for, IEC 61850-7-3 7.
var substituted = map[string][]struct {
	fc   model.FC
	name string
}{
	"subVal":  {{model.ST, "stVal"}, {model.ST, "actVal"}},
	"subMag":  {{model.MX, "mag"}, {model.MX, "instMag"}, {model.MX, "mxVal"}},
	"subCVal": {{model.MX, "cVal"}, {model.MX, "instCVal"}},
}

func (r *run) substitute(ctx context.Context, s *sheet, sec section) {
	const clause = "IEC 61850-7-3 6.2.4, 7-2 11.2"
	object := sec.ref.String()
	it := s.item("GetDataValues", object, "the substitute has the type of what it stands for", clause)
	name, what := "", section{}
	for sub, of := range substituted {
		if component(sec.spec, sub) == nil {
			continue
		}
		for _, c := range of {
			ref := sec.ref
			ref.FC = c.fc
			if spec := r.find(ref.Child(c.name)); spec != nil && name == "" {
				name, what = sub, section{ref.Child(c.name), spec}
			}
		}
	}
	if name == "" {
		it.skip("there is no substitute value")
		return
	}
	it.verdict("the type of "+what.ref.String(), sameKind(name, what.spec, component(sec.spec, name)))
	do := sec.ref
	do.FC = model.FCNone
	it = s.item("SetDataValues", object, "while subEna is true the value is the substitute, its source substituted", clause)
	if !r.mayOperate(do) {
		it.skip("changing its value is not allowed")
		return
	}
	if it != nil {
		r.trySubstitute(ctx, it, sec, what, name)
	}
}

// sameKind is sameType for the substitute, which may have fewer components.
func sameKind(name string, a, b *mms.TypeSpec) string {
	if a.Kind != b.Kind {
		return fmt.Sprintf("%s is a %s", name, b.Kind)
	}
	return ""
}

// trySubstitute puts the present value in the place of itself.
func (r *run) trySubstitute(ctx context.Context, it *item, sec, what section, name string) {
	v, err := r.c.ReadOne(ctx, what.ref)
	if it.failed("a value", err) {
		return
	}
	old, err := r.c.ReadOne(ctx, sec.ref)
	if it.failed("the substitute", err) {
		return
	}
	b := blockOf(sec, old)
	if b.on("subEna") {
		it.skip("it is substituted already")
		return
	}
	u := r.later(sec.ref.String(), func(ctx context.Context, c *client.Client) error { return b.unsubstitute(ctx, c, name) })
	if err := r.c.Write(ctx, sec.ref.Child(name), v); err != nil {
		r.forget(u)
		_ = it.failed("the substitute to be accepted", err)
		return
	}
	if err := r.c.Write(ctx, sec.ref.Child("subEna"), model.Bool(true)); it.failed("subEna to be accepted", err) {
		return
	}
	q := what.ref
	q.Path = sec.ref.Path + ".q"
	now, err := r.c.Read(ctx, what.ref, q)
	if it.failed("the value", err) {
		return
	}
	quality, _ := now[1].Value.AsQuality()
	bad := ""
	switch {
	case now[0].Err != nil || !now[0].Value.Equal(v):
		bad = show(now[0].Value) + " in place of " + show(v)
	case now[1].Err == nil && quality&model.QSubstituted == 0:
		bad = "quality " + quality.String()
	}
	if err := r.undo(ctx, u); err != nil && bad == "" {
		bad = "subEna false: " + describe(err)
	}
	it.verdict("the substitute with quality substituted, until subEna is false", bad)
}

// unsubstitute ends a substitution and gives its attributes the values that they had. The server may have put who
// substitutes into subID by itself.
func (b *block) unsubstitute(ctx context.Context, c *client.Client, name string) error {
	if err := c.Write(ctx, b.ref.Child("subEna"), model.Bool(false)); err != nil {
		return err
	}
	if err := c.Write(ctx, b.ref.Child(name), b.fields[name]); err != nil {
		return err
	}
	for _, other := range []string{"subQ", "subID"} {
		if !b.has(other) {
			continue
		}
		now, err := c.ReadOne(ctx, b.ref.Child(other))
		if err == nil && !now.Equal(b.fields[other]) {
			err = c.Write(ctx, b.ref.Child(other), b.fields[other])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
