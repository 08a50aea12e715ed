package web_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestDistIsBuiltFromTheSources builds the dashboard and compares it with what is committed.
func TestDistIsBuiltFromTheSources(t *testing.T) {
	node(t, "vite")
	out := t.TempDir()
	npx(t, "vite", "build", "--outDir", out, "--emptyOutDir", "--logLevel", "error")
	built, committed := tree(t, out), tree(t, "dist")
	for path, b := range built {
		switch c, ok := committed[path]; {
		case !ok:
			t.Errorf("dist lacks %s: run 'make web'", path)
		case !bytes.Equal(b, c):
			t.Errorf("dist/%s is not what the sources build to: run 'make web'", path)
		}
	}
	for path := range committed {
		if built[path] == nil {
			t.Errorf("dist/%s does not come from the sources: run 'make web'", path)
		}
	}
}

// TestTypesAreThoseOfTheDocument generates the types of the HTTP interface from its OpenAPI document, and checks all
// sources against them.
func TestTypesAreThoseOfTheDocument(t *testing.T) {
	node(t, "openapi-typescript")
	out := filepath.Join(t.TempDir(), "schema.ts")
	npx(t, "openapi-typescript", "../center/api/openapi.json", "-o", out)
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("src/api/schema.ts")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, have) {
		t.Error("src/api/schema.ts is not what center/api/openapi.json gives: run 'npm run types' in web")
	}
	npx(t, "svelte-check", "--tsconfig", "./tsconfig.json", "--fail-on-warnings", "--output", "human")
}

// TestLockNamesNoAddress keeps the lock file free of download addresses, which differ from place to place.
func TestLockNamesNoAddress(t *testing.T) {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Error("package-lock.json names download addresses")
	}
	if !bytes.Contains(lock, []byte(`"integrity"`)) {
		t.Error("package-lock.json has no checksums")
	}
}

// node skips the test when a package of package-lock.json is not installed.
func node(t *testing.T, module string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("node_modules", module, "package.json")); err != nil {
		t.Skipf("dashboard: missing peer %s (npm ci in web)", module)
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("dashboard: missing peer node")
	}
}

// npx runs a program of node_modules.
func npx(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join("node_modules", ".bin", program), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

func tree(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[path], err = os.ReadFile(filepath.Join(root, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s is empty", root)
	}
	return files
}
