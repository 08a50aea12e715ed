package mmsbinding

import (
	"errors"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp"
)

// retryPause is how long a client whose queue is full is left alone.
const retryPause = 2 * time.Millisecond

// flush sends what is queued, in order, outside the lock. Whoever comes while somebody is at it leaves it to him.
func (e *Endpoint) flush() {
	if e.sending || e.sender == nil {
		return
	}
	e.sending = true
	for e.linked && !e.full && e.queue.len() > 0 {
		next, sender := e.queue.first(), e.sender
		e.mu.Unlock()
		err := sender.Send(next.Stanza)
		e.mu.Lock()
		e.sent(next, err)
	}
	e.sending = false
}

// sent takes a stanza off the queue, unless the link went down, or the client takes no more for now: then it waits for
// what comes of that. Any other error ends the association, whose sequence is broken.
func (e *Endpoint) sent(o Outgoing, err error) {
	if e.queue.len() == 0 || e.queue.first() != o {
		return // Lost has emptied the queue meanwhile
	}
	if err != nil && !e.linked {
		return
	}
	now := e.cfg.Now()
	if errors.Is(err, xmpp.ErrQueueFull) && (e.stuck.IsZero() || now.Sub(e.stuck) < e.cfg.Timeouts.Unsent) {
		e.wait(now)
		return
	}
	e.stuck = time.Time{}
	e.queue.drop()
	if c := e.conns[o.Assoc]; c != nil {
		c.unsent -= len(o.Stanza.Payload)
		c.makeRoom()
	}
	if err == nil || o.Assoc == nil {
		return
	}
	cause := mms.ErrTransport
	if errors.Is(err, xmpp.ErrLinkDown) || errors.Is(err, xmpp.ErrLost) {
		cause = mms.ErrLinkLost
	}
	e.core.Abort(o.Assoc, errors.Join(cause, err), now)
	e.absorb()
}

// wait leaves the client alone for a moment.
func (e *Endpoint) wait(now time.Time) {
	if e.stuck.IsZero() {
		e.stuck = now
	}
	e.full = true
	if e.retry == nil {
		e.retry = time.AfterFunc(retryPause, e.again)
		return
	}
	e.retry.Reset(retryPause)
}

func (e *Endpoint) again() {
	_ = e.do(func() error {
		e.full = false
		return nil
	})
}
