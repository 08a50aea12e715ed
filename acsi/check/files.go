package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/mms"
)

// maxFiles is how many files are looked at.
const maxFiles = 500

// files looks at the file store: directories, the beginning of each file, and names that leave the root.
func (r *run) files(ctx context.Context, s *sheet) {
	const clause = "IEC 61850-7-2 23, 8-1 23, ISO 9506-2 annex D"
	it := s.item("GetServerDirectory(FILE)", "", "the directory lists files, the same each time", clause)
	list, err := r.folder(ctx, "")
	var service *mms.ServiceError
	if errors.As(err, &service) && service.Class != mms.ErrFile {
		it.skip("the server has no files: " + describe(err))
		return
	}
	if err != nil {
		_ = it.failed("a directory", err)
		return
	}
	again, err := r.folder(ctx, "")
	if it.failed("the directory again", err) {
		return
	}
	it.verdict("the same again", differs(names(list), names(again)))
	r.escapes(ctx, s)
	seen := 0
	folders := 0
	for len(list) > 0 && seen < maxFiles {
		e := list[0]
		list = list[1:]
		seen++
		name := strings.Join(e.Name, "/")
		if strings.HasSuffix(name, "/") {
			if folders++; folders > 50 {
				continue
			}
			below, err := r.folder(ctx, name)
			it := s.item("GetServerDirectory(FILE)", name, "a folder lists what is in it", clause)
			if it.failed("a directory", err) {
				continue
			}
			bad := ""
			for _, f := range below {
				n := strings.Join(f.Name, "/")
				switch {
				case n == "" || strings.HasPrefix(n, "/") || strings.Contains(n, ".."):
					bad = n
				case !strings.HasPrefix(n, name): // names may be relative to the folder
					f.Name = mms.FileName{name + n}
				}
				if n != name && bad == "" {
					list = append(list, f)
				}
			}
			it.verdict("names of files in "+name, bad)
			continue
		}
		r.file(ctx, s, e)
	}
	if seen == 0 {
		s.item("GetFile", "", "files", "").skip("there is no file")
	}
}

func names(list []mms.DirectoryEntry) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = strings.Join(e.Name, "/")
	}
	return out
}

// folder reads the directory of a folder, all pages of it.
func (r *run) folder(ctx context.Context, name string) ([]mms.DirectoryEntry, error) {
	var list []mms.DirectoryEntry
	var after mms.FileName
	for {
		q := &mms.FileDirectory{ContinueAfter: after}
		if name != "" {
			q.Specification = mms.FileName{name}
		}
		a, err := ask[*mms.FileDirectoryResponse](ctx, r.c, q)
		if err != nil {
			return list, err
		}
		list = append(list, a.Entries...)
		if !a.MoreFollows || len(list) > maxFiles {
			return list, nil
		}
		if len(a.Entries) == 0 {
			return list, errors.New("an empty page that says more follows")
		}
		after = a.Entries[len(a.Entries)-1].Name
	}
}

// file looks at the attributes and the first octets of a file.
func (r *run) file(ctx context.Context, s *sheet, e mms.DirectoryEntry) {
	const clause = "IEC 61850-7-2 23.2, 8-1 23.3"
	name := strings.Join(e.Name, "/")
	if it := s.item("GetFileAttributeValues", name, "a file alone has the attributes that the directory shows", clause); it != nil {
		list, err := r.folder(ctx, name)
		switch {
		case it.failed("its attributes", err):
		case len(list) != 1:
			it.fail("one entry", fmt.Sprint(len(list)))
		case list[0].Attributes.Size != e.Attributes.Size && list[0].Attributes.LastModified == e.Attributes.LastModified:
			it.fail(fmt.Sprintf("%d octets", e.Attributes.Size), fmt.Sprint(list[0].Attributes.Size))
		default:
			it.pass()
		}
	}
	it := s.item("GetFile", name, "the beginning can be read, and the file closed", clause)
	if it == nil {
		return
	}
	open, err := ask[*mms.FileOpenResponse](ctx, r.c, &mms.FileOpen{Name: e.Name})
	if it.failed("the file to be opened", err) {
		return
	}
	data, err := ask[*mms.FileReadResponse](ctx, r.c, &mms.FileRead{FRSM: open.FRSM})
	_, closed := ask[*mms.FileCloseResponse](ctx, r.c, &mms.FileClose{FRSM: open.FRSM})
	if it.failed("its octets", err) || it.failed("the file to be closed", closed) {
		return
	}
	size := int(open.Attributes.Size)
	switch {
	case len(data.Data) > size && !data.MoreFollows && open.Attributes.Size == e.Attributes.Size:
		it.fail(fmt.Sprintf("at most %d octets", size), fmt.Sprint(len(data.Data)))
	case len(data.Data) < size && !data.MoreFollows:
		it.fail(fmt.Sprintf("%d octets, or moreFollows", size), fmt.Sprint(len(data.Data)))
	default:
		it.pass()
	}
	if it := s.item("GetFile", name, "a file that is closed is not read", clause); it != nil {
		_, err := ask[*mms.FileReadResponse](ctx, r.c, &mms.FileRead{FRSM: open.FRSM})
		it.verdict("a refusal", wantRefusal(err))
	}
}

// escapes tries names that lead out of the root.
func (r *run) escapes(ctx context.Context, s *sheet) {
	for _, name := range []mms.FileName{{"../../../../../../etc/passwd"}, {"..", "..", "..", "etc", "passwd"}, {"/etc/passwd"}, {`..\..\boot.ini`}} {
		it := s.item("GetFile", strings.Join(name, "/"), "a name that leads out of the root is refused", "IEC 61850-8-1 23.2, IEC 62351-8")
		if it == nil {
			continue
		}
		open, err := ask[*mms.FileOpenResponse](ctx, r.c, &mms.FileOpen{Name: name})
		if err == nil {
			_, _ = ask[*mms.FileCloseResponse](ctx, r.c, &mms.FileClose{FRSM: open.FRSM}) // the failure is told
		}
		it.verdict("a refusal", wantRefusal(err))
	}
}
