package valuetext

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gridward/gridward/model"
)

// MaxText is the longest text that Parse takes, in octets.
const MaxText = 64 << 10

// ErrValue is wrapped by every error of Parse.
var ErrValue = errors.New("valuetext: not a value of this type")

// A ParseError is a text that is no value of a type.
type ParseError struct {
	Path string // component of a structure, "" for the value itself
	Text string
	Want string // what would be one
}

func (e *ParseError) Error() string {
	s := ""
	if e.Path != "" {
		s = e.Path + ": "
	}
	return fmt.Sprintf("valuetext: %s%.80q is not %s", s, e.Text, e.Want)
}

// Unwrap gives ErrValue.
func (e *ParseError) Unwrap() error { return ErrValue }

// Parse reads what Text writes, and what people write besides: on and off for booleans, ordinals for enumerations, times
// with any zone, a number for a structure of f or i (AnalogueValue, IEC 61850-7-3 6.5). The value travels as the server
// describes it.
func (t *Type) Parse(text string) (model.Value, error) {
	if len(text) > MaxText {
		return model.Value{}, &ParseError{Text: text[:80], Want: fmt.Sprintf("shorter than %d octets", MaxText)}
	}
	if t.Kind == model.KindStruct || t.Kind == model.KindArray {
		return t.parseJSON(text)
	}
	v, ok := t.parseLeaf(text)
	if !ok {
		return model.Value{}, &ParseError{Text: text, Want: t.Want()}
	}
	return v, nil
}

// Want says what Parse takes: "one of on, blocked, test, test/blocked, off".
func (t *Type) Want() string {
	if t.Enum != nil && len(t.Enum.Names) <= 64 {
		var names []string
		for _, ordinal := range slices.Sorted(maps.Keys(t.Enum.Names)) {
			names = append(names, t.Enum.Names[ordinal])
		}
		return "one of " + strings.Join(names, ", ")
	}
	if words := bitWords[t.Basic]; words != nil {
		return "one of " + strings.Join(words, ", ")
	}
	switch t.Basic {
	case model.BasicQuality:
		return "a quality such as good, invalid+failure or questionable+oldData+test"
	case model.BasicTrgOps:
		return "none, or some of dchg+qchg+dupd+integrity+gi"
	case model.BasicOptFlds:
		return "none, or some of seqNum+timeStamp+reasonCode+dataSet+dataRef+bufOvfl+entryID+configRef+segmentation"
	}
	switch t.Kind {
	case model.KindBool:
		return "one of true, false, on, off"
	case model.KindInt, model.KindUint:
		return "a whole number that fits into " + t.byKind()
	case model.KindFloat:
		return "a number that fits into " + t.byKind()
	case model.KindBits:
		return fmt.Sprintf("%d binary digits", max(t.Size, -t.Size))
	case model.KindTime, model.KindEntryTime:
		return "a time such as 2026-01-31T12:00:00Z"
	case model.KindOctets:
		return "an octet string in hexadecimal, " + t.byKind()
	case model.KindString:
		return "visible ASCII that fits into " + t.byKind()
	case model.KindUnicode:
		return "text that fits into " + t.byKind()
	case model.KindStruct:
		if t.analogue() {
			return "a number, or a structure as JSON: " + t.example()
		}
		return "a structure as JSON: " + t.example()
	case model.KindArray:
		return "an array as JSON"
	}
	return "known here"
}

func (t *Type) example() string {
	names := make([]string, 0, len(t.Fields))
	for _, f := range t.Fields {
		names = append(names, strconv.Quote(f.Name)+": …")
	}
	return "{" + strings.Join(names, ", ") + "}"
}

func (t *Type) parseLeaf(text string) (model.Value, bool) {
	s := strings.TrimSpace(text)
	switch t.Kind {
	case model.KindBool:
		switch strings.ToLower(s) {
		case "true", "on", "1":
			return model.Bool(true), true
		case "false", "off", "0":
			return model.Bool(false), true
		}
	case model.KindInt, model.KindUint:
		return t.parseInteger(s)
	case model.KindFloat:
		return t.parseFloat(s)
	case model.KindBits:
		return t.parseBits(s)
	case model.KindTime:
		stamp, ok := parseStamp(s)
		return model.Time(stamp), ok
	case model.KindEntryTime:
		at, ok := parseTime(s)
		return model.Entry(model.NewEntryTime(at)), ok
	case model.KindOctets:
		return t.parseOctets(s)
	case model.KindString:
		ok := t.holds(len(text))
		for i := range len(text) {
			ok = ok && text[i] >= 0x20 && text[i] < 0x7f
		}
		return model.Visible(text), ok
	case model.KindUnicode:
		return model.Unicode(text), utf8.ValidString(text) && t.holds(utf8.RuneCountInString(text))
	}
	return model.Value{}, false
}

// holds tells whether n octets or characters fit.
func (t *Type) holds(n int) bool { return t.Size == 0 || n <= max(t.Size, -t.Size) }

func (t *Type) parseInteger(s string) (model.Value, bool) {
	if t.Enum != nil {
		if ordinal, ok := t.ordinal(s); ok {
			s = strconv.Itoa(int(ordinal))
		}
	}
	width := max(t.Size, -t.Size)
	if width == 0 || width > 64 {
		width = 64
	}
	base := 10
	if hexadecimal, ok := strings.CutPrefix(s, "0x"); ok {
		s, base = hexadecimal, 16
	}
	if t.Kind == model.KindUint {
		u, err := strconv.ParseUint(s, base, width)
		return model.Uint(u), err == nil
	}
	i, err := strconv.ParseInt(s, base, width)
	return model.Int(i), err == nil
}

