package schedule

import (
	"time"

	"github.com/gridward/gridward/model"
)

// A Start is a moment, or moments that come again: the value of a StrTm (TSG, IEC 61850-7-3).
type Start struct {
	At       time.Time // zero: by Calendar
	Calendar Calendar
}

// Next gives the first moment at or after t.
func (s Start) Next(t time.Time) (time.Time, bool) {
	if !s.At.IsZero() {
		return s.At, !s.At.Before(t)
	}
	return s.Calendar.Next(t)
}

// A Calendar is a CalendarTime of IEC 61850-7-3: moments that come again, in UTC.
type Calendar struct {
	Occ     int // which occurrence in the period, 0: the last
	Type    OccurrenceType
	Period  Period
	WeekDay int // 1 Monday to 7 Sunday
	Month   int
	Day     int
	Hour    int
	Minute  int
}

// OccurrenceType says what is counted.
type OccurrenceType int8

// The types, IEC 61850-7-3 (OccurrenceKind).
const (
	OccTime OccurrenceType = iota
	OccWeekDay
	OccWeekOfYear
	OccDayOfMonth
	OccDayOfYear
)

// Period says in what is counted.
type Period int8

// The periods, IEC 61850-7-3 (PeriodKind).
const (
	PerHour Period = iota
	PerDay
	PerWeek
	PerMonth
	PerYear
)

// IsZero reports whether nothing was configured: the first of what may be counted has to be counted for something.
func (c Calendar) IsZero() bool { return c == Calendar{} || c.Type == OccTime && c.Occ == 0 }

// searchDays bounds the search for the next moment: leap days come again after at most 8 years.
const searchDays = 8*366 + 1

// Next gives the first moment at or after t.
func (c Calendar) Next(t time.Time) (time.Time, bool) {
	t = t.UTC()
	if c.IsZero() || c.Hour < 0 || c.Hour > 23 || c.Minute < 0 || c.Minute > 59 {
		return time.Time{}, false
	}
	if c.Type == OccTime && c.Period == PerHour {
		at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), c.Minute, 0, 0, time.UTC)
		if at.Before(t) {
			at = at.Add(time.Hour)
		}
		return at, true
	}
	for i := range searchDays {
		at := time.Date(t.Year(), t.Month(), t.Day()+i, c.Hour, c.Minute, 0, 0, time.UTC)
		if !at.Before(t) && c.onDay(at) {
			return at, true
		}
	}
	return time.Time{}, false
}

// onDay tells whether the day of t is one of the calendar's.
func (c Calendar) onDay(t time.Time) bool {
	weekday := int(t.Weekday()+6)%7+1 == c.WeekDay
	switch c.Type {
	case OccTime:
		switch c.Period {
		case PerDay:
			return true
		case PerWeek:
			return weekday
		case PerMonth:
			return t.Day() == c.Day
		case PerYear:
			return t.Day() == c.Day && int(t.Month()) == c.Month
		}
	case OccWeekDay:
		switch c.Period {
		case PerWeek:
			return weekday
		case PerMonth:
			return weekday && c.nth((t.Day()-1)/7+1, t.AddDate(0, 0, 7).Month() != t.Month())
		case PerYear: // in a month when one is given, otherwise in the year
			if c.Month != 0 {
				return weekday && int(t.Month()) == c.Month && c.nth((t.Day()-1)/7+1, t.AddDate(0, 0, 7).Month() != t.Month())
			}
			return weekday && c.nth((t.YearDay()-1)/7+1, t.AddDate(0, 0, 7).Year() != t.Year())
		}
	case OccWeekOfYear:
		_, week := t.ISOWeek()
		return weekday && week == c.Occ
	case OccDayOfMonth:
		last := t.AddDate(0, 0, 1).Month() != t.Month()
		return (c.Period != PerYear || c.Month == 0 || int(t.Month()) == c.Month) && c.nth(t.Day(), last)
	case OccDayOfYear:
		return c.nth(t.YearDay(), t.AddDate(0, 0, 1).Year() != t.Year())
	}
	return false
}

// nth compares the number of an occurrence; 0 asks for the last.
func (c Calendar) nth(n int, last bool) bool {
	if c.Occ == 0 {
		return last
	}
	return n == c.Occ
}

// calendarOf reads a CalendarTime by the names of its members.
func calendarOf(t *model.Type, v model.Value) Calendar {
	var c Calendar
	for i, f := range t.Fields {
		if i >= v.Len() {
			break
		}
		n, _ := v.At(i).AsInt()
		switch f.Name {
		case "occ":
			c.Occ = int(n)
		case "occType":
			c.Type = OccurrenceType(n)
		case "occPer":
			c.Period = Period(n)
		case "weekDay":
			c.WeekDay = int(n)
		case "month":
			c.Month = int(n)
		case "day":
			c.Day = int(n)
		case "hr":
			c.Hour = int(n)
		case "mn":
			c.Minute = int(n)
		}
	}
	return c
}
