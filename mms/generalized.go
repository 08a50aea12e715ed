package mms

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrTime is wrapped by the errors of ParseGeneralizedTime.
var ErrTime = errors.New("mms: not a GeneralizedTime")

// GeneralizedTime gives t as FileAttributes.LastModified has it: UTC to the millisecond, "20260301000000.000Z". The zero time
// gives "".
func GeneralizedTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("20060102150405.000Z")
}

// ParseGeneralizedTime reads a GeneralizedTime, X.680 46: hours at least, a decimal fraction of the smallest unit after "." or
// ",", and "Z", a difference to UTC, or nothing, which is taken for UTC. "" is the zero time.
func ParseGeneralizedTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	bad := func() (time.Time, error) { return time.Time{}, fmt.Errorf("%w: %q", ErrTime, s) }
	rest, zone := s, time.UTC
	if i := strings.LastIndexAny(rest, "+-"); i >= 0 {
		layout := "-0700"
		if len(rest)-i == 3 {
			layout = "-07"
		}
		t, err := time.Parse(layout, rest[i:])
		if err != nil {
			return bad()
		}
		_, offset := t.Zone()
		rest, zone = rest[:i], time.FixedZone("", offset)
	} else {
		rest = strings.TrimSuffix(rest, "Z")
	}
	var fraction string
	if i := strings.IndexAny(rest, ".,"); i >= 0 {
		if rest, fraction = rest[:i], rest[i+1:]; fraction == "" || len(fraction) > 9 || strings.Trim(fraction, "0123456789") != "" {
			return bad()
		}
	}
	const layout = "20060102150405"
	unit := map[int]time.Duration{10: time.Hour, 12: time.Minute, 14: time.Second}[len(rest)]
	if unit == 0 {
		return bad()
	}
	t, err := time.ParseInLocation(layout[:len(rest)], rest, zone)
	if err != nil {
		return bad()
	}
	for _, c := range fraction {
		unit /= 10
		t = t.Add(time.Duration(c-'0') * unit)
	}
	return t.UTC(), nil
}
