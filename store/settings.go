package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// ErrValue is wrapped by every error about a value that does not have the form in which it was written.
var ErrValue = errors.New("store: a kept value cannot be read")

// maxBank bounds the values of one setting group that are read back.
const maxBank = 1 << 20

// SaveGroup keeps the bank of a setting group, for server.Settings: all of it or nothing, durable when it returns nil.
// block is the setting group control block.
func (d *DB) SaveGroup(block model.Ref, group uint8, values map[model.Ref]model.Value) error {
	return d.Put(bankKey(block, strconv.Itoa(int(group))), appendBank(nil, values))
}

// SaveActive keeps which group is active, and since when; durable when it returns nil.
func (d *DB) SaveActive(block model.Ref, group uint8, activated time.Time) error {
	b := binary.AppendVarint([]byte{group}, activated.UnixNano())
	return d.Put(bankKey(block, "active"), b)
}

// LoadSettings gives what SaveActive and SaveGroup kept of a setting group control block. When nothing was kept, active is 0
// and groups is empty.
func (d *DB) LoadSettings(block model.Ref) (active uint8, activated time.Time, groups map[uint8]map[model.Ref]model.Value, err error) {
	prefix := bankKey(block, "")
	keys, err := d.Keys(prefix)
	if err != nil {
		return 0, time.Time{}, nil, err
	}
	groups = map[uint8]map[model.Ref]model.Value{}
	for _, key := range keys {
		value, err := d.Get(key)
		if err != nil {
			return 0, time.Time{}, nil, err
		}
		name := strings.TrimPrefix(key, prefix)
		if name == "active" {
			ns, n := int64(0), 0
			if len(value) > 1 {
				ns, n = binary.Varint(value[1:])
			}
			if n <= 0 || n != len(value)-1 {
				return 0, time.Time{}, nil, fmt.Errorf("%w: %s", ErrValue, key)
			}
			active, activated = value[0], time.Unix(0, ns)
			continue
		}
		group, err := strconv.ParseUint(name, 10, 8)
		if err != nil {
			return 0, time.Time{}, nil, fmt.Errorf("%w: %s", ErrValue, key)
		}
		if groups[uint8(group)], err = parseBank(value); err != nil {
			return 0, time.Time{}, nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return active, activated, groups, nil
}

func bankKey(block model.Ref, what string) string { return "settings/" + block.String() + "/" + what }

// appendBank writes the references, each behind its length, with their values, in the order of the references.
func appendBank(b []byte, values map[model.Ref]model.Value) []byte {
	names := make([]string, 0, len(values))
	byName := make(map[string]model.Value, len(values))
	for ref, v := range values {
		name := ref.String()
		names, byName[name] = append(names, name), v
	}
	slices.Sort(names)
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, name := range names {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b, _ = byName[name].AppendBinary(b) // it has no errors
	}
	return b
}

func parseBank(b []byte) (map[model.Ref]model.Value, error) {
	count, n := binary.Uvarint(b)
	if n <= 0 || count > maxBank {
		return nil, fmt.Errorf("%w: number of settings", ErrValue)
	}
	b = b[n:]
	values := make(map[model.Ref]model.Value)
	for range count {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, fmt.Errorf("%w: reference of setting %d", ErrValue, len(values))
		}
		ref, err := model.ParseRef(string(b[n : n+int(size)]))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrValue, err)
		}
		v, rest, err := model.ParseBinary(b[n+int(size):])
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrValue, ref, err)
		}
		values[ref], b = v, rest
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d octets more", ErrValue, len(b))
	}
	return values, nil
}
