package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
)

// A FileInfo tells about a file of the server.
type FileInfo struct {
	// Name is the whole name, "COMTRADE/r1.cfg". It comes from the server: who makes a file of this name on its own host has to
	// check it first.
	Name     string
	Size     uint32    // octets
	Modified time.Time // zero: not known
	Folder   bool      // the name of a folder; Size does not count
}

// What file services fail with besides the peer's *mms.ServiceError of class mms.ErrFile.
var (
	// ErrFileSize is a file that is not as long as the sender said.
	ErrFileSize = errors.New("acsi/client: file is not as long as was announced")
	// ErrBusy is a SetFile while another one runs.
	ErrBusy = errors.New("acsi/client: another file is being set")
	// ErrNotFile is FileAttributes of something that is no file.
	ErrNotFile = errors.New("acsi/client: not a file")
)

// fileName makes the items of a name as the association takes them.
func (c *Client) fileName(name string) mms.FileName {
	return mms.SplitFileName(name, c.a.Params().FileNameItem)
}

// joinName is the other direction.
func (c *Client) joinName(items mms.FileName) string { return items.Join(c.a.Params().FileNameItem) }

// info makes a FileInfo. A time that cannot be read is not known.
func info(name string, a mms.FileAttributes) FileInfo {
	modified, _ := mms.ParseGeneralizedTime(a.LastModified)
	return FileInfo{Name: name, Size: a.Size, Modified: modified}
}

// GetFile copies a file of the server to w and tells about it. progress, if not nil, is called after each part with the octets
// that came and those that were announced. On error w has what came before it. A file that goes on far beyond the announced size
// is given up with ErrFileSize, one that ends before it with io.ErrUnexpectedEOF.
func (c *Client) GetFile(ctx context.Context, name string, w io.Writer, progress func(done, size int64)) (FileInfo, error) {
	open, err := askFor[*mms.FileOpenResponse](ctx, c, &mms.FileOpen{Name: c.fileName(name)})
	if err != nil {
		return FileInfo{}, err
	}
	f := info(name, open.Attributes)
	if err := c.copyFile(ctx, open.FRSM, int64(f.Size), w, progress); err != nil {
		// The file is closed even though ctx may be over; what fails with that adds nothing.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opt.Timeout)
		defer cancel()
		_, _ = c.ask(ctx, &mms.FileClose{FRSM: open.FRSM})
		return f, err
	}
	_, err = askFor[*mms.FileCloseResponse](ctx, c, &mms.FileClose{FRSM: open.FRSM})
	return f, err
}

func (c *Client) copyFile(ctx context.Context, frsm int32, size int64, w io.Writer, progress func(done, size int64)) error {
	limit := int64(math.MaxInt64) // not known
	if size > 0 && size < math.MaxUint32 {
		limit = 2*size + 1<<20
	}
	for done := int64(0); ; {
		r, err := askFor[*mms.FileReadResponse](ctx, c, &mms.FileRead{FRSM: frsm})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, r.Data); err != nil {
			return err
		}
		done += int64(len(r.Data))
		if progress != nil {
			progress(done, size)
		}
		switch {
		case !r.MoreFollows && done < size:
			return fmt.Errorf("acsi/client: %d octets of %d: %w", done, size, io.ErrUnexpectedEOF)
		case !r.MoreFollows:
			return nil
		case r.Data == "":
			return fmt.Errorf("%w: an empty part of a file that more follows", mms.ErrProtocol)
		case done > limit:
			return ErrFileSize
		}
	}
}

// DeleteFile deletes a file of the server.
func (c *Client) DeleteFile(ctx context.Context, name string) error {
	_, err := askFor[*mms.FileDeleteResponse](ctx, c, &mms.FileDelete{Name: c.fileName(name)})
	return err
}

// RenameFile gives a file of the server another name.
func (c *Client) RenameFile(ctx context.Context, from, to string) error {
	_, err := askFor[*mms.FileRenameResponse](ctx, c, &mms.FileRename{Current: c.fileName(from), New: c.fileName(to)})
	return err
}

// maxEntries bounds what lists of many pages may hold.
const maxEntries = 100000

// FileDirectory gives the files in a folder of the server, in the server's order; "" is the root. Names are whole, of whatever
// form the server gives them.
func (c *Client) FileDirectory(ctx context.Context, folder string) ([]FileInfo, error) {
	q := &mms.FileDirectory{}
	if folder != "" {
		q.Specification = c.fileName(folder)
	}
	base := strings.Trim(folder, "/")
	var out []FileInfo
	for {
		r, err := askFor[*mms.FileDirectoryResponse](ctx, c, q)
		if err != nil {
			return nil, err
		}
		for _, e := range r.Entries {
			name := c.joinName(e.Name)
			f := info(whole(base, name), e.Attributes)
			f.Folder = strings.HasSuffix(name, "/") || strings.HasSuffix(name, `\`)
			out = append(out, f)
		}
		if !r.MoreFollows {
			return out, nil
		}
		if len(r.Entries) == 0 || len(out) > maxEntries {
			return nil, fmt.Errorf("%w: fileDirectory without end", mms.ErrProtocol)
		}
		q = &mms.FileDirectory{Specification: q.Specification, ContinueAfter: r.Entries[len(r.Entries)-1].Name}
	}
}

// whole makes the whole name of an entry of a folder, which may be relative to it or whole already.
func whole(folder, name string) string {
	name = strings.Trim(name, `/\`)
	if folder == "" || strings.HasPrefix(name, folder+"/") {
		return name
	}
	return folder + "/" + name
}

// FileAttributes tells about one file of the server (GetFileAttributeValues). It fails with ErrNotFile for a folder.
func (c *Client) FileAttributes(ctx context.Context, name string) (FileInfo, error) {
	r, err := askFor[*mms.FileDirectoryResponse](ctx, c, &mms.FileDirectory{Specification: c.fileName(name)})
	if err != nil {
		return FileInfo{}, err
	}
	if len(r.Entries) == 1 && !r.MoreFollows {
		got := c.joinName(r.Entries[0].Name)
		if !strings.HasSuffix(got, "/") && path.Base(got) == path.Base(name) {
			return info(name, r.Entries[0].Attributes), nil
		}
	}
	return FileInfo{}, fmt.Errorf("%w: %s", ErrNotFile, name)
}

// Capabilities gives what the server answers to getCapabilityList.
func (c *Client) Capabilities(ctx context.Context) ([]string, error) {
	var out []string
	for after := ""; ; {
		r, err := askFor[*mms.GetCapabilityListResponse](ctx, c, &mms.GetCapabilityList{ContinueAfter: after})
		if err != nil {
			return nil, err
		}
		out = append(out, r.Capabilities...)
		if !r.MoreFollows {
			return out, nil
		}
		if len(r.Capabilities) == 0 || len(out) > maxEntries || r.Capabilities[len(r.Capabilities)-1] == after {
			return nil, fmt.Errorf("%w: getCapabilityList without end", mms.ErrProtocol)
		}
		after = r.Capabilities[len(r.Capabilities)-1]
	}
}
