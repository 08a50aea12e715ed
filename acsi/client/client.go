package client

import (
	"context"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Options of a Client. The zero value serves.
type Options struct {
	Timeout            time.Duration    // of one request; 0: 10 s
	TerminationTimeout time.Duration    // from the answer to Oper to CommandTermination; 0: 30 s
	MaxVariables       int              // variables in one read or write request; 0: 100
	Queue              int              // reports waiting for their handler; 0: 4,096
	Origin             Origin           // of controls that give none; zero: remote-control, no identification
	Events             func(Event)      // called from the reader; must not block; nil: none
	Now                func() time.Time // nil: time.Now

	// In sees every PDU of the server before it is taken, Out every PDU before it is sent, in their order. What they give is
	// taken in its place; nil without an error drops it; an error aborts the association. They must not call the Client.
	In, Out func(*model.Principal, mms.PDU) (mms.PDU, error)
}

func (o *Options) setDefaults() {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.TerminationTimeout == 0 {
		o.TerminationTimeout = 30 * time.Second
	}
	if o.MaxVariables == 0 {
		o.MaxVariables = 100
	}
	if o.Queue == 0 {
		o.Queue = 4096
	}
	if o.Origin == (Origin{}) {
		o.Origin.Cat = OrRemoteControl
	}
	if o.Events == nil {
		o.Events = func(Event) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// A Client asks one server over one association. It is safe for concurrent use.
type Client struct {
	a     mms.Association
	opt   Options
	slots chan struct{} // one token per request that may be outstanding
	heard chan struct{} // closed once all that came before the end has been taken
	done  chan struct{}

	sending chan struct{} // capacity 1: full while a request gets its invokeID and is sent; filled before mu is taken
	room    chan struct{} // capacity 1: an answer came while full

	leaving sync.Mutex // held around Options.Out and what it gave being sent; taken last

	mu      sync.Mutex
	offer   *offer // of the SetFile that runs
	frsm    int32  // of the last one
	calls   *mms.Outstanding[*call]
	idle    []*call
	subs    map[string]*Subscription // by RptID
	ops     []*operation
	ctlNum  uint8
	full    bool // a request waits until the association has room for it
	closing bool
	count   Counters
	err     error

	sizes map[model.Ref]int // of data sets that were read

	queue delivery
	turns turns
}

// New starts a client on an association that is up. It owns the association's Recv from then on.
func New(a mms.Association, opt Options) *Client {
	opt.setDefaults()
	n := max(a.Params().OutstandingOut, 1)
	c := &Client{
		a: a, opt: opt,
		slots:   make(chan struct{}, n),
		heard:   make(chan struct{}),
		done:    make(chan struct{}),
		sending: make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
		calls:   mms.NewOutstanding[*call](n),
		subs:    make(map[string]*Subscription),
	}
	c.queue.init(opt.Queue)
	c.turns.init(a)
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		c.queue.run()
	}()
	go c.run(delivered)
	return c
}

// run reads until the association ends, lets what was read be handled, then ends everything that waits.
func (c *Client) run(delivered <-chan struct{}) {
	err := c.readAll()
	close(c.heard)
	c.mu.Lock()
	if c.closing {
		err = ErrClosed
	}
	c.err = err
	discard := c.closing
	c.mu.Unlock()
	c.queue.close(discard)
	<-delivered
	c.mu.Lock()
	subs := c.subs
	c.subs = nil
	c.mu.Unlock()
	for _, s := range subs {
		s.end(err)
	}
	close(c.done)
}

// Close aborts the association if it is still up. Reports that are not handled yet are dropped. It does not wait.
func (c *Client) Close() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.a.Abort(ErrClosed)
}

// Release concludes the association in order, waiting for the peer as long as ctx allows.
func (c *Client) Release(ctx context.Context) error { return c.a.Release(ctx) }

// Done is closed once the association has ended and every report that arrived has been handled.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is why the association ended, nil while it is up.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Peer is who serves.
func (c *Client) Peer() *model.Principal { return c.a.Peer() }

// Counters tells what happened so far.
func (c *Client) Counters() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}
