package jid

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("a", 1023)
	for _, c := range []struct{ in, local, domain, resource string }{
		{"grid.example", "", "grid.example", ""},
		{"der1@grid.example", "der1", "grid.example", ""},
		{"der1@grid.example/IEC", "der1", "grid.example", "IEC"},
		{"DER1@Grid.Example/IEC", "der1", "grid.example", "IEC"},
		{"grid.example/IEC", "", "grid.example", "IEC"},
		{"der1@grid.example/a@b/c", "der1", "grid.example", "a@b/c"},
		{"grid.example./x", "", "grid.example", "x"},
		{"straße@grid.example", "straße", "grid.example", ""},
		{"ΠΑΡΆΔΕΙΓΜΑ@grid.example", "παράδειγμα", "grid.example", ""},
		{"a@BÜCHER.example", "a", "bücher.example", ""},
		{"a@xn--bcher-kva.example", "a", "bücher.example", ""},
		{"a@127.0.0.1", "a", "127.0.0.1", ""},
		{"a@[2001:DB8:0::1]/r", "a", "[2001:db8::1]", "r"},
		{"a@grid.example/two words", "a", "grid.example", "two words"},
		{`d\40x@grid.example`, `d\40x`, "grid.example", ""},
		{long + "@grid.example/" + long, long, "grid.example", long},
	} {
		j, err := Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%.40q): %v", c.in, err)
			continue
		}
		if j.Local() != c.local || j.Domain() != c.domain || j.Resource() != c.resource {
			t.Errorf("Parse(%.40q) = %q %q %q", c.in, j.Local(), j.Domain(), j.Resource())
		}
		if k := MustParse(j.String()); k != j {
			t.Errorf("%.40q: second preparation differs: %q", c.in, k)
		}
	}
}

func TestParseRefused(t *testing.T) {
	for _, in := range []string{
		"", "@", "/", "@grid.example", "der1@", "der1@/x", "der1@grid.example/", "der1@@grid.example",
		"a b@grid.example", `a"b@grid.example`, "a&b@grid.example", "a'b@grid.example", "a:b@grid.example", "a<b@grid.example",
		"a@b@grid.example", "a@grid..example", "a@.grid", "a@-grid.example", "a@grid-.example", "a@grid_1.example", "a@grid<x",
		"a@[::1", "a@[zz]", "a@[fe80::1%eth0]", "a@[1.2.3.4]", "a\x00@grid.example", "a\xff@grid.example", "a@grid.example/\x01", "a@grid.example/\xff",
		"＠@grid.example", "a＆b@grid.example", "henry\u2163@grid.example", "a@" + strings.Repeat("a", 64) + ".example",
		strings.Repeat("a", 1024) + "@grid.example", "a@grid.example/" + strings.Repeat("a", 1024), strings.Repeat("a.", 600) + "example",
		strings.Repeat("a", 5000),
	} {
		if j, err := Parse(in); !errors.Is(err, ErrMalformed) {
			t.Errorf("Parse(%.40q) = %q, %v", in, j, err)
		} else if !j.IsZero() {
			t.Errorf("Parse(%.40q) refused and returned %q", in, j)
		}
	}
}

func TestParts(t *testing.T) {
	full := MustParse("der1@grid.example/IEC")
	if full.Bare() != MustParse("der1@grid.example") || !full.Bare().IsBare() || full.IsBare() || !full.IsFull() {
		t.Error("Bare, IsBare or IsFull wrong")
	}
	if full.DomainJID() != MustParse("grid.example") {
		t.Error("DomainJID wrong")
	}
	if w, err := full.Bare().WithResource("IEC"); err != nil || w != full {
		t.Errorf("WithResource = %q, %v", w, err)
	}
	if w, err := full.WithResource(""); err != nil || w != full.Bare() {
		t.Errorf("WithResource empty = %q, %v", w, err)
	}
	if _, err := full.WithResource("\x00"); !errors.Is(err, ErrMalformed) {
		t.Errorf("WithResource NUL: %v", err)
	}
	var zero JID
	if !zero.IsZero() || zero.IsBare() || zero.IsFull() || zero.String() != "" || zero.Resource() != "" || zero.Bare() != zero {
		t.Error("zero JID is not empty")
	}
	if _, err := zero.WithResource("x"); err == nil {
		t.Error("zero JID took a resource")
	}
	var u JID
	if err := u.UnmarshalText([]byte("DER1@grid.example")); err != nil || u != full.Bare() {
		t.Errorf("UnmarshalText = %q, %v", u, err)
	}
	if err := u.UnmarshalText([]byte("@")); err == nil {
		t.Error("UnmarshalText took @")
	}
	if b, err := full.MarshalText(); err != nil || string(b) != full.String() {
		t.Errorf("MarshalText = %q, %v", b, err)
	}
	if err := u.UnmarshalText(nil); err != nil || !u.IsZero() {
		t.Errorf("UnmarshalText empty = %q, %v", u, err)
	}
}

// The pairs are those of XEP-0106 section 5, and a few around the backslash.
func TestEscape(t *testing.T) {
	for _, c := range [][2]string{
		{`space cadet`, `space\20cadet`},
		{`call me "ishmael"`, `call\20me\20\22ishmael\22`},
		{`at&t guy`, `at\26t\20guy`},
		{`d'artagnan`, `d\27artagnan`},
		{`/.fanboy`, `\2f.fanboy`},
		{`::foo::`, `\3a\3afoo\3a\3a`},
		{`<foo>`, `\3cfoo\3e`},
		{`user@host`, `user\40host`},
		{`c:\net`, `c\3a\net`},
		{`c:\cool stuff`, `c\3a\cool\20stuff`},
		{`c:\5commas`, `c\3a\5c5commas`},
		{`plain`, `plain`},
	} {
		in, want := c[0], c[1]
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
		if got := Unescape(want); got != in {
			t.Errorf("Unescape(%q) = %q, want %q", want, got, in)
		}
	}
}

func TestEscapeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-f0-9 "&'/:<>@\\]{0,20}`).Draw(t, "s")
		e := Escape(s)
		if strings.ContainsAny(e, " \"&'/:<>@") {
			t.Fatalf("Escape(%q) = %q", s, e)
		}
		if got := Unescape(e); got != s {
			t.Fatalf("Unescape(Escape(%q)) = %q", s, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"der1@grid.example/IEC", "ΠΑΡ@bücher.example", "a@[::1]/x", "@", "a@b@c", "x/\u3000", "ﬁ@ẞ.example/ﬁ", "a@xn--bcher-kva"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		j, err := Parse(s)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || !j.IsZero() {
				t.Fatalf("Parse(%q) = %q, %v", s, j, err)
			}
			return
		}
		if len(j.Local()) > MaxPart || len(j.Resource()) > MaxPart || j.Domain() == "" || len(j.Domain()) > MaxPart {
			t.Fatalf("Parse(%q): part lengths", s)
		}
		if k, err := Parse(j.String()); err != nil || k != j {
			t.Fatalf("Parse(%q) = %q, again %q, %v", s, j, k, err)
		}
		if k, err := New(j.Local(), j.Domain(), j.Resource()); err != nil || k != j {
			t.Fatalf("New(parts of %q) = %q, %v", j, k, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	in := []byte("der1@grid.example/IEC")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseBytes(in); err != nil {
			b.Fatal(err)
		}
	}
}
