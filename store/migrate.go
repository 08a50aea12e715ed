package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks our files: "GWst".
const applicationID = 0x47577374

// migrations make the tables, each from what the one before it left. user_version counts those that were done. They are
// never changed once released, only added to.
var migrations = []string{
	`CREATE TABLE streams (
		id   INTEGER PRIMARY KEY,
		name TEXT NOT NULL UNIQUE
	) STRICT;
	CREATE TABLE records (
		stream INTEGER NOT NULL REFERENCES streams(id),
		id     INTEGER NOT NULL, -- grows within a stream
		at     INTEGER NOT NULL, -- nanoseconds since 1970-01-01 UTC
		data   BLOB NOT NULL,
		PRIMARY KEY (stream, id)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX records_at ON records(stream, at);
	CREATE TABLE vals (
		key   TEXT PRIMARY KEY,
		value BLOB NOT NULL
	) STRICT, WITHOUT ROWID;`,
}

// migrate brings the file to this release's version, in one transaction: all of it or nothing.
func (d *DB) migrate(ctx context.Context) (err error) {
	var version int
	if err = d.sql.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version == len(migrations) {
		return err
	}
	tx, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if end := tx.Rollback(); err == nil && !errors.Is(end, sql.ErrTxDone) {
			err = end
		}
	}()
	for i, m := range migrations[version:] {
		if _, err = tx.ExecContext(ctx, m); err != nil {
			return fmt.Errorf("store: migration %d: %w", version+i+1, err)
		}
	}
	if _, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations))); err != nil {
		return err
	}
	return tx.Commit()
}
