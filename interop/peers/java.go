package peers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// folder returns where scripts/peers.sh puts what it does not install as Debian packages.
func folder() (string, error) {
	if dir := os.Getenv("GRIDWARD_PEERS"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "gridward", "peers"), err
}

// Java compiles the sources against the libraries that scripts/peers.sh has fetched, unless that has been done since they
// changed, and returns the command that runs one of their classes, but for the name of the class.
func Java(ctx context.Context, sources ...string) ([]string, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "java")
	java, err := Program("java")
	if err != nil {
		return nil, err
	}
	jars, err := filepath.Glob(filepath.Join(dir, "lib", "*.jar"))
	if err != nil || len(jars) == 0 {
		return nil, fmt.Errorf("%w libraries of Java", ErrMissing)
	}
	path := strings.Join(jars, string(os.PathListSeparator))
	state := sha256.New()
	for _, name := range append(sources, jars...) {
		b, err := os.ReadFile(name) //nolint:gosec // sources and libraries of the tests
		if err != nil {
			return nil, err
		}
		_, _ = state.Write(b)
	}
	classes := filepath.Join(dir, "classes-"+hex.EncodeToString(state.Sum(nil)[:8]))
	if _, err := os.Stat(classes); errors.Is(err, os.ErrNotExist) {
		if err := compile(ctx, dir, classes, path, sources); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return []string{java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes + string(os.PathListSeparator) + path}, nil
}

// compile puts the classes in place at once, for others may be doing the same.
func compile(ctx context.Context, dir, classes, path string, sources []string) error {
	javac, err := Program("javac")
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, "new-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	args := append([]string{"-encoding", "UTF-8", "-proc:none", "-cp", path, "-d", tmp}, sources...)
	if out, err := exec.CommandContext(ctx, javac, args...).CombinedOutput(); err != nil { //nolint:gosec // fixed program
		return fmt.Errorf("%w: %s", err, out)
	}
	err = os.Rename(tmp, classes)
	if _, there := os.Stat(classes); there == nil {
		return nil // another was faster
	}
	return err
}
