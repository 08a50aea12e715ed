package mmsbinding

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A Sender is what an Endpoint needs of an XMPP client. Send queues a stanza; it does not wait for the network.
type Sender interface {
	Send(s *stanza.Stanza) error
}

// An Endpoint drives a Core: it is the Handler of an XMPP client and gives mms.Associations. It is safe for concurrent
// use.
type Endpoint struct {
	cfg Config

	mu      sync.Mutex
	core    *Core
	conns   map[*Assoc]*conn
	waiting map[*Assoc]chan result // Associate calls
	sender  Sender
	linked  bool // stanzas may be sent; otherwise they wait for resumption
	queue   fifo[Outgoing]
	work    Output    // of the Core, being absorbed
	sending bool      // somebody empties queue
	full    bool      // the client takes no more for a moment
	stuck   time.Time // since when it has taken nothing; zero: it takes
	retry   *time.Timer
	timer   *time.Timer
	armed   time.Time // what timer is set to
	closed  bool

	events   []Event
	telling  bool // somebody empties events
	accepted sync.WaitGroup
}

type result struct {
	conn *conn
	err  error
}

// New makes an Endpoint. The configuration must be valid (Validate); Bind connects it.
func New(cfg Config) *Endpoint {
	cfg.setDefaults()
	return &Endpoint{
		cfg: cfg, core: NewCore(cfg),
		conns: make(map[*Assoc]*conn), waiting: make(map[*Assoc]chan result),
	}
}

// Bind sets what stanzas are sent by. It must be called before the client runs.
func (e *Endpoint) Bind(s Sender) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sender = s
}

// do calls f under the lock and then does what the Core wants done.
func (e *Endpoint) do(f func() error) error {
	e.mu.Lock()
	err := f()
	e.absorb()
	e.flush()
	e.tell()
	e.mu.Unlock()
	return err
}

// absorb takes the Core's output, and what comes of it, and sets the timer.
func (e *Endpoint) absorb() {
	out := &e.work
	for e.core.Take(out); !out.none(); e.core.Take(out) {
		for _, a := range out.Opened {
			e.opened(a)
		}
		for _, r := range out.Received {
			c := e.conns[r.Assoc]
			if c == nil {
				continue
			}
			if p, ok := r.PDU.(*mms.CancelRequest); ok && c.cancel(p.InvokeID) {
				continue
			}
			if !c.put(r.PDU, e.cfg.Limits.Queue) {
				e.core.Abort(r.Assoc, mms.ErrTransport, e.cfg.Now())
			}
		}
		for _, f := range out.Failed {
			e.failed(f)
		}
		for _, s := range out.Stanzas {
			if c := e.conns[s.Assoc]; c != nil {
				c.unsent += len(s.Stanza.Payload)
			}
			e.queue.put(s)
		}
		if e.cfg.Events != nil {
			e.events = append(e.events, out.Events...)
		}
	}
	e.schedule()
}

func (e *Endpoint) opened(a *Assoc) {
	c := newConn(e, a)
	e.conns[a] = c
	if w := e.waiting[a]; w != nil {
		delete(e.waiting, a)
		w <- result{conn: c}
		return
	}
	if a.Calling {
		e.core.Abort(a, mms.ErrAborted, e.cfg.Now()) // who asked has gone
		return
	}
	e.accepted.Add(1)
	go func() {
		defer e.accepted.Done()
		e.cfg.Accept(c)
	}()
}

func (e *Endpoint) failed(f Failed) {
	if w := e.waiting[f.Assoc]; w != nil {
		delete(e.waiting, f.Assoc)
		w <- result{err: f.Err}
	}
	if c := e.conns[f.Assoc]; c != nil {
		delete(e.conns, f.Assoc)
		c.end(f.Err)
	}
}

// tell hands events to the owner, in order, outside the lock.
func (e *Endpoint) tell() {
	if e.telling {
		return
	}
	e.telling = true
	for len(e.events) > 0 {
		batch := e.events
		e.events = nil
		e.mu.Unlock()
		for _, ev := range batch {
			e.cfg.Events(ev)
		}
		e.mu.Lock()
	}
	e.telling = false
}

