package asn1

import (
	"errors"
	"strconv"
	"strings"
)

// What is wrong with an encoding. Every Error wraps one of them.
var (
	ErrTruncated   = errors.New("input ends too early")
	ErrTrailing    = errors.New("data after the end")
	ErrUnexpected  = errors.New("unexpected element")
	ErrMissing     = errors.New("missing element")
	ErrRange       = errors.New("value out of range")
	ErrSyntax      = errors.New("malformed value")
	ErrTooDeep     = errors.New("nested too deep")
	ErrTooLong     = errors.New("too long")
	ErrUnknown     = errors.New("unknown alternative")
	ErrNoForm      = errors.New("has no form in this encoding")
	ErrUnsupported = errors.New("not represented")
	ErrXML         = errors.New("not well-formed XML")
	ErrRestricted  = errors.New("XML that is not allowed here")
)

// An Error says where an encoding is wrong and how.
type Error struct {
	Offset int    // octets from the start of the PDU
	Path   string // names of the elements entered, from the outermost, separated by slashes
	Detail string // what was found, "" when Cause says it all
	Cause  error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("asn1: octet ")
	b.WriteString(strconv.Itoa(e.Offset))
	if e.Path != "" {
		b.WriteString(" in ")
		b.WriteString(e.Path)
	}
	b.WriteString(": ")
	b.WriteString(e.Cause.Error())
	if e.Detail != "" {
		b.WriteString(": ")
		b.WriteString(e.Detail)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// String gives the tag as ASN.1 writes it.
func (t Tag) String() string {
	n := strconv.FormatUint(uint64(t.Number()), 10)
	switch {
	case t == None:
		return "no tag"
	case t.Class() == 0:
		return "[UNIVERSAL " + n + "]"
	case t.Class() == 1:
		return "[APPLICATION " + n + "]"
	case t.Class() == 3:
		return "[PRIVATE " + n + "]"
	}
	return "[" + n + "]"
}
