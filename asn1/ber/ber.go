// Package ber reads and writes the Basic Encoding Rules of X.690 for PDUs that describe themselves to an asn1.Coder.
//
// The Reader is tolerant, because peers are: lengths that are not minimal, indefinite lengths, tags of several octets,
// strings in segments, padded integers and any TRUE are taken. It is bounded: nesting, list items, segments and lengths
// have limits, nothing is allocated on the word of a length, and every refusal says where it is. The Writer has one
// form: definite minimal lengths, minimal integers, TRUE = FF, no DEFAULT values.
package ber

// Limits of a Reader. Zero fields take the defaults.
type Limits struct {
	Depth int // nested constructed elements, 32; at most 128
	Items int // items of one list, 4096
}

const (
	defaultDepth = 32
	maxDepth     = 128
	defaultItems = 4096
	maxSegments  = 16
	maxTagOctets = 2 // following the first
	maxLenOctets = 4
	maxIntOctets = 9
)

func (l Limits) normal() Limits {
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	l.Depth = min(l.Depth, maxDepth)
	if l.Items <= 0 {
		l.Items = defaultItems
	}
	return l
}
