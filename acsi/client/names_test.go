package client

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestNames(t *testing.T) {
	index := func(i uint32, nested ...mms.AlternateAccess) mms.AlternateAccess {
		return mms.AlternateAccess{HasIndex: true, Index: i, Nested: nested}
	}
	part := func(name string, nested ...mms.AlternateAccess) mms.AlternateAccess {
		return mms.AlternateAccess{Component: name, Nested: nested}
	}
	for _, tc := range []struct {
		ref  string
		want mms.VariableSpec
	}{
		{"LD0/MMXU1", mms.VariableSpec{Name: mms.InDomain("LD0", "MMXU1")}},
		{"LD0/MMXU1[MX]", mms.VariableSpec{Name: mms.InDomain("LD0", "MMXU1$MX")}},
		{"LD0/MMXU1.TotW.mag.f[MX]", mms.VariableSpec{Name: mms.InDomain("LD0", "MMXU1$MX$TotW$mag$f")}},
		{"LD0/MHAI1.HA.phsAHar(3).mag.f[MX]", mms.VariableSpec{
			Name:      mms.InDomain("LD0", "MHAI1$MX$HA$phsAHar"),
			Alternate: []mms.AlternateAccess{index(3, part("mag", part("f")))},
		}},
		{"LD0/X1.A(1).B(2)[MX]", mms.VariableSpec{
			Name:      mms.InDomain("LD0", "X1$MX$A"),
			Alternate: []mms.AlternateAccess{index(1, part("B", index(2)))},
		}},
	} {
		ref := mustRef(t, tc.ref)
		got, err := variable(ref)
		if err != nil {
			t.Errorf("%s: %v", tc.ref, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.ref, diff)
		}
		if back, err := reference(&got); err != nil || back != ref {
			t.Errorf("%s came back as %s, %v", ref, back, err)
		}
	}
	for _, bad := range []model.Ref{{}, {LDevice: "LD0"}, {LDevice: "LD0", LN: "MMXU1", Path: "TotW"}} {
		if _, err := variable(bad); !errors.Is(err, model.ErrRef) && !errors.Is(err, ErrNoFC) {
			t.Errorf("%q accepted: %v", bad, err)
		}
	}
}

func TestListNames(t *testing.T) {
	for s, want := range map[string]model.Ref{
		"LD0/LLN0$ds1": {LDevice: "LD0", LN: "LLN0", Path: "ds1"},
		"@mine":        {Path: "mine"},
	} {
		got, ok := listRef(s)
		if !ok || got != want || dataSetName(want) != s {
			t.Errorf("%q: %+v, %v, back %q", s, got, ok, dataSetName(want))
		}
	}
	for _, s := range []string{"", "@", "LD0", "LD0/LLN0", "/LLN0$x", "LD0/$x", "LD0/LLN0$"} {
		if r, ok := listRef(s); ok {
			t.Errorf("%q accepted as %+v", s, r)
		}
	}
}

func TestSplitName(t *testing.T) {
	for name, want := range map[string][3]string{
		"LLN0": {"", "LLN0", ""}, "MMXU1": {"", "MMXU", "1"}, "pvDGEN12": {"pv", "DGEN", "12"},
		"Q0CSWI1": {"Q0", "CSWI", "1"}, "LPHD1": {"", "LPHD", "1"}, "odd": {"", "odd", ""}, "x1": {"", "x1", ""},
		"ABcD1": {"", "ABcD1", ""},
	} {
		p, c, i := splitName(name)
		if got := [3]string{p, c, i}; got != want || p+c+i != name {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
