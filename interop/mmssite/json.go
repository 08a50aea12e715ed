package mmssite

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"github.com/gridward/gridward/model"
)

// JSON gives v as the programs of the other implementations write values: an object with the name of the type.
func JSON(v model.Value) map[string]any {
	one := func(name string, x any) map[string]any { return map[string]any{name: x} }
	switch v.Kind() {
	case model.KindStruct, model.KindArray:
		members := []any{}
		for _, m := range v.Members() {
			members = append(members, JSON(m))
		}
		if v.Kind() == model.KindArray {
			return one("array", members)
		}
		return one("struct", members)
	case model.KindBool:
		b, _ := v.AsBool()
		return one("bool", b)
	case model.KindInt:
		n, _ := v.AsInt()
		return one("int", float64(n))
	case model.KindUint:
		n, _ := v.AsUint()
		return one("uint", float64(n))
	case model.KindFloat:
		f, _ := v.AsFloat()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return one("float", fmt.Sprint(f))
		}
		return one("float", f)
	case model.KindBits:
		packed, n := v.PackedBits(nil)
		var text strings.Builder
		for i := range n {
			text.WriteByte('0' + packed[i/8]>>(7-i%8)&1)
		}
		return one("bits", text.String())
	case model.KindOctets:
		s, _ := v.AsText()
		return one("octets", hex.EncodeToString([]byte(s)))
	case model.KindString:
		s, _ := v.AsText()
		return one("string", s)
	case model.KindUnicode:
		s, _ := v.AsText()
		return one("unicode", s)
	case model.KindTime:
		t, _ := v.AsTime()
		return one("time", float64(t.Time().UnixMilli()))
	case model.KindEntryTime:
		t, _ := v.AsEntryTime()
		return one("entry", float64(t.Time().UnixMilli()))
	}
	return one("kind", v.Kind().String())
}
