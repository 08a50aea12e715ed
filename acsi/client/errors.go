package client

import (
	"errors"
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// What a caller decides upon.
var (
	ErrClosed   = errors.New("acsi/client: closed")
	ErrTooLarge = errors.New("acsi/client: value does not fit into a PDU of the association")
	ErrReserved = errors.New("acsi/client: report control block is reserved by another client")
	ErrNoFC     = errors.New("acsi/client: reference without a functional constraint")
	ErrOverrun  = errors.New("acsi/client: reports came faster than they were handled")
	ErrReport   = errors.New("acsi/client: malformed report")
)

// An AccessError is a reference that the peer refused to read or write.
type AccessError struct {
	Ref  model.Ref
	Code mms.DataAccessError
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("acsi/client: %s: %s", e.Ref, e.Code.String())
}

// Unwrap lets errors.Is find the mms.DataAccessError.
func (e *AccessError) Unwrap() error { return e.Code }

// A TypeError is a value that does not fit the type of what it is meant for, or came from.
type TypeError struct {
	Where     string // reference or component
	Want, Got model.Kind
}

func (e *TypeError) Error() string {
	return fmt.Sprintf("acsi/client: %s: %s wanted, %s given", e.Where, e.Want, e.Got)
}

// unexpected is an answer of another service than the question's.
func unexpected(asked, got mms.Service) error {
	return fmt.Errorf("%w: %T answered with %T", mms.ErrProtocol, asked, got)
}

// tooLarge reports whether a peer refused because the answer would not fit: service/pdu-size, or any resource error
// (IEC 61850-8-1 leaves it to the server which).
func tooLarge(err error) bool {
	var e *mms.ServiceError
	return errors.As(err, &e) &&
		(e.Class == mms.ErrResource || e.Class == mms.ErrService && e.Code == mms.ServicePDUSize)
}

// unspecific reports whether a peer refused with an error of class others, which says nothing.
func unspecific(err error) bool {
	var e *mms.ServiceError
	return errors.As(err, &e) && e.Class == mms.ErrOthers
}

// refused reports whether err is the peer's answer rather than the association's failure.
func refused(err error) bool {
	var service *mms.ServiceError
	var reject *mms.RejectReason
	var access *AccessError
	return errors.As(err, &service) || errors.As(err, &reject) || errors.As(err, &access)
}
