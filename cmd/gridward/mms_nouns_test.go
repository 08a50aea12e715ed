package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store/files"
)

// serveAll serves the model with every service, and files of a folder.
func serveAll(t *testing.T) (s *server.Server, target, folder string) {
	t.Helper()
	folder = t.TempDir()
	root, err := files.Open(folder, files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	s, target = serveTest(t, func(c *server.Config) {
		c.Model, c.Files = testModel(t, "../../acsi/server/testdata/services.icd"), root
	})
	return s, target, folder
}

func testModel(t *testing.T, file string) *model.Server {
	t.Helper()
	f, err := loadSCL(file, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("", "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// want runs a command line that has to end with a code and print texts.
func want(t *testing.T, code int, args []string, texts ...string) string {
	t.Helper()
	out, errs, got := mmsRun(t, args...)
	if got != code {
		t.Fatalf("%v: code %d, want %d: %s%s", args, got, code, out, errs)
	}
	for _, text := range texts {
		if !strings.Contains(out+errs, text) {
			t.Errorf("%v: no %q in %s%s", args, text, out, errs)
		}
	}
	return out
}

func TestMMSFile(t *testing.T) {
	_, target, folder := serveAll(t)
	local := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	big := strings.Repeat("0123456789", 30_000)
	write(filepath.Join(local, "up.dat"), big)
	want(t, 0, []string{"mms", "file", "put", target, filepath.Join(local, "up.dat"), "COMTRADE/"}, "COMTRADE/up.dat", "300000")
	write(filepath.Join(folder, "COMTRADE", "up.cfg"), "cfg")
	write(filepath.Join(folder, "COMTRADE", "other.cfg"), "other")
	want(t, 0, []string{"mms", "file", "ls", target}, "COMTRADE/")
	want(t, 0, []string{"mms", "file", "ls", target, "-r"}, "COMTRADE/up.cfg", "COMTRADE/up.dat")
	out := want(t, 0, []string{"mms", "file", "stat", target, "COMTRADE/up.dat", "-o", "json"})
	var list []mmsFile
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 || list[0].Size != 300_000 || list[0].Modified == "" {
		t.Errorf("%v %s", err, out)
	}

	to := filepath.Join(local, "records")
	want(t, 0, []string{"mms", "file", "get", target, "COMTRADE/up.cfg", "--record", to}, "COMTRADE/up.dat", "COMTRADE/up.cfg")
	if b, err := os.ReadFile(filepath.Join(to, "up.dat")); err != nil || string(b) != big {
		t.Errorf("%v, %d octets", err, len(b))
	}
	if _, err := os.Stat(filepath.Join(to, "other.cfg")); err == nil {
		t.Error("another record came along")
	}
	all := filepath.Join(local, "all")
	want(t, 0, []string{"mms", "file", "get", target, "COMTRADE/", "-r", all})
	if entries, err := os.ReadDir(all); err != nil || len(entries) != 3 {
		t.Errorf("%v %v", err, entries)
	}
	if out := want(t, 0, []string{"mms", "file", "get", target, "COMTRADE/up.cfg", "-"}); out != "cfg" {
		t.Errorf("%q", out)
	}
	want(t, 2, []string{"mms", "file", "get", target, "COMTRADE/up.cfg", to}, "is there already", "--force")
	want(t, 0, []string{"mms", "file", "get", target, "COMTRADE/up.cfg", filepath.Join(to, "up.cfg"), "--force"})

	want(t, 0, []string{"mms", "file", "mv", target, "COMTRADE/up.cfg", "COMTRADE/new.cfg"})
	want(t, 2, []string{"mms", "file", "rm", target, "COMTRADE/new.cfg"}, "--yes")
	want(t, 0, []string{"mms", "file", "rm", target, "COMTRADE/new.cfg", "--yes"})
	if _, err := os.Stat(filepath.Join(folder, "COMTRADE", "new.cfg")); err == nil {
		t.Error("it is still there")
	}
	want(t, 4, []string{"mms", "file", "get", target, "nothing", local}, "hint:")
	if entries, err := os.ReadDir(local); err != nil || len(entries) != 3 {
		t.Errorf("something was left behind: %v %v", err, entries)
	}
	want(t, 4, []string{"mms", "file", "get", target, "../../etc/passwd", filepath.Join(local, "x")})
}

// TestLocalName: the name of a file of the server never leaves the folder here.
func TestLocalName(t *testing.T) {
	for name, ok := range map[string]bool{
		"r1.cfg": true, "a/b/r1.cfg": true, "r 1.cfg": true,
		"": false, "..": false, "../x": false, "a/../../x": false, "/etc/passwd": false, `..\x`: false, "c:x": false, "a//b": false,
		".bashrc": false, "a/.ssh/x": false, "a\x1b": false, "a\nb": false, "a/": false,
	} {
		if localName(name) != ok {
			t.Errorf("%q: %t", name, !ok)
		}
	}
	if !sameRecord("COMTRADE/r1.cfg", "COMTRADE/r1.DAT") || sameRecord("COMTRADE/r1.cfg", "COMTRADE/r12.cfg") || sameRecord("a/r.cfg", "a/r.txt") {
		t.Error("records are told apart wrongly")
	}
}

func TestMMSSG(t *testing.T) {
	_, target, _ := serveAll(t)
	want(t, 0, []string{"mms", "sg", "list", target}, "logical device", "3", "2")
	out := want(t, 0, []string{"mms", "sg", "show", target, "-o", "json"})
	var list []mmsSetting
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) == 0 || list[0].Group != 2 {
		t.Fatalf("%v %s", err, out)
	}
	number := ""
	for _, v := range list {
		if strings.HasSuffix(v.Ref, ".setMag.f") {
			number = v.Ref
		}
	}
	if number == "" {
		t.Fatalf("no number among %s", out)
	}
	want(t, 0, []string{"mms", "sg", "edit", target, "3", number + "=12.5", "--yes"}, "12.5")
	want(t, 0, []string{"mms", "sg", "show", target, number, "--group", "3"}, "12.5")
	if out := want(t, 0, []string{"mms", "sg", "show", target, number}); strings.Contains(out, "12.5") {
		t.Errorf("the active group has it: %s", out)
	}
	want(t, 0, []string{"mms", "sg", "activate", target, "3", "--yes"}, "3")
	want(t, 0, []string{"mms", "sg", "show", target, number}, "12.5")
	want(t, 2, []string{"mms", "sg", "activate", target, "9", "--yes"}, "no group 9", "1 to 3")
	want(t, 2, []string{"mms", "sg", "activate", target, "0"}, "no setting group")
	want(t, 2, []string{"mms", "sg", "activate", target, "1"}, "--yes")
	want(t, 2, []string{"mms", "sg", "edit", target, "1", number + "=abc", "--yes"}, number)
	want(t, 2, []string{"mms", "sg", "edit", target, "1", number}, "REF=VALUE")
	want(t, 1, []string{"mms", "sg", "show", target, "--ld", "Nowhere"}, "no setting groups")
	// Nothing is left selected for editing.
	want(t, 0, []string{"mms", "sg", "list", target, "-o", "json"}, `"editSG": 0`)
}

func TestMMSLog(t *testing.T) {
	s, target, _ := serveAll(t)
	want(t, 0, []string{"mms", "log", "list", target}, "0 entries")
	out := want(t, 0, []string{"mms", "log", "status", target, "-o", "json"}, `"logEna": true`)
	var blocks []mmsLogControl
	if err := json.Unmarshal([]byte(out), &blocks); err != nil || len(blocks) != 1 {
		t.Fatalf("%v %s", err, out)
	}
	lcb, log := blocks[0].Ref, blocks[0].LogRef
	want(t, 0, []string{"mms", "log", "disable", target, lcb})
	want(t, 0, []string{"mms", "log", "status", target, lcb}, "false")
	want(t, 0, []string{"mms", "log", "enable", target, lcb})
	want(t, 0, []string{"mms", "log", "status", target, lcb}, "true")
	var member model.Ref
	for leaf := range testModel(t, "../../acsi/server/testdata/services.icd").Walk() {
		if leaf.Trigger&model.TrgDataChange != 0 && strings.HasSuffix(leaf.Ref.Path, ".mag.f") && member.Path == "" {
			member = leaf.Ref
		}
	}
	for i := range 3 {
		if err := s.Update(time.Now(), func(tx *server.Tx) { tx.Set(member, model.Float32(float32(i)+0.5)) }); err != nil {
			t.Fatal(err)
		}
	}
	out = want(t, 0, []string{"mms", "log", "query", target, log, "--since", "1h", "-o", "jsonl"})
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var entry mmsLogEntry
	if err := json.Unmarshal([]byte(lines[0]), &entry); err != nil || len(lines) != 3 || len(entry.Entries) == 0 || entry.EntryID == "" {
		t.Fatalf("%v, %d lines: %s", err, len(lines), out)
	}
	if out := want(t, 0, []string{"mms", "log", "query", target, log, "--after", entry.EntryID, "--since", entry.Time}); strings.Contains(out, entry.EntryID) || !strings.Contains(out, "data-change") {
		t.Errorf("after %s: %s", entry.EntryID, out)
	}
	if out := want(t, 0, []string{"mms", "log", "query", target, log, "--limit", "1"}); strings.Count(out, "data-change") != 1 {
		t.Errorf("limit 1: %s", out)
	}
	want(t, 0, []string{"mms", "log", "disable", target, lcb})
	want(t, 2, []string{"mms", "log", "query", target, log, "--since", "yesterday"}, "is no time")
	want(t, 2, []string{"mms", "log", "query", target, log, "--after", "xyz"}, "--after")
	want(t, 2, []string{"mms", "log", "query", target, log, "--follow", "--limit", "3"}, "--follow")
	want(t, 2, []string{"mms", "log", "query", target, "nonsense"}, "names no log")
	want(t, 4, []string{"mms", "log", "query", target, strings.Replace(log, "log", "gone", 1)})
}
