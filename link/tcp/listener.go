package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// KeepAlive is the interval of TCP keep-alive probes.
const KeepAlive = 20 * time.Second

var keepAlive = net.KeepAliveConfig{Enable: true, Idle: KeepAlive, Interval: KeepAlive / 4, Count: 3}

// ErrTooMany is one connection more than may be open.
var ErrTooMany = errors.New("tcp: too many connections")

// Limits of a Listener. Zero members take the defaults.
type Limits struct {
	HalfOpenPerSource int // connections of one address that were not admitted yet; 64
	HalfOpen          int // of all addresses; 512. Beyond, the address with the most loses its oldest
	Open              int // admitted connections; 1,000
}

// A Listener accepts connections and keeps account of them. A connection is half-open until Admit. It is safe for
// concurrent use.
type Listener struct {
	net.Listener
	limits Limits

	mu      sync.Mutex
	half    map[netip.Addr][]*Conn // the oldest first
	halfAll int
	open    int
	refused uint64
}

// Listen listens on a TCP address.
func Listen(ctx context.Context, addr string, limits Limits) (*Listener, error) {
	lc := net.ListenConfig{KeepAliveConfig: keepAlive}
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("tcp: %w", err)
	}
	return NewListener(l, limits), nil
}

// WithDefaults gives the limits that hold where l has zeros.
func (l Limits) WithDefaults() Limits {
	for _, d := range []struct {
		v *int
		n int
	}{{&l.HalfOpenPerSource, 64}, {&l.HalfOpen, 512}, {&l.Open, 1000}} {
		if *d.v == 0 {
			*d.v = d.n
		}
	}
	return l
}

// NewListener puts limits on another listener.
func NewListener(l net.Listener, limits Limits) *Listener {
	return &Listener{Listener: l, limits: limits.WithDefaults(), half: make(map[netip.Addr][]*Conn)}
}

// Accept gives the next connection, a *Conn. Those beyond the limits are closed and counted.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c, evicted := l.take(nc)
		if evicted != nil {
			_ = evicted.Close() // it gives way
		}
		if c != nil {
			return c, nil
		}
		_ = nc.Close() // it was refused
	}
}

// take admits a connection to those that are half-open. When there are too many in all, another one may have to give way.
func (l *Listener) take(nc net.Conn) (c, evicted *Conn) {
	source := addrOf(nc)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.half[source]) >= l.limits.HalfOpenPerSource || l.open >= l.limits.Open:
		l.refused++
		return nil, nil
	case l.halfAll >= l.limits.HalfOpen:
		l.refused++
		if evicted = l.greediest(len(l.half[source])); evicted == nil {
			return nil, nil
		}
		evicted.leaveHalf()
	}
	c = &Conn{Conn: nc, l: l, source: source}
	l.half[source] = append(l.half[source], c)
	l.halfAll++
	return c, evicted
}

// greediest gives the oldest half-open connection of the address that has the most of them, if that has more than n: who
// has opened many does not keep out who has not.
func (l *Listener) greediest(n int) (oldest *Conn) {
	for _, list := range l.half {
		if len(list) > n {
			n, oldest = len(list), list[0]
		}
	}
	return oldest
}

// Stats are counts of connections.
type Stats struct {
	HalfOpen, Open int
	Refused        uint64 // beyond the limits
}

// Stats tells how many connections there are.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{HalfOpen: l.halfAll, Open: l.open, Refused: l.refused}
}

// A Conn is an accepted connection.
type Conn struct {
	net.Conn
	l        *Listener
	source   netip.Addr
	admitted bool // with the others guarded by l.mu
	left     bool // it is not among those half-open any more
	closed   bool
}

// Admit says that the peer has proven itself. It fails with ErrTooMany.
func (c *Conn) Admit() error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	switch {
	case c.admitted || c.closed:
		return nil
	case c.left:
		return ErrTooMany
	case c.l.open >= c.l.limits.Open:
		c.l.refused++
		return ErrTooMany
	}
	c.leaveHalf()
	c.admitted = true
	c.l.open++
	return nil
}

func (c *Conn) leaveHalf() {
	if c.left {
		return
	}
	c.left = true
	l := c.l
	l.halfAll--
	list := l.half[c.source]
	if i := slices.Index(list, c); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(l.half, c.source)
		return
	}
	l.half[c.source] = list
}

// Close closes the connection.
func (c *Conn) Close() error {
	c.l.mu.Lock()
	if !c.closed {
		c.closed = true
		if c.admitted {
			c.l.open--
		} else {
			c.leaveHalf()
		}
	}
	c.l.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends our direction, where the connection can do that alone.
func (c *Conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

func addrOf(nc net.Conn) netip.Addr {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// Dial connects to a TCP address within ctx.
func Dial(ctx context.Context, addr string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: keepAlive}
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("tcp: %w", err)
	}
	return nc, nil
}
