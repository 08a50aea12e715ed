package mms

import (
	"slices"
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	long := strings.Repeat("a", 60) + "/" + strings.Repeat("ä", 70)
	for _, c := range []struct {
		name string
		item int
		want FileName
	}{
		{"fault.cfg", 0, FileName{"fault.cfg"}},
		{"COMTRADE/fault.cfg", 64, FileName{"COMTRADE/fault.cfg"}},
		{strings.Repeat("x", 64), 64, FileName{strings.Repeat("x", 64)}},
		{strings.Repeat("x", 65), 64, FileName{strings.Repeat("x", 64), "x"}},
		{long, 64, FileName{strings.Repeat("a", 60) + "/äää", strings.Repeat("ä", 64), "äää"}},
		{long, 0, FileName{long}},
	} {
		got := SplitFileName(c.name, c.item)
		if !slices.Equal(got, c.want) {
			t.Errorf("SplitFileName(%q, %d) = %q", c.name, c.item, got)
		}
		if back := got.Join(c.item); back != c.name {
			t.Errorf("%q joined: %q", c.name, back)
		}
	}
	for _, c := range []struct {
		items FileName
		item  int
		want  string
	}{
		{nil, 0, ""},
		{FileName{"a", "b"}, 0, "a/b"},
		{FileName{"a/", "b"}, 64, "a/b"},
		{FileName{strings.Repeat("x", 64), "y"}, 0, strings.Repeat("x", 64) + "/y"},
	} {
		if got := c.items.Join(c.item); got != c.want {
			t.Errorf("%q joined by %d: %q, want %q", c.items, c.item, got, c.want)
		}
	}
}
