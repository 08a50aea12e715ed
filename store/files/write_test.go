package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// put has content of n octets written in two parts.
func put(r *Root, name string, size int64, n int) error {
	w, err := r.Create(name, size)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{make([]byte, n/2), make([]byte, n-n/2)} {
		if _, err := w.Write(part); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return r.Commit(w)
}

func TestContentAppearsAtOnce(t *testing.T) {
	r, dir := site(t, Options{})
	w, err := r.Create("new/a", -1)
	noErr(t, err)
	_, err = io.WriteString(w, "half")
	noErr(t, err)
	if got := tree(t, dir); !slices.Equal(got, []string{"COMTRADE", "a", "sub"}) {
		t.Errorf("there is %v", got)
	}
	noErr(t, r.Commit(w))
	if b, err := os.ReadFile(filepath.Join(dir, "new", "a")); err != nil || string(b) != "half" {
		t.Errorf("%q, %v", b, err)
	}
	wantErr(t, "commit again", r.Commit(w), ErrClosed)
	noErr(t, w.Close())
	_, err = w.Write([]byte("x"))
	wantErr(t, "write after commit", err, ErrClosed)
	if b, err := os.ReadFile(filepath.Join(dir, "new", "a")); err != nil || string(b) != "half" {
		t.Errorf("after close: %q, %v", b, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, incoming)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestContentOfAnnouncedSize(t *testing.T) {
	r, dir := site(t, Options{})
	noErr(t, put(r, "a", 10, 10)) // in the place of what was there
	wantErr(t, "longer", put(r, "b", 10, 11), ErrQuota)
	wantErr(t, "shorter", put(r, "b", 10, 9), io.ErrUnexpectedEOF)
	wantErr(t, "a folder", put(r, "sub", 1, 1), fs.ErrPermission)
	wantErr(t, "below a file", put(r, "a/b", 1, 1), fs.ErrNotExist)
	if i, err := r.Stat("a"); err != nil || i.Size() != 10 {
		t.Errorf("%v, %v", i, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, incoming)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if r.pending != 0 {
		t.Errorf("%d octets are reserved", r.pending)
	}
}

// What an earlier process left is removed.
func TestOpenClears(t *testing.T) {
	r, dir := site(t, Options{})
	_, err := r.Create("x", 10)
	noErr(t, err)
	again, err := Open(dir, Options{})
	noErr(t, err)
	defer again.Close()
	if left, err := os.ReadDir(filepath.Join(dir, incoming)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestQuota(t *testing.T) {
	r, _ := site(t, Options{Quota: 1000, Files: 6}) // "a" has 7 octets; a, sub, COMTRADE are 3
	wantErr(t, "too large", put(r, "b", 994, 994), syscall.ENOSPC)
	wantErr(t, "grows too large", put(r, "b", -1, 994), ErrQuota)
	w, err := r.Create("b", 900)
	noErr(t, err)
	wantErr(t, "while another is written", put(r, "c", 94, 94), ErrQuota)
	noErr(t, put(r, "c", -1, 93))
	noErr(t, w.Close())
	noErr(t, put(r, "d", -1, 900))
	wantErr(t, "full", put(r, "d", 1, 1), ErrQuota)
	noErr(t, r.Delete("d"))
	noErr(t, put(r, "d", 1, 1))
	noErr(t, put(r, "e", 1, 1))
	wantErr(t, "too many files", put(r, "f", 1, 1), ErrQuota)
	wantErr(t, "too many files", put(r, "a", 1, 1), ErrQuota)
	if r.pending != 0 {
		t.Errorf("%d octets are reserved", r.pending)
	}
}

func TestReadOnly(t *testing.T) {
	r, dir := site(t, Options{ReadOnly: true})
	wantErr(t, "create", put(r, "b", 1, 1), ErrReadOnly)
	wantErr(t, "delete", r.Delete("a"), fs.ErrPermission)
	wantErr(t, "rename", r.Rename("a", "b"), ErrReadOnly)
	f, err := r.Open("a")
	noErr(t, err)
	noErr(t, f.Close())
	if got := tree(t, dir); !slices.Equal(got, []string{"a", "sub"}) {
		t.Errorf("there is %v", got)
	}
	if _, err := os.Stat(filepath.Join(dir, incoming)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a read-only root has a folder for writing: %v", err)
	}
}

// A folder of the host that may not be written fails as what it is.
func TestFolderWithoutPermission(t *testing.T) {
	if os.Getuid() == 0 {
		// Root may write everywhere: a folder that cannot be made stands for it.
		r, dir := site(t, Options{})
		noErr(t, os.RemoveAll(filepath.Join(dir, incoming)))
		wantErr(t, "create", put(r, "b", 1, 1), fs.ErrNotExist)
		return
	}
	r, dir := site(t, Options{})
	noErr(t, os.Chmod(filepath.Join(dir, "sub"), 0o500))
	defer func() { noErr(t, os.Chmod(filepath.Join(dir, "sub"), 0o700)) }()
	wantErr(t, "create", put(r, "sub/b", 1, 1), fs.ErrPermission)
}

func TestRename(t *testing.T) {
	r, dir := site(t, Options{})
	f, err := r.Open("a")
	noErr(t, err)
	defer f.Close()
	noErr(t, put(r, "b", 1, 1))
	wantErr(t, "onto another", r.Rename("a", "b"), fs.ErrExist)
	wantErr(t, "onto a folder", r.Rename("a", "sub"), fs.ErrExist)
	wantErr(t, "onto itself", r.Rename("a", "a"), fs.ErrExist)
	wantErr(t, "into nothing", r.Rename("a", "none/b"), fs.ErrNotExist)
	wantErr(t, "a folder", r.Rename("sub", "c"), fs.ErrPermission)
	wantErr(t, "what is not there", r.Rename("none", "c"), fs.ErrNotExist)
	noErr(t, r.Rename("a", "sub/c"))
	noErr(t, r.Delete("sub/c"))
	b, err := io.ReadAll(f) // whoever has it open reads on
	if err != nil || string(b) != "content" {
		t.Errorf("%q, %v", b, err)
	}
	wantErr(t, "delete a folder", r.Delete("sub"), fs.ErrPermission)
	if got := tree(t, dir); !slices.Equal(got, []string{"COMTRADE", "b", "sub"}) {
		t.Errorf("there is %v", got)
	}
}

// Of many that write one name at once, one whole content is there in the end.
func TestRacingWriters(t *testing.T) {
	r, _ := site(t, Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				w, err := r.Create("shared/x", 1000)
				if err == nil {
					_, err = w.Write(bytes.Repeat([]byte{byte(i)}, 1000))
					err = errors.Join(err, r.Commit(w))
				}
				if err != nil {
					t.Error(err)
					return
				}
				if err := r.Rename("shared/x", fmt.Sprintf("shared/%d", i)); err == nil {
					_ = r.Delete(fmt.Sprintf("shared/%d", i)) // another may be faster
				}
			}
		})
	}
	wg.Go(func() {
		for range 200 {
			f, err := r.Open("shared/x")
			if err != nil {
				continue
			}
			b, err := io.ReadAll(f)
			_ = f.Close()
			if err != nil || len(b) != 1000 || bytes.Count(b, b[:1]) != 1000 {
				t.Errorf("%d octets, %v", len(b), err)
			}
		}
	})
	wg.Wait()
	if r.pending != 0 {
		t.Errorf("%d octets are reserved", r.pending)
	}
}
