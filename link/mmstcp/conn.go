package mmstcp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
)

// A conn is an association over a connection. It implements mms.Association.
type conn struct {
	cfg    *Config
	nc     net.Conn
	r      receiver // the reading goroutine's
	peer   *model.Principal
	params mms.Params

	wake    chan struct{} // capacity 1: something was queued
	flush   chan struct{} // capacity 1: something is to be sent
	taken   chan struct{} // capacity 1: something was received by the user
	done    chan struct{}
	written chan struct{} // closed when the writing goroutine has ended

	mu        sync.Mutex
	room      sync.Cond // with mu: something was sent, or it is the end
	m         *osi.Machine
	machine   *mms.Machine[struct{}]
	queue     []mms.PDU
	head      int
	out       []byte
	writing   int // octets that the writing goroutine has in hand
	err       error
	bad       strikes
	releasing bool // we want to conclude as soon as our requests are answered
	concluded bool // a conclude was sent or answered
	deadline  time.Time
}

func newConn(h *handshake, params mms.Params) *conn {
	params.Size = mms.SizeBER
	c := &conn{
		cfg: h.cfg, nc: h.nc, peer: principal(h.m.Principal(), h.nc), params: params, m: h.m, machine: mms.NewMachine[struct{}](params),
		wake: make(chan struct{}, 1), flush: make(chan struct{}, 1), taken: make(chan struct{}, 1),
		done: make(chan struct{}), written: make(chan struct{}),
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

func (c *conn) run() {
	go c.write()
	go c.read()
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// scratch holds what is encoded until it is framed.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// Send implements mms.Association. Beyond Config.Unsent octets it waits; when the peer takes nothing for
// Config.WriteTimeout the association ends with mms.ErrTransport.
func (c *conn) Send(p mms.PDU) error {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	b, err := mms.AppendBER((*buf)[:0], p)
	if err != nil {
		return err
	}
	*buf = b
	if len(b) > c.params.MaxPDU {
		return fmt.Errorf("%w: %d octets, %d allowed", ErrPDUSize, len(b), c.params.MaxPDU)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil && len(c.out) > 0 && len(c.out)+c.writing+len(b) > c.cfg.Unsent {
		c.room.Wait()
	}
	if c.err != nil {
		return c.err
	}
	if err := c.admit(p); err != nil {
		return err
	}
	c.put(b)
	c.concludeWhenQuiet()
	return nil
}

// put frames an encoded PDU.
func (c *conn) put(b []byte) {
	c.out = c.m.AppendData(c.out, 0, b)
	signal(c.flush)
}

// answer sends a PDU of our own.
func (c *conn) answer(p mms.PDU) {
	if b, err := mms.AppendBER(nil, p); err == nil { // those that are sent so can be encoded
		c.put(b)
	}
}

// forget is how long a request counts as outstanding that is not answered.
const forget = 30 * time.Second

// admit asks the machine whether p may leave.
func (c *conn) admit(p mms.PDU) error {
	var deadline time.Time
	switch p.(type) {
	case *mms.ConfirmedRequest:
		if c.releasing || c.concluded {
			return mms.ErrReleased
		}
		now := time.Now()
		if out, _ := c.machine.Outstanding(); out >= c.params.OutstandingOut {
			c.machine.Expire(now, nil)
		}
		deadline = now.Add(forget)
	case *mms.InitiateRequest, *mms.InitiateResponse, *mms.InitiateError, *mms.ConcludeRequest, *mms.ConcludeResponse, *mms.ConcludeError:
		return fmt.Errorf("%w: %T is not the user's to send", mms.ErrProtocol, p)
	}
	_, err := c.machine.Send(p, struct{}{}, deadline)
	return err
}

// Recv implements mms.Association. What came before the end is given before its cause.
func (c *conn) Recv(ctx context.Context) (mms.PDU, error) {
	for {
		c.mu.Lock()
		if c.head < len(c.queue) {
			p := c.queue[c.head]
			c.queue[c.head] = nil
			if c.head++; c.head == len(c.queue) {
				c.queue, c.head = c.queue[:0], 0
			}
			c.mu.Unlock()
			signal(c.taken)
			return p, nil
		}
		err := c.err
		c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-c.wake:
		case <-c.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
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
	c.end(cause)
}

// end is the end. What the machine has to say yet is sent.
func (c *conn) end(cause error) {
	if c.err != nil {
		return
	}
	c.err = cause
	c.out = append(c.out, c.m.Output()...)
	close(c.done)
	c.room.Broadcast()
	signal(c.flush)
	_ = c.nc.SetReadDeadline(past) // wakes the reading goroutine, which closes
	_ = c.nc.SetWriteDeadline(time.Now().Add(time.Second))
}
