package valuetext

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"iter"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// A Leaf is a value that has no members, with its type. The type is never nil.
type Leaf struct {
	Type  *Type
	Value model.Value
}

// Text gives the leaf as Type.Text does.
func (l Leaf) Text() string { return l.Type.Text(l.Value) }

// Leaves takes a value apart: paths below it such as "mag.f" and "cVal(2).mag", "" for a leaf itself.
func (t *Type) Leaves(v model.Value) iter.Seq2[string, Leaf] {
	return func(yield func(string, Leaf) bool) { t.leaves("", v, yield) }
}

func (t *Type) leaves(path string, v model.Value, yield func(string, Leaf) bool) bool {
	switch {
	case v.Kind() == model.KindStruct:
		for i := range v.Len() {
			name, f := t.member(i, v.Len())
			if path != "" {
				name = path + "." + name
			}
			if !f.leaves(name, v.At(i), yield) {
				return false
			}
		}
		return true
	case v.Kind() == model.KindArray:
		for i := range v.Len() {
			if !t.element().leaves(path+"("+strconv.Itoa(i)+")", v.At(i), yield) {
				return false
			}
		}
		return true
	}
	return yield(path, Leaf{t, v})
}

// untyped spells by kind what the server gives beside its own description.
var untyped = &Type{}

func (t *Type) member(i, of int) (string, *Type) {
	if len(t.Fields) == of {
		return t.Fields[i].Name, t.Fields[i].Type
	}
	return strconv.Itoa(i), untyped
}

func (t *Type) element() *Type {
	if t.Elem == nil {
		return untyped
	}
	return t.Elem
}

// An Object is a JSON object whose members keep their order.
type Object []Member

// A Member of an Object.
type Member struct {
	Name  string
	Value any
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, m := range o {
		b.WriteByte("{,"[min(i, 1)])
		if err := enc.Encode(m.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(m.Value); err != nil {
			return nil, err
		}
	}
	if len(o) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// JSON gives v for encoding/json: booleans and numbers as they are, everything else as Text spells it, structures as
// Object, arrays as lists. No value gives nil.
func (t *Type) JSON(v model.Value) any {
	switch v.Kind() {
	case model.KindNone:
		return nil
	case model.KindStruct:
		o := make(Object, v.Len())
		for i := range o {
			name, f := t.member(i, v.Len())
			o[i] = Member{name, f.JSON(v.At(i))}
		}
		return o
	case model.KindArray:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = t.element().JSON(v.At(i))
		}
		return list
	case model.KindBool:
		b, _ := v.AsBool()
		return b
	case model.KindInt, model.KindUint:
		if name, ok := t.enumName(v); ok {
			return name
		}
		if i, ok := v.AsInt(); ok {
			return i
		}
		u, _ := v.AsUint()
		return u
	case model.KindFloat:
		f, _ := v.AsFloat()
		switch _, width := v.FloatBits(); {
		case math.IsNaN(f) || math.IsInf(f, 0):
		case width == 64:
			return f
		default:
			return float32(f)
		}
	}
	return t.Text(v)
}

func (t *Type) enumName(v model.Value) (string, bool) {
	i, ok := v.AsInt()
	if t.Enum == nil || !ok || i != int64(int32(i)) {
		return "", false
	}
	name, ok := t.Enum.Names[int32(i)]
	return name, ok
}

// Text gives v on one line. Structures and arrays are JSON.
func (t *Type) Text(v model.Value) string {
	switch v.Kind() {
	case model.KindStruct, model.KindArray:
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(t.JSON(v)); err != nil {
			return v.Text(nil)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, b.Bytes()); err != nil {
			return v.Text(nil)
		}
		return compact.String()
	case model.KindInt, model.KindUint:
		if name, ok := t.enumName(v); ok {
			return name
		}
	case model.KindBits:
		return t.bitText(v)
	case model.KindTime:
		stamp, _ := v.AsTime()
		return stampText(stamp)
	case model.KindOctets:
		s, _ := v.AsText()
		return t.octetText(s)
	}
	return v.Text(nil)
}

// stampText gives an instant in UTC, and the flags of the clock that make it doubtful.
func stampText(t model.Timestamp) string {
	s := t.Time().Format(time.RFC3339Nano)
	if t.Quality()&model.ClockFailure != 0 {
		s += clockFailure
	}
	if t.Quality()&model.ClockNotSynchronized != 0 {
		s += clockNotSynchronized
	}
	return s
}

const (
	clockFailure         = " clockFailure"
	clockNotSynchronized = " clockNotSynchronized"
)

// octetText gives hexadecimal digits; where text is usual, the text, and hexadecimal behind 0x when it is none.
func (t *Type) octetText(s string) string {
	if !t.words {
		return hex.EncodeToString([]byte(s))
	}
	if s == "" {
		return ""
	}
	printable := !strings.HasPrefix(s, "0x") && s == strings.TrimSpace(s)
	for i := range len(s) {
		printable = printable && s[i] >= 0x20 && s[i] < 0x7f
	}
	if printable {
		return s
	}
	return "0x" + hex.EncodeToString([]byte(s))
}

// Address spells an Owner of a report control block: an IP address of 4 or 16 octets, or text, else hexadecimal digits.
func Address(octets string) string {
	if strings.Trim(octets, "\x00") == "" {
		return ""
	}
	t := &Type{words: true}
	if text := t.octetText(octets); !strings.HasPrefix(text, "0x") {
		return text
	}
	if a, ok := netip.AddrFromSlice([]byte(octets)); ok {
		return a.String()
	}
	return hex.EncodeToString([]byte(octets))
}

// bitText gives the names of the bits that are set, or digits.
func (t *Type) bitText(v model.Value) string {
	bits, n, ok := v.AsBits()
	switch {
	case !ok:
	case t.Basic == model.BasicQuality:
		if q, ok := v.AsQuality(); ok {
			return q.String()
		}
	case n == 2 && len(bitWords[t.Basic]) == 4:
		return bitWords[t.Basic][bits]
	case t.Basic == model.BasicTrgOps && n == model.TriggersBits:
		return joined(model.Triggers(bits).Names())
	case t.Basic == model.BasicOptFlds && n == model.OptFieldsBits:
		return joined(model.OptFields(bits).Names())
	}
	return v.Text(nil)
}

// bitWords name the four values of two bits.
var bitWords = map[model.Basic][]string{
	model.BasicDbpos: {"intermediate-state", "off", "on", "bad-state"},
	model.BasicTcmd:  {"stop", "lower", "higher", "reserved"},
	model.BasicCheck: {"none", "interlock", "synchrocheck", "both"},
}

func joined(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "+")
}

// Merge gives o with the members of p: objects of the same name are merged, other members of p come behind those of o.
// It is how a data object is put together from its functional constraints.
func (o Object) Merge(p Object) Object {
	out := append(Object{}, o...)
next:
	for _, m := range p {
		for i := range out {
			if out[i].Name != m.Name {
				continue
			}
			a, ok := out[i].Value.(Object)
			b, both := m.Value.(Object)
			if ok && both {
				out[i].Value = a.Merge(b)
				continue next
			}
		}
		out = append(out, m)
	}
	return out
}
