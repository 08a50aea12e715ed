package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

func testServer(t testing.TB) *model.Server {
	t.Helper()
	const name = "../server/testdata/test.icd"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(name, b, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"LD/LLN0.Beh.stVal[ST]":      "LD/LLN0.Beh.stVal[ST]",
		"LD/LLN0$ST$Beh$stVal":       "LD/LLN0.Beh.stVal[ST]",
		"LD/LLN0$ST":                 "LD/LLN0[ST]",
		"LD/LLN0$*$Beh":              "LD/LLN0.Beh",
		"LD/LLN0":                    "LD/LLN0",
		"LD":                         "LD",
		"*":                          "*",
		"*/MMXU*.TotW[MX]":           "*/MMXU*.TotW[MX]",
		"LD/MHAI1.HA.phsAHar(2).mag": "LD/MHAI1.HA.phsAHar(2).mag",
		"LD/MHAI1.HA.phsAHar(*)":     "LD/MHAI1.HA.phsAHar(*)",
		"":                           "", "LD/": "", "/LLN0": "", "LD/LLN0.": "", "LD/LLN0..a": "", "LD/LLN0[ST": "", "LD/LLN0[st]": "", "LD/LLN0[ST]x": "",
		"LD/LLN0$XX$Beh": "", "LD/LLN0$ST$Beh[ST]": "", "LD/A.b(": "", "LD/A.b()": "", "LD/A.b(x)": "", "LD/A.b(123456)": "", "LD/A b": "", "LD/A.b-c": "",
	} {
		p, err := Parse(in)
		switch {
		case want == "" && !errors.Is(err, ErrPattern):
			t.Errorf("%q: %v, %v", in, p, err)
		case want != "" && (err != nil || p.String() != want):
			t.Errorf("%q: %q, %v, want %q", in, p, err, want)
		}
	}
	if _, err := Parse(strings.Repeat("a", 300)); !errors.Is(err, ErrPattern) {
		t.Errorf("too long: %v", err)
	}
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true},
		{"*", "abc", true},
		{"a*", "abc", true},
		{"*c", "abc", true},
		{"a*c", "abbc", true},
		{"a?c", "abc", true},
		{"abc", "abc", true},
		{"", "", true},
		{"", "a", false},
		{"a?", "a", false},
		{"a*d", "abc", false},
		{"*b*b*", "abab", true},
		{"*b*b*", "aba", false},
		{"abc", "ab", false},
	} {
		if got := match(tc.pattern, tc.name); got != tc.want {
			t.Errorf("%q fits %q: %t", tc.name, tc.pattern, got)
		}
	}
}

func find(t *testing.T, c *Catalog, pattern string) ([]string, error) {
	t.Helper()
	p, err := Parse(pattern)
	if err != nil {
		t.Fatal(err)
	}
	items, err := c.Find(t.Context(), p)
	var refs []string
	for _, i := range items {
		if i.Spec == nil {
			t.Errorf("%s: %s has no type", pattern, i.Ref)
		}
		refs = append(refs, i.Ref.String())
	}
	return refs, err
}

// foreign is a server that does not describe whole nodes, and, when asked for less, not even sections.
type foreign struct {
	described
	all  []string // item names
	less bool
}

func (f foreign) Variables(context.Context, string) ([]string, error) { return f.all, nil }

func (f foreign) Type(ctx context.Context, ref model.Ref) (*mms.TypeSpec, error) {
	if ref.FC == model.FCNone || f.less && ref.Path == "" {
		return nil, nonExistent
	}
	t, err := f.described.Type(ctx, model.Ref{LDevice: ref.LDevice, LN: ref.LN})
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{ref.FC.String()}, strings.FieldsFunc(ref.Path, func(r rune) bool { return r == '.' })...) {
		i := slices.IndexFunc(t.Components, func(c mms.Component) bool { return c.Name == name })
		if i < 0 {
			return nil, nonExistent
		}
		t = &t.Components[i].Type
	}
	return t, nil
}

// itemNames lists LN, LN$FC, LN$FC$DO of a device.
func itemNames(t *testing.T, d described, ld string) []string {
	t.Helper()
	var all []string
	nodes, err := d.Variables(t.Context(), ld)
	if err != nil {
		t.Fatal(err)
	}
	for _, ln := range nodes {
		all = append(all, ln)
		spec, err := d.Type(t.Context(), model.Ref{LDevice: ld, LN: ln})
		if err != nil {
			t.Fatal(err)
		}
		for _, fc := range spec.Components {
			all = append(all, ln+"$"+fc.Name)
			for _, o := range fc.Type.Components {
				all = append(all, ln+"$"+fc.Name+"$"+o.Name)
			}
		}
	}
	return all
}

