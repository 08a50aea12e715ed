package mms

import (
	"context"
	"errors"

	"github.com/gridward/gridward/model"
)

// Ends of an association and of a request. What Err and the calls return wraps one of these.
var (
	ErrReleased    = errors.New("mms: association released")
	ErrAborted     = errors.New("mms: association aborted by the peer")
	ErrPeerOffline = errors.New("mms: peer is not reachable")
	ErrLinkLost    = errors.New("mms: link lost")
	ErrTransport   = errors.New("mms: transport failed for now")
	ErrPolicy      = errors.New("mms: traffic to the peer is not allowed")
	ErrProtocol    = errors.New("mms: peer violated the protocol")
	ErrTimeout     = errors.New("mms: no answer in time")
	ErrRefused     = errors.New("mms: peer refused the association")
)

// An Association carries PDUs between two peers once initiate has been answered. acsi works over this interface and
// cannot tell TCP from XMPP, clear from sealed. Implementations are safe for concurrent use.
type Association interface {
	// Send queues a PDU. PDUs leave in the order of the calls. It does not keep p. It fails once the association has
	// ended, or with ErrTransport when the peer reads too slowly (256 KiB or 10 s unsent).
	Send(p PDU) error
	// Recv waits for the next PDU other than those that manage the association itself. The PDU belongs to the caller
	// and borrows nothing that is reused. After the end it returns the cause.
	Recv(ctx context.Context) (PDU, error)
	// Peer is who is at the other end.
	Peer() *model.Principal
	// Params are the negotiated parameters.
	Params() Params
	// Release concludes in order: it waits for the peer's answer as long as ctx allows.
	Release(ctx context.Context) error
	// Abort ends at once with a cause that Err then wraps. It is the only call that may be repeated.
	Abort(cause error)
	// Done is closed at the end, whatever its cause; Err then tells it (ErrReleased after a release).
	Done() <-chan struct{}
	Err() error
}

// Params are what initiate negotiated.
type Params struct {
	MaxPDU         int // octets of one encoded PDU, either direction
	OutstandingOut int // requests that we may have unanswered at the peer
	OutstandingIn  int // requests that the peer may have unanswered here
	Nesting        int // depth of structures
	// Size gives the encoded size of p in the association's encoding, so that a sender can cut what is too long.
	Size func(p PDU) int
	// Freshness is true where the carrier may replay a queued control later (8-2): controls are then checked against
	// the age of their T (IEC 61850-8-2; |now - T| at most 10 s).
	Freshness bool
	// FileNameItem is how many characters an item of a FileName has at most; one of exactly so many goes on in the next
	// (IEC 61850-8-2: 64). 0: any number, and items are components.
	FileNameItem int
}
