package keystore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gridward/gridward/pki/keystore"
)

// The size that a device or a pipe states says nothing of what comes out of it.
func TestReadingIsBounded(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Log("no /dev/zero on this system")
	} else if _, err := keystore.ReadCertificates("/dev/zero"); !errors.Is(err, keystore.ErrPEM) {
		t.Errorf("a device without end: %v", err)
	}
	big := filepath.Join(t.TempDir(), "big.crt")
	if err := os.WriteFile(big, []byte(strings.Repeat("x", 1<<20+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.ReadCertificates(big); !errors.Is(err, keystore.ErrPEM) || !strings.Contains(err.Error(), "1048576") {
		t.Errorf("a large file: %v", err)
	}
}
