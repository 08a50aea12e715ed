package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gridward/gridward/der"
	"github.com/gridward/gridward/scl"
)

// TestDERExamples checks every file of examples/der as its reader would, with certificates where the README says.
func TestDERExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "der", "*.yaml"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	gridward := func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		code := run(context.Background(), args, strings.NewReader(""), &out, &errs)
		return out.String(), errs.String(), code
	}
	dir := t.TempDir()
	tls := filepath.Join(dir, "tls")
	if _, e, code := gridward("pki", "init", "--dir", tls); code != 0 {
		t.Fatal(e)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			copied := filepath.Join(dir, name)
			if err := os.WriteFile(copied, text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, after, _ := strings.Cut(string(text), "jid: ")
			jid, _, _ := strings.Cut(after, " ")
			if _, e, code := gridward("pki", "issue", "--dir", tls, "--kind", "der", "--jid", jid); code != 0 {
				t.Fatal(e)
			}
			out, e, code := gridward("der", "--config", copied, "--check")
			if code != 0 || !strings.Contains(out, ": ok: ") {
				t.Errorf("code %d: %s%s", code, out, e)
			}
			cid, e, code := gridward("der", "--config", copied, "--print-scl", "--ied", "OTHER")
			if code != 0 {
				t.Fatal(e)
			}
			f, err := scl.Parse(name, []byte(cid), scl.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if m, err := f.Server("OTHER", ""); err != nil || m.Devices[0].Name != "OTHERLD0" {
				t.Errorf("%v", err)
			}
			// What the file leaves out by comment is there to be switched on.
			var full derFile
			service := serviceFlags{config: copied}
			if err := service.load(&full); err != nil {
				t.Fatal(err)
			}
			cfg, err := full.resolve(&service)
			if err != nil {
				t.Fatal(err)
			}
			if cfg.FailSafe.After == 0 || cfg.IED == "" || len(cfg.Peers) == 0 {
				t.Errorf("%+v", cfg)
			}
		})
	}
}

// TestDERReadmeNamesThePoints holds the README of the examples to the program.
func TestDERReadmeNamesThePoints(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "der", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range der.PointNames() {
		base, _, _ := strings.Cut(name, ".")
		if !strings.Contains(string(text), base) {
			t.Errorf("point %s is not in the README", name)
		}
	}
}
