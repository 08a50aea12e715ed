package valuetext

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/gridward/gridward/model"
)

// parseJSON reads a structure or array. A bare number fills an analogue value: a structure of f, i, or both.
func (t *Type) parseJSON(text string) (model.Value, error) {
	bad := &ParseError{Text: text, Want: t.Want()}
	s := strings.TrimSpace(text)
	if s == "" {
		return model.Value{}, bad
	}
	if s[0] != '{' && s[0] != '[' {
		if _, err := strconv.ParseFloat(s, 64); err == nil && t.analogue() {
			return t.fromJSON("", json.Number(s))
		}
		return model.Value{}, bad
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		return model.Value{}, bad
	}
	if _, err := dec.Token(); err != io.EOF {
		return model.Value{}, bad
	}
	return t.fromJSON("", x)
}

// analogue tells whether t is a structure of nothing but f and i.
func (t *Type) analogue() bool {
	for _, f := range t.Fields {
		if f.Name != "f" && f.Name != "i" {
			return false
		}
	}
	return t.Kind == model.KindStruct && len(t.Fields) > 0
}

// fromJSON makes a value of t from what encoding/json gives.
func (t *Type) fromJSON(path string, x any) (model.Value, error) {
	switch t.Kind {
	case model.KindStruct:
		return t.structOf(path, x)
	case model.KindArray:
		list, ok := x.([]any)
		if !ok || len(list) != t.Count || t.Elem == nil {
			return model.Value{}, &ParseError{path, plain(x), "a list of " + strconv.Itoa(t.Count)}
		}
		return t.listOf(list, func(i int) (string, *Type) { return path + "(" + strconv.Itoa(i) + ")", t.Elem })
	}
	v, ok := t.parseLeaf(plain(x))
	if _, nested := x.([]any); !ok || nested {
		return model.Value{}, &ParseError{path, plain(x), t.Want()}
	}
	return v, nil
}

func (t *Type) structOf(path string, x any) (model.Value, error) {
	name := func(i int) (string, *Type) {
		return strings.TrimPrefix(path+"."+t.Fields[i].Name, "."), t.Fields[i].Type
	}
	var list []any
	switch x := x.(type) {
	case []any:
		list = x
	case map[string]any:
		for _, f := range t.Fields {
			if m, ok := x[f.Name]; ok {
				list = append(list, m)
			}
		}
		if len(list) != len(x) {
			list = nil // a name that is not known
		}
	case json.Number:
		if t.analogue() {
			list = t.number(x)
		}
	}
	if len(list) != len(t.Fields) {
		return model.Value{}, &ParseError{path, plain(x), t.Want()}
	}
	return t.listOf(list, name)
}

func (t *Type) listOf(list []any, name func(int) (string, *Type)) (model.Value, error) {
	vs := make([]model.Value, len(list))
	for i := range list {
		path, elem := name(i)
		var err error
		if vs[i], err = elem.fromJSON(path, list[i]); err != nil {
			return model.Value{}, err
		}
	}
	if t.Kind == model.KindArray {
		return model.Array(vs...), nil
	}
	return model.Struct(vs...), nil
}

// number gives a number to f, and the nearest whole one to an i beside it.
func (t *Type) number(x json.Number) []any {
	list := make([]any, len(t.Fields))
	for i, f := range t.Fields {
		list[i] = x
		if n, err := x.Float64(); f.Name == "i" && len(t.Fields) > 1 && err == nil {
			list[i] = json.Number(strconv.FormatFloat(math.Round(n), 'f', -1, 64))
		}
	}
	return list
}

// plain gives a JSON scalar as text.
func plain(x any) string {
	switch x := x.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case nil:
		return "null"
	}
	b, err := json.Marshal(x)
	if err != nil {
		return "?"
	}
	return string(b)
}
