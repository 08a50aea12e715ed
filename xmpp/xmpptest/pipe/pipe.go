// Package pipe is an in-memory network connection with buffers in both directions, so that two ends may write at the
// same time, as TLS does when it fails. (net.Pipe has none.) It blocks in a way that testing/synctest understands.
package pipe

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Size is how many octets wait in each direction before a writer blocks.
const Size = 64 << 10

// half is one direction.
type half struct {
	mu     sync.Mutex
	cond   *sync.Cond
	buf    []byte
	closed bool  // by the writer: EOF behind the bytes
	broken error // by the reader, or by Break
}

func newHalf() *half {
	h := new(half)
	h.cond = sync.NewCond(&h.mu)
	return h
}

// A Conn is one end. It implements net.Conn and is safe for concurrent use.
type Conn struct {
	in, out     *half
	read, write deadline
}

type deadline struct {
	t     time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.t.IsZero() && !time.Now().Before(d.t) }

// New returns the two ends of a connection.
func New() (a, b *Conn) {
	x, y := newHalf(), newHalf()
	return &Conn{in: x, out: y}, &Conn{in: y, out: x}
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case c.read.passed():
			return 0, os.ErrDeadlineExceeded
		case h.broken != nil:
			return 0, h.broken
		case len(h.buf) > 0:
			n := copy(p, h.buf)
			h.buf = h.buf[:copy(h.buf, h.buf[n:])]
			h.cond.Broadcast()
			return n, nil
		case h.closed:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		h.cond.Wait()
	}
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (n int, err error) {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case c.write.passed():
			return n, os.ErrDeadlineExceeded
		case h.broken != nil:
			return n, h.broken
		case h.closed:
			return n, net.ErrClosed
		case len(p) == 0:
			return n, nil
		}
		if room := min(Size-len(h.buf), len(p)); room > 0 {
			h.buf = append(h.buf, p[:room]...)
			p, n = p[room:], n+room
			h.cond.Broadcast()
			continue
		}
		h.cond.Wait()
	}
}

// Close implements net.Conn: the other end reads what was written, then EOF; its writes fail.
func (c *Conn) Close() error {
	c.out.mu.Lock()
	c.out.closed = true
	c.out.cond.Broadcast()
	c.out.mu.Unlock()
	c.in.fail(net.ErrClosed)
	return nil
}

// fail ends a direction for both of its ends, unless it has ended already.
func (h *half) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken == nil {
		h.broken = err
	}
	h.cond.Broadcast()
}

// Break ends both directions at once with err, and throws away what is under way.
func (c *Conn) Break(err error) {
	c.in.fail(err)
	c.out.fail(err)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.set(c.in, &c.read, t)
	c.set(c.out, &c.write, t)
	return nil
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.set(c.in, &c.read, t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.set(c.out, &c.write, t)
	return nil
}

func (c *Conn) set(h *half, d *deadline, t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.t, d.timer = t, nil
	if !t.IsZero() {
		d.timer = time.AfterFunc(time.Until(t), func() {
			h.mu.Lock()
			h.cond.Broadcast()
			h.mu.Unlock()
		})
	}
	h.cond.Broadcast()
}

// addr is the address of both ends.
type addr struct{}

func (addr) Network() string { return "mem" }
func (addr) String() string  { return "mem" }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return addr{} }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return addr{} }

var _ net.Conn = (*Conn)(nil)
