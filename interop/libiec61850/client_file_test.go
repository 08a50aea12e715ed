package libiec61850

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gridward/gridward/interop/mmssite"
)

func TestTheirFiles(t *testing.T) {
	theirClient(t, "files", func(c *theirs) {
		list := func(name string) (names []string) {
			t.Helper()
			var got [][]any
			c.do("files", args{"name": name}, &got)
			for _, f := range got {
				names = append(names, f[0].(string))
				if f[2].(float64) == 0 {
					t.Errorf("%s: no time", f[0])
				}
			}
			slices.Sort(names)
			return names
		}
		if got := list(""); !slices.Contains(got, "readme.txt") {
			t.Errorf("files %q", got)
		}
		if got := list("COMTRADE"); !slices.Equal(got, []string{"COMTRADE/fault.dat"}) {
			t.Errorf("files %q", got)
		}
		get := func(name string, want []byte) {
			t.Helper()
			var got struct {
				Size   int
				Octets string
			}
			c.do("get_file", args{"name": name}, &got)
			if b, err := hex.DecodeString(got.Octets); err != nil || !bytes.Equal(b, want) || got.Size != len(want) {
				t.Errorf("%s: %d octets, want %d", name, got.Size, len(want))
			}
		}
		get("readme.txt", mmssite.Readme)
		get("COMTRADE/fault.dat", mmssite.Fault)
		c.refused("get_file", args{"name": "nope.txt"}, "OBJECT_DOES_NOT_EXIST")
		own := t.TempDir()
		content := []byte("brought by the client")
		noErr(t, os.WriteFile(filepath.Join(own, "local.txt"), content, 0o600))
		c.do("set_file", args{"folder": own, "source": "local.txt", "destination": "new.txt"}, nil)
		get("new.txt", content)
		c.do("rename_file", args{"name": "new.txt", "new": "newer.txt"}, nil)
		get("newer.txt", content)
		c.do("delete_file", args{"name": "newer.txt"}, nil)
		if got := list(""); slices.Contains(got, "newer.txt") {
			t.Errorf("files %q", got)
		}
		for _, name := range []string{"../outside", "/etc/passwd", "COMTRADE/../../outside"} {
			if err := c.try("get_file", args{"name": name}, nil); err == nil {
				t.Errorf("%s was read", name)
			}
		}
	})
}
