package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// run is the writer: it commits what waits, batch by batch, until the DB is closed. A batch that fails is tried again, and
// keeps its place, until it succeeds or the DB is closed.
func (d *DB) run() {
	defer close(d.done)
	for {
		batch, ok := d.take()
		if !ok {
			return
		}
		for len(batch) > 0 {
			n := max(d.most(len(batch)), 1)
			err := d.commit(batch[:n])
			d.settle(err)
			if err == nil {
				batch = batch[n:]
				continue
			}
			if batch = d.failed(batch, err); len(batch) == 0 {
				break
			}
			if d.most(1) == 0 {
				d.last = err
				d.abandon(batch)
				break
			}
			var more []op
			if !d.pause(d.opt.Retry, func() bool { return d.urgent }) {
				d.mu.Lock() // somebody waits for what is behind the batch
				more, d.queue, d.urgent = d.queue, nil, d.closed
				d.mu.Unlock()
			}
			batch = append(batch, more...)
		}
	}
}

// most tells how much of n ops goes into one transaction: after a failure, little. 0: closed after a failure.
func (d *DB) most(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.failing && d.closed:
		return 0
	case d.failing:
		return min(n, 64)
	}
	return min(n, 16384)
}

// settle tells of a failure once, and of its end, and of what found no room. It is the writer that tells: whoever appends may
// hold locks.
func (d *DB) settle(err error) {
	d.mu.Lock()
	was := d.failing
	d.failing = err != nil
	lost := d.lost
	d.lost = ""
	d.mu.Unlock()
	if lost != "" {
		defer d.opt.Events(Dropped{Stream: lost})
	}
	switch {
	case err != nil:
		d.count.failures.Add(1)
		if !was {
			d.opt.Events(WriteFailed{Path: d.path, Err: err})
		}
	case was:
		d.opt.Events(Recovered{Path: d.path})
	}
}

// failed answers those who wait and gives what is left to be tried again: what nobody was promised.
func (d *DB) failed(batch []op, err error) []op {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(batch, func(o op) bool {
		if o.done == nil {
			return false
		}
		o.done <- err
		d.forget(&o)
		return true
	})
}

// forget takes an op out of the account. The caller holds mu.
func (d *DB) forget(o *op) {
	d.waiting--
	d.octets -= o.octets
	switch o.kind {
	case opAppend:
		o.stream.pending--
	case opSet:
		d.saved(o.key, o.seq)
	case opPutAll:
		for key := range o.values {
			d.saved(key, o.seq)
		}
	}
}

func (d *DB) saved(key string, seq uint64) {
	if d.unsaved[key].seq == seq {
		delete(d.unsaved, key)
	}
}

// abandon drops what could not be written before the DB was closed.
func (d *DB) abandon(batch []op) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range batch {
		if k := batch[i].kind; k == opAppend || k == opSet {
			d.count.dropped.Add(1)
		}
		d.forget(&batch[i])
	}
}

// A transaction is one batch on its way into the file.
type transaction struct {
	d               *DB
	tx              *sql.Tx
	insert          *sql.Stmt
	rows            map[*stream]int // in the file, when it ends
	cut             map[*stream]bool
	ids             map[*stream]int64 // of streams that are new in it
	skip            map[*stream]int   // records that would be removed at once
	buf             []byte
	records, values uint64
	pruned          uint64
}

// commit writes a batch: all of it or nothing.
func (d *DB) commit(batch []op) (err error) {
	ctx := context.Background()
	tx, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: %s: %w", d.path, classify(err))
	}
	t := &transaction{d: d, tx: tx, rows: map[*stream]int{}, cut: map[*stream]bool{}, ids: map[*stream]int64{}, skip: map[*stream]int{}}
	err = t.all(batch)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		_ = tx.Rollback() // the first failure is the one to report
		return fmt.Errorf("store: %s: %w", d.path, classify(err))
	}
	d.committed(t, batch)
	return nil
}

