package model

import "strings"

// Quality is the 13-bit quality of IEC 61850-7-3 6.2. Bit i of the bit string, counted from the left, is
// bit 12-i of the number, so that the number reads like the printed string.
type Quality uint16

// QualityBits is the length of the bit string on the wire (IEC 61850-8-1 8.2).
const QualityBits = 13

// The two validity bits and the flags, IEC 61850-7-3 table 2.
const (
	ValidityMask         Quality = 3 << 11
	Good                 Quality = 0
	Invalid              Quality = 1 << 11
	ReservedValidity     Quality = 2 << 11
	Questionable         Quality = 3 << 11
	QOverflow            Quality = 1 << 10
	QOutOfRange          Quality = 1 << 9
	QBadReference        Quality = 1 << 8
	QOscillatory         Quality = 1 << 7
	QFailure             Quality = 1 << 6
	QOldData             Quality = 1 << 5
	QInconsistent        Quality = 1 << 4
	QInaccurate          Quality = 1 << 3
	QSubstituted         Quality = 1 << 2
	QTest                Quality = 1 << 1
	QOperatorBlocked     Quality = 1 << 0
	allQuality           Quality = 1<<QualityBits - 1
	firstDetail, lastBit         = 10, 0
)

var qualityNames = [...]string{
	"operatorBlocked", "test", "substituted", "inaccurate", "inconsistent", "oldData", "failure",
	"oscillatory", "badReference", "outOfRange", "overflow",
}

// Validity gives the two validity bits in place: Good, Invalid, ReservedValidity or Questionable.
func (q Quality) Validity() Quality { return q & ValidityMask }

// String spells the quality out: "good", "invalid+failure", "questionable+oldData+test".
func (q Quality) String() string {
	var b strings.Builder
	switch q.Validity() {
	case Good:
		b.WriteString("good")
	case Invalid:
		b.WriteString("invalid")
	case Questionable:
		b.WriteString("questionable")
	default:
		b.WriteString("reserved")
	}
	for i := firstDetail; i >= lastBit; i-- {
		if q&(1<<i) != 0 {
			b.WriteByte('+')
			b.WriteString(qualityNames[i])
		}
	}
	return b.String()
}

// ParseQuality reads what String writes.
func ParseQuality(s string) (Quality, bool) {
	var q Quality
	for i, part := range strings.Split(s, "+") {
		if i == 0 {
			switch part {
			case "good":
			case "invalid":
				q = Invalid
			case "questionable":
				q = Questionable
			case "reserved":
				q = ReservedValidity
			default:
				return 0, false
			}
			continue
		}
		bit := -1
		for j, n := range qualityNames {
			if n == part {
				bit = j
			}
		}
		if bit < 0 || q&(1<<bit) != 0 {
			return 0, false
		}
		q |= 1 << bit
	}
	return q, true
}

// MarshalText writes what String writes, so that qualities are words in JSON.
func (q Quality) MarshalText() ([]byte, error) { return []byte(q.String()), nil }
