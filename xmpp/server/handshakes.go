package server

import (
	"container/list"
	"sync"
	"time"
)

// handshakeGrace is how long a TLS handshake is let alone when there are too many. One between honest peers takes a few
// round trips; one that takes longer while others wait is given up for them.
const handshakeGrace = 2 * time.Second

// handshakes bounds the TLS handshakes in progress. When all places are taken, the oldest handshake makes way if it has
// had its time: a flood of peers that never finish costs them their places, and not the honest theirs.
type handshakes struct {
	limit int

	mu   sync.Mutex
	list list.List // of *conn, oldest first
}

// enter takes a place; leave must then be called with it. evicted is whose place it was, to be ended by the caller. A nil
// place means that there is none.
func (h *handshakes) enter(c *conn, now time.Time) (place *list.Element, evicted *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.list.Len() >= h.limit {
		oldest := h.list.Front()
		old, _ := oldest.Value.(*conn)
		if now.Sub(old.begun) < handshakeGrace {
			return nil, nil
		}
		h.list.Remove(oldest)
		evicted = old
	}
	c.begun = now
	return h.list.PushBack(c), evicted
}

func (h *handshakes) leave(place *list.Element) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.Remove(place) // nothing happens when it was evicted
}
