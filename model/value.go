package model

import (
	"math"
	"strings"
)

// Kind is the alternative of the MMS Data CHOICE that a Value is, ISO 9506-2 7.4.2 as used by IEC 61850-8-1 8.1.
// GOOSE, MMS over 8-1 and MMS over 8-2 carry the same kinds. The numbers are the context tags of the BER form.
type Kind uint8

// The kinds. KindNone is the zero Value: no value at all.
const (
	KindNone            Kind = 0
	KindArray           Kind = 1
	KindStruct          Kind = 2
	KindBool            Kind = 3
	KindBits            Kind = 4
	KindInt             Kind = 5
	KindUint            Kind = 6
	KindFloat           Kind = 7
	KindReal            Kind = 8 // ASN.1 REAL, kept as its content octets; never in IEC 61850
	KindOctets          Kind = 9
	KindString          Kind = 10 // VisibleString
	KindGeneralizedTime Kind = 11 // kept as its text
	KindEntryTime       Kind = 12 // TimeOfDay: 6 octets with date, 4 without
	KindBCD             Kind = 13
	KindBoolArray       Kind = 14 // a bit string by another name
	KindOID             Kind = 15 // kept as its content octets
	KindUnicode         Kind = 16 // MMSString, UTF-8
	KindTime            Kind = 17 // UtcTime, 8 octets
)

var kindNames = [...]string{
	"none", "array", "structure", "boolean", "bit-string", "integer", "unsigned", "floating-point", "real",
	"octet-string", "visible-string", "generalized-time", "binary-time", "bcd", "booleanArray", "objId",
	"mMSString", "utc-time",
}

// String gives the identifier of the Data alternative, as Wireshark and ISO 9506 spell it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// A Value is one attribute value, or a structure or array of values. It is small enough to copy. The zero Value is
// "no value" (KindNone). Values made by the constructors own what they hold; a value that a codec parsed may borrow
// the octets of its strings from the input until Clone.
type Value struct {
	kind Kind
	size uint32  // bits of a bit string, octets of an entry time (4 or 6), bits of a float (32 or 64)
	num  uint64  // boolean, integer, float, time, and bit strings of at most 64 bits (first bit on the wire = bit size-1)
	str  string  // strings, octets, and longer bit strings (packed, first bit = 0x80 of the first octet)
	list []Value // members
}

// Bool makes a boolean.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

// Int makes a signed integer.
func Int(i int64) Value { return Value{kind: KindInt, num: uint64(i)} }

// Uint makes an unsigned integer.
func Uint(u uint64) Value { return Value{kind: KindUint, num: u} }

// Float32 makes a FLOAT32.
func Float32(f float32) Value {
	return Value{kind: KindFloat, size: 32, num: uint64(math.Float32bits(f))}
}

// Float64 makes a FLOAT64.
func Float64(f float64) Value { return Value{kind: KindFloat, size: 64, num: math.Float64bits(f)} }

// Bits makes a bit string of n bits, 0 to 64. The first bit on the wire is bit n-1 of v, so that Bits(0b0110, 4)
// travels as 0110.
func Bits(v uint64, n int) Value {
	if n < 64 {
		v &= 1<<n - 1
	}
	return Value{kind: KindBits, size: uint32(n), num: v}
}

// LongBits makes a bit string of n bits from packed octets, first bit 0x80 of the first octet. Bits past n are
// ignored. It panics when packed is shorter than n bits.
func LongBits(packed string, n int) Value {
	if n > 64 {
		return Value{kind: KindBits, size: uint32(n), str: packed[:(n+7)/8]}
	}
	var v uint64
	for i := range (n + 7) / 8 {
		v = v<<8 | uint64(packed[i])
	}
	return Bits(v>>((8-n%8)%8), n)
}

// Octets makes an octet string that shares the string s.
func Octets(s string) Value { return Value{kind: KindOctets, str: s} }

// Visible makes a VisibleString.
func Visible(s string) Value { return Value{kind: KindString, str: s} }

// Unicode makes an MMSString (UNICODE255).
func Unicode(s string) Value { return Value{kind: KindUnicode, str: s} }

// Time makes a UtcTime.
func Time(t Timestamp) Value { return Value{kind: KindTime, num: uint64(t)} }

// Entry makes a six-octet binary time.
func Entry(t EntryTime) Value { return Value{kind: KindEntryTime, size: 6, num: uint64(t)} }

// QualityValue makes the 13-bit string of q.
func QualityValue(q Quality) Value { return Bits(uint64(q), QualityBits) }

// DbposValue makes the 2-bit string of d.
func DbposValue(d Dbpos) Value { return Bits(uint64(d), 2) }

// Struct makes a structure of the members, which it keeps.
func Struct(members ...Value) Value { return Value{kind: KindStruct, list: members} }

// Array makes an array of the elements, which it keeps.
func Array(elements ...Value) Value { return Value{kind: KindArray, list: elements} }