func (t *transaction) all(batch []op) (err error) {
	if t.insert, err = t.tx.Prepare("INSERT INTO records (stream, id, at, data) VALUES (?, ?, ?, ?)"); err != nil {
		return err
	}
	defer t.insert.Close()
	if err = t.makeRoom(batch); err != nil {
		return err
	}
	for i := range batch {
		if err = t.do(&batch[i]); err != nil {
			return err
		}
	}
	for st := range t.rows {
		if err = t.prune(st, 0); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom prunes before there is more: what goes makes room in a file that may not grow.
func (t *transaction) makeRoom(batch []op) error {
	coming := map[*stream]int{}
	for i := range batch {
		if batch[i].kind == opAppend {
			coming[batch[i].stream]++
		}
	}
	for st, n := range coming {
		if _, err := t.stream(st); err != nil {
			return err
		}
		if err := t.prune(st, n); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) do(o *op) error {
	switch o.kind {
	case opAppend:
		return t.append(o)
	case opCut:
		return t.remove(o.stream, "DELETE FROM records WHERE stream = ? AND id <= ?", int64(o.id))
	case opPrune:
		_, err := t.stream(o.stream)
		return err
	case opSet:
		return t.set(o.key, o.value)
	case opPutAll:
		for key, value := range o.values {
			if err := t.set(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// stream gives the number of a stream in the file and makes it if need be.
func (t *transaction) stream(st *stream) (int64, error) {
	if _, ok := t.rows[st]; !ok {
		t.rows[st] = st.rows
	}
	if st.id != 0 {
		return st.id, nil
	}
	if id := t.ids[st]; id != 0 {
		return id, nil
	}
	r, err := t.tx.Exec("INSERT INTO streams (name) VALUES (?)", st.name)
	if err != nil {
		return 0, err
	}
	id, err := r.LastInsertId()
	t.ids[st] = id
	return id, err
}

func (t *transaction) append(o *op) error {
	id, err := t.stream(o.stream)
	if err != nil {
		return err
	}
	if t.skip[o.stream] > 0 {
		t.skip[o.stream]--
		t.pruned++
		t.cut[o.stream] = true
		return nil
	}
	t.buf, err = o.data.AppendBinary(t.buf[:0])
	if err != nil {
		return nil //nolint:nilerr // a record that has no form would stop all others; it is left out and shows in rows
	}
	if _, err = t.insert.Exec(id, int64(o.id), o.at.UnixNano(), t.buf); err != nil {
		return err
	}
	t.rows[o.stream]++
	t.records++
	return nil
}

func (t *transaction) remove(st *stream, query string, arg any) error {
	id, err := t.stream(st)
	if err != nil {
		return err
	}
	r, err := t.tx.Exec(query, id, arg)
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	t.rows[st] -= int(n)
	t.pruned += uint64(n)
	t.cut[st] = t.cut[st] || n > 0
	return err
}

// prune keeps a stream within its limits when so many more are coming.
func (t *transaction) prune(st *stream, coming int) error {
	t.d.mu.Lock()
	most, age, oldest := st.maxRecords, st.maxAge, st.firstAt
	t.d.mu.Unlock()
	if age > 0 {
		if before := t.d.opt.Now().Add(-age); oldest.Before(before) {
			if err := t.remove(st, "DELETE FROM records WHERE stream = ? AND at < ?", before.UnixNano()); err != nil {
				return err
			}
		}
	}
	over := t.rows[st] + coming - most
	if most > 0 && over > t.rows[st] {
		t.skip[st], over = over-t.rows[st], t.rows[st]
	}
	if most > 0 && over > 0 {
		return t.remove(st, "DELETE FROM records WHERE stream = ?1 AND id <= (SELECT id FROM records WHERE stream = ?1 ORDER BY id LIMIT 1 OFFSET ?2)", over-1)
	}
	return nil
}

func (t *transaction) set(key string, value []byte) (err error) {
	if value == nil {
		_, err = t.tx.Exec("DELETE FROM vals WHERE key = ?", key)
	} else {
		_, err = t.tx.Exec("INSERT INTO vals (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	}
	t.values++
	return err
}

// committed takes a batch that is durable out of the account and answers those who wait.
func (d *DB) committed(t *transaction, batch []op) {
	d.count.records.Add(t.records)
	d.count.values.Add(t.values)
	d.count.pruned.Add(t.pruned)
	d.count.commits.Add(1)
	for st, id := range t.ids {
		st.id = id
	}
	for st, rows := range t.rows {
		st.rows = rows
	}
	oldest := map[*stream]record{}
	for st := range t.cut {
		oldest[st] = d.oldest(st)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range batch {
		d.forget(&batch[i])
	}
	for st := range t.rows {
		d.recount(st, t.cut[st], oldest[st])
	}
	for i := range batch {
		if batch[i].done != nil {
			batch[i].done <- nil
		}
	}
}

type record struct {
	id uint64
	at time.Time
}

// oldest looks up the first record of a stream in the file; zero when there is none.
func (d *DB) oldest(st *stream) (r record) {
	var id, at int64
	if err := d.sql.QueryRow("SELECT id, at FROM records WHERE stream = ? ORDER BY id LIMIT 1", st.id).Scan(&id, &at); err == nil {
		r = record{uint64(id), time.Unix(0, at)}
	}
	return r
}

// recount sets what Bounds tells after records were removed. The caller holds mu.
func (d *DB) recount(st *stream, cut bool, oldest record) {
	st.n = st.rows + st.pending
	switch {
	case !cut:
	case st.n == 0:
		st.first, st.last = 0, 0
	case st.rows > 0:
		st.first, st.firstAt = oldest.id, oldest.at
	default:
		for i := range d.queue {
			if o := &d.queue[i]; o.kind == opAppend && o.stream == st {
				st.first, st.firstAt = o.id, o.at
				break
			}
		}
	}
}