func TestFind(t *testing.T) {
	srv := testServer(t)
	names := itemNames(t, described{srv}, "TLD0")
	for kind, c := range map[string]*Catalog{
		"whole": FromSCL(srv), "sections": New(foreign{described{srv}, names, false}), "objects": New(foreign{described{srv}, names, true}),
	} {
		for pattern, want := range map[string]string{
			"TLD0/LLN0.Beh.stVal":            "TLD0/LLN0.Beh.stVal[ST]",
			"TLD0/LLN0$ST$Beh$stVal":         "TLD0/LLN0.Beh.stVal[ST]",
			"TLD0/GGIO1.AnIn1":               "TLD0/GGIO1.AnIn1[MX] TLD0/GGIO1.AnIn1[SV] TLD0/GGIO1.AnIn1[CF]",
			"TLD0/GGIO1.AnIn*.mag.f":         "TLD0/GGIO1.AnIn1.mag.f[MX] TLD0/GGIO1.AnIn2.mag.f[MX]",
			"TLD0/*.Beh.stVal":               "TLD0/LLN0.Beh.stVal[ST] TLD0/GGIO1.Beh.stVal[ST] TLD0/MHAI1.Beh.stVal[ST]",
			"TLD0/MHAI1.HA.phsAHar":          "TLD0/MHAI1.HA.phsAHar[MX]",
			"TLD0/MHAI1.HA.phsAHar(3).mag.f": "TLD0/MHAI1.HA.phsAHar(3).mag.f[MX]",
			"TLD0/MHAI1.HA.phsAHar(*).ang":   "TLD0/MHAI1.HA.phsAHar(0).ang[MX] TLD0/MHAI1.HA.phsAHar(1).ang[MX] TLD0/MHAI1.HA.phsAHar(2).ang[MX] TLD0/MHAI1.HA.phsAHar(3).ang[MX]",
			"TLD0/LLN0.brcb01":               "TLD0/LLN0.brcb01[BR]",
			"TLD0/LLN0[RP]":                  "TLD0/LLN0[RP]",
			"TLD0/LPHD1":                     "TLD0/LPHD1[ST] TLD0/LPHD1[DC]",
		} {
			got, err := find(t, c, pattern)
			if s := strings.Join(got, " "); err != nil || s != want {
				t.Errorf("%s: %s: %s, %v, want %s", kind, pattern, s, err, want)
			}
		}
	}
}

// TestFindSkipsDevices: with a pattern for the logical device it is enough that one of them has what is looked for.
func TestFindSkipsDevices(t *testing.T) {
	srv := testServer(t)
	lists := map[string][]string{"TLD0": itemNames(t, described{srv}, "TLD0"), "TLD1": itemNames(t, described{srv}, "TLD1")}
	for kind, c := range map[string]*Catalog{"SCL": FromSCL(srv), "server": New(twoDevices{described{srv}, lists})} {
		for pattern, want := range map[string]string{
			"*/GGIO9.Ind1.stVal": "TLD1/GGIO9.Ind1.stVal[ST]",
			"*/GGIO1.Ind1.stVal": "TLD0/GGIO1.Ind1.stVal[ST]",
			"T*/MHAI1.HA.numHar": "TLD0/MHAI1.HA.numHar[CF]",
		} {
			got, err := find(t, c, pattern)
			if s := strings.Join(got, " "); err != nil || s != want {
				t.Errorf("%s: %s: %s, %v, want %s", kind, pattern, s, err, want)
			}
		}
		var nf *NotFoundError
		if _, err := find(t, c, "*/XCBR1.Pos"); !errors.As(err, &nf) || nf.Missing != "XCBR1" || !slices.Contains(nf.There, "GGIO1") || !slices.Contains(nf.There, "GGIO9") {
			t.Errorf("%s: %v (%+v)", kind, err, nf)
		}
	}
}

// twoDevices is a server whose devices have different nodes.
type twoDevices struct {
	described
	lists map[string][]string
}

func (d twoDevices) Variables(_ context.Context, ld string) ([]string, error) {
	return d.lists[ld], nil
}

