package sm

import (
	"sync"
	"time"
)

// item is a stanza in a queue.
type item struct {
	size int
	req  bool // an iq get or set
	dead bool // expired: counted, never sent again
	at   time.Time
}

// Out is the outgoing half of a managed stream: the stanzas that the peer has not acknowledged, in order. The zero
// value is ready, with the default bounds. It is not safe for concurrent use. While it is empty it holds no memory
// worth mentioning.
//
// While the session is attached, every stanza is pushed when it is written. While it is detached, stanzas are pushed
// and nothing is written until Resume.
type Out struct {
	MaxStanzas int // while detached; while attached, attachedFactor times as many. 0 = the package's default
	MaxBytes   int // 0 = the package's default

	acked    uint32 // the last h of the peer
	sent     int    // items at the front that have been written on some stream
	live     int
	items    []item
	buf      []byte // the bytes of all items, one after the other
	asked    int    // items written when an acknowledgement was last asked for
	detached time.Time
}

// attachedFactor allows more stanzas under way on a stream that is up than wait for one that is not: with 256 a link of
// 50 ms would carry no more than 5,000 a second. The bound of octets is the same.
const attachedFactor = 16

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

const keepBuf = 64 << 10

// Push queues a stanza as it is written, or was written. req says that it is an iq get or set. The error is ErrFull.
func (o *Out) Push(stanza []byte, req bool, now time.Time) error {
	most := or(o.MaxStanzas, MaxStanzas)
	if o.detached.IsZero() {
		most *= attachedFactor
	}
	if o.live >= most || len(o.items) >= 2*attachedFactor*or(o.MaxStanzas, MaxStanzas) || len(o.buf)+len(stanza) > or(o.MaxBytes, MaxBytes) {
		return ErrFull
	}
	if o.buf == nil {
		o.buf = (*buffers.Get().(*[]byte))[:0]
	}
	o.buf = append(o.buf, stanza...)
	o.items = append(o.items, item{size: len(stanza), req: req, at: now})
	o.live++
	if o.detached.IsZero() {
		o.sent++
	}
	return nil
}

func or(v, def int) int {
	if v > 0 {
		return v
	}
	return def
}

// Len returns the number of stanzas that wait for acknowledgement or for a stream.
func (o *Out) Len() int { return o.live }

// Bytes returns the number of octets that the queue holds.
func (o *Out) Bytes() int { return len(o.buf) }

// Ack takes the peer's count h of handled stanzas, modulo 2^32. The error is ErrAck; the queue is unchanged then.
func (o *Out) Ack(h uint32) error {
	n := h - o.acked
	if uint64(n) > uint64(o.sent) {
		return ErrAck
	}
	o.acked = h
	o.drop(int(n))
	return nil
}

// drop takes the first n items out.
func (o *Out) drop(n int) {
	size := 0
	for _, it := range o.items[:n] {
		size += it.size
		if !it.dead {
			o.live--
		}
	}
	o.sent = max(o.sent-n, 0)
	o.asked = max(o.asked-n, 0)
	if n == len(o.items) {
		o.release()
		return
	}
	o.items = o.items[:copy(o.items, o.items[n:])]
	o.buf = o.buf[:copy(o.buf, o.buf[size:])]
}

// release gives the memory of an empty queue back.
func (o *Out) release() {
	if cap(o.items) > 2*AckStanzas {
		o.items = nil
	}
	o.items = o.items[:0]
	if o.buf != nil && cap(o.buf) <= keepBuf {
		b := o.buf[:0]
		buffers.Put(&b)
	}
	o.buf = nil
	o.live, o.sent, o.asked = 0, 0, 0
}

// Due reports whether an acknowledgement should be asked for now; ask with Request and tell Asked.
func (o *Out) Due(now time.Time) bool {
	n := o.sent - o.asked
	return o.detached.IsZero() && (n >= AckStanzas || n > 0 && !now.Before(o.items[o.asked].at.Add(AckInterval)))
}

// Asked notes that an acknowledgement was asked for.
func (o *Out) Asked() { o.asked = o.sent }

// Deadline returns when Due becomes true without another stanza; the zero time means never.
func (o *Out) Deadline() time.Time {
	if !o.detached.IsZero() || o.sent <= o.asked {
		return time.Time{}
	}
	return o.items[o.asked].at.Add(AckInterval)
}

// Detach notes that the stream is gone and the session waits to be resumed.
func (o *Out) Detach(now time.Time) {
	if o.detached.IsZero() {
		o.detached = now
	}
}

// Detached reports whether the session waits to be resumed.
func (o *Out) Detached() bool { return !o.detached.IsZero() }

// Expire takes out the requests that have waited for the detached session for hold or longer, and calls each with the
// bytes of every one, valid during the call. They are never delivered later.
func (o *Out) Expire(now time.Time, hold time.Duration, each func(stanza []byte)) {
	if o.detached.IsZero() {
		return
	}
	off := 0
	for i := range o.items {
		it := &o.items[i]
		if it.req && !it.dead && !now.Before(o.waitsSince(it).Add(hold)) {
			it.dead = true
			o.live--
			each(o.buf[off : off+it.size])
		}
		off += it.size
	}
}

// Expiry returns when Expire will next have something to do; the zero time means never.
func (o *Out) Expiry(hold time.Duration) (t time.Time) {
	if o.detached.IsZero() {
		return t
	}
	for i := range o.items {
		if it := &o.items[i]; it.req && !it.dead {
			if at := o.waitsSince(it).Add(hold); t.IsZero() || at.Before(t) {
				t = at
			}
		}
	}
	return t
}

func (o *Out) waitsSince(it *item) time.Time {
	if it.at.Before(o.detached) {
		return o.detached
	}
	return it.at
}

// Resume attaches the session to a new stream on which the peer said to have handled h stanzas. It appends to dst, in
// order, everything that has to be written again. The error is ErrAck.
func (o *Out) Resume(dst []byte, h uint32, now time.Time) ([]byte, error) {
	if err := o.Ack(h); err != nil {
		return dst, err
	}
	off, n := 0, 0
	kept := o.buf[:0]
	for _, it := range o.items {
		b := o.buf[off : off+it.size]
		off += it.size
		if it.dead {
			continue
		}
		dst = append(dst, b...)
		kept = append(kept, b...)
		it.at = now
		o.items[n] = it
		n++
	}
	o.items, o.buf = o.items[:n], kept
	o.sent, o.live, o.asked = n, n, 0
	o.detached = time.Time{}
	if n == 0 {
		o.release()
	}
	return dst, nil
}

// Drop empties the queue for good and calls each, if it is not nil, with the bytes of every stanza that was not
// acknowledged, valid during the call.
func (o *Out) Drop(each func(stanza []byte)) {
	off := 0
	for _, it := range o.items {
		if !it.dead && each != nil {
			each(o.buf[off : off+it.size])
		}
		off += it.size
	}
	o.release()
	o.acked = 0
	o.detached = time.Time{}
}
