package model

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

// Plain gives v in the types that encoding/json knows, spelled for people: enumerations, qualities and positions as
// words, times as RFC 3339 in UTC, octets in hexadecimal, other bit strings as binary digits, numbers that JSON cannot
// carry as text, structures as maps by the names of t. t may be nil when the type is not known; then everything is
// spelled by its kind, and structures as lists. No value gives nil.
func (v Value) Plain(t *Type) any {
	switch v.kind {
	case KindNone:
		return nil
	case KindStruct, KindArray:
		return v.plainList(t)
	case KindBool:
		return v.num != 0
	case KindInt:
		if t != nil && t.Enum != nil {
			if name, ok := t.Enum.Names[int32(v.num)]; ok && int64(v.num) == int64(int32(v.num)) {
				return name
			}
		}
		return int64(v.num)
	case KindUint:
		return v.num
	case KindFloat:
		f, _ := v.AsFloat()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
		if v.size == 32 {
			return float32(f)
		}
		return f
	}
	return v.Text(t)
}

func (v Value) plainList(t *Type) any {
	if v.kind == KindStruct && t != nil && len(t.Fields) == len(v.list) {
		m := make(map[string]any, len(v.list))
		for i, f := range t.Fields {
			m[f.Name] = v.list[i].Plain(f.Type)
		}
		return m
	}
	if v.kind == KindStruct {
		t = nil
	}
	list := make([]any, len(v.list))
	for i := range v.list {
		list[i] = v.list[i].Plain(t)
	}
	return list
}

// Text gives v as one line for people, like Plain. No value gives "".
func (v Value) Text(t *Type) string {
	switch v.kind {
	case KindNone:
		return ""
	case KindStruct, KindArray:
		return v.textList(t)
	case KindBool:
		return strconv.FormatBool(v.num != 0)
	case KindInt:
		if name, ok := v.Plain(t).(string); ok {
			return name
		}
		return strconv.FormatInt(int64(v.num), 10)
	case KindUint:
		return strconv.FormatUint(v.num, 10)
	case KindFloat:
		f, _ := v.AsFloat()
		return strconv.FormatFloat(f, 'g', -1, int(v.size))
	case KindBits, KindBoolArray:
		return v.textBits(t)
	case KindTime:
		return Timestamp(v.num).Time().Format(time.RFC3339Nano)
	case KindEntryTime:
		if e, ok := v.AsEntryTime(); ok {
			return e.String()
		}
		return time.Duration(v.num * uint64(time.Millisecond)).String()
	case KindString, KindUnicode, KindGeneralizedTime:
		return v.str
	case KindOctets, KindReal, KindOID:
		return hex.EncodeToString([]byte(v.str))
	}
	return strconv.FormatUint(v.num, 10)
}

func (v Value) textBits(t *Type) string {
	if t != nil && t.Basic == BasicQuality {
		if q, ok := v.AsQuality(); ok {
			return q.String()
		}
	}
	if t != nil && t.Basic == BasicDbpos {
		if d, ok := v.AsDbpos(); ok {
			return d.String()
		}
	}
	packed, n := v.PackedBits(nil)
	var b strings.Builder
	for i := range n {
		b.WriteByte('0' + packed[i/8]>>(7-i%8)&1)
	}
	return b.String()
}

func (v Value) textList(t *Type) string {
	parts := make([]string, len(v.list))
	for i := range v.list {
		switch {
		case v.kind == KindStruct && t != nil && len(t.Fields) == len(v.list):
			parts[i] = t.Fields[i].Name + "=" + v.list[i].Text(t.Fields[i].Type)
		case v.kind == KindArray:
			parts[i] = v.list[i].Text(t)
		default:
			parts[i] = v.list[i].Text(nil)
		}
	}
	if v.kind == KindArray {
		return "[" + strings.Join(parts, " ") + "]"
	}
	return "{" + strings.Join(parts, " ") + "}"
}

var triggerNames = [TriggersBits]string{"gi", "integrity", "dupd", "qchg", "dchg", "reserved"}

// Names lists the trigger options that are set: dchg, qchg, dupd, integrity, gi.
func (t Triggers) Names() []string {
	return namesOf(uint(t), triggerNames[:])
}

var optFieldNames = [OptFieldsBits]string{
	"segmentation", "configRef", "entryID", "bufOvfl", "dataRef", "dataSet", "reasonCode", "timeStamp", "seqNum", "reserved",
}

// Names lists the optional fields that are set, as SCL spells them.
func (o OptFields) Names() []string {
	return namesOf(uint(o), optFieldNames[:])
}

// namesOf lists the names of the bits that are set, highest first.
func namesOf(v uint, names []string) []string {
	set := []string{}
	for i := len(names) - 1; i >= 0; i-- {
		if v&(1<<i) != 0 {
			set = append(set, names[i])
		}
	}
	return set
}

// String gives the address as SCL writes it, "" when none is set.
func (m MulticastAddress) String() string {
	if !m.Set {
		return ""
	}
	h := strings.ToUpper(hex.EncodeToString(m.MAC[:]))
	return h[0:2] + "-" + h[2:4] + "-" + h[4:6] + "-" + h[6:8] + "-" + h[8:10] + "-" + h[10:12]
}
