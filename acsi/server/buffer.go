package server

import (
	"time"

	"github.com/gridward/gridward/model"
)

// An entry is one event of a report control block: which members, why, and their values then. It is immutable.
type entry struct {
	id      uint64 // 0 in an unbuffered control block
	at      time.Time
	members []entryMember
	octets  int // estimate
}

type entryMember struct {
	index  int   // in the data set
	reason uint8 // reasonXxx
	value  model.Value
}

// Reasons of inclusion, in the bits of ReasonCode (7 bits, first bit reserved), IEC 61850-8-1 17.
const (
	reasonDataChange    = 1 << 5
	reasonQualityChange = 1 << 4
	reasonUpdate        = 1 << 3
	reasonIntegrity     = 1 << 2
	reasonGI            = 1 << 1
	reasonApplication   = 1 << 0
)

// A buffer is the ring of a buffered report control block (mms.md section 8): entries stay until they are pushed out,
// sent or not, so that a client may resynchronise to any of them.
type buffer struct {
	entries []*entry // oldest first
	next    int      // index of the first that the owner has not been given
	octets  int
	ovfl    bool // an entry was lost; told in the next report
	full    bool // the event of this overflow has been emitted
}

// add puts an entry behind the others and drops the oldest as the limits ask. lost tells that one of them had not been
// given to anybody.
func (b *buffer) add(e *entry, maxEntries, maxOctets int) (lost bool) {
	b.entries = append(b.entries, e)
	b.octets += e.octets
	for len(b.entries) > 1 && (len(b.entries) > maxEntries || b.octets > maxOctets) {
		b.octets -= b.entries[0].octets
		b.entries[0] = nil
		b.entries = b.entries[1:]
		if b.next > 0 {
			b.next--
			continue
		}
		lost, b.ovfl = true, true
	}
	return lost
}

// take gives the next entry for the owner.
func (b *buffer) take() *entry {
	if b.next >= len(b.entries) {
		return nil
	}
	e := b.entries[b.next]
	b.next++
	if b.next == len(b.entries) {
		b.full = false
	}
	return e
}

// peek gives what take would.
func (b *buffer) peek() *entry {
	if b.next >= len(b.entries) {
		return nil
	}
	return b.entries[b.next]
}

// rewind goes back so that the entry with the id, and all after it, are given again. It reports false, and has an overflow
// to tell, when that entry has been pushed out.
func (b *buffer) rewind(id uint64) bool {
	for b.next > 0 && b.entries[b.next-1].id >= id {
		b.next--
	}
	if b.next < len(b.entries) && b.entries[b.next].id == id {
		return true
	}
	b.ovfl = true
	return false
}

// resync continues behind the entry with the id, 0 before the oldest. It reports false, and stays at the oldest with an
// overflow to tell, when there is no such entry.
func (b *buffer) resync(id uint64) bool {
	if id == 0 {
		b.next = 0
		return true
	}
	for i, e := range b.entries {
		if e.id == id {
			b.next = i + 1
			return true
		}
	}
	b.next, b.ovfl = 0, true
	return false
}

func (b *buffer) purge() { *b = buffer{} }

// sizeOf estimates what an entry takes on the wire as BER. In memory it is three to four times that.
func (e *entry) sizeOf() int {
	n := 48
	for i := range e.members {
		n += 16 + weight(e.members[i].value)
	}
	return n
}

func weight(v model.Value) int {
	n := 12
	for _, m := range v.Members() {
		n += weight(m)
	}
	t, _ := v.AsText()
	return n + len(t)
}
