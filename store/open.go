package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"time"

	"modernc.org/sqlite" // the driver, in Go
	lib "modernc.org/sqlite/lib"
)

// What a caller decides upon.
var (
	// ErrLocked: another process, or another DB of this one, has the file.
	ErrLocked = errors.New("store: the file is in use")
	// ErrVersion: the file was written by a newer release.
	ErrVersion = errors.New("store: the file is of a newer version")
	// ErrForeign: the file is a database of something else. It is left alone.
	ErrForeign = errors.New("store: the file belongs to another program")
	// ErrCorrupt: the file is damaged and could not be moved aside. It is also in the Err of MovedAside.
	ErrCorrupt = errors.New("store: the file is damaged")
	// ErrClosed: the DB has been closed.
	ErrClosed = errors.New("store: closed")
	// ErrFull: the queue has no room.
	ErrFull = errors.New("store: too much waits to be written")
)

// Options of a DB. The zero value serves.
type Options struct {
	Events       func(Event)   // nil: nobody hears
	Gather       time.Duration // how long a record may wait for others before it is written; 0: 20 ms, negative: not at all
	Retry        time.Duration // after a failed transaction; 0: 1 s
	QueueRecords int           // records and values that wait at most; 0: 65,536
	QueueOctets  int           // estimated octets that wait at most; 0: 16 MiB
	MaxOctets    int64         // size of the file at most, as if the disk were full then; 0: no limit
	Now          func() time.Time
}

func (o *Options) setDefaults() {
	if o.Events == nil {
		o.Events = func(Event) {}
	}
	if o.Gather == 0 {
		o.Gather = 20 * time.Millisecond
	}
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	if o.QueueRecords == 0 {
		o.QueueRecords = 1 << 16
	}
	if o.QueueOctets == 0 {
		o.QueueOctets = 16 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// A DB is one file. It is safe for concurrent use.
type DB struct {
	path  string
	opt   Options
	sql   *sql.DB // one connection: the file is locked by it
	count counters

	mu      sync.Mutex
	streams map[string]*stream
	unsaved map[string]unsaved // values that are not committed yet
	queue   []op
	waiting int // in the queue and in the batch being written
	octets  int // of these
	seq     uint64
	urgent  bool // somebody waits for the queue to be written
	failing bool // the last transaction failed
	closed  bool
	full    bool   // there was no room the last time
	lost    string // stream of which Dropped has to be told

	wake   chan struct{} // something is in the queue, or became urgent
	done   chan struct{} // the writer has ended
	last   error         // of the writer, once done is closed
	closer sync.Once
}

// Open opens or makes the file at path.
func Open(path string, opt Options) (*DB, error) {
	opt.setDefaults()
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	} else if err = f.Close(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	d := &DB{
		path: path, opt: opt, streams: map[string]*stream{}, unsaved: map[string]unsaved{},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	err := d.open()
	if errors.Is(err, ErrCorrupt) {
		to, moveErr := moveAside(path, opt.Now())
		if moveErr != nil {
			return nil, fmt.Errorf("%w; moving it aside: %w", err, moveErr)
		}
		opt.Events(MovedAside{Path: path, To: to, Err: err})
		err = d.open()
	}
	if err != nil {
		return nil, err
	}
	go d.run()
	return d, nil
}

// open connects, locks, checks and migrates.
func (d *DB) open() (err error) {
	d.sql, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: d.path}).EscapedPath()}).String())
	if err != nil {
		return fmt.Errorf("store: %s: %w", d.path, err)
	}
	d.sql.SetMaxOpenConns(1)
	d.sql.SetConnMaxLifetime(0)
	d.sql.SetMaxIdleConns(1)
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", d.path, classify(err))
			_ = d.sql.Close() // the first failure is the one to report
		}
	}()
	for _, pragma := range []string{
		"busy_timeout = 0", "locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON",
		"journal_size_limit = 16777216",
	} {
		if _, err = d.sql.Exec("PRAGMA " + pragma); err != nil {
			return err
		}
	}
	if err = d.check(); err != nil {
		return err
	}
	if err = d.migrate(context.Background()); err != nil {
		return err
	}
	if d.opt.MaxOctets > 0 {
		if _, err = d.sql.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", max(d.opt.MaxOctets/4096, 1))); err != nil {
			return err
		}
	}
	for _, columns := range []string{"stream, id, at, data FROM records", "key, value FROM vals"} {
		if _, err = d.sql.Exec("SELECT " + columns + " LIMIT 0"); err != nil {
			return misshapen(err)
		}
	}
	return misshapen(d.loadStreams())
}

// misshapen makes what is not as our tables are a damage: columns that are missing, numbers that are none.
func misshapen(err error) error {
	var e *sqlite.Error
	if err == nil || errors.As(err, &e) && e.Code()&0xff != lib.SQLITE_ERROR {
		return err // classify knows it
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// check tells whether the file is whole, ours, and of a version that we know.
func (d *DB) check() error {
	var application, version int
	if err := d.sql.QueryRow("PRAGMA application_id").Scan(&application); err != nil {
		return err
	}
	if err := d.sql.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	var tables int
	if err := d.sql.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	switch {
	case application == 0 && version == 0 && tables == 0: // new
		return nil
	case application != applicationID:
		return ErrForeign
	case version > len(migrations):
		return fmt.Errorf("%w: %d, this release knows %d", ErrVersion, version, len(migrations))
	}
	var result string
	if err := d.sql.QueryRow("PRAGMA quick_check(1)").Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, result)
	}
	return nil
}

// classify wraps what SQLite says into what a caller decides upon.
func classify(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// moveAside renames the file and what SQLite keeps beside it.
func moveAside(path string, now time.Time) (to string, err error) {
	base := path + ".corrupt-" + now.UTC().Format("20060102T150405Z")
	to = base
	for i := 1; ; i++ { // never over an earlier one
		if _, err = os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = fmt.Sprintf("%s-%d", base, i)
	}
	if err = os.Rename(path, to); err != nil {
		return "", err
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err = os.Rename(path+suffix, to+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return to, nil
}

// Close writes what waits and closes the file. It gives the reason why something could not be written. What is called
// afterwards fails with ErrClosed.
func (d *DB) Close() error {
	d.closer.Do(func() {
		d.mu.Lock()
		d.closed, d.urgent = true, true
		d.mu.Unlock()
		d.signal()
		<-d.done
		if err := d.sql.Close(); d.last == nil && err != nil {
			d.last = fmt.Errorf("store: %s: %w", d.path, err)
		}
	})
	<-d.done
	return d.last
}
