package client

import (
	"fmt"
	"math"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// fit turns v into what t wants, as far as nothing is lost: integers of either sign, integers and floats of either
// width, and a number for an AnalogueValue (IEC 61850-7-3 6.5: the components i and f).
func fit(where string, t *mms.TypeSpec, v model.Value) (model.Value, error) {
	bad := func() (model.Value, error) {
		return v, &TypeError{Where: where, Want: t.Kind, Got: v.Kind()}
	}
	switch t.Kind {
	case model.KindStruct:
		return fitStruct(where, t, v)
	case model.KindFloat:
		f, ok := number(v)
		if !ok {
			return bad()
		}
		if t.Size == 64 || t.Exponent == 11 {
			return model.Float64(f), nil
		}
		return model.Float32(float32(f)), nil
	case model.KindInt, model.KindUint:
		return fitInteger(where, t, v)
	case model.KindBits:
		_, n := v.Num()
		if v.Kind() != model.KindBits || t.Size > 0 && n != t.Size || t.Size < 0 && n > -t.Size {
			return bad()
		}
	case v.Kind():
	case model.KindUnicode, model.KindString:
		if s, ok := v.AsText(); ok && v.Kind() != model.KindOctets {
			if t.Kind == model.KindUnicode {
				return model.Unicode(s), nil
			}
			return model.Visible(s), nil
		}
		return bad()
	default:
		return bad()
	}
	return v, nil
}

func number(v model.Value) (float64, bool) {
	if f, ok := v.AsFloat(); ok {
		return f, true
	}
	if i, ok := v.AsInt(); ok {
		return float64(i), true
	}
	u, ok := v.AsUint()
	return float64(u), ok
}

// fitInteger accepts integers in the range of t and floats without a fraction.
func fitInteger(where string, t *mms.TypeSpec, v model.Value) (model.Value, error) {
	if f, ok := v.AsFloat(); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		v = model.Int(int64(f))
	}
	width := max(t.Size, -t.Size)
	if t.Kind == model.KindInt {
		if i, ok := v.AsInt(); ok {
			if width == 0 || width >= 64 || i == i<<(64-width)>>(64-width) {
				return model.Int(i), nil
			}
			return v, fmt.Errorf("acsi/client: %s: %d is out of range of INT%d", where, i, width)
		}
	} else if u, ok := v.AsUint(); ok {
		if width == 0 || width >= 64 || u>>width == 0 {
			return model.Uint(u), nil
		}
		return v, fmt.Errorf("acsi/client: %s: %d is out of range of INT%dU", where, u, width)
	}
	return v, &TypeError{Where: where, Want: t.Kind, Got: v.Kind()}
}

func fitStruct(where string, t *mms.TypeSpec, v model.Value) (model.Value, error) {
	if v.Kind() != model.KindStruct {
		return fitAnalogue(where, t, v)
	}
	if v.Len() != len(t.Components) {
		return v, fmt.Errorf("acsi/client: %s: %d components given, %d wanted", where, v.Len(), len(t.Components))
	}
	members := make([]model.Value, v.Len())
	for i := range members {
		var err error
		c := &t.Components[i]
		if members[i], err = fit(where+"."+c.Name, &c.Type, v.At(i)); err != nil {
			return v, err
		}
	}
	return model.Struct(members...), nil
}

// fitAnalogue puts a number into a structure that has nothing but f and i.
func fitAnalogue(where string, t *mms.TypeSpec, v model.Value) (model.Value, error) {
	members := make([]model.Value, len(t.Components))
	for i := range t.Components {
		c := &t.Components[i]
		var err error
		switch {
		case c.Name == "f":
			members[i], err = fit(where+".f", &c.Type, v)
		case c.Name == "i" && len(t.Components) == 1:
			members[i], err = fit(where+".i", &c.Type, v)
		case c.Name == "i":
			f, _ := number(v)
			members[i], err = fit(where+".i", &c.Type, model.Float64(math.Round(f)))
		default:
			err = &TypeError{Where: where, Want: t.Kind, Got: v.Kind()}
		}
		if err != nil {
			return v, err
		}
	}
	if len(members) == 0 {
		return v, &TypeError{Where: where, Want: t.Kind, Got: v.Kind()}
	}
	return model.Struct(members...), nil
}

// zero gives a value of a type that says nothing.
func zero(t *mms.TypeSpec) model.Value {
	switch t.Kind {
	case model.KindStruct:
		members := make([]model.Value, len(t.Components))
		for i := range members {
			members[i] = zero(&t.Components[i].Type)
		}
		return model.Struct(members...)
	case model.KindArray:
		elements := make([]model.Value, min(t.Count, maxElements))
		for i := range elements {
			elements[i] = zero(t.Elem)
		}
		return model.Array(elements...)
	case model.KindBool:
		return model.Bool(false)
	case model.KindInt:
		return model.Int(0)
	case model.KindUint:
		return model.Uint(0)
	case model.KindFloat:
		if t.Size == 64 {
			return model.Float64(0)
		}
		return model.Float32(0)
	case model.KindBits:
		return model.Bits(0, min(max(t.Size, -t.Size), 64))
	case model.KindOctets:
		return model.Octets("")
	case model.KindUnicode:
		return model.Unicode("")
	case model.KindTime:
		return model.Time(0)
	case model.KindEntryTime:
		return model.Entry(0)
	}
	return model.Visible("")
}
