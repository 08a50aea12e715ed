package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
)

func newMMSFileCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "file",
		Short: "List, get, put, rename and delete files of a server",
		Long:  `Work with the files of a server. Names are those of the server, with / between folders; COMTRADE records are in COMTRADE/.`,
	}
	cmd.AddCommand(newFileLsCmd(), newFileStatCmd(), newFileGetCmd(), newFilePutCmd(), newFileMvCmd(), newFileRmCmd())
	return cmd
}

// mmsFile is a file in JSON.
type mmsFile struct {
	Name     string `json:"name"`
	Size     uint32 `json:"size"`
	Modified string `json:"lastModified,omitempty"`
	Folder   bool   `json:"folder,omitempty"`
	Local    string `json:"local,omitempty"` // where it was copied to
}

func fileJSON(f client.FileInfo) mmsFile {
	v := mmsFile{Name: f.Name, Size: f.Size, Folder: f.Folder}
	if !f.Modified.IsZero() {
		v.Modified = f.Modified.UTC().Format(time.RFC3339)
	}
	if f.Folder {
		v.Name += "/"
	}
	return v
}

func (c *mmsCall) file(f client.FileInfo) {
	v := fileJSON(f)
	c.out.row(v, v.Name, strconv.FormatUint(uint64(v.Size), 10), v.Modified)
}

// fileError adds what to do about refusals of file services.
func fileError(err error) error {
	var e *mms.ServiceError
	if !errors.As(err, &e) || e.Class != mms.ErrFile {
		return err
	}
	hints := map[int32]string{
		mms.FileNonExistent: "'gridward mms file ls' lists what there is", mms.FileAccessDenied: "the server does not let this client do it",
		mms.FileBusy: "somebody else uses the file", mms.FileDuplicate: "there is a file of this name",
		mms.FileInsufficientSpace: "the server has no room for it", mms.FileSyntax: "the server does not take such a name",
	}
	return cli.Exit(cli.Refused, err, hints[e.Code])
}

// maxWalk is how many files a walk through folders visits.
const maxWalk = 100_000

