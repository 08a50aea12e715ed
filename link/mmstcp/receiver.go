package mmstcp

import (
	"net"
	"sync"

	"github.com/gridward/gridward/osi/tpkt"
)

const (
	room     = 2048     // octets that are read at once at first, and that are kept when nothing comes
	roomKept = 16 << 10 // more is given back after use
)

// A receiver collects octets of a connection until they are whole packets. Its room grows with what has come.
type receiver struct {
	nc         net.Conn
	buf        []byte
	start, end int
}

// rooms holds room of associations that have ended.
var rooms = sync.Pool{New: func() any { return new([room]byte) }}

func newReceiver(nc net.Conn) receiver { return receiver{nc: nc, buf: rooms.Get().(*[room]byte)[:]} }

// release gives the room back. Nothing that shares it may be in use any more.
func (r *receiver) release() {
	if len(r.buf) == room {
		rooms.Put((*[room]byte)(r.buf))
	}
	r.buf, r.start, r.end = nil, 0, 0
}

// octets are those that were not taken yet.
func (r *receiver) octets() []byte { return r.buf[r.start:r.end] }

// take is done with n octets.
func (r *receiver) take(n int) {
	if r.start += n; r.start == r.end {
		r.start, r.end = 0, 0
	}
}

// fill reads once.
func (r *receiver) fill() error {
	switch {
	case r.start > 0 && r.end == len(r.buf):
		r.end = copy(r.buf, r.octets())
		r.start = 0
	case r.end == len(r.buf):
		n := 2 * len(r.buf)
		if len(r.buf) == roomKept {
			n = roomKept + room // enough for what may come before the association is accepted
		}
		grown := make([]byte, min(n, room+tpkt.MaxLen))
		end := copy(grown, r.octets())
		r.release()
		r.buf, r.end = grown, end
	case r.end == 0 && len(r.buf) > roomKept:
		r.buf = rooms.Get().(*[room]byte)[:]
	}
	n, err := r.nc.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	return err
}
