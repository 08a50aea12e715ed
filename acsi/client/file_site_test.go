package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/store/files"
)

// everyPathFiles runs a test over every path with a server that has files in dir.
func everyPathFiles(t *testing.T, f func(t *testing.T, s *site, dir string)) {
	for name, p := range paths {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			root, err := files.Open(dir, files.Options{Quota: 1 << 20})
			noErr(t, err)
			defer root.Close()
			overWith(t, p(), func(c *server.Config) { c.Files = root }, func(t *testing.T, s *site) { f(t, s, dir) })
		})
	}
}

func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	noErr(t, os.MkdirAll(filepath.Dir(path), 0o755))
	noErr(t, os.WriteFile(path, content, 0o600))
	noErr(t, os.Chtimes(path, time.Time{}, recorded))
}

var recorded = time.Date(2026, 3, 1, 12, 30, 0, 250e6, time.UTC)

// octets gives octets in which no part equals another.
func octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

func TestGetFile(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		c := s.client("cc", client.Options{})
		for _, n := range []int{0, 1, 1000, 65000, 65536, 300001} {
			want := octets(n)
			put(t, dir, "COMTRADE/r1.cfg", want)
			var got bytes.Buffer
			var told [][2]int64
			i, err := c.GetFile(s.Context(), "/COMTRADE/r1.cfg", &got, func(done, size int64) { told = append(told, [2]int64{done, size}) })
			noErr(t, err)
			if !bytes.Equal(got.Bytes(), want) || i.Size != uint32(n) || !i.Modified.Equal(recorded) {
				t.Errorf("%d octets: %d came, %+v", n, got.Len(), i)
			}
			if last := told[len(told)-1]; last != [2]int64{int64(n), int64(n)} || n > 200000 && len(told) < 4 {
				t.Errorf("%d octets: progress %v", n, told)
			}
		}
		for range 6 { // the ones above are closed
			_, err := c.GetFile(s.Context(), "COMTRADE/r1.cfg", io.Discard, nil)
			noErr(t, err)
		}
		_, err := c.GetFile(s.Context(), "COMTRADE/none", io.Discard, nil)
		wantFileError(t, "no such file", err, mms.FileNonExistent)
		_, err = c.GetFile(s.Context(), "COMTRADE", io.Discard, nil)
		wantFileError(t, "a folder", err, mms.FileNonExistent)
	})
}

func wantFileError(t *testing.T, what string, err error, code int32) {
	t.Helper()
	var e *mms.ServiceError
	if !errors.As(err, &e) || e.Class != mms.ErrFile || e.Code != code {
		t.Errorf("%s: error %v, want file/%d", what, err, code)
	}
}

func TestGetFileStopsWhenTheWriterFails(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		put(t, dir, "a", octets(200000))
		c := s.client("cc", client.Options{})
		for range 6 { // each is closed
			_, err := c.GetFile(s.Context(), "a", failing{}, nil)
			wantErr(t, "disk full", err, errFull)
		}
		ctx, cancel := context.WithCancel(s.Context())
		_, err := c.GetFile(ctx, "a", io.Discard, func(int64, int64) { cancel() })
		wantErr(t, "cancelled", err, context.Canceled)
		_, err = c.GetFile(s.Context(), "a", io.Discard, nil)
		noErr(t, err)
	})
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestSetFile(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		c := s.client("cc", client.Options{})
		for _, n := range []int{0, 1, 65536, 300001} {
			want := octets(n)
			var last int64
			err := c.SetFile(s.Context(), "in/new.cid", client.Source{
				Reader: bytes.NewReader(want), Modified: recorded, Progress: func(done, _ int64) { last = done },
			})
			noErr(t, err)
			got, err := os.ReadFile(filepath.Join(dir, "in", "new.cid"))
			if err != nil || !bytes.Equal(got, want) || last != int64(n) {
				t.Errorf("%d octets: %d came, progress to %d, %v", n, len(got), last, err)
			}
		}
		// A reader that cannot go back, whose size is told.
		noErr(t, c.SetFile(s.Context(), "/b", client.Source{Reader: io.LimitReader(bytes.NewReader(octets(10)), 5), Size: 5, Name: "local/name"}))
		for what, src := range map[string]client.Source{
			"too short": {Reader: io.LimitReader(bytes.NewReader(octets(10)), 5), Size: 6},
			"too long":  {Reader: io.LimitReader(bytes.NewReader(octets(10)), 6), Size: 5},
		} {
			wantErr(t, what, c.SetFile(s.Context(), "c", src), client.ErrFileSize)
		}
		for what, name := range map[string]string{"escape": "../c", "drive": "C:/c", "backslash": `a\c`, "empty": "a//c", "root": "/"} {
			wantFileError(t, what, c.SetFile(s.Context(), name, client.Source{Reader: strings.NewReader("x")}), mms.FileSyntax)
		}
		err := c.SetFile(s.Context(), "c", client.Source{Reader: bytes.NewReader(make([]byte, 1<<20))})
		wantFileError(t, "quota", err, mms.FileInsufficientSpace)
		if left := everything(t, dir); !slices.Equal(left, []string{"COMTRADE/", "b", "in/", "in/new.cid"}) {
			t.Errorf("there are %v", left)
		}
	})
}

