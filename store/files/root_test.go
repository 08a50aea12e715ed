package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// site is a root with a secret beside it.
func site(t *testing.T, opt Options) (r *Root, dir string) {
	t.Helper()
	above := t.TempDir()
	dir = filepath.Join(above, "root")
	noErr(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	noErr(t, os.WriteFile(filepath.Join(above, "secret"), []byte("secret"), 0o600))
	noErr(t, os.WriteFile(filepath.Join(dir, "a"), []byte("content"), 0o600))
	r, err := Open(dir, opt)
	noErr(t, err)
	t.Cleanup(func() { noErr(t, r.Close()) })
	return r, dir
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// every does everything that a name can be used for, and gives what each says.
func every(r *Root, name string) map[string]error {
	out := map[string]error{}
	_, out["stat"] = r.Stat(name)
	f, err := r.Open(name)
	if out["open"] = err; err == nil {
		_ = f.Close()
	}
	_, out["list"] = r.List(name)
	w, err := r.Create(name, 1)
	if err == nil {
		_, err = io.WriteString(w, "x")
		err = errors.Join(err, r.Commit(w))
	}
	out["create"] = err
	out["delete"] = r.Delete(name)
	out["rename"] = r.Rename(name, "other")
	out["rename to"] = r.Rename("a", name)
	return out
}

func TestNamesThatAreNone(t *testing.T) {
	for _, name := range []string{
		".", "..", "../secret", "sub/../../secret", "sub/..", "/etc/passwd", "/a", "a/", "sub//a", `..\secret`, `sub\a`, "a\x00b",
		"./a", "sub/./a", "1/2/3/4/5/6/7/8/9", "a\xff",
	} {
		r, dir := site(t, Options{})
		for what, err := range every(r, name) {
			wantErr(t, what+" "+name, err, ErrName)
		}
		if got := tree(t, dir); !slices.Equal(got, []string{"COMTRADE", "a", "sub"}) {
			t.Errorf("%q: there is %v", name, got)
		}
	}
	r, _ := site(t, Options{})
	for what, err := range every(r, "") {
		if what != "list" {
			wantErr(t, what+" of nothing", err, ErrName)
		}
	}
}

func TestHiddenNames(t *testing.T) {
	r, dir := site(t, Options{})
	noErr(t, os.WriteFile(filepath.Join(dir, ".env"), nil, 0o600))
	noErr(t, os.MkdirAll(filepath.Join(dir, "sub", ".git"), 0o755))
	for _, name := range []string{".env", ".incoming", ".incoming/1", "sub/.git", "sub/.git/config", ".new"} {
		for what, err := range every(r, name) {
			wantErr(t, what+" "+name, err, fs.ErrNotExist)
		}
	}
	for _, folder := range []string{"", "sub"} {
		infos, err := r.List(folder)
		if err != nil || slices.ContainsFunc(infos, func(i fs.FileInfo) bool { return strings.HasPrefix(i.Name(), ".") }) {
			t.Errorf("%q: %v, %v", folder, infos, err)
		}
	}
}

// Links that lead out give nothing and are not written through, whatever they lead to.
func TestLinksOut(t *testing.T) {
	for name, target := range map[string]string{
		"file":       "../secret",
		"folder":     "..",
		"absolute":   "/etc",
		"chain":      "sub/next",
		"sub/next":   "../..",
		"missing":    "../new",
		"dangling":   "nothing",
		"loop":       "loop",
		"deep/a/b/c": "../../../../secret",
	} {
		r, dir := site(t, Options{})
		noErr(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		noErr(t, os.Symlink(target, filepath.Join(dir, name)))
		if name == "chain" {
			noErr(t, os.Symlink("../..", filepath.Join(dir, "sub", "next")))
		}
		for _, n := range []string{name, name + "/secret", name + "/passwd"} {
			_, err := r.Stat(n)
			f, err2 := r.Open(n)
			if err == nil || err2 == nil {
				t.Errorf("%s -> %s: %s can be seen", name, target, n)
			}
			if err2 == nil {
				_ = f.Close()
			}
			if _, err := r.List(n); err == nil {
				t.Errorf("%s -> %s: %s can be listed", name, target, n)
			}
			if r.Delete(n) == nil || r.Rename(n, "x") == nil {
				t.Errorf("%s -> %s: %s can be removed", name, target, n)
			}
			if w, err := r.Create(n, 1); err == nil {
				_, err = io.WriteString(w, "x")
				err = errors.Join(err, r.Commit(w))
				if err == nil && n != name {
					t.Errorf("%s -> %s: %s was written", name, target, n)
				}
			}
		}
		b, err := os.ReadFile(filepath.Join(dir, "..", "secret"))
		if err != nil || string(b) != "secret" {
			t.Errorf("%s -> %s: the secret is %q, %v", name, target, b, err)
		}
		if above, err := os.ReadDir(filepath.Join(dir, "..")); err != nil || len(above) != 2 {
			t.Errorf("%s -> %s: above is %v, %v", name, target, above, err)
		}
		infos, err := r.List("")
		listed := slices.ContainsFunc(infos, func(i fs.FileInfo) bool { return i.Name() == name })
		if err != nil || listed != (name == "dangling") { // that one became a file
			t.Errorf("%s -> %s: listed %v, %v", name, target, infos, err)
		}
	}
}

func TestLinksInside(t *testing.T) {
	r, dir := site(t, Options{})
	noErr(t, os.WriteFile(filepath.Join(dir, "sub", "b"), []byte("b"), 0o600))
	noErr(t, os.Symlink("sub", filepath.Join(dir, "link")))
	f, err := r.Open("link/b")
	noErr(t, err)
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil || string(b) != "b" {
		t.Errorf("%q, %v", b, err)
	}
	infos, err := r.List("")
	var names []string
	for _, i := range infos {
		names = append(names, i.Name())
	}
	if want := []string{"COMTRADE", "a", "link", "sub"}; err != nil || !slices.Equal(names, want) || !infos[2].IsDir() {
		t.Errorf("%v, %v", names, err)
	}
	wantErr(t, "deleting a link", r.Delete("link"), fs.ErrPermission)
}

// tree lists what is in dir, hidden names left out.
func tree(t *testing.T, dir string) (names []string) {
	t.Helper()
	noErr(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		names = append(names, name)
		return nil
	}))
	return names
}

// A folder that is swapped for a link while it is used never leads out.
func TestSwappedFolder(t *testing.T) {
	r, dir := site(t, Options{})
	folder, aside := filepath.Join(dir, "sub"), filepath.Join(dir, "aside")
	noErr(t, os.WriteFile(filepath.Join(folder, "secret"), []byte("public"), 0o600))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if os.Rename(folder, aside) == nil && os.Symlink("..", folder) == nil {
				_ = os.Remove(folder)
			}
			_ = os.Rename(aside, folder)
		}
	}()
	for range 3000 {
		f, err := r.Open("sub/secret")
		if err != nil {
			continue
		}
		b, err := io.ReadAll(f)
		_ = f.Close()
		if err == nil && string(b) != "public" {
			t.Errorf("read %q", b)
			break
		}
	}
	close(stop)
	<-done
}

func TestRootThatIsNone(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"), Options{})
	wantErr(t, "missing", err, fs.ErrNotExist)
	file := filepath.Join(t.TempDir(), "file")
	noErr(t, os.WriteFile(file, nil, 0o600))
	if _, err := Open(file, Options{}); err == nil {
		t.Error("a file is no root")
	}
}
