package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMMSTour runs what docs/mms.md tells its reader to, in the folder where it says so.
func TestMMSTour(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "mms.md"))
	if err != nil {
		t.Fatal(err)
	}
	scd, err := os.ReadFile(filepath.Join("..", "..", "examples", "ied", "feeder.scd"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("feeder.scd", scd, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("files", 0o700); err != nil {
		t.Fatal(err)
	}
	var commands [][]string
	for _, block := range regexp.MustCompile("(?s)\n```\n(.*?)```\n").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			words, ok := strings.CutPrefix(strings.TrimSpace(line), "gridward ")
			if !ok {
				t.Fatalf("not a command: %q", line)
			}
			commands = append(commands, shellWords(words))
		}
	}
	if len(commands) < 20 || commands[0][0] != "ied" {
		t.Fatalf("%d commands, the first is %q", len(commands), commands[0])
	}
	ctx, cancel := context.WithCancel(context.Background())
	log, served := &talk{change: make(chan struct{})}, make(chan int, 1)
	go func() {
		args := strings.Split(strings.ReplaceAll(strings.Join(commands[0], "\n"), "127.0.0.1:10102", "127.0.0.1:0"), "\n")
		served <- run(ctx, args, strings.NewReader(""), log, log)
	}()
	defer func() {
		cancel()
		if code := <-served; code != 0 {
			t.Errorf("gridward ied: exit code %d", code)
		}
	}()
	address := log.find(t, `msg=listening address=(\S+) mode=tcp`)
	for _, args := range commands[1:] {
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "127.0.0.1:10102", address)
		}
		var out, errs bytes.Buffer
		if code := run(ctx, args, strings.NewReader(""), &out, &errs); code != 0 {
			t.Errorf("gridward %q: exit code %d\n%s%s", args, code, errs.String(), tail(out.String()))
		}
	}
}

// shellWords splits a line as a shell does, as far as single quotes go.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 0 {
			fields := strings.Fields(part)
			if i > 0 && len(fields) > 0 && !strings.HasPrefix(part, " ") {
				words[len(words)-1] += fields[0]
				fields = fields[1:]
			}
			words = append(words, fields...)
			continue
		}
		if before := strings.Split(line, "'")[i-1]; before != "" && !strings.HasSuffix(before, " ") {
			words[len(words)-1] += part
		} else {
			words = append(words, part)
		}
	}
	return words
}

// tail gives the last lines of a text.
func tail(s string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(len(lines)-12, 0):], "\n")
}
