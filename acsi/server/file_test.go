package server

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store/files"
)

// withFiles runs f with a server that has files in dir: "a" of 10 octets, "COMTRADE/r1.cfg" of 70,000.
func withFiles(t *testing.T, cfg Config, f func(h *harness, dir string)) {
	t.Helper()
	dir := t.TempDir()
	root, err := files.Open(dir, files.Options{Quota: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, n := range map[string]int{"a": 10, "COMTRADE/r1.cfg": 70000} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Files = root
	run(t, cfg, func(h *harness) { f(h, dir) })
}

func TestFileName(t *testing.T) {
	for _, c := range []struct {
		items mms.FileName
		item  int
		want  string
	}{
		{nil, 0, ""},
		{mms.FileName{""}, 0, ""},
		{mms.FileName{"/"}, 0, ""},
		{mms.FileName{"a"}, 0, "a"},
		{mms.FileName{"/COMTRADE/r1.cfg"}, 0, "COMTRADE/r1.cfg"},
		{mms.FileName{"COMTRADE", "r1.cfg"}, 0, "COMTRADE/r1.cfg"},
		{mms.FileName{"COMTRADE/", "r1.cfg"}, 0, "COMTRADE/r1.cfg"},
		{mms.FileName{"/COMTRADE/"}, 64, "COMTRADE"},
		{mms.FileName{"größe.cfg"}, 64, "größe.cfg"},
		{mms.FileName{"....", ".a b~"}, 64, "..../.a b~"},
		{mms.FileName{strings.Repeat("a", 64), "b"}, 64, strings.Repeat("a", 64) + "b"},
		{mms.FileName{strings.Repeat("ü", 64), "b"}, 64, strings.Repeat("ü", 64) + "b"},
		{mms.FileName{strings.Repeat("a", 63), "b"}, 64, strings.Repeat("a", 63) + "/b"},
		{mms.FileName{strings.Repeat("a", 64), "b"}, 0, strings.Repeat("a", 64) + "/b"},
	} {
		got, err := FileName(c.items, c.item)
		if err != nil || got != c.want {
			t.Errorf("%q: %q, %v, want %q", c.items, got, err, c.want)
		}
		if back, err := FileName(mms.SplitFileName(got, c.item), c.item); err != nil || back != got {
			t.Errorf("%q split and joined: %q, %v", got, back, err)
		}
	}
}

// badNames are refused as names of files and folders.
var badNames = []mms.FileName{
	{".."},
	{"."},
	{"/.."},
	{"a", ".."},
	{"..", "a"},
	{"a/../b"},
	{"a/./b"},
	{"COMTRADE/../../etc/passwd"},
	{"//"},
	{"//a"},
	{"a//b"},
	{"a", "", "b"},
	{"a", "/b"},
	{"a//"},
	{`..\a`},
	{`a\b`},
	{`\\host\share`},
	{"C:"},
	{"C:/a"},
	{"c:a"},
	{"a\x00b"},
	{"a\nb"},
	{"a\x7f"},
	{"a\u0085"},
	{"\xff"},
	{"a\ufffe"},
	{"\uffff"},
	{strings.Repeat("a", 256)},
	{strings.Repeat("a/", 300)},
	{strings.Repeat("a", 200), strings.Repeat("b", 200), strings.Repeat("c", 200)},
}

func TestBadFileNames(t *testing.T) {
	for _, items := range badNames {
		for _, item := range []int{0, 64} {
			if got, err := FileName(items, item); !errors.Is(err, ErrFileName) {
				t.Errorf("%q: %q, %v", items, got, err)
			}
		}
	}
	// A component that is put together of items is checked as what it is then.
	half := strings.Repeat("a", 62) + "/."
	if got, err := FileName(mms.FileName{half, "."}, 64); !errors.Is(err, ErrFileName) {
		t.Errorf("%q: %q, %v", half, got, err)
	}
}

// Whatever the items are, a name that passes is of components that lead nowhere else.
func FuzzFileName(f *testing.F) {
	for _, n := range append(badNames, mms.FileName{"/COMTRADE", "r1.cfg"}) {
		f.Add(strings.Join(n, "|"), 0)
		f.Add(strings.Join(n, "|"), 64)
	}
	f.Fuzz(func(t *testing.T, in string, item int) {
		name, err := FileName(strings.Split(in, "|"), item%100)
		if err != nil {
			return
		}
		if name != "" && (!fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00\n") || len(name) > 2*maxFileName) {
			t.Fatalf("%q became %q", in, name)
		}
		if again, err := FileName(mms.FileName{"/" + name}, 0); err != nil || again != name {
			t.Fatalf("%q became %q and then %q, %v", in, name, again, err)
		}
	})
}

// Every service refuses every bad name, and nothing is touched.
func TestServicesRefuseBadNames(t *testing.T) {
	withFiles(t, Config{}, func(h *harness, dir string) {
		p := h.peer("cc")
		a := mms.FileName{"a"}
		for _, n := range badNames {
			if !inXML(n[0]) {
				continue // the pipe's own encoding is of no concern here
			}
			for _, s := range []mms.Service{
				&mms.FileOpen{Name: n}, &mms.FileDelete{Name: n}, &mms.FileRename{Current: n, New: a}, &mms.FileRename{Current: a, New: n},
				&mms.FileDirectory{Specification: n}, &mms.FileDirectory{ContinueAfter: n}, &mms.ObtainFile{Source: a, Destination: n},
			} {
				if e := p.serviceError(s); e.Class != mms.ErrFile || e.Code != mms.FileSyntax {
					t.Errorf("%T %q: %s", s, n, e.Error())
				}
			}
		}
		for _, s := range []mms.Service{&mms.FileOpen{}, &mms.FileDelete{}, &mms.ObtainFile{Destination: a}, &mms.ObtainFile{Source: a}} {
			if e := p.serviceError(s); e.Class != mms.ErrFile || e.Code != mms.FileSyntax {
				t.Errorf("%T without a name: %s", s, e.Error())
			}
		}
		if got, err := os.ReadDir(dir); err != nil || len(got) != 3 {
			t.Errorf("there is %v, %v", got, err)
		}
	})
}

// A file of the operator whose name no service takes is not listed either: over XMPP it would end the association.
func TestNamesThatNobodyCanAskForAreNotListed(t *testing.T) {
	withFiles(t, Config{}, func(h *harness, dir string) {
		p := h.peer("cc")
		list := func() (names []string) {
			for _, e := range p.response(&mms.FileDirectory{}).(*mms.FileDirectoryResponse).Entries {
				names = append(names, e.Name[0])
			}
			return names
		}
		before := list()
		for _, name := range []string{"b\xfcro", "a\ufffe", "a\nb"} {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := list(); !slices.Equal(got, before) {
			t.Errorf("listed are %q, want %q", got, before)
		}
	})
}

func TestOpenFilesAreBoundedAndTheirOwners(t *testing.T) {
	withFiles(t, Config{}, func(h *harness, _ string) {
		p, other := h.peer("cc"), h.peer("other")
		open := func(p *peer) int32 {
			return p.response(&mms.FileOpen{Name: mms.FileName{"a"}}).(*mms.FileOpenResponse).FRSM
		}
		var mine []int32
		for range 5 {
			mine = append(mine, open(p))
		}
		if e := p.serviceError(&mms.FileOpen{Name: mms.FileName{"a"}}); e.Class != mms.ErrResource {
			t.Errorf("the sixth: %s", e.Error())
		}
		foreign := open(other)
		for what, s := range map[string]mms.Service{
			"read of another's": &mms.FileRead{FRSM: foreign}, "close of another's": &mms.FileClose{FRSM: foreign},
			"read of none": &mms.FileRead{FRSM: 99}, "close of none": &mms.FileClose{FRSM: 0}, "negative": &mms.FileRead{FRSM: -1},
		} {
			if e := p.serviceError(s); e.Class != mms.ErrFile || e.Code != mms.FileNonExistent {
				t.Errorf("%s: %s", what, e.Error())
			}
		}
		p.response(&mms.FileClose{FRSM: mine[2]})
		if e := p.serviceError(&mms.FileRead{FRSM: mine[2]}); e.Code != mms.FileNonExistent {
			t.Errorf("read after close: %s", e.Error())
		}
		if again := open(p); again == mine[2] || again == foreign {
			t.Errorf("number %d was given again", again)
		}
		if got := other.response(&mms.FileRead{FRSM: foreign}).(*mms.FileReadResponse); got.Data != strings.Repeat("x", 10) || got.MoreFollows {
			t.Errorf("the other's file: %+v", got)
		}
		if got := other.response(&mms.FileRead{FRSM: foreign}).(*mms.FileReadResponse); got.Data != "" || got.MoreFollows {
			t.Errorf("after its end: %+v", got)
		}
	})
}

// counting counts the files that are open.
type counting struct {
	Files
	open int
}

type counted struct {
	fs.File
	c *counting
}

func (c *counting) Open(name string) (fs.File, error) {
	f, err := c.Files.Open(name)
	if err == nil {
		c.open++
	}
	return &counted{f, c}, err
}

func (f *counted) Close() error {
	f.c.open--
	return f.File.Close()
}

func TestOpenFilesEndWithTheAssociation(t *testing.T) {
	withFiles(t, Config{}, func(h *harness, _ string) {
		c := &counting{Files: h.s.cfg.Files}
		h.s.cfg.Files = c
		p := h.peer("cc")
		for range 3 {
			p.response(&mms.FileOpen{Name: mms.FileName{"a"}})
		}
		if e := p.serviceError(&mms.FileOpen{Name: mms.FileName{"a"}, Position: 11}); e.Code != mms.FilePosition {
			t.Errorf("position: %s", e.Error())
		}
		if c.open != 3 {
			t.Errorf("%d are open", c.open)
		}
		p.lose()
		if c.open != 0 {
			t.Errorf("%d are still open", c.open)
		}
	})
}

func TestFilePositionAndChunk(t *testing.T) {
	withFiles(t, Config{}, func(h *harness, _ string) {
		p := h.peerWith("cc", mms.Params{MaxPDU: 1000})
		// The counting file has no Seek: skipped by reading.
		for _, fs := range []Files{h.s.cfg.Files, &counting{Files: h.s.cfg.Files}} {
			h.s.cfg.Files = fs
			o := p.response(&mms.FileOpen{Name: mms.FileName{"COMTRADE", "r1.cfg"}, Position: 69000}).(*mms.FileOpenResponse)
			if o.Attributes.Size != 70000 || o.Attributes.LastModified == "" {
				t.Errorf("%+v", o)
			}
			first := p.response(&mms.FileRead{FRSM: o.FRSM}).(*mms.FileReadResponse)
			second := p.response(&mms.FileRead{FRSM: o.FRSM}).(*mms.FileReadResponse)
			if len(first.Data) != 936 || !first.MoreFollows || len(second.Data) != 64 || second.MoreFollows {
				t.Errorf("%d octets, %v, then %d, %v", len(first.Data), first.MoreFollows, len(second.Data), second.MoreFollows)
			}
			p.response(&mms.FileClose{FRSM: o.FRSM})
		}
	})
}

func TestFileRights(t *testing.T) {
	for _, c := range []struct {
		denied Right
		name   string // on which; "" all
		works  []bool // open, list, attributes, delete, rename, obtain
	}{
		{RightFileRead, "", []bool{false, false, false, true, true, true}},
		{RightFileWrite, "", []bool{true, true, true, true, true, false}},
		{RightFileMgt, "", []bool{true, true, true, false, false, true}},
		{RightFileMgt, "/new", []bool{true, true, true, true, false, true}},
		{RightFileMgt, "/b", []bool{true, true, true, false, true, true}},
		{RightFileRead, "/a", []bool{false, true, false, true, true, true}},
		{RightFileWrite, "/in/x", []bool{true, true, true, true, true, false}},
	} {
		no := errors.New("denied by the test")
		withFiles(t, Config{Authorizer: AuthorizerFunc(func(_ *model.Principal, r Right, ref model.Ref) error {
			if r == c.denied && (c.name == "" || ref.String() == c.name) {
				return no
			}
			return nil
		})}, func(h *harness, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "b"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p := h.peer("cc")
			for i, s := range []mms.Service{
				&mms.FileOpen{Name: mms.FileName{"a"}}, &mms.FileDirectory{}, &mms.FileDirectory{Specification: mms.FileName{"a"}},
				&mms.FileDelete{Name: mms.FileName{"b"}}, &mms.FileRename{Current: mms.FileName{"a"}, New: mms.FileName{"new"}},
				&mms.ObtainFile{Source: mms.FileName{"x"}, Destination: mms.FileName{"in", "x"}},
			} {
				answer := p.call(s)
				denied := false
				if e, ok := answer.(*mms.ConfirmedError); ok {
					denied = e.Error.Class == mms.ErrFile && e.Error.Code == mms.FileAccessDenied
				}
				if denied == c.works[i] {
					t.Errorf("without %s on %q: %T gave %+v", c.denied, c.name, s, answer)
				}
				if denied && !errors.Is(h.lastAudit().Err, no) {
					t.Errorf("without %s on %q: %T: audit %+v", c.denied, c.name, s, h.lastAudit())
				}
			}
		})
	}
}

func (h *harness) lastAudit() AuditRecord {
	all := h.served()
	if len(all) == 0 {
		return AuditRecord{}
	}
	return all[len(all)-1]
}

// A listing leaves out what may not be read, and goes on after a name that is gone.
func TestDirectoryShowsWhatMayBeRead(t *testing.T) {
	withFiles(t, Config{Authorizer: AuthorizerFunc(func(_ *model.Principal, _ Right, ref model.Ref) error {
		if ref.String() == "/COMTRADE" {
			return errors.New("denied by the test")
		}
		return nil
	})}, func(h *harness, dir string) {
		for _, n := range []string{"c", "d"} {
			if err := os.WriteFile(filepath.Join(dir, n), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := h.peer("cc")
		names := func(s *mms.FileDirectory) (out []string) {
			for _, e := range p.response(s).(*mms.FileDirectoryResponse).Entries {
				out = append(out, strings.Join(e.Name, "/"))
			}
			return out
		}
		if d := cmp.Diff([]string{"a", "c", "d"}, names(&mms.FileDirectory{})); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"c", "d"}, names(&mms.FileDirectory{Specification: mms.FileName{"/"}, ContinueAfter: mms.FileName{"b"}})); d != "" {
			t.Error(d)
		}
		if e := p.serviceError(&mms.FileDirectory{Specification: mms.FileName{"COMTRADE"}}); e.Code != mms.FileAccessDenied {
			t.Errorf("folder: %s", e.Error())
		}
	})
}

func TestNoFileStore(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p, a := h.peer("cc"), mms.FileName{"a"}
		for _, s := range []mms.Service{
			&mms.FileOpen{Name: a}, &mms.FileRead{}, &mms.FileClose{}, &mms.FileDelete{Name: a}, &mms.FileRename{Current: a, New: a},
			&mms.FileDirectory{}, &mms.ObtainFile{Source: a, Destination: a},
		} {
			r, ok := p.call(s).(*mms.Reject)
			if !ok || r.Reason.Code != mms.RejectUnrecognizedService {
				t.Errorf("%T: %+v", s, r)
			}
		}
	})
}

// A file that fails while it is read is closed and told.
func TestBrokenFile(t *testing.T) {
	withFiles(t, Config{}, func(h *harness, _ string) {
		h.s.cfg.Files = brokenFiles{h.s.cfg.Files}
		p := h.peer("cc")
		o := p.response(&mms.FileOpen{Name: mms.FileName{"a"}}).(*mms.FileOpenResponse)
		if e := p.serviceError(&mms.FileRead{FRSM: o.FRSM}); e.Class != mms.ErrFile || e.Code != mms.FileOther {
			t.Errorf("read: %s", e.Error())
		}
		if e := p.serviceError(&mms.FileClose{FRSM: o.FRSM}); e.Code != mms.FileNonExistent {
			t.Errorf("close: %s", e.Error())
		}
	})
}

type brokenFiles struct{ Files }

type brokenFile struct{ fs.File }

func (b brokenFiles) Open(name string) (fs.File, error) {
	f, err := b.Files.Open(name)
	return brokenFile{f}, err
}

func (brokenFile) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
