//go:build unix

package keystore

import (
	"io/fs"

	"github.com/google/renameio/v2"
)

// replaceFile writes a file atomically: whoever reads it sees the old content or the new one. The umask is ignored: a key
// never becomes wider than 0600, a certificate is always readable.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	return renameio.WriteFile(path, data, mode, renameio.IgnoreUmask())
}
