// Package keystore keeps keys and certificates in PEM files: written atomically, keys as PKCS #8 that only their owner
// can read, and read back with errors that name the file and what is wrong with it.
package keystore

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// Errors, one for each decision of a caller.
var (
	ErrExists   = errors.New("keystore: file exists")                        // nothing was written
	ErrPEM      = errors.New("keystore: not the PEM file that was expected") // wrong or damaged file
	ErrMismatch = errors.New("keystore: key and certificate do not belong together")
	ErrMode     = errors.New("keystore: private key is readable by others")
)

// A FileError says which file an error is about.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

const (
	keyMode     = 0o600
	certMode    = 0o644
	maxFileSize = 1 << 20
	pemKey      = "PRIVATE KEY"
	pemCert     = "CERTIFICATE"
)

// WriteKey writes key as PKCS #8 with mode 0600. An existing file is refused with ErrExists unless replace is set.
func WriteKey(path string, key crypto.Signer, replace bool) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return &FileError{path, err}
	}
	return write(path, pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), keyMode, replace)
}

// WriteCertificates writes certs in their order with mode 0644, as WriteKey does.
func WriteCertificates(path string, replace bool, certs ...*x509.Certificate) error {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: pemCert, Bytes: c.Raw})...)
	}
	return write(path, out, certMode, replace)
}

// WritePair writes a new key and its certificate, as WriteKey and WriteCertificates do. Unless replace is set, nothing is
// written when either file is there: a new key beside an old certificate would be of no use.
func WritePair(certPath, keyPath string, cert *x509.Certificate, key crypto.Signer, replace bool) error {
	if !replace {
		for _, path := range []string{keyPath, certPath} {
			if err := absent(path); err != nil {
				return err
			}
		}
	}
	if err := WriteKey(keyPath, key, replace); err != nil {
		return err
	}
	return WriteCertificates(certPath, replace, cert)
}

// absent is nil when there is no file of this name.
func absent(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return &FileError{path, ErrExists}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

func write(path string, data []byte, mode fs.FileMode, replace bool) error {
	if !replace {
		if err := absent(path); err != nil {
			return err
		}
	}
	if err := replaceFile(path, data, mode); err != nil {
		return &FileError{path, err}
	}
	return nil
}

// ReadCertificates reads one or more certificates. Other PEM blocks are refused with ErrPEM.
func ReadCertificates(path string) ([]*x509.Certificate, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	var out []*x509.Certificate
	for n := 1; ; n++ {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != pemCert {
			return nil, &FileError{path, fmt.Errorf("%w: block %d is %q, want %q", ErrPEM, n, block.Type, pemCert)}
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &FileError{path, fmt.Errorf("%w: block %d: %w", ErrPEM, n, err)}
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, &FileError{path, fmt.Errorf("%w: no certificate in it", ErrPEM)}
	}
	return out, nil
}

// ReadKey reads one private key in PKCS #8. A file that group or others may read is refused with ErrMode; keys in the
// older forms of SEC 1 and PKCS #1 are refused with ErrPEM and how to convert them.
func ReadKey(path string) (crypto.Signer, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 { // there are no Unix modes on Windows
		return nil, &FileError{path, fmt.Errorf("%w: mode %04o, want 0600", ErrMode, st.Mode().Perm())}
	}
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	switch {
	case block == nil:
		return nil, &FileError{path, fmt.Errorf("%w: no PEM block in it", ErrPEM)}
	case block.Type != pemKey:
		return nil, &FileError{path, fmt.Errorf("%w: block is %q, want %q (openssl pkcs8 -topk8 -nocrypt converts it)", ErrPEM, block.Type, pemKey)}
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, &FileError{path, fmt.Errorf("%w: %w", ErrPEM, err)}
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, &FileError{path, fmt.Errorf("%w: a %T cannot sign", ErrPEM, key)}
	}
	return signer, nil
}

// read reads a file, a device or a pipe, but never more than maxFileSize octets.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		err = &FileError{path, fmt.Errorf("%w: more than %d octets", ErrPEM, maxFileSize)}
	}
	return data, err
}
