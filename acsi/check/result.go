package check

import (
	"fmt"
	"strings"
)

// An Outcome of one check.
type Outcome uint8

// The outcomes.
const (
	Pass Outcome = iota
	Fail
	Skip
)

var outcomes = [...]string{"PASS", "FAIL", "SKIP"}

func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// MarshalText writes PASS, FAIL or SKIP.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (o *Outcome) UnmarshalText(b []byte) error {
	for i, name := range outcomes {
		if string(b) == name {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("check: no outcome %q", b)
}

// A Result says how one check went.
type Result struct {
	Outcome  Outcome `json:"outcome"`
	Group    string  `json:"group"`              // one of Groups
	Service  string  `json:"service"`            // ACSI service, by its name in IEC 61850-7-2
	Object   string  `json:"object,omitempty"`   // reference or name
	Rule     string  `json:"rule"`               // what was looked at
	Reason   string  `json:"reason,omitempty"`   // why it was skipped, or what is worth knowing of a pass
	Expected string  `json:"expected,omitempty"` // of a failure
	Got      string  `json:"got,omitempty"`      // of a failure
	Clause   string  `json:"clause,omitempty"`   // of the standard
}

// String gives one line.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", r.Outcome, r.Group, r.Service)
	if r.Object != "" {
		b.WriteString(" " + r.Object)
	}
	b.WriteString(": " + r.Rule)
	switch {
	case r.Outcome == Fail:
		fmt.Fprintf(&b, ": expected %s, got %s", r.Expected, r.Got)
		if r.Clause != "" {
			b.WriteString(" [" + r.Clause + "]")
		}
	case r.Reason != "":
		b.WriteString(": " + r.Reason)
	}
	return b.String()
}

// A Summary counts results.
type Summary struct {
	Pass int `json:"pass"`
	Fail int `json:"fail"`
	Skip int `json:"skip"`
}

func (s *Summary) add(r Result) {
	switch r.Outcome {
	case Pass:
		s.Pass++
	case Fail:
		s.Fail++
	case Skip:
		s.Skip++
	}
}
