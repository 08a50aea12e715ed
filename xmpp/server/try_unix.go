//go:build unix

package server

import (
	"errors"
	"net"
	"syscall"
)

// A trier writes to a socket without waiting.
type trier struct {
	rc  syscall.RawConn
	f   func(fd uintptr) bool
	p   []byte
	n   int
	err error
}

// newTrier returns nil for connections that are no sockets.
func newTrier(c net.Conn) *trier {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	t := &trier{rc: rc}
	t.f = t.once
	return t
}

// write writes as much of p as the socket takes now.
func (t *trier) write(p []byte) (int, error) {
	t.p, t.n, t.err = p, 0, nil
	err := t.rc.Write(t.f)
	t.p = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

func (t *trier) once(fd uintptr) bool {
	for t.n < len(t.p) {
		n, err := syscall.Write(int(fd), t.p[t.n:]) //nolint:gosec // a file descriptor
		switch {
		case err == nil && n > 0:
			t.n += n
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return true
		default:
			t.err = err
			if err == nil {
				t.err = net.ErrClosed
			}
			return true
		}
	}
	return true
}