// everything lists what is below dir, and fails for content that was left incomplete.
func everything(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		switch {
		case d.IsDir() && d.Name() == ".incoming":
			return nil
		case d.IsDir():
			name += "/"
		}
		names = append(names, filepath.ToSlash(name))
		return nil
	})
	noErr(t, err)
	return names
}

func TestOneSetFileAtATime(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		c := s.client("cc", client.Options{})
		r := &slow{part: octets(100000), started: make(chan struct{}), goOn: make(chan struct{})}
		done := make(chan error)
		go func() { done <- c.SetFile(s.Context(), "a", client.Source{Reader: r, Size: 100000}) }()
		<-r.started
		wantErr(t, "second", c.SetFile(s.Context(), "b", client.Source{Reader: strings.NewReader("x")}), client.ErrBusy)
		if _, err := c.FileDirectory(s.Context(), ""); err != nil { // everything else is served meanwhile
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "a")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is there before it is complete: %v", err)
		}
		close(r.goOn)
		noErr(t, <-done)
	})
}

// slow is a source that waits.
type slow struct {
	part          []byte
	started, goOn chan struct{}
	once          bool
}

func (r *slow) Read(b []byte) (int, error) {
	if !r.once {
		r.once = true
		close(r.started)
		<-r.goOn
	}
	n := copy(b, r.part)
	r.part = r.part[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// dripping gives little at a time.
type dripping struct{ io.Reader }

func (d dripping) Read(b []byte) (int, error) {
	<-time.After(100 * time.Millisecond)
	return d.Reader.Read(b[:min(len(b), 1000)])
}

// A file may take longer than any other request, as long as every part comes in time.
func TestSetFileSlowly(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		at := time.Now()
		want := octets(900000)
		noErr(t, s.client("cc", client.Options{}).SetFile(s.Context(), "a", client.Source{Reader: dripping{bytes.NewReader(want)}, Size: 900000}))
		if took := time.Since(at); took < 90*time.Second {
			t.Errorf("only %v", took)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d octets, %v", len(got), err)
		}
	})
}

func TestSetFileCancelled(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		c := s.client("cc", client.Options{})
		ctx, cancel := context.WithCancel(s.Context())
		err := c.SetFile(ctx, "a", client.Source{Reader: bytes.NewReader(octets(500000)), Progress: func(int64, int64) { cancel() }})
		wantErr(t, "cancelled", err, context.Canceled)
		noErr(t, c.SetFile(s.Context(), "b", client.Source{Reader: bytes.NewReader(octets(500000))}))
		if left := everything(t, dir); !slices.Equal(left, []string{"COMTRADE/", "b"}) {
			t.Errorf("there are %v", left)
		}
	})
}

func TestAssociationLostDuringSetFile(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		a, err := s.path.dial(s, "cc")
		noErr(t, err)
		c := client.New(a, client.Options{})
		err = c.SetFile(s.Context(), "a", client.Source{Reader: bytes.NewReader(octets(500000)), Progress: func(done, _ int64) {
			if done > 100000 {
				c.Close()
			}
		}})
		if err == nil {
			t.Error("set although the association was lost")
		}
		<-c.Done()
		noErr(t, s.client("other", client.Options{}).SetFile(s.Context(), "b", client.Source{Reader: strings.NewReader("x")}))
		if left := everything(t, dir); !slices.Equal(left, []string{"COMTRADE/", "b"}) {
			t.Errorf("there are %v", left)
		}
	})
}

