package xmpp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// linkState is what Send can do.
type linkState uint8

const (
	stateDown     linkState = iota // no session
	stateDetached                  // the session waits to be resumed: Send queues
	stateUp
)

// A Client keeps one account connected. Create it with New and call Run once. Send, IQ, JID and Stats are safe for
// concurrent use, from handlers too; IQ must not be called by a handler, which would wait for itself.
type Client struct {
	cfg  Config
	full jid.JID

	redirect   *host // where the server sent us; used once, by Run's goroutine
	redirected bool  // the last connection went there
	first      int   // which of the hosts is tried first
	at         int   // which of them took the last connection

	mu      sync.Mutex
	running bool
	state   linkState
	out     []byte        // bytes for the writer
	wake    chan struct{} // tells the writer, or the pause, capacity 1
	managed bool          // written stanzas count (XEP-0198)
	queue   sm.Out
	pending map[string]*call
	stats   Stats

	// Of Run's goroutine.
	session  string        // id to resume, "" = none
	handled  uint32        // stanzas handled in it
	pause    time.Duration // how long it can be resumed
	deadline time.Time     // until when it can be resumed; zero = attached
	upSince  time.Time
}

// Stats counts what a client did since New.
type Stats struct {
	In, Out    uint64 // stanzas
	Connects   uint64 // sessions begun anew
	Resumes    uint64 // sessions resumed
	Losses     uint64 // links that broke
	Expired    uint64 // requests that waited too long for a detached link
	BadStanzas uint64 // stanzas answered or ignored because of their form
}

// outMost is how many octets wait for the writer before Send refuses.
const outMost = 1 << 20

// New returns a client that is not yet running. The error matches ErrConfig.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	full, err := cfg.JID.WithResource(cfg.Resource)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, full: full, wake: make(chan struct{}, 1), pending: map[string]*call{}}, nil
}

// JID returns the full JID that the client binds.
func (c *Client) JID() jid.JID { return c.full }

// Stats returns the counters.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Send queues a stanza to the one writer and returns at once. From is best left zero: the server writes it. The error
// is ErrLinkDown when there is no session, ErrQueueFull, ErrTooBig or ErrStanza. While a session waits to be
// resumed the stanza is kept; a request that waits longer than HoldIQ is answered by the client itself with
// remote-server-timeout, and is not delivered later.
func (c *Client) Send(s *stanza.Stanza) error {
	if s.Kind == 0 || s.Kind == stanza.IQ && s.ID == "" {
		return ErrStanza
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.send(s, time.Now())
}

// send is Send under the lock.
func (c *Client) send(s *stanza.Stanza, now time.Time) error {
	if c.state == stateDown {
		return ErrLinkDown
	}
	start := len(c.out)
	b := s.Append(c.out)
	n := len(b) - start
	switch {
	case n > c.cfg.Limit:
		return ErrTooBig
	case len(b) > outMost:
		return ErrQueueFull
	}
	if c.managed {
		if err := c.queue.Push(b[start:], s.IsRequest(), now); err != nil {
			return ErrQueueFull
		}
	}
	c.stats.Out++
	if c.state == stateDetached { // lies in the queue
		c.out = b[:start]
		c.wakeWriter() // the pause has to look when it expires
		return nil
	}
	if c.managed && c.queue.Due(now) {
		b = sm.Element{Kind: sm.Request}.Append(b)
		c.queue.Asked()
	}
	c.out = b
	c.wakeWriter()
	return nil
}

func (c *Client) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write queues bytes that are no stanza. The error, ErrQueueFull, ends the link: the server asks and does not read.
func (c *Client) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out)+len(b) > 2*outMost {
		return ErrQueueFull
	}
	c.out = append(c.out, b...)
	c.wakeWriter()
	return nil
}

// Run keeps the account connected until ctx ends: it dials, negotiates, serves, and dials again after a pause. At the
// end it closes the stream in order and returns ctx.Err(). It may be called once.
func (c *Client) Run(ctx context.Context) error {
	c.mu.Lock()
	if c.running {
		c.mu.Unlock()
		return ErrRunning
	}
	c.running = true
	c.mu.Unlock()

	b := backoff{least: c.cfg.BackoffMin, most: c.cfg.BackoffMax, spread: c.cfg.Spread, refused: c.cfg.RefusedPause, rand: c.cfg.Rand}
	for {
		c.upSince = time.Time{}
		err := c.connect(ctx)
		wasUp := !c.upSince.IsZero()
		c.chooseFirst(wasUp)
		if ctx.Err() != nil {
			c.lose(ctx.Err())
			return ctx.Err()
		}
		if wasUp && time.Since(c.upSince) >= c.cfg.UpReset {
			b.reset()
		}
		if c.follow(err) {
			continue
		}
		pause, refused := b.next(err, wasUp)
		c.cfg.Handler.HandleEvent(Retry{After: pause, Err: err, Refused: refused})
		c.wait(ctx, pause)
	}
}

// follow prepares to go where the server sent us, if that is allowed. Who is sent on from there as well pauses first, and
// begins again with the hosts that are configured.
func (c *Client) follow(err error) bool {
	var se *stream.Error
	if !errors.As(err, &se) || !se.Remote || se.Cond != stream.SeeOtherHost || c.redirected {
		return false
	}
	for _, a := range c.cfg.RedirectAllow {
		if a == se.Host {
			c.redirect = &host{addr: a}
			return true
		}
	}
	return false
}

// wait lets the pause pass. Meanwhile requests that wait too long for a detached session are answered, and the session
// is given up when it cannot be resumed any more.
func (c *Client) wait(ctx context.Context, pause time.Duration) {
	end := time.Now().Add(pause)
	for {
		c.expire(time.Now())
		next := end
		c.mu.Lock()
		if t := c.queue.Expiry(c.cfg.HoldIQ); !t.IsZero() && t.Before(next) {
			next = t
		}
		c.mu.Unlock()
		if !c.deadline.IsZero() && c.deadline.Before(next) {
			next = c.deadline
		}
		t := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-c.wake:
			t.Stop()
		case <-t.C:
		}
		if !time.Now().Before(end) {
			return
		}
	}
}

// expire answers the requests that have waited too long, and gives a session up that is too old to be resumed.
func (c *Client) expire(now time.Time) {
	if !c.deadline.IsZero() && !now.Before(c.deadline) {
		c.lose(ErrLost)
		return
	}
	c.expireRequests(now)
}

// expireRequests takes the requests that have waited too long for a detached session out of the queue and answers them.
func (c *Client) expireRequests(now time.Time) {
	var late [][]byte
	c.mu.Lock()
	c.queue.Expire(now, c.cfg.HoldIQ, func(b []byte) { late = append(late, append([]byte(nil), b...)) })
	c.stats.Expired += uint64(len(late))
	c.mu.Unlock()
	for _, b := range late {
		if s := reparse(b); s != nil {
			r := s.ErrorReply(stanza.NewError(stanza.RemoteServerTimeout, "link was down"))
			r.From, r.To = s.To, c.full
			c.dispatch(r)
		}
	}
}

// lose ends the session for good: what waits for it fails.
func (c *Client) lose(err error) {
	c.mu.Lock()
	had := c.state != stateDown || c.session != ""
	c.state, c.managed = stateDown, false
	c.out = nil
	c.queue.Drop(nil)
	c.failPending()
	c.mu.Unlock()
	c.session, c.deadline = "", time.Time{}
	if had {
		c.cfg.Handler.HandleEvent(Lost{Err: err})
	}
}
