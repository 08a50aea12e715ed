package ied

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// ErrValue is wrapped when a value does not fit what it is given to.
var ErrValue = errors.New("ied: value does not fit")

// A ValueError says what is wrong with a value. It is ErrValue.
type ValueError struct {
	Ref  string
	Msg  string
	Hint string
}

func (e *ValueError) Error() string { return "ied: " + e.Ref + ": " + e.Msg }

// Unwrap gives ErrValue.
func (e *ValueError) Unwrap() error { return ErrValue }

// nowText stands for the time at which a value is set.
const nowText = "now"

// A slotValue is the new value of a leaf. now: the time at which it is set, instead.
type slotValue struct {
	slot int
	v    model.Value
	now  bool
}

// assign makes the leaves of a value, which is what YAML and JSON have: bool, int64, uint64, float64, string, time.Time,
// []any, map[string]any.
func (p *point) assign(x any) ([]slotValue, error) {
	var out []slotValue
	if m, ok := x.(map[string]any); ok && p.whole != nil && p.attributes(m) {
		for _, name := range sorted(slices.Collect(maps.Keys(m))) {
			at, _ := p.whole.Child(name)
			var err error
			if out, err = assign(out, at, m[name]); err != nil {
				return nil, within(err, p.object().Child(name).String())
			}
		}
		return out, nil
	}
	for _, at := range p.parts {
		var err error
		if out, err = assign(out, at, x); err != nil {
			var ve *ValueError
			if errors.As(err, &ve) {
				ve.Ref = p.ref.String() + ve.Ref
			}
			return nil, err
		}
	}
	return out, nil
}

// object gives the reference of the data object.
func (p *point) object() model.Ref {
	r := p.ref
	r.Path, r.FC = r.Path[:strings.LastIndexByte(r.Path, '.')], model.FCNone
	return r
}

// attributes reports whether the keys of m are attributes of the data object, and not members of its main attribute.
func (p *point) attributes(m map[string]any) bool {
	inside := true
	for name := range m {
		at, ok := p.whole.Child(name)
		if !ok || at.FC == model.FCNone || at.FC == model.CO {
			return false
		}
		if _, ok := p.parts[0].Type.Field(name); !ok {
			inside = false
		}
	}
	return !inside
}

func misfit(path, hint, format string, args ...any) error {
	return &ValueError{Ref: path, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

func within(err error, path string) error {
	var ve *ValueError
	if errors.As(err, &ve) {
		ve.Ref = path + ve.Ref
	}
	return err
}

func assign(out []slotValue, at model.Target, x any) ([]slotValue, error) {
	var err error
	switch {
	case at.Count > 0:
		list, ok := x.([]any)
		if !ok || len(list) > at.Count {
			return nil, misfit("", "", "want a list of at most %d", at.Count)
		}
		for i, v := range list {
			e, _ := at.Element(i)
			if out, err = assign(out, e, v); err != nil {
				return nil, within(err, fmt.Sprintf("(%d)", i))
			}
		}
		return out, nil
	case at.Type.Basic != model.BasicStruct:
		v, err := leafValue(at.Type, x)
		if err != nil {
			return nil, err
		}
		return append(out, slotValue{slot: at.Slot, v: v, now: v.IsZero()}), nil
	}
	members, ok := x.(map[string]any)
	if !ok {
		return scalar(out, at, x)
	}
	for i := range at.Type.Fields { // in their order, so that the same input does the same
		f := &at.Type.Fields[i]
		v, given := members[f.Name]
		if !given {
			continue
		}
		if out, err = assign(out, at.Field(f), v); err != nil {
			return nil, within(err, "."+f.Name)
		}
	}
	for name := range members {
		if _, ok := at.Type.Field(name); !ok {
			return nil, misfit("", didYouMean(name, fieldNames(at.Type)), "no attribute %q", name)
		}
	}
	return out, nil
}

// scalar finds what a single value means in a structure: the float of an analogue value, the magnitude of a vector, the
// position of a step.
func scalar(out []slotValue, at model.Target, x any) ([]slotValue, error) {
	for _, name := range []string{"f", "i", "mag", "posVal"} {
		if c, ok := at.Child(name); ok {
			return assign(out, c, x)
		}
	}
	return nil, misfit("", "", "want a map of %s", strings.Join(fieldNames(at.Type), ", "))
}

// leafValue makes the value of a leaf; no value stands for the time of the setting.
func leafValue(t *model.Type, x any) (model.Value, error) {
	bad := func() (model.Value, error) {
		return model.Value{}, misfit("", scl.ValueHint(t), "%v is not a value of %s", show(x), typeName(t))
	}
	kind, _ := t.Layout()
	switch v := x.(type) {
	case string:
		if v == nowText && kind == model.KindTime {
			return model.Value{}, nil
		}
		out, err := scl.ParseValue(t, v)
		if err != nil {
			return model.Value{}, misfit("", scl.ValueHint(t), "%v", err)
		}
		return out, nil
	case bool:
		switch {
		case kind == model.KindBool:
			return model.Bool(v), nil
		case t.Basic == model.BasicDbpos && v:
			return model.DbposValue(model.DbposOn), nil
		case t.Basic == model.BasicDbpos:
			return model.DbposValue(model.DbposOff), nil
		}
	case time.Time:
		switch kind {
		case model.KindTime:
			return timestamp(v), nil
		case model.KindEntryTime:
			return model.Entry(model.NewEntryTime(v)), nil
		}
	case int64:
		return number(t, strconv.FormatInt(v, 10), float64(v))
	case uint64:
		return number(t, strconv.FormatUint(v, 10), float64(v))
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return number(t, strconv.FormatFloat(v, 'f', -1, 64), v)
		}
		if kind == model.KindFloat {
			return number(t, "", v)
		}
	}
	return bad()
}

// number makes the value of a whole number, whose digits are text, or of any other for a float.
func number(t *model.Type, digits string, f float64) (model.Value, error) {
	kind, size := t.Layout()
	switch kind {
	case model.KindFloat:
		if size == 64 {
			return model.Float64(f), nil
		}
		if math.IsInf(float64(float32(f)), 0) && !math.IsInf(f, 0) {
			return model.Value{}, misfit("", "", "%g is too large for a FLOAT32", f)
		}
		return model.Float32(float32(f)), nil
	case model.KindInt, model.KindUint, model.KindString, model.KindUnicode:
		v, err := scl.ParseValue(t, digits)
		if err != nil {
			return model.Value{}, misfit("", scl.ValueHint(t), "%v", err)
		}
		return v, nil
	}
	return model.Value{}, misfit("", scl.ValueHint(t), "%s is not a value of %s", digits, typeName(t))
}

func show(x any) string {
	switch v := x.(type) {
	case nil:
		return "nothing"
	case string:
		return strconv.Quote(v)
	case []any:
		return "a list"
	case map[string]any:
		names := make([]string, 0, len(v))
		for n := range v {
			names = append(names, n)
		}
		slices.Sort(names)
		return "a map of " + strings.Join(names, ", ")
	}
	return fmt.Sprint(x)
}

func typeName(t *model.Type) string {
	if t.Basic == model.BasicEnum && t.Enum != nil {
		return "the enumeration " + t.Enum.ID
	}
	return t.Basic.String()
}
