package server

import (
	"encoding"
	"time"
)

// A Store keeps what a server must not forget over a restart: the entries of logs, the buffers of report control blocks,
// and small values under keys. It knows nothing of their meaning. It is safe for concurrent use. Package store fits it.
//
// A stream is an ordered list of records. Within one, identifications grow; times need not.
type Store interface {
	// Append puts a record behind those of a stream. It does not block: the record is encoded, by its AppendBinary, and
	// made durable later, in order. False: there is no room, and the record is lost. size estimates its octets.
	Append(stream string, id uint64, at time.Time, data encoding.BinaryAppender, size int) bool
	// Scan gives the records with an id above after and a time from from up to and including to, in the order of their
	// ids, at most limit of them. A zero time is no bound. It sees every earlier Append. data belongs to the callee until
	// it returns; it ends the scan with false.
	Scan(stream string, after uint64, from, to time.Time, limit int, f func(id uint64, at time.Time, data []byte) bool) error
	// Bounds gives the number of records, and the oldest and newest. It does not block.
	Bounds(stream string) (n int, oldest, newest uint64, oldestAt, newestAt time.Time)
	// Limit bounds a stream: of more records, or older ones than age, the oldest go. Zero is no bound.
	Limit(stream string, records int, age time.Duration)
	// Cut removes the records with ids up to and including id. It does not block, and is done in order.
	Cut(stream string, id uint64)

	// Get gives the value of a key as the last Set, Put or PutAll left it; nil when there is none.
	Get(key string) ([]byte, error)
	// Set keeps a value later, in order with Append. It does not block. A nil value deletes. False: there was no room.
	Set(key string, value []byte) bool
	// PutAll keeps values, all or none. They are durable when it returns.
	PutAll(values map[string][]byte) error
	// Keys lists the keys that begin with prefix, sorted.
	Keys(prefix string) ([]string, error)
	// Flush returns once all that was appended and set before is durable, or with the reason why it is not.
	Flush() error
}
