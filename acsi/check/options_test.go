package check

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestWanted(t *testing.T) {
	for _, c := range []struct {
		only, skip         []string
		group, svc, object string
		want               bool
	}{
		{nil, nil, "read", "GetDataValues", "LD0/MMXU1.TotW[MX]", true},
		{[]string{"read"}, nil, "read", "", "", true},
		{[]string{"read"}, nil, "types", "", "", false},
		{[]string{"GetDataValues"}, nil, "read", "", "", true},
		{[]string{"getdatavalues"}, nil, "read", "GetDataValues", "", false}, // no service begins with a small letter
		{[]string{"Getdatavalues"}, nil, "read", "GetDataValues", "", true},
		{[]string{"GetDataValues"}, nil, "read", "GetAllDataValues", "x", false},
		{[]string{"LD0/MMXU1"}, nil, "read", "GetDataValues", "LD0/MMXU1.TotW[MX]", true},
		{[]string{"LD0/MMXU1"}, nil, "read", "GetDataValues", "LD0/MMXU11.TotW[MX]", false},
		{[]string{"LD0/*.TotW*"}, nil, "read", "GetDataValues", "LD0/MMXU11.TotW[MX]", true},
		{[]string{"*brcb*"}, nil, "reports", "", "", true},
		{nil, []string{"read"}, "read", "", "", false},
		{nil, []string{"Report"}, "reports", "", "", true},
		{nil, []string{"Report"}, "reports", "Report", "LD0/LLN0.urcb01[RP]", false},
		{nil, []string{"LD0/LLN0.urcb01"}, "reports", "Report", "", true},
		{nil, []string{"LD0/LLN0.urcb01"}, "reports", "Report", "LD0/LLN0.urcb01[RP]", false},
		{[]string{"reports"}, []string{"*urcb*"}, "reports", "Report", "LD0/LLN0.brcb01[BR]", true},
	} {
		o := Options{Only: c.only, Skip: c.skip}
		if o.wanted(c.group, c.svc, c.object) != c.want {
			t.Errorf("only %v skip %v: %s %s %s: not %t", c.only, c.skip, c.group, c.svc, c.object, c.want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		p, s string
		want bool
	}{
		{"a*c", "abc", true},
		{"a*c", "abd", false},
		{"*", "", true},
		{"*a*", "bab", true},
		{"*a*b", "ab", true},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "acb", false},
		{"a", "a", true},
		{"a", "ab", false},
		{"a", "a.b", true},
	} {
		if glob(c.p, c.s) != c.want {
			t.Errorf("%s %s: not %t", c.p, c.s, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	dial := func(context.Context) (*client.Client, error) { return nil, nil }
	for _, o := range []Options{{}, {Dial: dial, Only: []string{"nonsense"}}, {Dial: dial, Skip: []string{""}}} {
		if err := o.Validate(); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	o := Options{Dial: dial, Only: []string{"read", "Operate", "LD0/*"}}
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
	lost := errors.New("nobody there")
	if _, err := Run(t.Context(), Options{Dial: func(context.Context) (*client.Client, error) { return nil, lost }}); !errors.Is(err, lost) {
		t.Errorf("no association: %v", err)
	}
}

func TestShape(t *testing.T) {
	integer := func(n int) mms.TypeSpec { return mms.TypeSpec{Kind: model.KindInt, Size: n} }
	two := mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{{Name: "a", Type: integer(8)}, {Name: "b", Type: integer(16)}}}
	elem := integer(8)
	for _, c := range []struct {
		name string
		t    mms.TypeSpec
		v    model.Value
		ok   bool
	}{
		{"INT8", integer(8), model.Int(-128), true},
		{"too large", integer(8), model.Int(128), false},
		{"INT32", integer(32), model.Int(-1 << 31), true},
		{"unsigned for signed", integer(8), model.Uint(1), false},
		{"INT8U", mms.TypeSpec{Kind: model.KindUint, Size: 8}, model.Uint(255), true},
		{"too large", mms.TypeSpec{Kind: model.KindUint, Size: 8}, model.Uint(256), false},
		{"FLOAT32", mms.TypeSpec{Kind: model.KindFloat, Size: 32}, model.Float32(1), true},
		{"FLOAT64 for 32", mms.TypeSpec{Kind: model.KindFloat, Size: 32}, model.Float64(1), false},
		{"quality", mms.TypeSpec{Kind: model.KindBits, Size: -13}, model.QualityValue(0), true},
		{"quality of the other sign", mms.TypeSpec{Kind: model.KindBits, Size: 13}, model.Bits(0, 12), true},
		{"double point", mms.TypeSpec{Kind: model.KindBits, Size: 2}, model.Bits(0, 3), false},
		{"string", mms.TypeSpec{Kind: model.KindString, Size: -3}, model.Visible("abc"), true},
		{"long string", mms.TypeSpec{Kind: model.KindString, Size: -3}, model.Visible("abcd"), false},
		{"unicode", mms.TypeSpec{Kind: model.KindUnicode, Size: -2}, model.Unicode("äö"), true},
		{"structure", two, model.Struct(model.Int(1), model.Int(2)), true},
		{"short structure", two, model.Struct(model.Int(1)), false},
		{"bad member", two, model.Struct(model.Int(1), model.Bool(true)), false},
		{"array", mms.TypeSpec{Kind: model.KindArray, Count: 2, Elem: &elem}, model.Array(model.Int(1), model.Int(2)), true},
		{"short array", mms.TypeSpec{Kind: model.KindArray, Count: 2, Elem: &elem}, model.Array(model.Int(1)), false},
		{"bad element", mms.TypeSpec{Kind: model.KindArray, Count: 1, Elem: &elem}, model.Array(model.Int(1000)), false},
	} {
		if bad := shape("x", &c.t, c.v); (bad == "") != c.ok {
			t.Errorf("%s: %q", c.name, bad)
		}
	}
	other := mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{{Name: "a", Type: integer(8)}, {Name: "c", Type: integer(16)}}}
	if sameType("x", &two, &two) != "" || sameType("x", &two, &other) == "" || sameType("x", &two, &elem) == "" {
		t.Error("sameType")
	}
}

func TestResult(t *testing.T) {
	r := Result{Outcome: Fail, Group: "read", Service: "GetDataValues", Object: "LD0", Rule: "rule", Expected: "a", Got: "b", Clause: "c"}
	if got := r.String(); got != "FAIL read GetDataValues LD0: rule: expected a, got b [c]" {
		t.Error(got)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(b, &back); err != nil || back != r {
		t.Errorf("%v %+v", err, back)
	}
	var o Outcome
	if o.UnmarshalText([]byte("MAYBE")) == nil {
		t.Error("an outcome that is none was read")
	}
}

func TestDiffers(t *testing.T) {
	for _, c := range []struct {
		want, got []string
		text      string
	}{
		{[]string{"a", "b"}, []string{"b", "a"}, ""},
		{[]string{"a", "b"}, []string{"b"}, "missing a"},
		{[]string{"b"}, []string{"b", "a", "c", "d", "e"}, "not expected a, c, d and 1 more"},
		{[]string{"a"}, []string{"a", "a"}, "some twice"},
	} {
		if got := differs(c.want, c.got); got != c.text {
			t.Errorf("%v %v: %q", c.want, c.got, got)
		}
	}
}
