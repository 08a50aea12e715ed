// Package bindtest is a router in memory for tests of what runs over XMPP without streams: it stamps senders, keeps
// order, tells presence and may be told to misbehave.
package bindtest

import (
	"slices"
	"sync"

	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A Router joins handlers. It is safe for concurrent use.
type Router struct {
	mu    sync.Mutex
	ports map[jid.JID]*Port
	queue []*stanza.Stanza
	log   []*stanza.Stanza
	keep  bool
	hook  func(s *stanza.Stanza) []*stanza.Stanza
	ready chan struct{}
	stop  chan struct{}
	done  chan struct{}
}

// A Port is what one address sends by.
type Port struct {
	r    *Router
	self jid.JID
	h    xmpp.Handler

	detached bool             // the stream waits for resumption
	held     []*stanza.Stanza // what came meanwhile
}

// New starts a router. Close ends it.
func New() *Router {
	r := &Router{
		ports: make(map[jid.JID]*Port), ready: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), keep: true,
	}
	go r.run()
	return r
}

// Close ends the router's goroutine. Stanzas under way are lost.
func (r *Router) Close() {
	close(r.stop)
	<-r.done
}

// Attach gives a handler an address. It is told Up, and it and the others get each other's presence.
func (r *Router) Attach(self jid.JID, h xmpp.Handler) *Port {
	p := &Port{r: r, self: self, h: h}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ports[self] = p
	return p
}

// Online tells p that it is up and everybody about everybody. It is separate from Attach so that the sender can be
// bound before.
func (p *Port) Online() {
	p.h.HandleEvent(xmpp.Up{JID: p.self})
	for _, o := range p.r.others(p.self) {
		p.r.put(&stanza.Stanza{Kind: stanza.Presence, From: p.self, To: o.self})
		p.r.put(&stanza.Stanza{Kind: stanza.Presence, From: o.self, To: p.self})
	}
}

// Offline takes p away: it is told Lost, the others its absence.
func (p *Port) Offline() {
	p.r.mu.Lock()
	delete(p.r.ports, p.self)
	p.r.mu.Unlock()
	p.h.HandleEvent(xmpp.Down{})
	p.h.HandleEvent(xmpp.Lost{})
	for _, o := range p.r.others(p.self) {
		p.r.put(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Unavailable, From: p.self, To: o.self})
	}
}

// Down breaks the stream of p; what comes for it waits, as with stream management.
func (p *Port) Down() {
	p.r.mu.Lock()
	p.detached = true
	p.r.mu.Unlock()
	p.h.HandleEvent(xmpp.Down{Resumable: true})
}

// Resume ends Down.
func (p *Port) Resume() {
	p.h.HandleEvent(xmpp.Up{JID: p.self, Resumed: true})
	p.r.mu.Lock()
	p.detached = false
	p.r.queue = append(p.held, p.r.queue...)
	p.held = nil
	p.r.mu.Unlock()
	p.r.wake()
}

func (r *Router) others(self jid.JID) []*Port {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*Port
	for j, o := range r.ports {
		if j != self {
			list = append(list, o)
		}
	}
	return list
}

// Send queues a stanza under the port's address.
func (p *Port) Send(s *stanza.Stanza) error {
	s = s.Clone()
	s.From = p.self
	p.r.put(s)
	return nil
}

// Inject puts a stanza on its way as it is, whoever it claims to come from. The hook does not see it.
func (r *Router) Inject(s *stanza.Stanza) {
	r.mu.Lock()
	r.queue = append(r.queue, s)
	r.mu.Unlock()
	r.wake()
}

// Hook sets what becomes of every stanza but presence: nothing, itself, others, several. nil: it passes.
func (r *Router) Hook(h func(s *stanza.Stanza) []*stanza.Stanza) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hook = h
}

// Record switches the log on or off; it is on at first.
func (r *Router) Record(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep = on
}

// Log gives what was sent so far but presence, before the hook.
func (r *Router) Log() []*stanza.Stanza {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.log)
}

func (r *Router) put(s *stanza.Stanza) {
	r.mu.Lock()
	out := []*stanza.Stanza{s}
	if s.Kind != stanza.Presence {
		if r.keep {
			r.log = append(r.log, s.Clone())
		}
		if r.hook != nil {
			out = r.hook(s)
		}
	}
	r.queue = append(r.queue, out...)
	r.mu.Unlock()
	r.wake()
}

func (r *Router) wake() {
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

func (r *Router) run() {
	defer close(r.done)
	for {
		select {
		case <-r.ready:
		case <-r.stop:
			return
		}
		for r.deliver() {
		}
	}
}

// deliver moves one stanza. What has nowhere to go is answered as RFC 6120 10.5 says.
func (r *Router) deliver() bool {
	r.mu.Lock()
	if len(r.queue) == 0 {
		r.mu.Unlock()
		return false
	}
	s := r.queue[0]
	r.queue = r.queue[1:]
	to, from := r.ports[s.To], r.ports[s.From]
	if to != nil && to.detached {
		to.held = append(to.held, s)
		r.mu.Unlock()
		return true
	}
	r.mu.Unlock()
	switch {
	case to != nil:
		to.h.HandleStanza(s)
	case from != nil && s.Kind != stanza.Presence && s.Type != stanza.TypeError && s.Type != stanza.Result:
		from.h.HandleStanza(s.ErrorReply(stanza.NewError(stanza.ServiceUnavailable, "")))
	}
	return true
}
