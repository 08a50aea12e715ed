package mmstcp

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
)

// A conn is an association over a connection. It implements mms.Association.
//
// It has no goroutine of its own while it is used. Whoever is in Recv reads the connection, and whoever sends writes it;
// what others send meanwhile goes along. Two roles make sure of that, each with at most one holder: reading and writing.
// When nobody has been in Recv for a while, a goroutine takes the reading role until somebody is again, so that the end
// of the association is seen.
type conn struct {
	cfg    *Config
	nc     net.Conn
	peer   *model.Principal
	params mms.Params

	wake   chan struct{} // capacity 1: something was queued, or nobody reads
	taken  chan struct{} // capacity 1: something was received by the user
	done   chan struct{}
	closed chan struct{} // once the connection is closed

	r receiver // belongs to whoever reads

	mu       sync.Mutex
	room     sync.Cond // with mu: something was sent, or a role is free, or it is the end
	m        *osi.Machine
	machine  *mms.Machine[struct{}]
	err      error
	bad      strikes
	deadline time.Time // when tick has something to do
	until    time.Time // when whoever reads has waited enough
	armed    time.Time // the deadline that the connection has: both, or earlier

	reading bool // somebody reads
	mine    bool // whoever reads has mu
	closes  bool // whoever reads closes the connection
	users   int  // who are in Recv
	waiting int  // of those, who wait for what somebody else reads
	turn    int  // counts returns of Recv
	seen    int  // turn when watch looked last
	watched bool // watch is going to look
	watch   *time.Timer
	bound   <-chan struct{} // of the context that interrupts reading
	unbind  func() bool
	backlog bool // r has octets that nobody looked at
	queue   []mms.PDU
	head    int

	writing bool // somebody writes
	out     *frame
	inHand  int // octets that are being written
	unsent  bool
	sendBy  time.Time // deadline of writing

	releasing bool // we want to conclude as soon as our requests are answered
	concluded bool // a conclude was sent or answered
	aborted   bool // by us
}

func newConn(h *handshake, params mms.Params) *conn {
	params.Size = mms.SizeBER
	c := &conn{
		cfg: h.cfg, nc: h.nc, peer: principal(h.m.Principal(), h.nc), params: params, m: h.m, machine: mms.NewMachine[struct{}](params),
		wake: make(chan struct{}, 1), taken: make(chan struct{}, 1), done: make(chan struct{}), closed: make(chan struct{}),
		backlog: true,
	}
	c.room.L = &c.mu
	return c
}

// principal completes who the peer is by its address.
func principal(p *model.Principal, nc net.Conn) *model.Principal {
	addr := nc.RemoteAddr().String()
	q := model.Principal{Name: addr}
	if p != nil {
		q = *p
	}
	if q.Name == "" {
		q.Name = addr
	}
	if q.Address == "" {
		q.Address = addr
		if ap, err := netip.ParseAddrPort(addr); err == nil {
			q.Address = ap.Addr().Unmap().String()
		}
	}
	return &q
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Recv implements mms.Association. What came before the end is given before its cause.
func (c *conn) Recv(ctx context.Context) (mms.PDU, error) { return c.RecvUntil(ctx, time.Time{}) }

// RecvUntil is Recv that fails with mms.ErrTimeout at a time, zero: never. It costs less than a context that ends then.
func (c *conn) RecvUntil(ctx context.Context, until time.Time) (mms.PDU, error) {
	done := ctx.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users++
	defer c.leave()
	for {
		if c.head < len(c.queue) {
			return c.pop(), nil
		}
		if c.err != nil {
			return nil, c.err
		}
		if done != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if c.reading {
			c.attend(done, until)
		} else {
			c.bind(ctx, done)
			c.until = until
			if !c.read() {
				continue
			}
		}
		if !until.IsZero() && c.err == nil && c.head == len(c.queue) && !time.Now().Before(until) {
			return nil, mms.ErrTimeout
		}
	}
}

// attend waits for what somebody else reads. It releases mu meanwhile.
func (c *conn) attend(done <-chan struct{}, until time.Time) {
	var late <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		late = t.C
	}
	c.waiting++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.waiting--
	}()
	select {
	case <-c.wake:
	case <-c.done:
	case <-done:
	case <-late:
	}
}

// pop takes the first PDU of the queue.
func (c *conn) pop() mms.PDU {
	p := c.queue[c.head]
	c.queue[c.head] = nil
	if c.head++; c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
	}
	signal(c.taken)
	return p
}

// leave ends a Recv: another one goes on, or the watch does.
func (c *conn) leave() {
	c.turn++
	if c.users--; c.users == 0 {
		c.alone()
	}
	if c.waiting > 0 {
		signal(c.wake)
	}
}

// Peer implements mms.Association.
func (c *conn) Peer() *model.Principal { return c.peer }

// Params implements mms.Association.
func (c *conn) Params() mms.Params { return c.params }

// Done implements mms.Association.
func (c *conn) Done() <-chan struct{} { return c.done }

// Err implements mms.Association.
func (c *conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Abort implements mms.Association.
func (c *conn) Abort(cause error) {
	if cause == nil {
		cause = mms.ErrAborted
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.m.Abort()
	c.aborted = true
	c.end(cause)
}

// end is the end. What the machine has to say yet is sent, and then the connection is closed.
func (c *conn) end(cause error) {
	if c.err != nil {
		return
	}
	c.err = cause
	c.queued(c.m.Output())
	last := c.out != nil || c.writing
	close(c.done)
	c.room.Broadcast()
	if c.watch != nil {
		c.watch.Stop()
	}
	if c.unbind != nil {
		c.unbind()
	}
	if c.mine && !last && c.cfg.Secure == nil {
		c.closes = true
		return
	}
	_ = c.nc.SetReadDeadline(past) // wakes whoever reads
	_ = c.nc.SetWriteDeadline(time.Now().Add(time.Second))
	go c.finish(last)
}

// finish closes the connection once nobody reads or writes. last says that the peer is to get our last words.
func (c *conn) finish(last bool) {
	defer close(c.closed)
	c.mu.Lock()
	for c.reading || c.writing {
		c.room.Wait()
	}
	if c.out != nil && c.aborted {
		defer drain(c.nc)()
	}
	c.flush()
	for c.writing {
		c.room.Wait()
	}
	c.r.release()
	c.mu.Unlock()
	if !last {
		_ = c.nc.Close() // nothing depends on it any more
		return
	}
	linger(c.nc)
}

// drain reads what nobody wants to have any more: the peer may abort at the same moment, and read no more before it has
// written. The returned function waits until the connection is closed.
func drain(nc net.Conn) func() {
	done := make(chan struct{})
	_ = nc.SetReadDeadline(time.Now().Add(time.Second))
	go func() {
		defer close(done)
		var sink [512]byte
		for {
			if _, err := nc.Read(sink[:]); err != nil {
				return
			}
		}
	}()
	return func() { <-done }
}
