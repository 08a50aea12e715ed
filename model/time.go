package model

import (
	"fmt"
	"time"
)

// TimeQuality is the eighth octet of a time stamp, IEC 61850-7-2 6.1.2.9 and 8-1 8.1.3.7.
type TimeQuality uint8

// The flags, and the two special accuracies in the low five bits.
const (
	LeapSecondsKnown     TimeQuality = 0x80
	ClockFailure         TimeQuality = 0x40
	ClockNotSynchronized TimeQuality = 0x20
	AccuracyMask         TimeQuality = 0x1f
	AccuracyUnspecified  TimeQuality = 0x1f // otherwise the number of significant bits of the fraction, 0 to 24
	AccuracyMillisecond  TimeQuality = 10   // T1: 1 ms
)

// Timestamp is the eight octets of a UtcTime as one big-endian number: 32 bits of seconds since
// 1970-01-01T00:00:00Z, 24 bits of binary fraction, 8 bits of TimeQuality.
type Timestamp uint64

// NewTimestamp rounds t down to 2^-24 s. Times outside 1970 to 2106 saturate.
func NewTimestamp(t time.Time, q TimeQuality) Timestamp {
	sec := t.Unix()
	switch {
	case sec < 0:
		return Timestamp(q)
	case sec > 1<<32-1:
		return Timestamp(uint64(1<<56-1)<<8 | uint64(q))
	}
	frac := uint64(t.Nanosecond()) << 24 / 1e9
	return Timestamp(uint64(sec)<<32 | frac<<8 | uint64(q))
}

// Time gives the instant in UTC, rounded up to a nanosecond, so that NewTimestamp of it gives t again.
func (t Timestamp) Time() time.Time {
	frac := uint64(t) >> 8 & (1<<24 - 1)
	return time.Unix(int64(uint64(t)>>32), int64((frac*1e9+1<<24-1)>>24)).UTC()
}

// Quality gives the eighth octet.
func (t Timestamp) Quality() TimeQuality { return TimeQuality(t) }

// String gives RFC 3339 in UTC with microseconds, and the clock's flags if any is bad.
func (t Timestamp) String() string {
	s := t.Time().Format("2006-01-02T15:04:05.000000Z")
	if t.Quality()&ClockFailure != 0 {
		s += " ClockFailure"
	}
	if t.Quality()&ClockNotSynchronized != 0 {
		s += " ClockNotSynchronized"
	}
	return s
}

// entryEpoch is the origin of BinaryTime with days, ISO 9506-2 clause 7 (1984-01-01).
var entryEpoch = time.Date(1984, 1, 1, 0, 0, 0, 0, time.UTC)

// EntryTime is the six octets of a binary time with date (TimeOfDay, IEC 61850-8-1 8.1.3.8): milliseconds of the
// day in the upper 32 bits, days since 1984-01-01 in the lower 16.
type EntryTime uint64

// NewEntryTime rounds t down to a millisecond of UTC. It saturates outside 1984 to 2163.
func NewEntryTime(t time.Time) EntryTime {
	ms := t.Sub(entryEpoch).Milliseconds()
	if t.Before(entryEpoch) {
		return 0
	}
	const day = 24 * 60 * 60 * 1000
	days := ms / day
	if days > 1<<16-1 {
		return EntryTime(uint64(day-1)<<16 | 1<<16 - 1)
	}
	return EntryTime(uint64(ms%day)<<16 | uint64(days))
}

// Time gives the instant in UTC.
func (e EntryTime) Time() time.Time {
	return entryEpoch.AddDate(0, 0, int(e&0xffff)).Add(time.Duration(e>>16&0xffffffff) * time.Millisecond)
}

func (e EntryTime) String() string { return e.Time().Format("2006-01-02T15:04:05.000Z") }

// Dbpos is a double-point position, IEC 61850-7-3 (two bits on the wire).
type Dbpos uint8

// The four positions.
const (
	DbposIntermediate Dbpos = iota
	DbposOff
	DbposOn
	DbposBad
)

func (d Dbpos) String() string {
	switch d {
	case DbposIntermediate:
		return "intermediate-state"
	case DbposOff:
		return "off"
	case DbposOn:
		return "on"
	case DbposBad:
		return "bad-state"
	}
	return fmt.Sprintf("Dbpos(%d)", uint8(d))
}
