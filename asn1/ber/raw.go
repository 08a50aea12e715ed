package ber

import "github.com/gridward/gridward/asn1"

// AppendRaw appends a whole element.
func AppendRaw(b []byte, r asn1.Raw) []byte {
	w := Writer{b: b}
	w.Raw(r)
	return w.b
}

// NextRaw splits the first of the elements that b holds, whose content is copied, and gives the rest.
func NextRaw(b []byte) (raw asn1.Raw, rest []byte, err error) {
	var r Reader
	r.Reset(string(b), Limits{})
	raw = r.Raw(asn1.Raw{})
	return raw, b[r.Offset():], r.Err()
}

// ParseRaw splits the one element that b holds, whose content is copied.
func ParseRaw(b []byte) (asn1.Raw, error) {
	var r Reader
	r.Reset(string(b), Limits{})
	raw := r.Raw(asn1.Raw{})
	return raw, r.Finish()
}
