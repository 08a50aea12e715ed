package server

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/model"
)

type appender = encoding.BinaryAppender

// errRecord is wrapped when a record of a Store does not have the form in which it was written.
var errRecord = errors.New("server: a stored record cannot be read")

// A logEntry is one entry on its way into a log. It is immutable.
type logEntry struct {
	members []entryMember
	set     *dataSet
}

// A loggedMember is one member of an entry as it comes from a log.
type loggedMember struct {
	text   string // LD/LN$FC$DO$DA
	reason uint8  // 0: none was kept
	value  model.Value
}

func (e *logEntry) size() int {
	n := 16
	for i := range e.members {
		n += 8 + len(e.set.members[e.members[i].index].text) + weight(e.members[i].value)
	}
	return n
}

// AppendBinary writes the number of members, and for each the length of its reference, the reference, the reason in one
// octet and the value.
func (e *logEntry) AppendBinary(b []byte) ([]byte, error) {
	b = binary.AppendUvarint(b, uint64(len(e.members)))
	for i := range e.members {
		m := &e.members[i]
		text := e.set.members[m.index].text
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(append(b, text...), m.reason)
		b, _ = m.value.AppendBinary(b) // it has no errors
	}
	return b, nil
}

// parseLogged reads what AppendBinary of a logEntry wrote.
func parseLogged(b []byte) ([]loggedMember, error) {
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(len(b)) {
		return nil, fmt.Errorf("%w: number of members", errRecord)
	}
	b = b[n:]
	members := make([]loggedMember, 0, min(count, 64)) // it grows with what is really there
	for range count {
		size, n := binary.Uvarint(b)
		if n <= 0 || size >= uint64(len(b)-n) {
			return nil, fmt.Errorf("%w: reference of member %d", errRecord, len(members))
		}
		m := loggedMember{text: strings.Clone(string(b[n : n+int(size)])), reason: b[n+int(size)]}
		var err error
		if m.value, b, err = model.ParseBinary(b[n+int(size)+1:]); err != nil {
			return nil, fmt.Errorf("%w: member %d: %w", errRecord, len(members), err)
		}
		members = append(members, m)
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d octets more", errRecord, len(b))
	}
	return members, nil
}
