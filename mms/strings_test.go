package mms

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
)

// TestStringsAreNeverReplaced: octets that are no UTF-8 pass through BER as they are, are refused by XER with their place, and
// are marked as octets in JSON. UTF-8 passes through all three.
func TestStringsAreNeverReplaced(t *testing.T) {
	for _, c := range []struct{ text, json, xer string }{
		{"K\xf6ln", `{"octets":"4BF66C6E"}`, ""},
		{"\x00\xff", `{"octets":"00FF"}`, ""},
		{"K\u00f6ln", `"K` + "\u00f6" + `ln"`, "K\u00f6ln"},
		{"a\x1b\x7f\u009b", `"a\u001b\u007f\u009b"`, "a<esc/>&#127;&#155;"},
	} {
		p := &ConfirmedResponse{InvokeID: 1, Service: &ReadResponse{Results: []AccessResult{{Value: model.Visible(c.text)}}}}
		b, err := AppendBER(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseBER(b, Limits{})
		if err != nil {
			t.Errorf("%q in BER: %v", c.text, err)
			continue
		}
		if again, err := AppendBER(nil, q); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q through BER: %x, %v", c.text, again, err)
		}
		j, err := AppendJSON(nil, q)
		if err != nil || !json.Valid(j) || !strings.Contains(string(j), `"visible-string":`+c.json) {
			t.Errorf("%q in JSON: %s, %v", c.text, j, err)
		}
		x, err := AppendXER(nil, q, GW1)
		if c.xer == "" {
			var where *asn1.Error
			if !errors.As(err, &where) || !errors.Is(err, asn1.ErrNoForm) || !strings.HasSuffix(where.Path, "success") {
				t.Errorf("%q in XER: %s, %v", c.text, x, err)
			}
			continue
		}
		if err != nil || !strings.Contains(string(x), ">"+c.xer+"<") {
			t.Errorf("%q in XER: %s, %v", c.text, x, err)
			continue
		}
		r, err := ParseXER(x, nil, Limits{})
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		if back, err := AppendBER(nil, r); err != nil || !bytes.Equal(back, b) {
			t.Errorf("%q through XER: %x, %v", c.text, back, err)
		}
	}
}

// TestNestingAgrees: what is read from BER and written as XER is read again; what would not be is not written.
func TestNestingAgrees(t *testing.T) {
	value, typ := model.Bool(true), TypeSpec{Kind: model.KindBool}
	list := VariableAccess{NamedList: true, ListName: ObjectName{Item: "ds"}}
	refused, deepest := 0, map[string]int{}
	for n := range 40 {
		for what, p := range map[string]PDU{
			"read":       &ConfirmedResponse{Service: &ReadResponse{Results: []AccessResult{{Value: value}}}},
			"write":      &ConfirmedRequest{Service: &Write{Access: list, Data: []model.Value{value}}},
			"report":     &Unconfirmed{Service: &InformationReport{Access: list, Results: []AccessResult{{Value: value}}}},
			"attributes": &ConfirmedResponse{Service: &GetVariableAccessAttributesResponse{Type: typ}},
		} {
			b, err := AppendBER(nil, p)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			q, err := ParseBER(b, Limits{})
			if err != nil {
				if !errors.Is(err, asn1.ErrTooDeep) {
					t.Errorf("%s nested %d deep: %v", what, n, err)
				}
				continue
			}
			deepest[what] = n
			for name, d := range map[string]func() ([]byte, error){
				"gw1":   func() ([]byte, error) { return AppendXER(nil, q, GW1) },
				"basic": func() ([]byte, error) { return AppendXER(nil, q, BasicXER) },
			} {
				x, err := d()
				if errors.Is(err, asn1.ErrTooDeep) && n > 20 {
					refused++
					continue
				}
				if err == nil {
					_, err = ParseXER(x, both, Limits{})
				}
				if err != nil {
					t.Errorf("%s nested %d deep is read from BER, but in %s: %v", what, n, name, err)
				}
			}
		}
		value = model.Struct(value)
		typ = TypeSpec{Kind: model.KindStruct, Components: []Component{{Name: "c", Type: typ}}}
	}
	if refused == 0 {
		t.Error("nothing is too deep for XER: raise the nesting")
	}
	for what, n := range deepest {
		if n < 6 || n == 39 {
			t.Errorf("%s: the deepest that BER takes is %d", what, n)
		}
	}
}
