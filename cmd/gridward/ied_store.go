package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/station/ied"
	"github.com/gridward/gridward/store"
	"github.com/gridward/gridward/store/files"
)

// iedExtras is what an IED holds open besides its server.
type iedExtras struct{ closers []func() error }

// close closes everything, the last first.
func (x *iedExtras) close() error {
	var errs []error
	for i := len(x.closers) - 1; i >= 0; i-- {
		errs = append(errs, x.closers[i]())
	}
	return errors.Join(errs...)
}

// extend adds what survives a restart, and files.
func (f *iedFile) extend(log *slog.Logger, cfg *ied.Config) (*iedExtras, error) {
	x := &iedExtras{}
	var extend []func(*server.Config)
	if f.Files != "" {
		root, err := files.Open(f.path(f.Files), files.Options{})
		if err != nil {
			return nil, cli.Usage(err, "--files names a folder that exists")
		}
		x.closers = append(x.closers, root.Close)
		extend = append(extend, func(sc *server.Config) { sc.Files = root })
	}
	if f.Data != "" {
		db, err := f.open(log, cfg)
		if err != nil {
			return nil, errors.Join(err, x.close())
		}
		x.closers = append(x.closers, db.Close)
		cfg.Store = db
		extend = append(extend, func(sc *server.Config) { sc.Settings, sc.Store, sc.Persist = db, db, true })
	}
	cfg.Extend = func(sc *server.Config) {
		for _, e := range extend {
			e(sc)
		}
	}
	return x, nil
}

// open opens the store of the IED in the folder of data, which is made when it is not there.
func (f *iedFile) open(log *slog.Logger, cfg *ied.Config) (*store.DB, error) {
	dir := f.path(f.Data)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, cli.Usage(err, "--data names a folder")
	}
	path := filepath.Join(dir, cfg.Model.IED+"-"+cfg.Model.AccessPoint+".db")
	if !fs.ValidPath(filepath.Base(path)) {
		return nil, cli.Usage(fmt.Errorf("ied: %q cannot be the name of a file", filepath.Base(path)), "")
	}
	db, err := store.Open(path, store.Options{Events: func(e store.Event) {
		log.Warn("store", "event", fmt.Sprintf("%T", e), "details", fmt.Sprintf("%+v", e))
	}})
	if errors.Is(err, store.ErrLocked) {
		return nil, cli.Hint(err, "another process serves this IED with the same --data")
	}
	return db, err
}
