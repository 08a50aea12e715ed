package mmstcp

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
)

// A frame holds octets that are to be sent.
type frame struct{ b []byte }

var (
	frames  = sync.Pool{New: func() any { return &frame{make([]byte, 0, 2048)} }}
	scratch = sync.Pool{New: func() any { return &frame{make([]byte, 0, 2048)} }} // what is encoded until it is framed
)

// Send implements mms.Association. Beyond Config.Unsent octets it waits; when the peer takes nothing for
// Config.WriteTimeout the association ends with mms.ErrTransport.
func (c *conn) Send(p mms.PDU) error {
	buf := scratch.Get().(*frame)
	defer scratch.Put(buf)
	b, err := mms.AppendBER(buf.b[:0], p)
	if err != nil {
		return err
	}
	buf.b = b
	if len(b) > c.params.MaxPDU {
		return fmt.Errorf("%w: %d octets, %d allowed", ErrPDUSize, len(b), c.params.MaxPDU)
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.wait(len(b)); err != nil {
		return err
	}
	if err := c.admit(p, now); err != nil {
		return err
	}
	c.put(0, b)
	c.concludeWhenQuiet()
	c.flushAt(now)
	return nil
}

// wait waits until n octets more may be queued.
func (c *conn) wait(n int) error {
	for c.err == nil && c.out != nil && len(c.out.b)+c.inHand+n > c.cfg.Unsent {
		c.room.Wait()
	}
	return c.err
}

// put frames an encoded PDU of a syntax.
func (c *conn) put(syntax int, b []byte) {
	if c.out == nil {
		c.out = frames.Get().(*frame)
	}
	c.out.b = c.m.AppendData(c.out.b, syntax, b)
}

// queued has octets sent that are framed already.
func (c *conn) queued(b []byte) {
	if len(b) == 0 || c.unsent {
		return
	}
	if c.out == nil {
		c.out = frames.Get().(*frame)
	}
	c.out.b = append(c.out.b, b...)
}

// answer queues a PDU of our own.
func (c *conn) answer(p mms.PDU) {
	buf := scratch.Get().(*frame)
	if b, err := mms.AppendBER(buf.b[:0], p); err == nil { // those that are sent so can be encoded
		c.put(0, b)
		buf.b = b
	}
	scratch.Put(buf)
}

// forget is how long a request counts as outstanding that is not answered.
const forget = 30 * time.Second

// admit asks the machine whether p may leave.
func (c *conn) admit(p mms.PDU, now time.Time) error {
	var deadline time.Time
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		if c.releasing || c.concluded {
			return mms.ErrReleased
		}
		if out, _ := c.machine.Outstanding(); out >= c.params.OutstandingOut {
			c.machine.Expire(now, nil)
		}
		deadline = now.Add(mms.Patience(p, forget))
	case *mms.InitiateRequest, *mms.InitiateResponse, *mms.InitiateError, *mms.ConcludeRequest, *mms.ConcludeResponse, *mms.ConcludeError:
		return fmt.Errorf("%w: %T is not the user's to send", mms.ErrProtocol, p)
	}
	_, err := c.machine.Send(p, struct{}{}, deadline)
	return err
}

// favours is how often a caller writes what others have queued meanwhile, before a goroutine does.
const favours = 8

// flush writes what is queued, unless somebody writes already: that one takes it along. It releases mu meanwhile.
func (c *conn) flush() {
	if !c.writing && c.out != nil {
		c.flushAt(time.Now())
	}
}

// flushAt is flush at about now.
func (c *conn) flushAt(now time.Time) {
	if c.writing || c.out == nil {
		return
	}
	c.writing = true
	for range favours {
		if !c.writeOut(now) {
			c.writing = false
			c.room.Broadcast()
			return
		}
		if c.out != nil {
			now = time.Now() // that may have taken long
		}
	}
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for c.writeOut(time.Now()) {
		}
		c.writing = false
		c.room.Broadcast()
	}()
}

// writeOut writes what is queued in one call. It reports false when nothing was.
func (c *conn) writeOut(now time.Time) bool {
	f := c.out
	if f == nil {
		return false
	}
	c.out, c.inHand = nil, len(f.b)
	// The deadline is set anew once a second at most: it costs more than a small write.
	if c.err == nil && c.sendBy.Sub(now) < c.cfg.WriteTimeout {
		c.sendBy = now.Add(c.cfg.WriteTimeout + time.Second)
		_ = c.nc.SetWriteDeadline(c.sendBy) // an error shows when writing
	}
	c.mu.Unlock()
	_, err := c.nc.Write(f.b)
	if cap(f.b) <= roomKept {
		f.b = f.b[:0]
		frames.Put(f)
	}
	c.mu.Lock()
	c.inHand = 0
	if err != nil {
		c.fail(err)
	}
	c.room.Broadcast()
	return true
}

// overdraft is how many octets our own answers may be beyond Config.Unsent: whoever reads does not wait.
const overdraft = 64 << 10

// restrain ends the association with a peer that goes on being answered and takes nothing.
func (c *conn) restrain() {
	if c.err == nil && c.out != nil && len(c.out.b)+c.inHand > c.cfg.Unsent+overdraft {
		n := len(c.out.b) + c.inHand
		c.out, c.unsent = nil, true
		c.end(c.cause(fmt.Errorf("%w: %d octets are unsent", mms.ErrTransport, n)))
	}
}

// fail ends with what kept us from sending.
func (c *conn) fail(err error) {
	cause := mms.ErrLinkLost
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		cause = mms.ErrTransport
	}
	c.out, c.unsent = nil, true
	c.end(c.cause(fmt.Errorf("%w: %w", cause, err)))
}
