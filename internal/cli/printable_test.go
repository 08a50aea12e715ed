package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain Ünïcode 変圧器 \\ \"", "plain Ünïcode 変圧器 \\ \""},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"\x00\t\r\n\x7f", `\x00\x09\x0d\x0a\x7f`},
		{"\u0080\u009b2J\u009f", `\u0080\u009b2J\u009f`},
		{"\u00a0", "\u00a0"},
		{"\x9b2J", `\x9b2J`},
		{"a\u202eb\u2066c\u2028d\u2029e\u200f", `a\u202eb\u2066c\u2028d\u2029e\u200f`},
		{"cut \xe5\xa4", `cut \xe5\xa4`},
	} {
		if got := Printable(c.in); got != c.want {
			t.Errorf("%q becomes %q, not %q", c.in, got, c.want)
		}
	}
	if got := PrintableLines("a\nb\x1b\r\n"); got != "a\nb\\x1b\\x0d\n" {
		t.Errorf("lines become %q", got)
	}
}

type named string

type spelled struct{ s string }

func (s *spelled) String() string { return s.s }

func TestFprintfCleansWhateverItIsGiven(t *testing.T) {
	var b bytes.Buffer
	if _, err := Fprintf(&b, "%s|%v|%s|%s|%s|%d|%t\t\n", "\x1b", errors.New("\x07"), named("\x08"), &spelled{"\u009b"}, (*spelled)(nil), 7, true); err != nil {
		t.Fatal(err)
	}
	if want := `\x1b|\x07|\x08|\u009b||7|true` + "\t\n"; b.String() != want {
		t.Errorf("printed %q, not %q", b.String(), want)
	}
}

func TestJSONHasNoControlCharacters(t *testing.T) {
	in := map[string]string{"k\u009b": "\x1b\x7f\u0085<é\u00a0\xff"}
	for what, write := range map[string]func(*bytes.Buffer) error{
		"JSON":  func(b *bytes.Buffer) error { return WriteJSON(b, in) },
		"JSONL": func(b *bytes.Buffer) error { return WriteJSONL(b, in) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(b.String(), "\n"); PrintableLines(got) != got {
			t.Errorf("%s: %q", what, got)
		}
		var out map[string]string
		if err := json.Unmarshal(b.Bytes(), &out); err != nil || out["k\u009b"] != "\x1b\x7f\u0085<é\u00a0\ufffd" {
			t.Errorf("%s: %q means %q, %v", what, b.String(), out, err)
		}
	}
	if err := WriteJSON(&bytes.Buffer{}, make(chan int)); err == nil {
		t.Error("a channel has JSON")
	}
}
