package mms

import (
	"errors"
	"time"
)

// A Machine keeps one end of an association between initiate and its end: which requests are unanswered in each
// direction, what may be sent, what may be delivered and what is answered on the spot (ISO 9506-2 5.5, 17). It has no
// clock and moves no octets: whoever carries the PDUs asks it before sending and after receiving.
//
// K is what the carrier needs to tie an answer to its request: the id of an iq over XMPP, nothing over TCP. It is not
// safe for concurrent use.
type Machine[K comparable] struct {
	out   *Outstanding[K] // ours at the peer
	in    *Outstanding[K] // the peer's here
	count MachineCounters
}

// MachineCounters count what a Machine refused.
type MachineCounters struct {
	Late       uint64 // answers to nothing: late, duplicated, or never asked for
	Mismatched uint64 // answers whose invokeID is open, but on another carrier key
	Excess     uint64 // requests beyond what was negotiated: rejected with code 6
	Duplicate  uint64 // requests under an invokeID in use: rejected with code 3
	Expired    uint64 // own requests without an answer in time
	Unexpected uint64 // PDUs that have no place in an open association
}

// NewMachine makes a Machine for negotiated parameters.
func NewMachine[K comparable](p Params) *Machine[K] {
	return &Machine[K]{out: NewOutstanding[K](p.OutstandingOut), in: NewOutstanding[K](p.OutstandingIn)}
}

// Send is asked before p leaves. For a confirmed request it opens it under key until deadline (zero: none), and fails
// with ErrOutstanding or ErrInvokeID. For an answer it closes the peer's request and gives the key under which that
// came; it fails with ErrInvokeID when there is none.
func (m *Machine[K]) Send(p PDU, key K, deadline time.Time) (asked K, err error) {
	switch p := p.(type) {
	case *ConfirmedRequest:
		return key, m.out.Add(p.InvokeID, key, deadline)
	case *ConfirmedResponse:
		return m.answer(p.InvokeID)
	case *ConfirmedError:
		return m.answer(p.InvokeID)
	case *Reject:
		if p.HasInvokeID && p.Reason.Class == RejectConfirmedRequest {
			return m.answer(p.InvokeID)
		}
	}
	return asked, nil
}

func (m *Machine[K]) answer(invokeID uint32) (K, error) {
	key, ok := m.in.Get(invokeID)
	if !ok {
		return key, ErrInvokeID
	}
	m.in.Drop(invokeID)
	return key, nil
}

// Asked tells under which key the open request came that p would answer, without closing it.
func (m *Machine[K]) Asked(p PDU) (K, bool) {
	id, _ := InvokeID(p)
	return m.in.Get(id)
}

// Receive is asked after p arrived under key. Either p is to be delivered, or reply (if not nil) is to be sent back
// without troubling anybody, or neither.
func (m *Machine[K]) Receive(p PDU, key K) (deliver bool, reply PDU) {
	switch p := p.(type) {
	case *ConfirmedRequest:
		switch err := m.in.Add(p.InvokeID, key, time.Time{}); {
		case err == nil:
			return true, nil
		case errors.Is(err, ErrOutstanding):
			m.count.Excess++
			return false, rejectRequest(p.InvokeID, RejectMaxServOutstanding)
		}
		m.count.Duplicate++
		return false, rejectRequest(p.InvokeID, RejectInvalidInvokeID)
	case *ConfirmedResponse:
		return m.settle(p.InvokeID, key), nil
	case *ConfirmedError:
		return m.settle(p.InvokeID, key), nil
	case *Reject:
		if !p.HasInvokeID || p.Reason.Class > RejectConfirmedRequest && p.Reason.Class != RejectPDUError {
			return true, nil
		}
		_, ok := m.out.Close(p.InvokeID)
		return ok, nil
	case *Unconfirmed, *CancelRequest, *CancelResponse, *CancelError:
		return true, nil
	}
	m.count.Unexpected++
	return false, &Reject{Reason: RejectReason{Class: RejectPDUError, Code: RejectPDUInvalid}}
}

// settle closes one of our requests, if the answer came the way that the question went.
func (m *Machine[K]) settle(invokeID uint32, key K) bool {
	if asked, ok := m.out.Get(invokeID); ok && asked != key {
		m.count.Mismatched++
		return false
	}
	_, ok := m.out.Close(invokeID)
	return ok
}

func rejectRequest(invokeID uint32, code int32) *Reject {
	return &Reject{HasInvokeID: true, InvokeID: invokeID, Reason: RejectReason{RejectConfirmedRequest, code}}
}

// Forget gives up one of our requests: a later answer to it counts as late.
func (m *Machine[K]) Forget(invokeID uint32) { m.out.Drop(invokeID) }

// Expire gives up our requests whose deadline has come and calls f, if not nil, for each.
func (m *Machine[K]) Expire(now time.Time, f func(invokeID uint32, key K)) {
	m.out.Expire(now, func(id uint32, key K) {
		m.count.Expired++
		if f != nil {
			f(id, key)
		}
	})
}

// Deadline is when Expire has something to do next, zero when nothing is due.
func (m *Machine[K]) Deadline() time.Time { return m.out.Deadline() }

// Outstanding tells how many requests are open at the peer and here.
func (m *Machine[K]) Outstanding() (out, in int) { return m.out.Len(), m.in.Len() }

// Counters tells what was refused so far.
func (m *Machine[K]) Counters() MachineCounters {
	c := m.count
	c.Late = m.out.Late()
	return c
}

// InvokeID gives the invokeID that p carries; false for PDUs without one.
func InvokeID(p PDU) (uint32, bool) {
	switch p := p.(type) {
	case *ConfirmedRequest:
		return p.InvokeID, true
	case *ConfirmedResponse:
		return p.InvokeID, true
	case *ConfirmedError:
		return p.InvokeID, true
	case *Reject:
		return p.InvokeID, p.HasInvokeID
	case *CancelRequest:
		return p.InvokeID, true
	case *CancelResponse:
		return p.InvokeID, true
	case *CancelError:
		return p.InvokeID, true
	}
	return 0, false
}

// Waits tells whether one of our requests is still unanswered.
func (m *Machine[K]) Waits(invokeID uint32) bool {
	_, ok := m.out.Get(invokeID)
	return ok
}

// Cancelled are the answers to a cancel of a request that nobody has begun yet: one to the cancel, one to the request,
// ISO 9506-1 cancel service.
func Cancelled(invokeID uint32) (*CancelResponse, *ConfirmedError) {
	return &CancelResponse{InvokeID: invokeID}, &ConfirmedError{
		InvokeID: invokeID, Error: ServiceError{Class: ErrServicePreempt, Code: PreemptCancel},
	}
}
