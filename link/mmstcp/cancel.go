package mmstcp

import (
	"slices"
	"time"

	"github.com/gridward/gridward/mms"
)

// cancel takes a request out that nobody has received yet, and answers it and the cancel. It reports false when there is none
// such: whoever uses the association knows better then.
func (c *conn) cancel(invokeID uint32) bool {
	i := slices.IndexFunc(c.queue[c.head:], func(p mms.PDU) bool {
		r, ok := p.(*mms.ConfirmedRequest)
		return ok && r.InvokeID == invokeID
	})
	if i < 0 {
		return false
	}
	done, failed := mms.Cancelled(invokeID)
	if _, err := c.machine.Send(failed, struct{}{}, time.Time{}); err != nil {
		return false
	}
	c.queue = slices.Delete(c.queue, c.head+i, c.head+i+1)
	if c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
	}
	c.answer(done)
	c.answer(failed)
	return true
}
