package keystore_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/pki/keystore"
)

type fixture struct {
	dir            string
	crt, key, root string
	leaf           *x509.Certificate
	priv           *ecdsa.PrivateKey
}

func setup(t *testing.T) fixture {
	t.Helper()
	now := time.Now()
	a, err := ca.New("Test CA", now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	priv, err := ca.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := a.Issue(ca.Request{Kind: ca.DER, JIDs: []string{"der1@grid.example"}, Life: time.Minute}, priv.Public(), now)
	if err != nil {
		t.Fatal(err)
	}
	dir := keystore.Dir(filepath.Join(t.TempDir(), "pki"))
	if err := dir.Create(); err != nil {
		t.Fatal(err)
	}
	f := fixture{dir: string(dir), leaf: leaf, priv: priv}
	f.crt, f.key = dir.Paths("der1@grid.example")
	f.root, _ = dir.CA()
	if err := errors.Join(keystore.WriteCertificates(f.root, false, a.Cert), keystore.WriteCertificates(f.crt, false, leaf),
		keystore.WriteKey(f.key, priv, false)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLoad(t *testing.T) {
	f := setup(t)
	b, err := keystore.Load(f.crt, f.key, f.root)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Leaf().Equal(f.leaf) || !f.priv.Equal(b.Certificate.PrivateKey) || len(b.CAs) != 1 {
		t.Error("another bundle came back")
	}
	if _, err := b.Leaf().Verify(x509.VerifyOptions{Roots: b.Pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
}

func TestModes(t *testing.T) {
	f := setup(t)
	for path, want := range map[string]fs.FileMode{f.dir: 0o700, f.key: 0o600, f.crt: 0o644} {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, st.Mode().Perm(), want)
		}
	}
}

func TestWriteDoesNotReplace(t *testing.T) {
	f := setup(t)
	before, err := os.ReadFile(f.key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ca.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := keystore.WriteKey(f.key, other, false); !errors.Is(err, keystore.ErrExists) {
		t.Errorf("got %v", err)
	}
	after, err := os.ReadFile(f.key)
	if err != nil || string(after) != string(before) {
		t.Error("the key changed", err)
	}
	if err := keystore.WriteKey(f.key, other, true); err != nil {
		t.Error(err)
	}
	if _, err := keystore.Load(f.crt, f.key, f.root); !errors.Is(err, keystore.ErrMismatch) {
		t.Errorf("key of another certificate: %v", err)
	}
}

func TestLoadNamesTheBadFile(t *testing.T) {
	sec1 := func(k *ecdsa.PrivateKey) []byte {
		der, err := x509.MarshalECPrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	}
	tests := []struct {
		name  string
		spoil func(f *fixture) (path string, err error)
		want  error
	}{
		{"open key", func(f *fixture) (string, error) { return f.key, os.Chmod(f.key, 0o640) }, keystore.ErrMode},
		{"SEC 1 key", func(f *fixture) (string, error) { return f.key, os.WriteFile(f.key, sec1(f.priv), 0o600) }, keystore.ErrPEM},
		{"empty key", func(f *fixture) (string, error) { return f.key, os.Truncate(f.key, 0) }, keystore.ErrPEM},
		{"cut key", func(f *fixture) (string, error) { return f.key, os.Truncate(f.key, 60) }, keystore.ErrPEM},
		{"key as certificate", func(f *fixture) (string, error) { f.crt = f.key; return f.key, nil }, keystore.ErrPEM},
		{"cut certificate", func(f *fixture) (string, error) { return f.crt, os.Truncate(f.crt, 100) }, keystore.ErrPEM},
		{"leaf as CA", func(f *fixture) (string, error) { f.root = f.crt; return f.crt, nil }, keystore.ErrPEM},
		{"huge file", func(f *fixture) (string, error) { return f.root, os.Truncate(f.root, 2<<20) }, keystore.ErrPEM},
		{"missing", func(f *fixture) (string, error) { return f.root, os.Remove(f.root) }, fs.ErrNotExist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := setup(t)
			path, err := tt.spoil(&f)
			if err != nil {
				t.Fatal(err)
			}
			_, err = keystore.Load(f.crt, f.key, f.root)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			var fe *keystore.FileError
			if errors.As(err, &fe) && fe.Path != path {
				t.Errorf("error names %s, not %s", fe.Path, path)
			}
		})
	}
}

func TestNamesStayInTheDirectory(t *testing.T) {
	d := keystore.Dir("/x")
	for name, want := range map[string]string{
		"der1@grid.example": "/x/der1@grid.example.crt",
		"../../etc/passwd":  "/x/%2E.%2F..%2Fetc%2Fpasswd.crt",
		"ü":                 "/x/%C3%BC.crt",
		".hidden":           "/x/%2Ehidden.crt",
	} {
		if got, _ := d.Paths(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
