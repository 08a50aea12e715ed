package model

import (
	"encoding/binary"
	"errors"
	"strings"
)

// ErrBinary is returned by ParseBinary for octets that AppendBinary did not write.
var ErrBinary = errors.New("model: not the binary form of a value")

// maxBinaryDepth bounds the nesting that ParseBinary follows.
const maxBinaryDepth = 32

// AppendBinary appends a compact form of v for storage, which is no form of any standard: the kind in one octet, then for
// a structure or array the number of members and the members, for all others size, number and text. All numbers are
// unsigned varints. The error is always nil; it is there for encoding.BinaryAppender.
func (v Value) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, byte(v.kind))
	if v.kind == KindStruct || v.kind == KindArray {
		b = binary.AppendUvarint(b, uint64(len(v.list)))
		for i := range v.list {
			b, _ = v.list[i].AppendBinary(b)
		}
		return b, nil
	}
	b = binary.AppendUvarint(b, uint64(v.size))
	b = binary.AppendUvarint(b, v.num)
	b = binary.AppendUvarint(b, uint64(len(v.str)))
	return append(b, v.str...), nil
}

// ParseBinary reads what AppendBinary wrote and gives what follows it. The value owns what it holds. Whatever b is, the
// value can be used: its parts fit its kind.
func ParseBinary(b []byte) (v Value, rest []byte, err error) { return parseBinary(b, 0) }

func parseBinary(b []byte, depth int) (Value, []byte, error) {
	if len(b) == 0 || Kind(b[0]) > KindTime || depth > maxBinaryDepth {
		return Value{}, nil, ErrBinary
	}
	v := Value{kind: Kind(b[0])}
	b = b[1:]
	if v.kind == KindStruct || v.kind == KindArray {
		return v.parseMembers(b, depth)
	}
	size, b, ok1 := uvarint(b)
	num, b, ok2 := uvarint(b)
	n, b, ok3 := uvarint(b)
	if !ok1 || !ok2 || !ok3 || size > 1<<24 || n > uint64(len(b)) {
		return Value{}, nil, ErrBinary
	}
	v.size, v.num, v.str = uint32(size), num, strings.Clone(string(b[:n]))
	if !v.consistent() {
		return Value{}, nil, ErrBinary
	}
	return v, b[n:], nil
}

func (v Value) parseMembers(b []byte, depth int) (Value, []byte, error) {
	n, b, ok := uvarint(b)
	if !ok || n > uint64(len(b)) {
		return Value{}, nil, ErrBinary
	}
	v.list = make([]Value, 0, min(n, 64)) // it grows with what is really there
	for range n {
		m, rest, err := parseBinary(b, depth+1)
		if err != nil {
			return Value{}, nil, err
		}
		v.list, b = append(v.list, m), rest
	}
	return v, b, nil
}

// consistent tells whether the parts of a value that is no structure fit each other.
func (v Value) consistent() bool {
	switch v.kind {
	case KindBits, KindBoolArray:
		if v.size > 64 {
			return v.num == 0 && len(v.str) == int(v.size+7)/8
		}
		return v.str == "" && (v.size == 64 || v.num>>v.size == 0)
	case KindFloat:
		return v.str == "" && (v.size == 64 || v.size == 32 && v.num>>32 == 0)
	case KindBool:
		return v.str == "" && v.size == 0 && v.num <= 1
	case KindInt, KindUint, KindTime:
		return v.str == "" && v.size == 0
	case KindEntryTime:
		return v.str == "" && (v.size == 4 || v.size == 6)
	case KindOctets, KindString, KindUnicode:
		return v.size == 0 && v.num == 0
	case KindNone:
		return v.str == "" && v.size == 0 && v.num == 0
	}
	return true
}

// uvarint reads a number in its shortest form.
func uvarint(b []byte) (uint64, []byte, bool) {
	u, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return 0, nil, false
	}
	return u, b[n:], true
}