func TestNotFoundSaysWhatIsThere(t *testing.T) {
	c := FromSCL(testServer(t))
	for pattern, want := range map[string][2]string{
		"TLD7/LLN0.Beh":              {"TLD7", "TLD0"},
		"Q*/LLN0.Beh":                {"Q*", "TLD0"},
		"TLD0/XCBR1.Pos":             {"XCBR1", "GGIO1"},
		"TLD0/X*.Pos":                {"X*", "GGIO1"},
		"TLD0/GGIO1.Nope":            {"Nope", "AnIn1"},
		"TLD0/GGIO1.AnIn1.nope":      {"nope", "mag"},
		"TLD0/GGIO1.AnIn1.mag.i":     {"i", "f"},
		"TLD0/MHAI1.HA.phsAHar(4)":   {"(4)", "0 to 3"},
		"TLD0/MHAI1.HA.q(4)":         {"q(4)", "q"},
		"TLD0/GGIO1.AnIn1.mag.f.x":   {"x", ""},
		"TLD0/GGIO1.AnIn1.stVal":     {"stVal", "units"},
		"TLD0/GGIO1.AnIn1.mag[ST]":   {"AnIn1", "Ind1"},
		"TLD0/GGIO1.AnIn1.mag.f[LG]": {"", ""},
	} {
		got, err := find(t, c, pattern)
		var nf *NotFoundError
		if !errors.As(err, &nf) || nf.Missing != want[0] || want[1] != "" && !slices.Contains(nf.There, want[1]) {
			t.Errorf("%s: %v, %v (%+v), want %v", pattern, got, err, nf, want)
		}
	}
}

// silent fails as an association does that ended.
type silent struct{}

var errSilent = errors.New("gone")

func (silent) Devices(context.Context) ([]string, error)              { return nil, errSilent }
func (silent) Variables(context.Context, string) ([]string, error)    { return nil, errSilent }
func (silent) Type(context.Context, model.Ref) (*mms.TypeSpec, error) { return nil, errSilent }

func TestFailuresPassThrough(t *testing.T) {
	for _, pattern := range []string{"*", "L", "L/LLN0", "L/*"} {
		if _, err := find(t, New(silent{}), pattern); !errors.Is(err, errSilent) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	for _, prefix := range []string{"", "L/", "L/LLN0."} {
		if _, err := New(silent{}).Complete(t.Context(), prefix); !errors.Is(err, errSilent) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

func TestComplete(t *testing.T) {
	c := FromSCL(testServer(t))
	for prefix, want := range map[string]string{
		"":                          "TLD0/ TLD1/",
		"TLD1":                      "TLD1/",
		"TLD0/":                     "TLD0/LLN0. TLD0/LPHD1. TLD0/GGIO1. TLD0/MHAI1.",
		"TLD0/GG":                   "TLD0/GGIO1.",
		"TLD0/GGIO1.An":             "TLD0/GGIO1.AnIn1. TLD0/GGIO1.AnIn2. TLD0/GGIO1.AnOut1.",
		"TLD0/GGIO1.AnIn1.":         "TLD0/GGIO1.AnIn1.mag. TLD0/GGIO1.AnIn1.q TLD0/GGIO1.AnIn1.t TLD0/GGIO1.AnIn1.subEna TLD0/GGIO1.AnIn1.units. TLD0/GGIO1.AnIn1.db",
		"TLD0/GGIO1.AnIn1.mag.":     "TLD0/GGIO1.AnIn1.mag.f",
		"TLD0/MHAI1.HA.phsAHar(1).": "TLD0/MHAI1.HA.phsAHar(1).mag. TLD0/MHAI1.HA.phsAHar(1).ang.",
		"TLD0/LLN0.brc":             "TLD0/LLN0.brcb01. TLD0/LLN0.brcb02.",
		"TLD9/":                     "", "TLD0/NONE1.": "", "TLD0/GGIO1.AnIn1.nope.": "",
	} {
		got, err := c.Complete(t.Context(), prefix)
		if s := strings.Join(got, " "); s != want || err != nil && want != "" {
			t.Errorf("%q: %s, %v, want %s", prefix, s, err, want)
		}
	}
}

func TestOf(t *testing.T) {
	for _, s := range []string{"LD", "LD/LLN0[ST]", "LD/LLN0.Mod.stVal[ST]"} {
		r, err := model.ParseRef(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, ok := Of(r).Ref(); !ok || back != r {
			t.Errorf("%s became %s", r, back)
		}
	}
	if _, ok := (Pattern{LDevice: "L*"}).Ref(); ok {
		t.Error("a wildcard names one thing")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"LD/LLN0.Beh.stVal[ST]", "LD/LLN0$ST$Beh", "*/M?XU*.A(*).b", "LD/L.a(12)", "LD[", "$", "LD/$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			if !errors.Is(err, ErrPattern) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		q, err := Parse(p.String())
		if err != nil || fmt.Sprint(p) != fmt.Sprint(q) {
			t.Errorf("%q became %q: %v", s, p, err)
		}
		if !match(p.LDevice, p.LDevice) {
			t.Errorf("%q does not fit itself", p.LDevice)
		}
	})
}