// Raw makes a value of one of the kinds that IEC 61850 does not use (KindReal, KindGeneralizedTime, KindBCD,
// KindOID, a 4-octet KindEntryTime): text for the time, a number for BCD and binary time, content octets for the
// others.
func Raw(k Kind, text string, num uint64, size int) Value {
	return Value{kind: k, str: text, num: num, size: uint32(size)}
}

// Kind says which alternative v is.
func (v Value) Kind() Kind { return v.kind }

// IsZero reports whether v is no value.
func (v Value) IsZero() bool { return v.kind == KindNone }

// AsBool gives a boolean.
func (v Value) AsBool() (b, ok bool) { return v.num != 0, v.kind == KindBool }

// AsInt gives a signed integer, or an unsigned one that fits.
func (v Value) AsInt() (int64, bool) {
	return int64(v.num), v.kind == KindInt || v.kind == KindUint && v.num <= math.MaxInt64
}

// AsUint gives an unsigned integer, or a signed one that is not negative.
func (v Value) AsUint() (uint64, bool) {
	return v.num, v.kind == KindUint || v.kind == KindInt && int64(v.num) >= 0
}

// AsFloat gives a floating-point number of either width.
func (v Value) AsFloat() (float64, bool) {
	if v.kind != KindFloat {
		return 0, false
	}
	if v.size == 64 {
		return math.Float64frombits(v.num), true
	}
	return float64(math.Float32frombits(uint32(v.num))), true
}

// FloatBits gives the IEEE 754 bits and their number, 32 or 64.
func (v Value) FloatBits() (bits uint64, width int) { return v.num, int(v.size) }

// AsBits gives a bit string of at most 64 bits: its bits as Bits takes them, and their number.
func (v Value) AsBits() (bits uint64, n int, ok bool) {
	return v.num, int(v.size), (v.kind == KindBits || v.kind == KindBoolArray) && v.size <= 64
}

// PackedBits appends the octets of a bit string of any length, unused bits zero, and gives the number of bits.
func (v Value) PackedBits(b []byte) ([]byte, int) {
	n := int(v.size)
	if n > 64 {
		b = append(b, v.str...)
		if n%8 != 0 {
			b[len(b)-1] &= 0xff << (8 - n%8)
		}
		return b, n
	}
	octets := (n + 7) / 8
	num := v.num << ((8 - n%8) % 8)
	for i := octets - 1; i >= 0; i-- {
		b = append(b, byte(num>>(8*i)))
	}
	return b, n
}

// AsText gives a visible, unicode or octet string, or the kept text or octets of a Raw value.
func (v Value) AsText() (string, bool) {
	switch v.kind {
	case KindOctets, KindString, KindUnicode, KindGeneralizedTime, KindReal, KindOID:
		return v.str, true
	}
	return "", false
}

// AsTime gives a UtcTime.
func (v Value) AsTime() (Timestamp, bool) { return Timestamp(v.num), v.kind == KindTime }

// AsEntryTime gives a six-octet binary time.
func (v Value) AsEntryTime() (EntryTime, bool) {
	return EntryTime(v.num), v.kind == KindEntryTime && v.size == 6
}

// Num gives the raw number and size of a value, for codecs.
func (v Value) Num() (num uint64, size int) { return v.num, int(v.size) }

// AsQuality gives a 13-bit string (12 to 14 bits are tolerated, as peers shorten and pad).
func (v Value) AsQuality() (Quality, bool) {
	if v.kind != KindBits || v.size < QualityBits-1 || v.size > QualityBits+1 {
		return 0, false
	}
	if v.size < QualityBits {
		return Quality(v.num << (QualityBits - v.size)), true
	}
	return Quality(v.num>>(v.size-QualityBits)) & allQuality, true
}

// AsDbpos gives a 2-bit string.
func (v Value) AsDbpos() (Dbpos, bool) { return Dbpos(v.num), v.kind == KindBits && v.size == 2 }

// Len gives the number of members of a structure or array, 0 for others.
func (v Value) Len() int { return len(v.list) }

// At gives member i. It panics when there is none.
func (v Value) At(i int) Value { return v.list[i] }

// Members gives the members of a structure or array. The slice is v's own.
func (v Value) Members() []Value { return v.list }

// Clone copies v with all that it borrows.
func (v Value) Clone() Value {
	if v.str != "" {
		v.str = strings.Clone(v.str)
	}
	if v.list != nil {
		list := make([]Value, len(v.list))
		for i := range list {
			list[i] = v.list[i].Clone()
		}
		v.list = list
	}
	return v
}

// Equal reports whether v and w are the same value of the same kind. Floats compare by their bits, so that NaN
// equals itself and -0 differs from 0: what matters is whether a peer would see a change.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind || v.size != w.size || v.num != w.num || v.str != w.str || len(v.list) != len(w.list) {
		return false
	}
	for i := range v.list {
		if !v.list[i].Equal(w.list[i]) {
			return false
		}
	}
	return true
}
