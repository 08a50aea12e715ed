package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Scan gives records of a stream in the order of their ids: those with an id above after and a time from from up to and
// including to, at most limit. A zero time is no bound. What was appended before is there, unless it cannot be written. f
// must not call the DB; data is valid until it returns. It ends the scan with false.
func (d *DB) Scan(name string, after uint64, from, to time.Time, limit int, f func(id uint64, at time.Time, data []byte) bool) error {
	if err := d.Flush(); errors.Is(err, ErrClosed) {
		return err
	}
	rows, err := d.sql.Query(`SELECT r.id, r.at, r.data FROM records r JOIN streams s ON r.stream = s.id
		WHERE s.name = ? AND r.id > ? AND r.at BETWEEN ? AND ? ORDER BY r.id LIMIT ?`,
		name, int64(min(after, math.MaxInt64)), bound(from, math.MinInt64), bound(to, math.MaxInt64), limit)
	if err != nil {
		return fmt.Errorf("store: %s: %w", d.path, classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		var id, at int64
		var data sql.RawBytes
		if err := rows.Scan(&id, &at, &data); err != nil {
			return fmt.Errorf("store: %s: %w", d.path, classify(err))
		}
		if !f(uint64(id), time.Unix(0, at), data) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("store: %s: %w", d.path, classify(err))
	}
	return nil
}

func bound(t time.Time, otherwise int64) int64 {
	if t.IsZero() {
		return otherwise
	}
	return t.UnixNano()
}

// Flush returns once all that was appended and set before is durable, or with the reason why it is not. What could not be
// written stays in the queue.
func (d *DB) Flush() error { return d.await(op{kind: opBarrier}) }

// PutAll keeps values under keys, all or none; a nil value deletes. They are durable when it returns without an error.
func (d *DB) PutAll(values map[string][]byte) error {
	o := op{kind: opPutAll, values: make(map[string][]byte, len(values))}
	for key, value := range values {
		o.values[key] = slices.Clone(value)
		o.octets += len(key) + len(value)
	}
	return d.await(o)
}

// Put keeps one value. It is durable when it returns without an error.
func (d *DB) Put(key string, value []byte) error { return d.PutAll(map[string][]byte{key: value}) }

func (d *DB) await(o op) error {
	o.done = make(chan error, 1)
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	if o.kind == opPutAll && d.octets+o.octets > 2*d.opt.QueueOctets {
		d.mu.Unlock()
		return ErrFull
	}
	d.push(o)
	d.mu.Unlock()
	d.signal()
	return <-o.done
}

// Set keeps a value later, in order with Append. It does not block. A nil value deletes. It reports false when the queue is
// full.
func (d *DB) Set(key string, value []byte) bool {
	d.mu.Lock()
	defer d.signal()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.seq++
	value = slices.Clone(value)
	if !d.push(op{kind: opSet, key: key, value: value, seq: d.seq, octets: len(key) + len(value) + 64}) {
		return false
	}
	d.unsaved[key] = unsaved{value, d.seq}
	return true
}

// Get gives the value of a key, nil when there is none.
func (d *DB) Get(key string) ([]byte, error) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, ErrClosed
	}
	if u, ok := d.unsaved[key]; ok {
		d.mu.Unlock()
		return slices.Clone(u.value), nil
	}
	d.mu.Unlock()
	var value []byte
	switch err := d.sql.QueryRow("SELECT value FROM vals WHERE key = ?", key).Scan(&value); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: %s: %w", d.path, classify(err))
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

// Keys lists the keys that begin with prefix, sorted.
func (d *DB) Keys(prefix string) ([]string, error) {
	if err := d.Flush(); errors.Is(err, ErrClosed) {
		return nil, err
	}
	rows, err := d.sql.Query("SELECT key FROM vals WHERE key >= ? ORDER BY key", prefix)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", d.path, classify(err))
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("store: %s: %w", d.path, classify(err))
		}
		if !strings.HasPrefix(key, prefix) {
			break
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: %s: %w", d.path, classify(err))
	}
	return keys, nil
}
