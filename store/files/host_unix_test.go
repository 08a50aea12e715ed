//go:build unix

package files

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe is invisible, and nobody waits for its other end.
func TestPipe(t *testing.T) {
	r, dir := site(t, Options{})
	noErr(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	for what, err := range every(r, "pipe") {
		switch what {
		case "stat", "open", "list":
			wantErr(t, what, err, fs.ErrNotExist)
		case "rename to":
			wantErr(t, what, err, fs.ErrExist)
		default:
			wantErr(t, what, err, fs.ErrPermission)
		}
	}
	infos, err := r.List("")
	if err != nil || len(infos) != 3 {
		t.Errorf("%v, %v", infos, err)
	}
}
