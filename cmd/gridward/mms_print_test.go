package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
)

func TestAligned(t *testing.T) {
	var b bytes.Buffer
	aligned(&b, "  ", [][]string{{"a", "bb", "c"}, {"äöü", "b"}, {strings.Repeat("x", maxColumn+1), "y"}, {"\x1b[2J", ""}})
	want := "  a        bb  c\n  äöü      b\n  " + strings.Repeat("x", maxColumn+1) + "  y\n  \\x1b[2J\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestOutput(t *testing.T) {
	for format, want := range map[cli.Format]string{
		cli.Text: "NAME  VALUE\na     1\n", cli.JSON: "[\n  1\n]\n", cli.JSONL: "1\n",
	} {
		var b bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetOut(&b)
		out := newMMSOut(cmd, &format)
		out.header("NAME", "VALUE")
		out.row(1, "a", "1")
		if err := out.flush(); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v, want %q", format, b.String(), err, want)
		}
	}
	for format, want := range map[cli.Format]string{cli.Text: "", cli.JSON: "[]\n", cli.JSONL: ""} {
		var b bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetOut(&b)
		out := newMMSOut(cmd, &format)
		out.header("NAME", "VALUE")
		cause := errors.New("cause")
		if err := out.done(cause); !errors.Is(err, cause) || b.String() != want {
			t.Errorf("%s without results: %q, %v, want %q", format, b.String(), err, want)
		}
	}
}

// A table on a terminal is drawn over the one before, and what a server says cannot move the cursor.
func TestLiveTable(t *testing.T) {
	var b bytes.Buffer
	v := &liveView{w: &b, format: cli.Text, live: true, rows: make(map[string][]string)}
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	v.change(mmsChange{}, "L/A.b", "1", now, false)
	v.change(mmsChange{}, "L/A.c", "x\x1b[2Jy", now, false)
	if err := v.flush(); err != nil {
		t.Fatal(err)
	}
	first := b.String()
	if !strings.HasPrefix(first, eraseEnd+"REFERENCE") || strings.Count(first, "\x1b") != 1 || !strings.Contains(first, `x\x1b[2Jy`) {
		t.Errorf("first table %q", first)
	}
	b.Reset()
	if err := v.flush(); err != nil || b.Len() != 0 {
		t.Errorf("nothing changed, and %q is drawn, %v", b.String(), err)
	}
	v.change(mmsChange{}, "L/A.b", "2", now, true)
	if err := v.flush(); err != nil || !strings.HasPrefix(b.String(), "\x1b[3A\r"+eraseEnd) || !strings.Contains(b.String(), "L/A.b      2") {
		t.Errorf("second table %q, %v", b.String(), err)
	}
}

func TestNobodyConfirms(t *testing.T) {
	cmd := &cobra.Command{}
	cmd.SetIn(strings.NewReader("y\n"))
	if err := confirm(cmd, false, "Do it?"); cli.CodeOf(err) != cli.BadUsage || cli.HintOf(err) == "" {
		t.Errorf("without a terminal: %v", err)
	}
	if err := confirm(cmd, true, "Do it?"); err != nil {
		t.Errorf("with --yes: %v", err)
	}
}
