package scl

import (
	"encoding/base64"
	"encoding/hex"
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

// parseVal reads the text of a Val for a leaf type, IEC 61850-6 table 45. The error says what is wrong in words that
// fit after the name of the attribute.
func parseVal(t *model.Type, text string) (model.Value, error) {
	s := strings.TrimSpace(text)
	if t.Basic == model.BasicEnum {
		return parseEnum(t.Enum, s)
	}
	kind, size := t.Layout()
	switch kind {
	case model.KindBool:
		switch s {
		case "true", "1":
			return model.Bool(true), nil
		case "false", "0":
			return model.Bool(false), nil
		}
		return model.Value{}, fmt.Errorf("%q is neither true nor false", s)
	case model.KindInt, model.KindUint:
		return parseInteger(t.Basic, kind, size, s)
	case model.KindFloat:
		return parseFloat(size, s)
	case model.KindBits:
		return parseBits(t.Basic, max(size, -size), s)
	case model.KindTime:
		at, err := parseTime(s)
		return model.Time(model.NewTimestamp(at, 0)), err
	case model.KindEntryTime:
		at, err := parseTime(s)
		return model.Entry(model.NewEntryTime(at)), err
	case model.KindOctets:
		return parseOctets(size, s)
	default:
		return parseString(kind, -size, text)
	}
}

// maxListed is the largest enumeration that is searched for similar names and listed in hints.
const maxListed = 256

func parseEnum(e *model.Enum, s string) (model.Value, error) {
	if v, ok := e.Values[s]; ok {
		return model.Int(int64(v)), nil
	}
	// Several tools write the ordinal instead of the name.
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		if _, ok := e.Names[int32(n)]; ok {
			return model.Int(n), nil
		}
	}
	if len(e.Values) > maxListed {
		return model.Value{}, fmt.Errorf("%q is not a value of EnumType %q", s, e.ID)
	}
	for name, v := range e.Values {
		if strings.EqualFold(name, s) {
			return model.Int(int64(v)), nil
		}
	}
	return model.Value{}, fmt.Errorf("%q is not a value of EnumType %q", s, e.ID)
}

func parseInteger(b model.Basic, kind model.Kind, size int, s string) (model.Value, error) {
	bits := min(size, 64)
	if b == model.BasicInt24 || b == model.BasicInt24U {
		bits = 24
	}
	if kind == model.KindUint {
		u, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, bits)
		if err != nil {
			return model.Value{}, fmt.Errorf("%q is not an %s", s, b)
		}
		return model.Uint(u), nil
	}
	i, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return model.Value{}, fmt.Errorf("%q is not an %s", s, b)
	}
	return model.Int(i), nil
}

func parseFloat(size int, s string) (model.Value, error) {
	f, err := strconv.ParseFloat(s, size)
	if err != nil || strings.ContainsAny(s, "xXpP_") {
		return model.Value{}, fmt.Errorf("%q is not a FLOAT%d", s, size)
	}
	if size == 64 {
		return model.Float64(f), nil
	}
	if math.IsInf(float64(float32(f)), 0) && !math.IsInf(f, 0) {
		return model.Value{}, fmt.Errorf("%q is too large for a FLOAT32", s)
	}
	return model.Float32(float32(f)), nil
}

// bitNames are the words that SCL allows for short bit strings, first bit leftmost.
var bitNames = map[model.Basic]map[string]uint64{
	model.BasicDbpos: {
		"intermediate-state": 0, "off": 1, "on": 2, "bad-state": 3, "intermediate": 0, "bad": 3,
	},
	model.BasicTcmd:  {"stop": 0, "lower": 1, "higher": 2, "reserved": 3},
	model.BasicCheck: {"none": 0, "interlock": 1, "synchrocheck": 2, "both": 3},
}

func parseBits(b model.Basic, n int, s string) (model.Value, error) {
	if v, ok := bitNames[b][s]; ok {
		return model.Bits(v, n), nil
	}
	if b == model.BasicQuality {
		if q, ok := model.ParseQuality(s); ok {
			return model.QualityValue(q), nil
		}
	}
	if len(s) == n && strings.Trim(s, "01") == "" {
		v, _ := strconv.ParseUint(s, 2, 64)
		return model.Bits(v, n), nil
	}
	return model.Value{}, fmt.Errorf("%q is not a %s, which is %d binary digits or its names", s, b, n)
}

