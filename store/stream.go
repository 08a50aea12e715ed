package store

import (
	"encoding"
	"math"
	"time"
)

// A stream is what the DB knows of one without looking: what Bounds tells. DB.mu guards it but for rows and id, which
// belong to the writer.
type stream struct {
	name        string
	n, pending  int // of records; of those, in the queue
	first, last uint64
	firstAt, at time.Time
	maxRecords  int
	maxAge      time.Duration
	highest     uint64 // id that was ever appended: a stream that was emptied does not begin anew
	id          int64  // in the file, 0: not yet
	rows        int    // in the file
}

func (d *DB) loadStreams() error {
	clear(d.streams)
	rows, err := d.sql.Query(`SELECT s.id, s.name, count(r.id), coalesce(min(r.id), 0), coalesce(max(r.id), 0)
		FROM streams s LEFT JOIN records r ON r.stream = s.id GROUP BY s.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var list []*stream
	for rows.Next() {
		st := &stream{}
		var first, last int64
		if err := rows.Scan(&st.id, &st.name, &st.rows, &first, &last); err != nil {
			return err
		}
		st.n, st.first, st.last, st.highest = st.rows, uint64(first), uint64(last), uint64(last)
		list = append(list, st)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, st := range list {
		d.streams[st.name] = st
		if st.n == 0 {
			continue
		}
		var first, last int64
		if err := d.sql.QueryRow(`SELECT (SELECT at FROM records WHERE stream = ?1 AND id = ?2), (SELECT at FROM records WHERE stream = ?1 AND id = ?3)`,
			st.id, int64(st.first), int64(st.last)).Scan(&first, &last); err != nil {
			return err
		}
		st.firstAt, st.at = time.Unix(0, first), time.Unix(0, last)
	}
	return nil
}

// stream gives the stream of a name, a new one if need be. The caller holds mu.
func (d *DB) stream(name string) *stream {
	st := d.streams[name]
	if st == nil {
		st = &stream{name: name}
		d.streams[name] = st
	}
	return st
}

// Append puts a record behind those of a stream, for server.Store. It does not block. It reports false, and drops the
// record, when the queue is full, the DB is closed, or the id is not above all others of the stream.
func (d *DB) Append(name string, id uint64, at time.Time, data encoding.BinaryAppender, size int) bool {
	d.mu.Lock()
	st := d.stream(name)
	if d.closed || id > math.MaxInt64 || id <= st.highest {
		d.mu.Unlock()
		d.count.dropped.Add(1)
		return false
	}
	if !d.push(op{kind: opAppend, stream: st, id: id, at: at, data: data, octets: size + 64}) {
		if !d.full {
			d.full, d.lost = true, name
		}
		d.mu.Unlock()
		return false
	}
	if st.n == 0 {
		st.first, st.firstAt = id, at
	}
	st.n++
	st.pending++
	st.last, st.at, st.highest = id, at, id
	d.mu.Unlock()
	d.signal()
	return true
}

// Bounds gives the number of records of a stream, and the oldest and newest.
func (d *DB) Bounds(name string) (n int, oldest, newest uint64, oldestAt, newestAt time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	st := d.streams[name]
	if st == nil || st.n == 0 {
		return 0, 0, 0, time.Time{}, time.Time{}
	}
	return st.n, st.first, st.last, st.firstAt, st.at
}

// Limit bounds a stream: of more records, or older ones than age, the oldest go, when the next batch is written. Zero is
// no bound.
func (d *DB) Limit(name string, records int, age time.Duration) {
	d.mu.Lock()
	st := d.stream(name)
	st.maxRecords, st.maxAge = records, age
	d.push(op{kind: opPrune, stream: st})
	d.mu.Unlock()
	d.signal()
}

// Cut removes the records of a stream with ids up to and including id. It does not block.
func (d *DB) Cut(name string, id uint64) {
	d.mu.Lock()
	st := d.streams[name]
	if st != nil && st.n > 0 && st.first <= id {
		d.push(op{kind: opCut, stream: st, id: min(id, math.MaxInt64), octets: 64})
		if id >= st.last {
			st.n, st.first, st.last = 0, 0, 0
		}
	}
	d.mu.Unlock()
	d.signal()
}