// schedule sets the timer to the Core's deadline.
func (e *Endpoint) schedule() {
	at := e.core.Deadline()
	if e.closed {
		at = time.Time{}
	}
	if at.Equal(e.armed) {
		return
	}
	e.armed = at
	switch {
	case at.IsZero() && e.timer != nil:
		e.timer.Stop()
	case at.IsZero():
	case e.timer == nil:
		e.timer = time.AfterFunc(max(at.Sub(e.cfg.Now()), 0), e.tick)
	default:
		e.timer.Reset(max(at.Sub(e.cfg.Now()), 0))
	}
}

func (e *Endpoint) tick() {
	_ = e.do(func() error {
		e.armed = time.Time{}
		e.core.Tick(e.cfg.Now())
		return nil
	})
}

// Associate asks a peer for an association and waits for the answer. A bare address means its resource IEC. The error
// wraps mms.ErrPeerOffline when the peer's presence is not there, mms.ErrRefused, mms.ErrPolicy, mms.ErrTransport,
// mms.ErrTimeout, or is ErrInsecureClear, ErrNotAllowed or ErrTooMany.
func (e *Endpoint) Associate(ctx context.Context, to jid.JID) (mms.Association, error) {
	if to.IsBare() {
		var err error
		if to, err = to.WithResource("IEC"); err != nil {
			return nil, err
		}
	}
	w := make(chan result, 1)
	var a *Assoc
	err := e.do(func() (err error) {
		if e.closed {
			return ErrClosed
		}
		a, err = e.core.Associate(to, e.cfg.Now())
		if err == nil {
			e.waiting[a] = w
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	select {
	case r := <-w:
		return r.get()
	case <-ctx.Done():
	}
	err = e.do(func() error {
		if e.waiting[a] == nil {
			return nil // it came at the same moment
		}
		delete(e.waiting, a)
		e.core.Abort(a, ctx.Err(), e.cfg.Now())
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	r := <-w
	return r.get()
}

func (r result) get() (mms.Association, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.conn, nil
}

// principal is what the stream proves of a peer: the server vouches for its address, for the next hop only.
func (e *Endpoint) principal(j jid.JID) *model.Principal {
	p := &model.Principal{Name: j.String(), Address: j.String(), Proof: model.ProofX509, Reach: model.Hop}
	if e.cfg.Roles != nil {
		p.Roles = e.cfg.Roles(j)
	}
	return p
}

// Available tells whether the presence of a peer's full address is there.
func (e *Endpoint) Available(j jid.JID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.core.Available(j)
}

// Counters tells what happened so far.
func (e *Endpoint) Counters() Counters {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.core.Counters()
}

// Close aborts every association and waits for the Accept functions to return. Nothing is accepted afterwards.
func (e *Endpoint) Close() {
	_ = e.do(func() error {
		e.closed = true
		if e.retry != nil {
			e.retry.Stop()
		}
		e.core.each(func(a *Assoc) { e.core.Abort(a, ErrClosed, e.cfg.Now()) })
		return nil
	})
	e.accepted.Wait()
}

// HandleStanza takes a stanza from the client's reader. A request that nobody knows is answered with
// service-unavailable.
func (e *Endpoint) HandleStanza(s *stanza.Stanza) {
	_ = e.do(func() error {
		if e.closed {
			return ErrClosed
		}
		if !e.core.Receive(s, e.cfg.Now()) && s.IsRequest() {
			e.queue.put(Outgoing{Stanza: s.ErrorReply(stanza.NewError(stanza.ServiceUnavailable, ""))})
		}
		return nil
	})
}

// Up tells that the stream is up as the full address self.
func (e *Endpoint) Up(self jid.JID, resumed bool) {
	_ = e.do(func() error {
		if !resumed {
			e.drop()
		}
		e.linked = true
		e.core.Up(self, resumed, e.cfg.Now())
		return nil
	})
}

// Down tells that the stream is down but may be resumed: associations wait, and what is sent is kept.
func (e *Endpoint) Down() {
	_ = e.do(func() error {
		e.linked = false
		e.core.Down(e.cfg.Now())
		return nil
	})
}

// Lost tells that the stream is gone with all its state: every association ends with mms.ErrLinkLost.
func (e *Endpoint) Lost(cause error) {
	_ = e.do(func() error {
		e.linked = false
		e.drop()
		err := mms.ErrLinkLost
		if cause != nil {
			err = errors.Join(err, cause)
		}
		e.core.Lost(err, e.cfg.Now())
		return nil
	})
}

func (e *Endpoint) drop() {
	e.queue.reset()
	e.full, e.stuck = false, time.Time{}
	for _, c := range e.conns {
		c.unsent = 0
	}
}
