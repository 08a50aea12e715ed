package keystore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Dir is a directory with one authority (ca.crt, ca.key) and the certificates that it issued (NAME.crt, NAME.key).
type Dir string

// Create makes the directory with mode 0700 if it is not there.
func (d Dir) Create() error { return os.MkdirAll(string(d), 0o700) }

// CA returns the paths of the authority's certificate and key.
func (d Dir) CA() (cert, key string) { return d.Paths("ca") }

// Paths returns the paths of the certificate and key of name. Every octet of name other than letters, digits, '.', '_',
// '-' and '@' is written as %XX, and so is a leading '.', so that no name leads out of the directory or hides.
func (d Dir) Paths(name string) (cert, key string) {
	base := filepath.Join(string(d), escape(name))
	return base + ".crt", base + ".key"
}

// Certificates returns the paths of all certificates in the directory, sorted.
func (d Dir) Certificates() ([]string, error) {
	return filepath.Glob(filepath.Join(globEscape(string(d)), "*.crt"))
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '@', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}
