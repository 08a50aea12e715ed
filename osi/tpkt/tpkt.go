// Package tpkt frames TPDUs on a stream of octets, RFC 1006 clause 6: a version, a reserved octet and the length of the
// whole packet.
//
//	+----+----+---------+------------ ... ----------+
//	| 03 | 00 | length  | TPDU                      |
//	+----+----+---------+------------ ... ----------+
package tpkt

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Sizes in octets, header included.
const (
	HeaderLen = 4
	MinLen    = 7 // the shortest TPDU, DT without data, has three octets
	MaxLen    = 65535
)

// ErrHeader is a header that is not one of RFC 1006: the stream cannot be read any further.
var ErrHeader = errors.New("tpkt: malformed header")

// Next takes the first packet off in. n is its length, 0 when it is not complete yet. The TPDU shares the octets of in.
// A wrong header is found as soon as its octets are there.
func Next(in []byte) (tpdu []byte, n int, err error) {
	switch {
	case len(in) > 0 && in[0] != 3:
		return nil, 0, fmt.Errorf("%w: version %d", ErrHeader, in[0])
	case len(in) < HeaderLen:
		return nil, 0, nil
	}
	n = Announced(in)
	if n < MinLen {
		return nil, 0, fmt.Errorf("%w: length %d", ErrHeader, n)
	}
	if n > len(in) {
		return nil, 0, nil
	}
	return in[HeaderLen:n], n, nil
}

// Announced is the length that the header of the first packet in says, which has at least HeaderLen octets.
func Announced(in []byte) int { return int(binary.BigEndian.Uint16(in[2:])) }

// AppendHeader appends the header of a packet with a TPDU of n octets, from 3 to 65,531.
func AppendHeader(b []byte, n int) []byte {
	return append(b, 3, 0, byte((n+HeaderLen)>>8), byte(n+HeaderLen))
}