// timeForms are xs:dateTime with and without a zone. Without one it is UTC.
var timeForms = [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"}

func parseTime(s string) (time.Time, error) {
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, s, time.UTC); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time such as 2026-01-31T12:00:00Z", s)
}

// parseOctets reads hexadecimal, and the base64 that schema 2007B prescribes where it cannot be hexadecimal.
func parseOctets(size int, s string) (model.Value, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		b, err = base64.StdEncoding.DecodeString(s)
	}
	if most := max(size, -size); err != nil || len(b) > most || size > 0 && len(b) != size {
		return model.Value{}, fmt.Errorf("%q is not an octet string of at most %d octets in hexadecimal or base64", s, most)
	}
	return model.Octets(string(b)), nil
}

func parseString(kind model.Kind, most int, text string) (model.Value, error) {
	s := strings.TrimSpace(text)
	n := len(s)
	if kind == model.KindUnicode {
		n = utf8.RuneCountInString(s)
	}
	if n > most {
		return model.Value{}, fmt.Errorf("text of %d characters is longer than %d", n, most)
	}
	if kind == model.KindUnicode {
		return model.Unicode(s), nil
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return model.Value{}, fmt.Errorf("%q holds characters outside of visible ASCII", s)
		}
	}
	return model.Visible(s), nil
}

// readVals reads the Val children of a DA, BDA or DAI: one value, or one a setting group (IEC 61850-6 9.3.8.3).
func readVals(e *Element, t *model.Type, s *sink) (v fieldValue, found bool) {
	e.Each("Val", func(val *Element) {
		group := val.number("sGroup", 0, math.MaxUint8, s)
		if t.Basic == model.BasicStruct {
			s.error(val, "give the value to a leaf attribute", "%s %q is a structure and has no Val of its own", e.Name, e.Attr("name"))
			return
		}
		if val.text() == "" && !isText(t) {
			return // an empty Val says that there is no value, except for text
		}
		x, err := parseVal(t, val.Text)
		if err != nil {
			s.error(val, valHint(t), "%s %q: %v", e.Name, e.Attr("name"), err)
			return
		}
		if group == 0 && !found {
			v.value = x
		}
		if group > 0 {
			for len(v.groups) < int(group) {
				v.groups = append(v.groups, t.Zero())
			}
			v.groups[group-1] = x
		}
		found = true
	})
	if found && v.value.IsZero() {
		v.value = v.groups[0]
	}
	return v, found
}

func isText(t *model.Type) bool {
	if t.Basic == model.BasicEnum {
		return false
	}
	kind, _ := t.Layout()
	return kind == model.KindString || kind == model.KindUnicode
}

// valHint names the values of an enumeration.
func valHint(t *model.Type) string {
	switch t.Basic {
	case model.BasicEnum:
		if len(t.Enum.Names) > maxListed {
			break
		}
		ords := slices.Sorted(maps.Keys(t.Enum.Names))
		return "use one of: " + namesOf(ords, func(ord int32) string { return t.Enum.Names[ord] })
	case model.BasicDbpos:
		return "use intermediate-state, off, on or bad-state"
	}
	return "change the value, or the bType of the attribute"
}

func (c *compiler) setDefault(t *model.Type, m *Element, f model.Field, s *sink) {
	v, ok := readVals(m, f.Type, s)
	if !ok {
		return
	}
	if c.defaults[t] == nil {
		c.defaults[t] = make(map[int]fieldValue)
	}
	c.defaults[t][len(t.Fields)] = v
	c.grouped = c.grouped || len(v.groups) > 0
}

// ParseValue reads the text of one leaf as a Val of SCL gives it, IEC 61850-6 table 45: numbers, the names of an
// enumeration, "on" of a Dbpos, "good" of a quality, times such as 2026-01-31T12:00:00Z. The error says what is wrong in
// words that fit after the name of the attribute.
func ParseValue(t *model.Type, text string) (model.Value, error) { return parseVal(t, text) }

// ValueHint says what ParseValue takes.
func ValueHint(t *model.Type) string { return valHint(t) }
