package schedule

import (
	"fmt"
	"math"
	"time"

	"github.com/gridward/gridward/model"
)

// An EnableError is the value of SchdEnaErr: why a schedule cannot be enabled, IEC 61850-7-4 (ScheduleEnablingErrorKind).
type EnableError int8

// The reasons.
const (
	EnableOK       EnableError = 1
	EnableNumEntr  EnableError = 2  // NumEntr is not 1 to the number of values
	EnableSchdIntv EnableError = 3  // SchdIntv is not positive
	EnableValues   EnableError = 4  // there is no valid value for each entry
	EnableCDC      EnableError = 5  // the values do not fit the controlled entity
	EnableStrTm    EnableError = 6  // every start time is over
	EnableOther    EnableError = 99 // among others: it is enabled already
)

var enableNames = map[EnableError]string{
	EnableOK: "none", EnableNumEntr: "missing valid NumEntr", EnableSchdIntv: "missing valid SchdIntv", EnableValues: "missing valid schedule values",
	EnableCDC: "inconsistent values CDC", EnableStrTm: "missing valid StrTm", EnableOther: "other",
}

func (e EnableError) String() string {
	if n, ok := enableNames[e]; ok {
		return n
	}
	return fmt.Sprintf("EnableError(%d)", int8(e))
}

// Error implements error.
func (e EnableError) Error() string { return "schedule: " + e.String() }

// MaxInterval is the longest time that an entry may last.
const MaxInterval = 366 * 24 * time.Hour

// Check finds what keeps a plan from being enabled. given tells whether there are start times at all, of which the plan
// may have none that is still to come.
func (p *Plan) Check(now time.Time, given bool) EnableError {
	switch {
	case len(p.Values) == 0:
		return EnableNumEntr
	case p.Interval <= 0 || p.Interval > MaxInterval || p.length()/p.Interval != time.Duration(len(p.Values)):
		return EnableSchdIntv
	}
	for _, v := range p.Values {
		if f, ok := v.AsFloat(); v.IsZero() || ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			return EnableValues
		}
	}
	if _, ok := p.next(now); !ok && given && !p.Event {
		return EnableStrTm
	}
	return EnableOK
}

// number reads a whole or broken number.
func number(v model.Value) (float64, bool) {
	if f, ok := v.AsFloat(); ok {
		return f, true
	}
	if i, ok := v.AsInt(); ok {
		return float64(i), true
	}
	for _, m := range v.Members() {
		if f, ok := number(m); ok {
			return f, true
		}
	}
	return 0, false
}
