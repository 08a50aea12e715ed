package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gridward/gridward/"

// rows is the layer table of docs/ARCHITECTURE.md: a folder imports only folders of lower rows, and itself.
var rows = [][]string{
	0: {"model", "asn1", "vectors"},
	1: {"scl", "goose", "sv", "osi", "mms", "iec104", "security"},
	2: {"link", "xmpp", "pki", "store"},
	3: {"acsi"},
	4: {"der", "station", "center", "sim"},
	5: {"cmd", "interop", "internal/demo"},
}

// anywhere may be imported from every row: it knows nothing of the product.
var anywhere = map[string]bool{"internal/buildinfo": true}

// programs stand alone: nothing imports them and they import nothing of ours.
var programs = map[string]bool{"internal/arch": true, "internal/testreport": true}

// fromTop may be imported by row 5 alone: leaves and tools of the command line.
var fromTop = map[string]bool{"web": true, "internal/cli": true, "interop/peers": true}

// pure rows hold protocol cores: no sockets, files, goroutines or logging, and no clock but a now that is passed in.
const pure = 1

var impure = []string{"net", "net/http", "os", "os/exec", "io/ioutil", "log", "log/slog", "syscall", "golang.org/x/sys/unix"}

// netTypes are packages of row 1 that wrap a net.Conn or fill a tls.Config that they are given; they open none.
var netTypes = map[string]bool{"security/tlsprofile": true, "security/cltls": true}

// leaves of security, which its other parts may import; certless also by those that name its credential type.
var securityLeaves = map[string]bool{"sm": true, "replay": true, "rbac": true, "audit": true}

var securityPairs = map[string]bool{
	"cltls>certless": true, "e2e>certless": true, "envelope>certless": true, "evidence>certless": true,
}

// clocks are the functions of package time that look at a clock.
var clocks = map[string]bool{
	"Now": true, "Sleep": true, "After": true, "AfterFunc": true, "NewTimer": true, "NewTicker": true, "Tick": true, "Since": true, "Until": true,
}

type file struct {
	path    string // from the root of the module
	folder  string
	imports []string
	parsed  *ast.File
	fset    *token.FileSet
	test    bool
}

func TestImportsPointDown(t *testing.T) {
	row := map[string]int{}
	for i, names := range rows {
		for _, n := range names {
			row[n] = i
		}
	}
	checked := 0
	for _, f := range files(t) {
		from := layer(f.folder, row)
		r, known := row[from]
		if !known {
			if anywhere[f.folder] || fromTop[f.folder] || programs[f.folder] || strings.HasPrefix(f.folder, "web") ||
				strings.HasPrefix(f.folder, "examples") {
				continue
			}
			t.Errorf("%s: folder %s is in no row of the layer table", f.path, f.folder)
			continue
		}
		for _, imp := range f.imports {
			rest, ours := strings.CutPrefix(imp, module)
			if !ours || anywhere[rest] {
				continue
			}
			checked++
			to := layer(rest, row)
			switch {
			case fromTop[rest] || to == "":
				if r != len(rows)-1 {
					t.Errorf("%s: %s (row %d) imports %s, which only row %d may", f.path, from, r, rest, len(rows)-1)
				}
			case to == from:
				checkSecurity(t, f, rest)
			case row[to] >= r && r != len(rows)-1:
				t.Errorf("%s: %s (row %d) imports %s (row %d)", f.path, from, r, to, row[to])
			}
		}
	}
	if checked < 10 {
		t.Fatalf("only %d imports were seen: the walk is broken", checked)
	}
}

func checkSecurity(t *testing.T, f file, rest string) {
	t.Helper()
	a, ok1 := strings.CutPrefix(f.folder, "security/")
	b, ok2 := strings.CutPrefix(rest, "security/")
	if !ok1 || !ok2 || f.test {
		return
	}
	a, _, _ = strings.Cut(a, "/")
	b, _, _ = strings.Cut(b, "/")
	if a != b && !securityLeaves[b] && !securityPairs[a+">"+b] {
		t.Errorf("%s: security/%s imports security/%s", f.path, a, b)
	}
}

func TestCoresAreSansIO(t *testing.T) {
	var cores []string
	for i := 0; i <= pure; i++ {
		cores = append(cores, rows[i]...)
	}
	seen := 0
	for _, f := range files(t) {
		twin := strings.HasSuffix(f.folder, "test") // in-memory twins of I/O, such as mms/mmstest
		if f.test || twin || netTypes[f.folder] || !within(f.folder, cores) {
			continue
		}
		seen++
		for _, imp := range f.imports {
			for _, bad := range impure {
				if imp == bad {
					t.Errorf("%s: a protocol core imports %s", f.path, imp)
				}
			}
		}
		ast.Inspect(f.parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a protocol core starts a goroutine", f.fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if ok && pkg.Name == "time" && clocks[n.Sel.Name] {
					t.Errorf("%s: a protocol core asks for time.%s; take the time as an argument", f.fset.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
	if seen < 10 {
		t.Fatalf("only %d files of protocol cores were seen: the walk is broken", seen)
	}
}

func TestNoFolderWithoutMeaning(t *testing.T) {
	for _, f := range files(t) {
		switch filepath.Base(f.folder) {
		case "pkg", "util", "utils", "common", "helpers", "types", "base":
			t.Errorf("%s: a package should be named for what it holds", f.path)
		}
	}
}

// layer gives the row's folder that holds folder, "" when there is none.
func layer(folder string, row map[string]int) string {
	for f := folder; f != "." && f != ""; f = filepath.Dir(f) {
		if fromTop[f] {
			return ""
		}
		if _, ok := row[f]; ok {
			return f
		}
	}
	return ""
}

func within(folder string, tops []string) bool {
	top, _, _ := strings.Cut(folder, "/")
	for _, t := range tops {
		if t == top {
			return true
		}
	}
	return false
}

func files(t *testing.T) []file {
	t.Helper()
	root := filepath.Join("..", "..")
	var out []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f := file{path: rel, folder: filepath.ToSlash(filepath.Dir(rel)), parsed: parsed, fset: fset, test: strings.HasSuffix(name, "_test.go")}
		for _, imp := range parsed.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, p)
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