// ordinal finds a name, whatever the case of its letters where that is not ambiguous.
func (t *Type) ordinal(s string) (int32, bool) {
	if ordinal, ok := t.Enum.Values[s]; ok {
		return ordinal, true
	}
	found, n := int32(0), 0
	for name, ordinal := range t.Enum.Values {
		if strings.EqualFold(name, s) {
			found, n = ordinal, n+1
		}
	}
	return found, n == 1
}

func (t *Type) parseFloat(s string) (model.Value, bool) {
	width := 32
	if t.Size == 64 {
		width = 64
	}
	f, err := strconv.ParseFloat(s, width)
	if err != nil || strings.ContainsAny(s, "xXpP_") {
		return model.Value{}, false
	}
	if width == 64 {
		return model.Float64(f), true
	}
	return model.Float32(float32(f)), !math.IsInf(float64(float32(f)), 0) || math.IsInf(f, 0)
}

func (t *Type) parseBits(s string) (model.Value, bool) {
	width := max(t.Size, -t.Size)
	if i := slices.Index(bitWords[t.Basic], s); i >= 0 && width == 2 {
		return model.Bits(uint64(i), 2), true
	}
	switch t.Basic {
	case model.BasicDbpos:
		if i := map[string]uint64{"intermediate": 0, "bad": 3}; width == 2 {
			if bits, ok := i[s]; ok {
				return model.Bits(bits, 2), true
			}
		}
	case model.BasicQuality:
		if q, ok := model.ParseQuality(s); ok && width == model.QualityBits {
			return model.QualityValue(q), true
		}
	case model.BasicTrgOps:
		if bits, ok := flags(s, model.TriggersBits, func(b uint64) []string { return model.Triggers(b).Names() }); ok {
			return model.Bits(bits, model.TriggersBits), true
		}
	case model.BasicOptFlds:
		if bits, ok := flags(s, model.OptFieldsBits, func(b uint64) []string { return model.OptFields(b).Names() }); ok {
			return model.Bits(bits, model.OptFieldsBits), true
		}
	}
	if strings.Trim(s, "01") != "" || s == "" && width > 0 || len(s) > 4096 || t.Size > 0 && len(s) != width || t.Size < 0 && len(s) > width {
		return model.Value{}, false
	}
	packed := make([]byte, (len(s)+7)/8)
	for i := range len(s) {
		packed[i/8] |= (s[i] - '0') << (7 - i%8)
	}
	return model.LongBits(string(packed), len(s)), true
}

// flags reads names with plus signs or commas between them.
func flags(s string, width int, names func(uint64) []string) (bits uint64, ok bool) {
	if s == "none" {
		return 0, true
	}
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '+' || r == ',' || r == ' ' }) {
		known := false
		for i := range width {
			if n := names(1 << i); len(n) == 1 && strings.EqualFold(n[0], part) {
				bits |= 1 << i
				known = true
			}
		}
		if !known {
			return 0, false
		}
	}
	return bits, bits != 0
}

// ParseTriggers reads trigger options such as dchg+qchg, as Parse does for TrgOps.
func ParseTriggers(s string) (model.Triggers, error) {
	v, err := (&Type{Kind: model.KindBits, Size: model.TriggersBits, Basic: model.BasicTrgOps}).Parse(s)
	bits, _, _ := v.AsBits()
	return model.Triggers(bits), err
}

// ParseOptFields reads optional fields such as seqNum+reasonCode, as Parse does for OptFlds.
func ParseOptFields(s string) (model.OptFields, error) {
	v, err := (&Type{Kind: model.KindBits, Size: model.OptFieldsBits, Basic: model.BasicOptFlds}).Parse(s)
	bits, _, _ := v.AsBits()
	return model.OptFields(bits), err
}

// timeForms are RFC 3339 and xs:dateTime. Without a zone it is UTC.
var timeForms = [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02"}

func parseTime(s string) (time.Time, bool) {
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, s, time.UTC); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// parseStamp reads a time and the flags of the clock behind it.
func parseStamp(s string) (model.Timestamp, bool) {
	q := model.LeapSecondsKnown | model.AccuracyMillisecond
	s, bad := strings.CutSuffix(s, clockNotSynchronized)
	if bad {
		q |= model.ClockNotSynchronized
	}
	if s, bad = strings.CutSuffix(s, clockFailure); bad {
		q |= model.ClockFailure
	}
	t, ok := parseTime(s)
	return model.NewTimestamp(t, q), ok && t.Unix() >= 0 && t.Unix() < 1<<32
}

func (t *Type) parseOctets(s string) (model.Value, bool) {
	digits, forced := strings.CutPrefix(s, "0x")
	if t.words && !forced {
		return model.Octets(s), t.holds(len(s)) && (t.Size <= 0 || len(s) == t.Size)
	}
	b, err := hex.DecodeString(digits)
	if err != nil || !t.holds(len(b)) || t.Size > 0 && len(b) != t.Size {
		return model.Value{}, false
	}
	return model.Octets(string(b)), true
}
