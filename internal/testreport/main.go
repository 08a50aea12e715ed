// Command testreport reads the output of 'go test -json' and prints what a person wants of it: a line a package, the
// output of every test that failed, the name of every test that was skipped with its reason, and the sums. It fails if a
// test failed, if one was skipped while CI is set, or if none ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

type summary struct {
	passed, failed, skipped int
	output                  map[string][]string // by package and test
	failures, skips         []string
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: testreport FILE")
		os.Exit(2)
	}
	f, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := read(f, os.Stdout)
	_ = f.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.print(os.Stdout)
	if s.failed > 0 || s.passed == 0 || s.skipped > 0 && os.Getenv("CI") != "" {
		os.Exit(1)
	}
}

func read(r io.Reader, w io.Writer) (*summary, error) {
	s := &summary{output: map[string][]string{}}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) != nil {
			fmt.Fprintln(w, sc.Text()) // the tool chain speaks plain text when it cannot build
			continue
		}
		key := e.Package + " " + e.Test
		switch {
		case e.Action == "output" || e.Action == "build-output":
			s.output[key] = append(s.output[key], e.Output)
		case e.Test != "":
			s.count(key, e.Action)
		case e.Action == "fail":
			fmt.Fprintf(w, "FAIL %s %.1fs\n", e.Package, e.Elapsed)
			s.failures = append(s.failures, key)
		case e.Action == "pass":
			fmt.Fprintf(w, "ok   %s %.1fs\n", e.Package, e.Elapsed)
		}
	}
	return s, sc.Err()
}

func (s *summary) count(key, action string) {
	switch action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		s.failures = append(s.failures, key)
	case "skip":
		s.skipped++
		s.skips = append(s.skips, key)
	default:
		return
	}
	if action == "pass" {
		delete(s.output, key)
	}
}

func (s *summary) print(w io.Writer) {
	sort.Strings(s.failures)
	for _, key := range s.failures {
		fmt.Fprintf(w, "\n--- FAIL: %s\n%s", key, strings.Join(s.output[key], ""))
		if strings.HasSuffix(key, " ") && s.failed == 0 {
			s.failed++ // a package that did not build, or died outside a test
		}
	}
	for _, key := range s.skips {
		fmt.Fprintf(w, "\n--- SKIP: %s\n%s", key, strings.Join(s.output[key], ""))
	}
	fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
}
