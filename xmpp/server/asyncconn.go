package server

import (
	"errors"
	"net"
	"sync"
	"time"
)

// errOverflow ends a connection whose peer does not read.
var errOverflow = errors.New("server: outbound buffer full")

// An asyncConn is a net.Conn whose Write never waits: what the socket does not take at once is kept, up to a bound, and
// written by a goroutine that lives only as long as there is something. TLS records can so be written by whoever has a
// stanza for the peer, and a peer that does not read holds up nobody.
type asyncConn struct {
	net.Conn
	limit   int
	timeout time.Duration

	mu      sync.Mutex
	try     *trier
	pending []byte
	running bool
	err     error
	idle    chan struct{} // closed when nothing is pending any more; made on demand
}

func newAsyncConn(c net.Conn, limit int, timeout time.Duration) *asyncConn {
	return &asyncConn{Conn: c, limit: limit, timeout: timeout, try: newTrier(c)}
}

// Write takes p. The error is errOverflow when too much is pending, or that of an earlier write.
func (a *asyncConn) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return 0, a.err
	}
	n := 0
	if len(a.pending) == 0 && !a.running && a.try != nil {
		if n, a.err = a.try.write(p); a.err != nil {
			return n, a.err
		}
		if n == len(p) {
			return n, nil
		}
	}
	if len(a.pending)+len(p)-n > a.limit {
		a.err = errOverflow
		return n, a.err
	}
	a.pending = append(a.pending, p[n:]...)
	if !a.running {
		a.running = true
		go a.drain()
	}
	return len(p), nil
}

// SetWriteDeadline does nothing: the deadline of writes is drain's. TLS sets one that has passed when it has said goodbye,
// which would cut off what is still pending: the error that the peer is told.
func (a *asyncConn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets the deadline of reads.
func (a *asyncConn) SetDeadline(t time.Time) error { return a.SetReadDeadline(t) }

// drain writes what is pending until there is nothing left or the connection fails.
func (a *asyncConn) drain() {
	var buf []byte
	for {
		a.mu.Lock()
		if len(a.pending) == 0 || a.err != nil && !errors.Is(a.err, errOverflow) {
			a.pending, a.running = nil, false
			if a.idle != nil {
				close(a.idle)
				a.idle = nil
			}
			a.mu.Unlock()
			return
		}
		a.pending, buf = buf[:0], a.pending
		a.mu.Unlock()
		err := a.Conn.SetWriteDeadline(time.Now().Add(a.timeout))
		if err == nil {
			_, err = a.Conn.Write(buf)
		}
		if err != nil {
			a.mu.Lock()
			a.err = err
			a.mu.Unlock()
		}
	}
}

// flushed waits until everything has been written, the connection has failed or the time is over.
func (a *asyncConn) flushed(limit time.Duration) {
	a.mu.Lock()
	if !a.running {
		a.mu.Unlock()
		return
	}
	if a.idle == nil {
		a.idle = make(chan struct{})
	}
	idle := a.idle
	a.mu.Unlock()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
}
