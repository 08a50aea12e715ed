// Package mmstest is the in-memory twin of a transport for MMS: two ends of an association that are joined directly. A
// test of services over MMS needs nothing else.
package mmstest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Codec makes the PDUs of a Pipe cross as octets. Both functions are safe for concurrent use.
type Codec struct {
	Append func(b []byte, p mms.PDU) ([]byte, error)
	Parse  func(b []byte) (mms.PDU, error)
}

// Options of a Pipe. The zero value serves.
type Options struct {
	Params         mms.Params                          // of the calling end; zero members get defaults, the other end's are mirrored
	Codec          *Codec                              // nil: PDUs are copied, never encoded
	Queue          int                                 // PDUs unread at either end before Send fails; 0: 4,096
	Filter         func(toServer bool, p mms.PDU) bool // false drops the PDU on its way; nil: all pass
	Client, Server *model.Principal                    // who each end is, as the other sees it; nil: "client", "server"
}

// forget is how long an unanswered request counts as outstanding.
const forget = 10 * time.Second

// Pipe joins two ends. Zero members of params get defaults: 65,536 octets, 5 outstanding either way, nesting 10.
func Pipe(params mms.Params) (client, server *End) { return NewPipe(Options{Params: params}) }

// NewPipe joins two ends as the options say.
func NewPipe(opt Options) (client, server *End) {
	p := opt.Params
	if p.MaxPDU == 0 {
		p.MaxPDU = 65536
	}
	if p.OutstandingOut == 0 {
		p.OutstandingOut = 5
	}
	if p.OutstandingIn == 0 {
		p.OutstandingIn = 5
	}
	if p.Nesting == 0 {
		p.Nesting = 10
	}
	if p.Size == nil {
		p.Size = Size
		if c := opt.Codec; c != nil {
			p.Size = func(p mms.PDU) int { b, _ := c.Append(nil, p); return len(b) }
		}
	}
	if opt.Queue == 0 {
		opt.Queue = 4096
	}
	mirror := p
	mirror.OutstandingIn, mirror.OutstandingOut = p.OutstandingOut, p.OutstandingIn
	client, server = newEnd(opt, p, true), newEnd(opt, mirror, false)
	client.peer, server.peer = principal(opt.Server, "server"), principal(opt.Client, "client")
	client.other, server.other = server, client
	return client, server
}

func principal(p *model.Principal, name string) *model.Principal {
	if p != nil {
		return p
	}
	return &model.Principal{Name: name, Address: name, Proof: model.ProofX509, Reach: model.End}
}

// An End is one end of a Pipe. It implements mms.Association.
type End struct {
	params  mms.Params
	codec   *Codec
	limit   int
	calling bool
	filter  func(bool, mms.PDU) bool
	other   *End
	wake    chan struct{} // capacity 1: something was queued
	done    chan struct{}

	mu      sync.Mutex // never held while the other end's is taken
	peer    *model.Principal
	machine *mms.Machine[struct{}]
	queue   []mms.PDU
	err     error
}

func newEnd(opt Options, p mms.Params, calling bool) *End {
	return &End{
		params: p, codec: opt.Codec, limit: opt.Queue, filter: opt.Filter, calling: calling,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
		machine: mms.NewMachine[struct{}](p),
	}
}

// SetPeer says who the other end is taken for.
func (e *End) SetPeer(p *model.Principal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.peer = p
}

// Peer implements mms.Association.
func (e *End) Peer() *model.Principal {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.peer
}

// Params implements mms.Association.
func (e *End) Params() mms.Params { return e.params }

// Send implements mms.Association.
func (e *End) Send(p mms.PDU) error {
	if err := e.admit(p); err != nil {
		return err
	}
	p, err := e.cross(p)
	if err != nil {
		return err
	}
	if e.filter != nil && !e.filter(e.calling, p) {
		return nil
	}
	return e.other.arrive(p)
}

func (e *End) admit(p mms.PDU) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return e.err
	}
	now := time.Now()
	e.machine.Expire(now, nil)
	deadline := now.Add(forget)
	if r, ok := p.(*mms.ConfirmedRequest); ok {
		deadline = now.Add(mms.Patience(r, forget))
	}
	_, err := e.machine.Send(p, struct{}{}, deadline)
	return err
}

func (e *End) cross(p mms.PDU) (mms.PDU, error) {
	if e.codec == nil {
		return Clone(p), nil
	}
	b, err := e.codec.Append(nil, p)
	if err != nil {
		return nil, err
	}
	if len(b) > e.params.MaxPDU {
		return nil, errors.Join(mms.ErrProtocol, errors.New("mmstest: PDU longer than negotiated"))
	}
	return e.codec.Parse(b)
}

// arrive queues a PDU that the other end sent, or answers it.
func (e *End) arrive(p mms.PDU) error {
	e.mu.Lock()
	if e.err != nil {
		e.mu.Unlock()
		return nil // lost on the way, as it would be on a wire
	}
	deliver, reply := e.machine.Receive(p, struct{}{})
	if deliver && len(e.queue) >= e.limit {
		e.mu.Unlock()
		return mms.ErrTransport
	}
	if deliver {
		e.queue = append(e.queue, p)
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
	e.mu.Unlock()
	if reply != nil {
		return e.other.arrive(reply)
	}
	return nil
}

// Recv implements mms.Association.
func (e *End) Recv(ctx context.Context) (mms.PDU, error) {
	for {
		e.mu.Lock()
		if len(e.queue) > 0 {
			p := e.queue[0]
			e.queue[0] = nil
			e.queue = e.queue[1:]
			e.mu.Unlock()
			return p, nil
		}
		err := e.err
		e.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-e.wake:
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Release implements mms.Association: both ends see ErrReleased once they have read what was sent before.
func (e *End) Release(context.Context) error {
	e.end(mms.ErrReleased, true)
	e.other.end(mms.ErrReleased, true)
	return nil
}

// Abort implements mms.Association. What is unread is lost at both ends.
func (e *End) Abort(cause error) {
	if cause == nil {
		cause = mms.ErrAborted
	}
	e.end(cause, false)
	e.other.end(mms.ErrAborted, false)
}

// Cut ends both ends with ErrLinkLost, as a broken wire does. What is unread is lost.
func (e *End) Cut() {
	e.end(mms.ErrLinkLost, false)
	e.other.end(mms.ErrLinkLost, false)
}

func (e *End) end(cause error, drain bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return
	}
	e.err = cause
	if !drain {
		e.queue = nil
	}
	close(e.done)
}

// Done implements mms.Association.
func (e *End) Done() <-chan struct{} { return e.done }

// Err implements mms.Association.
func (e *End) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// Counters tells what the end's machine refused.
func (e *End) Counters() mms.MachineCounters {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.machine.Counters()
}

// Outstanding tells how many requests are open at the other end and here.
func (e *End) Outstanding() (out, in int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.machine.Outstanding()
}
