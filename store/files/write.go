package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
)

// content is a file that is being written.
type content struct {
	r     *Root
	f     *os.File // nil: committed or closed
	part  string   // its name until then
	name  string
	left  int64 // octets that may still come
	fixed bool  // left is 0 at the end
}

// Create starts new content of size octets for name; -1: it is not known how many. It stands nowhere until Commit, which puts
// it in the place of what had the name; Close without Commit drops it.
func (r *Root) Create(name string, size int64) (io.WriteCloser, error) {
	if err := r.check(name); err != nil {
		return nil, err
	}
	if r.opt.ReadOnly {
		return nil, ErrReadOnly
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, err := r.root.Stat(name); err == nil && !i.Mode().IsRegular() {
		return nil, fmt.Errorf("store/files: %q is no file: %w", name, fs.ErrPermission)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, named(err)
	}
	c := &content{r: r, name: name, fixed: size >= 0}
	if err := c.reserve(max(size, 0)); err != nil {
		return nil, err
	}
	r.parts++
	c.part = incoming + "/" + strconv.FormatUint(r.parts, 10)
	var err error
	if c.f, err = r.root.OpenFile(c.part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err != nil {
		r.pending -= c.left
		return nil, named(err)
	}
	return c, nil
}

// reserve takes n more octets of the quota. The caller holds Root.mu.
func (c *content) reserve(n int64) error {
	octets, files, err := c.r.used()
	switch {
	case err != nil:
		return err
	case c.r.opt.Quota-octets-c.r.pending < n || files >= c.r.opt.Files:
		return ErrQuota
	}
	c.left += n
	c.r.pending += n
	return nil
}

// step is what content of unknown size takes of the quota at once.
const step = 1 << 20

// room makes sure that n more octets may come.
func (c *content) room(n int64) error {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	switch {
	case n <= c.left:
		return nil
	case c.fixed:
		return ErrQuota
	case c.reserve(max(n, step)) == nil:
		return nil
	}
	return c.reserve(n - c.left)
}

// used counts the octets and the files below the root. What is being written counts with what is there of it; left is only
// what may still come. The caller holds mu.
func (r *Root) used() (octets int64, files int, err error) {
	err = fs.WalkDir(r.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) { // gone meanwhile
				return nil
			}
			return err
		}
		if name == "." || name == incoming {
			return nil
		}
		if files++; files > 2*r.opt.Files {
			return ErrQuota
		}
		if d.Type().IsRegular() {
			i, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			octets += i.Size()
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrQuota) {
		err = named(err)
	}
	return octets, files, err
}

// Write fails with ErrQuota beyond what was announced.
func (c *content) Write(b []byte) (int, error) {
	if c.f == nil {
		return 0, ErrClosed
	}
	if err := c.room(int64(len(b))); err != nil {
		return 0, err
	}
	n, err := c.f.Write(b)
	c.r.mu.Lock()
	c.left -= int64(n)
	c.r.pending -= int64(n)
	c.r.mu.Unlock()
	if err != nil {
		return n, named(err)
	}
	return n, nil
}

// Close drops the content. After Commit it does nothing.
func (c *content) Close() error {
	if c.f == nil {
		return nil
	}
	err := c.f.Close()
	c.release()
	return errors.Join(err, c.r.root.Remove(c.part))
}

func (c *content) release() {
	c.f = nil
	c.r.mu.Lock()
	c.r.pending -= c.left
	c.left = 0
	c.r.mu.Unlock()
}

// Commit gives content that Create started its name, in the place of what had it. Either all of it is there then, or nothing
// has changed. Folders above it are made.
func (r *Root) Commit(w io.WriteCloser) error {
	c, ok := w.(*content)
	switch {
	case !ok || c.r != r || c.f == nil:
		return ErrClosed
	case c.fixed && c.left > 0:
		return errors.Join(fmt.Errorf("store/files: %d octets of %q are missing: %w", c.left, c.name, io.ErrUnexpectedEOF), c.Close())
	}
	if err := c.f.Sync(); err != nil {
		return errors.Join(named(err), c.Close())
	}
	if err := c.f.Close(); err != nil {
		c.release()
		return errors.Join(named(err), r.root.Remove(c.part))
	}
	c.release()
	err := r.place(c)
	if err != nil {
		return errors.Join(named(err), r.root.Remove(c.part))
	}
	return nil
}

func (r *Root) place(c *content) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if dir := path.Dir(c.name); dir != "." {
		if err := r.root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := r.root.Rename(c.part, c.name); err != nil {
		return err
	}
	return r.sync(path.Dir(c.name))
}

// sync makes what happened in a folder last.
func (r *Root) sync(dir string) error {
	d, err := r.root.Open(dir)
	if err != nil {
		return err
	}
	err = syncDir(d)
	return errors.Join(err, d.Close())
}

// Rename gives a file another name, which nothing may have: fs.ErrExist.
func (r *Root) Rename(from, to string) error {
	if err := r.writable(from, to); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.isFile(from); err != nil {
		return err
	}
	if _, err := r.root.Lstat(to); err == nil {
		return fmt.Errorf("store/files: %q: %w", to, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return named(err)
	}
	if err := r.root.Rename(from, to); err != nil {
		return named(err)
	}
	if err := errors.Join(r.sync(path.Dir(from)), r.sync(path.Dir(to))); err != nil {
		return named(err)
	}
	return nil
}

// Delete removes a file. Who has it open reads on.
func (r *Root) Delete(name string) error {
	if err := r.writable(name); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.isFile(name); err != nil {
		return err
	}
	if err := r.root.Remove(name); err != nil {
		return named(err)
	}
	if err := r.sync(path.Dir(name)); err != nil {
		return named(err)
	}
	return nil
}

func (r *Root) writable(names ...string) error {
	for _, n := range names {
		if err := r.check(n); err != nil {
			return err
		}
	}
	if r.opt.ReadOnly {
		return ErrReadOnly
	}
	return nil
}

// isFile refuses what is not a file itself: folders, and links, which are the operator's.
func (r *Root) isFile(name string) error {
	i, err := r.root.Lstat(name)
	if err != nil {
		return named(err)
	}
	if !i.Mode().IsRegular() {
		return fmt.Errorf("store/files: %q is no file: %w", name, fs.ErrPermission)
	}
	return nil
}
