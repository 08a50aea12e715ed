package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
)

// A timedReceiver is an association that whoever asks can receive from, until its answer comes or its time is up.
type timedReceiver interface {
	RecvUntil(ctx context.Context, until time.Time) (mms.PDU, error)
}

// turns decides who receives. Over an association that is a timedReceiver, whoever asks while nobody else receives takes
// the turn: it handles what comes until its answer is there, and no goroutine has to wake another one. Otherwise, and
// when nobody has asked for a while, and as long as reports or ends of commands may come, the client's own goroutine
// receives.
type turns struct {
	recv timedReceiver // nil: the client's own goroutine receives, always
	own  chan struct{} // capacity 1: it is the client's own goroutine's turn

	mu      sync.Mutex
	taken   bool
	count   uint // turns of those who asked
	seen    uint // count when look looked last
	watched bool // look is going to look
	watch   *time.Timer
}

// lull is how long nobody may have asked before the client's own goroutine receives.
const lull = 2 * time.Millisecond

func (t *turns) init(a mms.Association) {
	t.recv, _ = a.(timedReceiver)
	t.own = make(chan struct{}, 1)
	t.taken = true // by the client's own goroutine
}

// take takes the turn, if nobody has it.
func (t *turns) take() bool {
	if t.recv == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken {
		return false
	}
	t.taken = true
	t.count++
	return true
}

// leave gives the turn back. If nobody takes it, the client's own goroutine does in a while.
func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken = false
	if !t.watched {
		t.watched = true
		t.look()
	}
}

// look arms the timer. The caller holds mu.
func (t *turns) look() {
	t.seen = t.count
	if t.watch != nil {
		t.watch.Reset(lull)
		return
	}
	t.watch = time.AfterFunc(lull, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.count != t.seen && !t.taken {
			t.look()
			return
		}
		t.watched = false
		t.give()
	})
}

// hurry makes it the turn of the client's own goroutine, if nobody has it.
func (t *turns) hurry() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.give()
}

// give is hurry. The caller holds mu.
func (t *turns) give() {
	if t.taken {
		return
	}
	select {
	case t.own <- struct{}{}:
	default:
	}
}

// await waits until it is the turn of the client's own goroutine, or ended is closed, and takes it.
func (t *turns) await(ended <-chan struct{}) {
	for {
		select {
		case <-t.own:
		case <-ended:
			ended = nil // once: whoever has the turn gives it back soon, and hurries
		}
		t.mu.Lock()
		if !t.taken {
			t.taken = true
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
	}
}

// lead receives until the answer to w is there. It has the turn, and gives it back.
func (c *Client) lead(ctx context.Context, w *call, id uint32, s mms.Service) (mms.Service, error) {
	select {
	case p := <-w.answer: // it came before the turn was taken
		c.follow(w, id)
		return result(p)
	default:
	}
	until := time.Now().Add(c.opt.Timeout)
	for {
		p, err := c.turns.recv.RecvUntil(ctx, until)
		if err == nil {
			if p, err = c.intercept(p); err == nil {
				c.take(p)
			}
		}
		select {
		case p := <-w.answer:
			c.follow(w, id)
			return result(p)
		default:
		}
		if err == nil { // others have so much to say that it never waits
			if ctx.Err() == nil && time.Now().Before(until) {
				continue
			}
			err = mms.ErrTimeout
		}
		c.follow(w, id)
		c.turns.hurry() // its answer may come yet
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case c.a.Err() == nil && errors.Is(err, mms.ErrTimeout):
			return nil, fmt.Errorf("%w: %T", mms.ErrTimeout, s)
		}
		return nil, c.ended()
	}
}

// follow ends a turn and its call.
func (c *Client) follow(w *call, id uint32) {
	c.shut(w, id)
	c.giveUp()
}

// giveUp gives the turn back. If somebody waits still, or more may come by itself, or it is the end, it is for the
// client's own goroutine. That is looked at afterwards: who asked before did not get the turn.
func (c *Client) giveUp() {
	c.turns.leave()
	c.mu.Lock()
	quiet := c.quiet() && c.calls.Len() == 0
	c.mu.Unlock()
	if !quiet || c.a.Err() != nil {
		c.turns.hurry()
	}
}

// pause has the client's own goroutine give the turn away after an answer: whoever asked may well ask again.
func (c *Client) pause(p mms.PDU) {
	if c.turns.recv == nil {
		return
	}
	switch p.(type) {
	case *mms.ConfirmedResponse, *mms.ConfirmedError, *mms.Reject:
		c.mu.Lock()
		quiet := c.quiet() && c.calls.Len() == 0
		c.mu.Unlock()
		if quiet {
			c.giveUp()
			c.turns.await(c.a.Done())
		}
	}
}

// quiet tells that nothing may come by itself: no report, and no end of a command. The caller holds mu.
func (c *Client) quiet() bool { return len(c.subs) == 0 && len(c.ops) == 0 && c.offer == nil }
