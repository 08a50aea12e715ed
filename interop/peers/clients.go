package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Python returns the Python of the virtual environment that scripts/peers.sh makes, with the foreign XMPP client in it.
func Python() (string, error) {
	dir, err := folder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "venv", "bin", "python")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w python environment: %w", ErrMissing, err)
	}
	return path, nil
}

// Program returns the path of an installed program.
func Program(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w %s: %w", ErrMissing, name, err)
	}
	return path, nil
}