// walk gives the files in a folder and in those below it.
func (c *mmsCall) walk(ctx context.Context, folder string, visit func(client.FileInfo) error) error {
	seen := map[string]bool{}
	left := maxWalk
	var below func(folder string, depth int) error
	below = func(folder string, depth int) error {
		list, err := c.client.FileDirectory(ctx, folder)
		if err != nil {
			return fileError(err)
		}
		for _, f := range list {
			if left--; left < 0 || depth > 32 {
				return fmt.Errorf("more than %d files, or folders that go too deep", maxWalk)
			}
			switch {
			case seen[f.Name]:
			case f.Folder:
				seen[f.Name] = true
				if err := below(f.Name+"/", depth+1); err != nil {
					return err
				}
			default:
				seen[f.Name] = true
				if err := visit(f); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return below(folder, 0)
}

func newFileLsCmd() *cobra.Command {
	var recursive bool
	return mmsVerb{
		use: "ls TARGET [FOLDER]", short: "List files", args: cobra.RangeArgs(1, 2),
		long:    "List the files of a server, or of one folder (GetServerDirectory, GetFileAttributeValues): name, octets, last change.",
		example: "  gridward mms file ls 192.0.2.7\n  gridward mms file ls 192.0.2.7 COMTRADE/ -o json",
		flags: func(cmd *cobra.Command) {
			cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, "also what is in folders")
		},
		run: func(ctx context.Context, c *mmsCall) error {
			folder := ""
			if len(c.args) > 0 {
				folder = c.args[0]
			}
			if recursive {
				return c.walk(ctx, folder, func(f client.FileInfo) error { c.file(f); return nil })
			}
			list, err := c.client.FileDirectory(ctx, folder)
			for _, f := range list {
				c.file(f)
			}
			return fileError(err)
		},
	}.command()
}

func newFileStatCmd() *cobra.Command {
	return mmsVerb{
		use: "stat TARGET NAME...", short: "Show size and time of files", args: cobra.MinimumNArgs(2),
		long: "Show size and time of files (GetFileAttributeValues).", example: "  gridward mms file stat 192.0.2.7 COMTRADE/r1.cfg",
		run: func(ctx context.Context, c *mmsCall) error {
			for _, name := range c.args {
				f, err := c.client.FileAttributes(ctx, name)
				if err != nil {
					return fileError(err)
				}
				c.file(f)
			}
			return nil
		},
	}.command()
}

func newFileMvCmd() *cobra.Command {
	return mmsVerb{
		use: "mv TARGET FROM TO", short: "Rename a file", args: cobra.ExactArgs(3),
		long: "Give a file another name.", example: "  gridward mms file mv 192.0.2.7 upload/new.cid config.cid",
		run: func(ctx context.Context, c *mmsCall) error {
			return fileError(c.client.RenameFile(ctx, c.args[0], c.args[1]))
		},
	}.command()
}

func newFileRmCmd() *cobra.Command {
	var yes bool
	return mmsVerb{
		use: "rm TARGET NAME...", short: "Delete files", args: cobra.MinimumNArgs(2),
		long: "Delete files (DeleteFile).", example: "  gridward mms file rm 192.0.2.7 COMTRADE/r1.cfg COMTRADE/r1.dat",
		flags: func(cmd *cobra.Command) { cmd.Flags().BoolVar(&yes, "yes", false, "do not ask") },
		run: func(ctx context.Context, c *mmsCall) error {
			if err := confirm(c.cmd, yes, "delete "+strings.Join(c.args, ", ")+"?"); err != nil {
				return err
			}
			for _, name := range c.args {
				if err := c.client.DeleteFile(ctx, name); err != nil {
					return fileError(err)
				}
			}
			return nil
		},
	}.command()
}

func newFilePutCmd() *cobra.Command {
	return mmsVerb{
		use: "put TARGET FILE [NAME]", short: "Copy a file to a server", args: cobra.RangeArgs(2, 3),
		long:    "Copy a file to a server (SetFile), under its own name or NAME; with / at its end NAME is a folder. The server fetches it from here.",
		example: "  gridward mms file put 192.0.2.7 new.cid\n  gridward mms file put 192.0.2.7 new.cid upload/",
		check: func(args []string) error {
			if info, err := os.Stat(args[0]); err != nil {
				return cli.Hint(err, "give the name of a file")
			} else if !info.Mode().IsRegular() {
				return cli.Usage(fmt.Errorf("%s is no regular file", args[0]), "")
			}
			return nil
		},
		run: func(ctx context.Context, c *mmsCall) error {
			local := c.args[0]
			name := path.Base(strings.ReplaceAll(local, string(os.PathSeparator), "/"))
			if len(c.args) > 1 && strings.HasSuffix(c.args[1], "/") {
				name = c.args[1] + name
			} else if len(c.args) > 1 {
				name = c.args[1]
			}
			f, err := os.Open(local)
			if err != nil {
				return err
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			bar := newProgressLine(c.cmd.ErrOrStderr())
			err = c.client.SetFile(ctx, name, client.Source{
				Reader: f, Size: info.Size(), Modified: info.ModTime(),
				Progress: func(done, size int64) { bar.bar(name, done, size) },
			})
			bar.clear()
			if err != nil {
				return fileError(err)
			}
			c.file(client.FileInfo{Name: name, Size: uint32(min(info.Size(), 1<<32-1)), Modified: info.ModTime()})
			return nil
		},
	}.command()
}

// sameRecord tells whether two names are files of one COMTRADE record: the same but for the extension, which is one of
// those of IEC 60255-24.
func sameRecord(a, b string) bool {
	known := []string{".cfg", ".dat", ".hdr", ".inf", ".cff", ".zip"}
	ext := func(s string) string { return strings.ToLower(path.Ext(s)) }
	stem := func(s string) string { return strings.TrimSuffix(s, path.Ext(s)) }
	return stem(a) == stem(b) && slices.Contains(known, ext(a)) && slices.Contains(known, ext(b))
}
