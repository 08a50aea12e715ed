package mmssite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/store/files"
)

// Readme and Fault are the content of the files that a station has: readme.txt, and COMTRADE/fault.dat, which does not fit
// one PDU.
var (
	Readme = []byte("a file of the station\n")
	Fault  = bytes.Repeat([]byte("0123456789abcdef"), 4200)
)

// Fill writes the files into the folder.
func Fill(folder string) error {
	if err := os.MkdirAll(filepath.Join(folder, "COMTRADE"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "readme.txt"), Readme, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "COMTRADE", "fault.dat"), Fault, 0o600)
}

// serveFiles lets the server serve the folder.
func serveFiles(cfg *server.Config, folder string) (*files.Root, error) {
	if err := Fill(folder); err != nil {
		return nil, err
	}
	r, err := files.Open(folder, files.Options{})
	if err != nil {
		return nil, err
	}
	cfg.Files = r
	return r, nil
}

func fileServices(e *Env) {
	list := func(folder string) (names []string) {
		e.Helper()
		all, err := e.C.FileDirectory(e.Ctx, folder)
		e.NoErr("directory", err)
		for _, f := range all {
			names = append(names, strings.Trim(f.Name, "/"))
		}
		slices.Sort(names)
		return names
	}
	if got := list(""); !slices.Contains(got, "readme.txt") {
		e.Errorf("files %q", got)
	}
	if got := list("COMTRADE"); !slices.ContainsFunc(got, func(n string) bool { return strings.HasSuffix(n, "fault.dat") }) {
		e.Errorf("files %q", got)
	}
	get := func(name string, want []byte) {
		e.Helper()
		var b bytes.Buffer
		info, err := e.C.GetFile(e.Ctx, name, &b, nil)
		e.NoErr("get", err)
		if !bytes.Equal(b.Bytes(), want) || int(info.Size) != len(want) || info.Modified.IsZero() {
			e.Errorf("%s: %+v, %d octets, want %d", name, info, b.Len(), len(want))
		}
	}
	get("readme.txt", Readme)
	get("COMTRADE/fault.dat", Fault)
	_, err := e.C.GetFile(e.Ctx, "nope.txt", &bytes.Buffer{}, nil)
	var refused *mms.ServiceError
	if !errors.As(err, &refused) || refused.Class != mms.ErrFile || refused.Code != 7 { // file-non-existent
		e.Errorf("unknown file: %v", err)
	}
	content := []byte("brought by the client")
	e.NoErr("set", e.C.SetFile(e.Ctx, "new.txt", client.Source{Reader: bytes.NewReader(content)}))
	get("new.txt", content)
	name := "newer.txt"
	if err := e.C.RenameFile(e.Ctx, "new.txt", name); err != nil && e.Peer == "libiec61850" {
		name = "new.txt" // its server has no rename
	} else {
		e.NoErr("rename", err)
	}
	get(name, content)
	e.NoErr("delete", e.C.DeleteFile(e.Ctx, name))
	if got := list(""); slices.Contains(got, "newer.txt") || slices.Contains(got, "new.txt") {
		e.Errorf("files %q", got)
	}
}
