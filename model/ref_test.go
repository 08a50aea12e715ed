package model

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseRef(t *testing.T) {
	tests := []struct {
		in   string
		want Ref
	}{
		{"LD0", Ref{LDevice: "LD0"}},
		{"LD0/LLN0", Ref{LDevice: "LD0", LN: "LLN0"}},
		{"DER1LD0/MMXU1.TotW.mag.f[MX]", Ref{"DER1LD0", "MMXU1", "TotW.mag.f", MX}},
		{"L/MHAI1.HarA(3).cVal", Ref{"L", "MHAI1", "HarA(3).cVal", FCNone}},
	}
	for _, tt := range tests {
		got, err := ParseRef(tt.in)
		if err != nil || got != tt.want || got.String() != tt.in {
			t.Errorf("%q: %+v, %v", tt.in, got, err)
		}
	}
	for _, in := range []string{
		"", "/", "LD/", "LD/.a", "LD/LN.", "LD/LN..a", "LD/LN.a[XX]", "LD/LN.a[MX", "LD/LN.a[MX]x", "L D/LN", "LD/LN.a()", "LD/LN.a(x)",
		"LD/LN.a(123456)", "LD/L$N", "LD/LN.a/b", strings.Repeat("a", 65), "L/" + strings.Repeat("a.", 80) + "b",
	} {
		if got, err := ParseRef(in); !errors.Is(err, ErrRef) {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}

func TestParseItem(t *testing.T) {
	got, err := ParseItem("LD0", "MMXU1$MX$TotW$mag$f")
	if want := (Ref{"LD0", "MMXU1", "TotW.mag.f", MX}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, tt := range [][2]string{
		{"", "LLN0"},
		{"LD", ""},
		{"LD", "LLN0$"},
		{"LD", "LLN0$XX"},
		{"LD", "LLN0$ST$"},
		{"LD", "LLN0$ST$a$$b"},
		{"LD", "LLN0$ST$a.b"},
	} {
		if got, err := ParseItem(tt[0], tt[1]); !errors.Is(err, ErrRef) {
			t.Errorf("%q %q: %+v, %v", tt[0], tt[1], got, err)
		}
	}
}

// genRef makes references that have no array index, as item names have none.
func genRef(t *rapid.T) Ref {
	name := rapid.StringMatching(`[A-Za-z][A-Za-z0-9_]{0,11}`)
	r := Ref{LDevice: name.Draw(t, "device")}
	if rapid.Bool().Draw(t, "node") {
		r.LN = name.Draw(t, "ln")
		r.FC = FC(rapid.IntRange(int(ST), int(NumFC)-1).Draw(t, "fc"))
		r.Path = strings.Join(rapid.SliceOfN(name, 0, 5).Draw(t, "path"), ".")
	}
	return r
}

func TestRefRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := genRef(t)
		if got, err := ParseRef(r.String()); err != nil || got != r {
			t.Fatalf("%+v as text: %+v, %v", r, got, err)
		}
		if r.LN == "" {
			return
		}
		if got, err := ParseItem(r.LDevice, r.Item()); err != nil || got != r {
			t.Fatalf("%+v as an item: %+v, %v", r, got, err)
		}
	})
}

func TestChildBuildsReferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := genRef(t)
		built := Ref{LDevice: r.LDevice}
		if r.LN != "" {
			built = built.Child(r.LN)
		}
		if r.Path != "" {
			for part := range strings.SplitSeq(r.Path, ".") {
				built = built.Child(part)
			}
		}
		built.FC = r.FC
		if built != r {
			t.Fatalf("%+v, want %+v", built, r)
		}
	})
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"LD0", "LD0/LLN0.Mod.stVal[ST]", "L/M.HarA(3).cVal", "a/b[", "[MX]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			return
		}
		if again, err := ParseRef(r.String()); err != nil || again != r {
			t.Fatalf("%q gives %+v, which gives %+v, %v", s, r, again, err)
		}
	})
}

func FuzzParseItem(f *testing.F) {
	f.Add("LD0", "MMXU1$MX$TotW$mag$f")
	f.Add("LD0", "LLN0")
	f.Add("", "$ST$")
	f.Fuzz(func(t *testing.T, domain, item string) {
		r, err := ParseItem(domain, item)
		if err != nil {
			return
		}
		if r.FC != FCNone && r.Item() != item {
			t.Fatalf("%q gives %+v, which is %q", item, r, r.Item())
		}
	})
}
