package mmsbinding

import (
	"slices"

	"github.com/gridward/gridward/mms"
)

// remove takes the first that match finds out of the queue.
func (q *fifo[T]) remove(match func(T) bool) bool {
	i := slices.IndexFunc(q.list[q.head:], match)
	if i < 0 {
		return false
	}
	q.list = slices.Delete(q.list, q.head+i, q.head+i+1)
	if q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return true
}

// cancel takes a request out that nobody has received yet, and answers it and the cancel. It reports false when there is none
// such: whoever uses the association knows better then. The caller holds the endpoint's mutex.
func (c *conn) cancel(invokeID uint32) bool {
	c.mu.Lock()
	found := c.queue.remove(func(p mms.PDU) bool {
		r, ok := p.(*mms.ConfirmedRequest)
		return ok && r.InvokeID == invokeID
	})
	c.mu.Unlock()
	if !found {
		return false
	}
	done, failed := mms.Cancelled(invokeID)
	for _, p := range []mms.PDU{done, failed} {
		payload, err := c.e.core.Encode(c.a, p)
		if err == nil {
			err = c.e.core.Send(c.a, p, payload, c.e.cfg.Now())
		}
		if err != nil { // the association has ended
			break
		}
	}
	return true
}
