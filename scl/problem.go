package scl

import (
	"errors"
	"fmt"
	"strings"
)

// What a caller may want to tell apart. Every error of this package is a Problem or Problems and wraps one of these.
var (
	ErrSyntax   = errors.New("scl: not well-formed XML")
	ErrNotSCL   = errors.New("scl: not an SCL file")
	ErrLimit    = errors.New("scl: limit exceeded")
	ErrNotFound = errors.New("scl: no such IED or access point")
	ErrNoServer = errors.New("scl: access point without a server")
	ErrContent  = errors.New("scl: the content contradicts itself or IEC 61850")
)

// Severity says how bad a Problem is.
type Severity uint8

// An Error makes the file, or the part of it, unusable. A Warning is against the standard but was understood.
const (
	Error Severity = iota
	Warning
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes what String writes.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Problem is one thing that is wrong with a file. Line and Col count from 1, Col in characters; both are 0 when the
// problem has no place in the file.
type Problem struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Col      int      `json:"col"`
	Severity Severity `json:"severity"`
	Path     string   `json:"path"` // of elements, for example "IED[IED1]/AccessPoint[P1]/Server"
	Msg      string   `json:"msg"`
	Hint     string   `json:"hint,omitempty"` // what to do about it
	Kind     error    `json:"-"`              // one of the sentinels
}

// Where gives file:line:col, or as much of it as is known.
func (p *Problem) Where() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

func (p *Problem) Error() string { return "scl: " + p.Where() + ": " + p.Msg }

// Unwrap gives the sentinel.
func (p *Problem) Unwrap() error { return p.Kind }

// Problems are several errors of one file.
type Problems []Problem

func (ps Problems) Error() string {
	if len(ps) == 0 {
		return "scl: no problem"
	}
	s := ps[0].Error()
	if len(ps) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(ps)-1)
	}
	return s
}

// Unwrap gives each problem.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i := range ps {
		errs[i] = &ps[i]
	}
	return errs
}

// Errors gives those of severity Error.
func (ps Problems) Errors() Problems {
	var errs Problems
	for _, p := range ps {
		if p.Severity == Error {
			errs = append(errs, p)
		}
	}
	return errs
}

// maxProblems bounds what a hostile file can make us write, errors and warnings each.
const maxProblems = 10_000

// A sink collects problems of one file, each once.
type sink struct {
	file   string
	list   Problems
	counts [2]int // by severity
	seen   map[Problem]bool
}

func (s *sink) add(sev Severity, e *Element, hint, format string, args ...any) {
	p := Problem{File: s.file, Severity: sev, Msg: fmt.Sprintf(format, args...), Hint: hint, Kind: ErrContent}
	if e != nil {
		p.Line, p.Col, p.Path = int(e.Line), int(e.Col), e.Path()
	}
	s.put(p)
}

func (s *sink) put(p Problem) {
	if s.seen[p] || s.counts[p.Severity] >= maxProblems {
		return
	}
	s.counts[p.Severity]++
	if s.seen == nil {
		s.seen = make(map[Problem]bool)
	}
	s.seen[p] = true
	s.list = append(s.list, p)
}

// full reports that nothing more is taken, so that looking for a good hint is in vain.
func (s *sink) full() bool { return s.counts[Error] >= maxProblems || s.counts[Warning] >= maxProblems }

func (s *sink) error(e *Element, hint, format string, args ...any) {
	s.add(Error, e, hint, format, args...)
}

func (s *sink) warn(e *Element, hint, format string, args ...any) {
	s.add(Warning, e, hint, format, args...)
}

// maxNames is how many names a hint lists.
const maxNames = 8

// namesOf lists the names of things for a hint: "a, b, c, ...".
func namesOf[T any](list []T, name func(T) string) string {
	var b strings.Builder
	for i, x := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == maxNames {
			b.WriteString("...")
			break
		}
		b.WriteString(name(x))
	}
	return b.String()
}
