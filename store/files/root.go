package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// COMTRADE is the folder of disturbance records, IEC 61850-8-1.
const COMTRADE = "COMTRADE"

// incoming is where content is until it is complete.
const incoming = ".incoming"

// Options of a Root. The zero value serves.
type Options struct {
	ReadOnly bool  // nothing may be created, renamed or deleted
	Quota    int64 // octets of all files together; 0: 1 GiB
	Files    int   // files and folders; 0: 10,000
	Depth    int   // folders within each other; 0: 8
	NoFolder bool  // do not make COMTRADE
}

// Errors beyond those of package fs.
var (
	// ErrReadOnly wraps fs.ErrPermission: the Root is read-only.
	ErrReadOnly = fmt.Errorf("store/files: read-only: %w", fs.ErrPermission)
	// ErrQuota wraps syscall.ENOSPC: the quota of octets or of files is used up.
	ErrQuota = fmt.Errorf("store/files: quota: %w", syscall.ENOSPC)
	// ErrHidden wraps fs.ErrNotExist: the name begins with a dot, or is of no file and no folder.
	ErrHidden = fmt.Errorf("store/files: no such file: %w", fs.ErrNotExist)
	// ErrName is returned for a name that is none: empty, absolute, with "." or "..", deeper than allowed.
	ErrName = errors.New("store/files: bad name")
	// ErrClosed is returned for content that was committed or closed already.
	ErrClosed = errors.New("store/files: closed")
)

// A Root is an open folder. It is safe for concurrent use.
type Root struct {
	root *os.Root
	opt  Options

	mu      sync.Mutex // held while something appears or goes
	pending int64      // octets that content in progress may still need
	parts   uint64     // names of content in progress
}

// Open opens the folder dir, which must exist, and removes what an earlier process left incomplete in it.
func Open(dir string, opt Options) (*Root, error) {
	if opt.Quota == 0 {
		opt.Quota = 1 << 30
	}
	if opt.Files == 0 {
		opt.Files = 10000
	}
	if opt.Depth == 0 {
		opt.Depth = 8
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("store/files: %w", err)
	}
	r := &Root{root: root, opt: opt}
	if opt.ReadOnly {
		return r, nil
	}
	err = root.RemoveAll(incoming)
	if err == nil {
		err = root.Mkdir(incoming, 0o700)
	}
	if err == nil && !opt.NoFolder {
		if err = root.Mkdir(COMTRADE, 0o755); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store/files: %w", err), root.Close())
	}
	return r, nil
}

// Close closes the folder. Files that are open stay open.
func (r *Root) Close() error { return r.root.Close() }

// check refuses names that are none, and hides those with a dot.
func (r *Root) check(name string) error {
	if name == "." || !fs.ValidPath(name) || strings.Contains(name, `\`) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%w: %q", ErrName, name)
	}
	if strings.Count(name, "/") >= r.opt.Depth {
		return fmt.Errorf("%w: %q: more than %d components", ErrName, name, r.opt.Depth)
	}
	if name[0] == '.' || strings.Contains(name, "/.") {
		return ErrHidden
	}
	return nil
}

// Stat tells about a file or folder.
func (r *Root) Stat(name string) (fs.FileInfo, error) {
	if err := r.check(name); err != nil {
		return nil, err
	}
	i, err := r.root.Stat(name)
	if err != nil {
		return nil, named(err)
	}
	if !visible(i) {
		return nil, ErrHidden
	}
	return i, nil
}

func visible(i fs.FileInfo) bool { return i.Mode().IsRegular() || i.IsDir() }

// Open opens a file for reading.
func (r *Root) Open(name string) (fs.File, error) {
	if err := r.check(name); err != nil {
		return nil, err
	}
	f, err := r.root.OpenFile(name, os.O_RDONLY|nonblock, 0) // a pipe must not stop us
	if err != nil {
		return nil, named(err)
	}
	i, err := f.Stat()
	if err == nil && !i.Mode().IsRegular() {
		err = ErrHidden
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// List gives the files and folders in a folder, sorted by name; "" is the root. Links count as what they lead to; those that
// lead nowhere, or out, are left out.
func (r *Root) List(folder string) ([]fs.FileInfo, error) {
	if folder == "" {
		folder = "."
	} else if err := r.check(folder); err != nil {
		return nil, err
	}
	d, err := r.root.OpenFile(folder, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, named(err)
	}
	entries, err := d.ReadDir(2 * r.opt.Files)
	if err = errors.Join(ignoreEOF(err), d.Close()); err != nil {
		return nil, named(err)
	}
	var out []fs.FileInfo
	for _, e := range entries {
		full := path.Join(folder, e.Name())
		if r.check(full) != nil {
			continue
		}
		if i, err := r.root.Stat(full); err == nil && visible(i) {
			out = append(out, entry{i, e.Name()})
		}
	}
	slices.SortFunc(out, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) { // an empty folder
		return nil
	}
	return err
}

// escapes reports whether os.Root refused a way out; it has no name for that error.
func escapes(err error) bool { return strings.Contains(err.Error(), "escapes") }

// entry is what a name in a folder leads to, under that name.
type entry struct {
	fs.FileInfo
	name string
}

func (e entry) Name() string { return e.name }

// named takes the names of the host's errors off, which a peer need not know.
func named(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		err = at.Err
	case errors.As(err, &link):
		err = link.Err
	}
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		err = fs.ErrNotExist
	}
	if escapes(err) {
		err = fs.ErrPermission
	}
	return fmt.Errorf("store/files: %w", err)
}