func TestFileDirectory(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		c := s.client("cc", client.Options{})
		put(t, dir, "COMTRADE/sub/x", nil)
		put(t, dir, "COMTRADE/r1.cfg", octets(7))
		put(t, dir, "COMTRADE/.hidden", octets(7))
		want := []client.FileInfo{{Name: "COMTRADE/r1.cfg", Size: 7, Modified: recorded}, {Name: "COMTRADE/sub", Folder: true}}
		for _, name := range []string{"COMTRADE", "/COMTRADE/", "COMTRADE/"} {
			got, err := c.FileDirectory(s.Context(), name)
			noErr(t, err)
			for i := range got {
				if got[i].Folder {
					got[i].Modified = time.Time{}
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", name, d)
			}
		}
		var names []string
		for i := range 2500 {
			name := fmt.Sprintf("many/%04d %s", i, strings.Repeat("x", i%60))
			put(t, dir, name, nil)
			names = append(names, name)
		}
		got, err := c.FileDirectory(s.Context(), "many")
		noErr(t, err)
		if len(got) != len(names) {
			t.Fatalf("%d files of %d", len(got), len(names))
		}
		for i := range got {
			if got[i].Name != names[i] {
				t.Fatalf("file %d is %q, not %q", i, got[i].Name, names[i])
			}
		}
		root, err := c.FileDirectory(s.Context(), "")
		if err != nil || len(root) != 2 || root[0].Name != "COMTRADE" || !root[0].Folder {
			t.Errorf("%+v, %v", root, err)
		}
		_, err = c.FileDirectory(s.Context(), "none")
		wantFileError(t, "no such folder", err, mms.FileNonExistent)
		_, err = c.FileDirectory(s.Context(), "..")
		wantFileError(t, "above", err, mms.FileSyntax)
	})
}

func TestFileAttributesRenameDelete(t *testing.T) {
	everyPathFiles(t, func(t *testing.T, s *site, dir string) {
		c := s.client("cc", client.Options{})
		long := "COMTRADE/" + strings.Repeat("long-name-", 18) + ".cfg" // over 8-2: more than one item
		put(t, dir, long, octets(9))
		i, err := c.FileAttributes(s.Context(), long)
		if want := (client.FileInfo{Name: long, Size: 9, Modified: recorded}); err != nil || i != want {
			t.Errorf("%+v, %v", i, err)
		}
		_, err = c.FileAttributes(s.Context(), "COMTRADE")
		wantErr(t, "folder", err, client.ErrNotFile)
		_, err = c.FileAttributes(s.Context(), "none")
		wantFileError(t, "none", err, mms.FileNonExistent)
		noErr(t, c.RenameFile(s.Context(), long, "/b"))
		put(t, dir, "c", nil)
		wantFileError(t, "rename to what is there", c.RenameFile(s.Context(), "b", "c"), mms.FileDuplicate)
		wantFileError(t, "rename what is not there", c.RenameFile(s.Context(), long, "d"), mms.FileNonExistent)
		wantFileError(t, "delete a folder", c.DeleteFile(s.Context(), "COMTRADE"), mms.FileAccessDenied)
		noErr(t, c.DeleteFile(s.Context(), "c"))
		wantFileError(t, "delete again", c.DeleteFile(s.Context(), "c"), mms.FileNonExistent)
		if left := everything(t, dir); !slices.Equal(left, []string{"COMTRADE/", "b"}) {
			t.Errorf("there are %v", left)
		}
	})
}

func TestCapabilities(t *testing.T) {
	want := make([]string, 3000)
	for i := range want {
		want[i] = fmt.Sprintf("capability-%04d-%s", i, strings.Repeat("x", 40))
	}
	for name, p := range paths {
		t.Run(name, func(t *testing.T) {
			overWith(t, p(), func(c *server.Config) { c.Capabilities = want }, func(t *testing.T, s *site) {
				got, err := s.client("cc", client.Options{}).Capabilities(s.Context())
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%d of %d, %v", len(got), len(want), err)
				}
			})
		})
	}
}
