package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
)

type fileGet struct {
	recursive, record, force bool
}

func newFileGetCmd() *cobra.Command {
	var g fileGet
	return mmsVerb{
		use: "get TARGET NAME [LOCAL]", short: "Copy files from a server", args: cobra.RangeArgs(2, 3),
		long: `Copy a file from a server (GetFile) to LOCAL, to the same name here, or with - to the standard output. With --record all
files of the COMTRADE record come along (.cfg .dat .hdr .inf), with --recursive all that is in the folder NAME; LOCAL is
then a folder. A file here appears when it is complete, and not before; one that is there already is only replaced with
--force.`,
		example: `  gridward mms file get 192.0.2.7 config.cid
  gridward mms file get 192.0.2.7 COMTRADE/r1.cfg --record records/
  gridward mms file get 192.0.2.7 COMTRADE/ --recursive records/`,
		flags: func(cmd *cobra.Command) {
			f := cmd.Flags()
			f.BoolVarP(&g.recursive, "recursive", "r", false, "all files in the folder NAME and below")
			f.BoolVar(&g.record, "record", false, "all files of the COMTRADE record that NAME belongs to")
			f.BoolVar(&g.force, "force", false, "replace files that are there already")
		},
		check: func(args []string) error {
			if (g.recursive || g.record) && len(args) > 1 && args[1] == "-" {
				return cli.Usage(errors.New("several files do not go to the standard output"), "give a folder")
			}
			return nil
		},
		run: g.run,
	}.command()
}

func (g *fileGet) run(ctx context.Context, c *mmsCall) error {
	name, local := c.args[0], ""
	if len(c.args) > 1 {
		local = c.args[1]
	}
	switch {
	case local == "-":
		bar := newProgressLine(c.cmd.ErrOrStderr())
		_, err := c.client.GetFile(ctx, name, c.cmd.OutOrStdout(), func(done, size int64) { bar.bar(name, done, size) })
		bar.clear()
		return fileError(err)
	case g.recursive:
		return c.walk(ctx, name, func(f client.FileInfo) error {
			return g.one(ctx, c, f.Name, local, strings.TrimPrefix(f.Name, strings.Trim(name, "/")+"/"))
		})
	case g.record:
		list, err := c.client.FileDirectory(ctx, folderOf(name))
		if err != nil {
			return fileError(err)
		}
		for _, f := range list {
			if !f.Folder && sameRecord(f.Name, strings.Trim(name, "/")) {
				if err := g.one(ctx, c, f.Name, local, path.Base(f.Name)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	folder, base := filepath.Split(local)
	if info, err := os.Stat(local); base == "" || err == nil && info.IsDir() {
		folder, base = local, path.Base(name)
	}
	return g.one(ctx, c, name, folder, base)
}

// folderOf gives the folder of a name as the server wants it: "" for the root.
func folderOf(name string) string {
	folder := path.Dir(strings.Trim(name, "/"))
	if folder == "." {
		return ""
	}
	return folder + "/"
}

// one copies a file to a name below a folder, which it cannot leave.
func (g *fileGet) one(ctx context.Context, c *mmsCall, name, folder, below string) error {
	if !localName(below) {
		return cli.Exit(cli.Insecure, fmt.Errorf("the server's file %q is not copied: its name is none for a file here", name), "name it alone, with a local name")
	}
	if folder == "" {
		folder = "."
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	to := filepath.FromSlash(below)
	if parent := filepath.Dir(to); parent != "." {
		if err := root.MkdirAll(parent, 0o755); err != nil {
			return err
		}
	}
	shown := filepath.Join(folder, to)
	if _, err := root.Lstat(to); err == nil && !g.force {
		return cli.Usage(fmt.Errorf("%s is there already", shown), "--force replaces it")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := copyTo(ctx, c, root, name, to)
	if err != nil {
		return fileError(err)
	}
	v := fileJSON(f)
	v.Local = shown
	c.out.row(v, v.Name, octets(int64(v.Size)), v.Local)
	return nil
}

// copyTo writes a file that appears when it is complete.
func copyTo(ctx context.Context, c *mmsCall, root *os.Root, name, to string) (f client.FileInfo, err error) {
	pending, err := renameio.NewPendingFile(to, renameio.WithRoot(root), renameio.WithPermissions(0o644))
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, pending.Cleanup()) }()
	bar := newProgressLine(c.cmd.ErrOrStderr())
	defer bar.clear()
	if f, err = c.client.GetFile(ctx, name, io.Writer(pending), func(done, size int64) { bar.bar(name, done, size) }); err != nil {
		return f, err
	}
	if err = pending.CloseAtomicallyReplace(); err == nil && !f.Modified.IsZero() {
		err = root.Chtimes(to, f.Modified, f.Modified)
	}
	return f, err
}

// localName accepts what may name a file below a folder: no way out, no control characters, nothing hidden.
func localName(name string) bool {
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, `\:`) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") {
			return false
		}
	}
	return !strings.ContainsFunc(name, unicode.IsControl)
}
