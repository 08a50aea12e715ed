package xmpptest

import (
	"context"
	"sync"

	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A Peer is the twin of xmpp.Client: Send, IQ and JID are the same, and its Handler is called by one goroutine in order
// of arrival. Start brings it up, Cut and Resume interrupt it without loss, Stop ends its session.
type Peer struct {
	r    *Router
	full jid.JID

	mu      sync.Mutex
	cond    *sync.Cond
	up      bool // a session exists
	cut     bool // it is detached
	done    bool // the goroutine is to end when the inbox is empty
	inbox   []any
	held    []*stanza.Stanza // sent while cut
	pending map[string]*call
}

type call struct {
	to     jid.JID
	answer chan *stanza.Stanza
}

// JID returns the full address.
func (p *Peer) JID() jid.JID { return p.full }

// Start begins a session: the handler gets Up, the other peers see it become available.
func (p *Peer) Start(h xmpp.Handler) {
	p.mu.Lock()
	p.up, p.cut, p.done = true, false, false
	p.inbox = append(p.inbox[:0], xmpp.Up{JID: p.full})
	p.mu.Unlock()
	p.r.mu.Lock()
	p.r.peers[p.full] = p
	p.r.mu.Unlock()
	p.r.wg.Go(func() { p.serve(h) })
	p.r.announce(p, "")
}

// serve calls the handler until the session has ended.
func (p *Peer) serve(h xmpp.Handler) {
	for {
		p.mu.Lock()
		for len(p.inbox) == 0 || p.cut && !isEvent(p.inbox[0]) {
			if p.done && !p.cut {
				p.mu.Unlock()
				return
			}
			p.cond.Wait()
		}
		in := p.inbox[0]
		p.inbox = p.inbox[1:]
		p.mu.Unlock()
		switch v := in.(type) {
		case xmpp.Event:
			h.HandleEvent(v)
		case *stanza.Stanza:
			if !p.awaited(v) {
				h.HandleStanza(v)
			}
		}
	}
}

func isEvent(v any) bool { _, ok := v.(xmpp.Event); return ok }

// Stop ends the session: the handler gets Down and Lost, the other peers see it become unavailable. Start may follow.
func (p *Peer) Stop(err error) {
	p.mu.Lock()
	if !p.up {
		p.mu.Unlock()
		return
	}
	wasCut := p.cut
	p.up, p.cut, p.done = false, false, true
	p.inbox, p.held = nil, nil
	if !wasCut {
		p.inbox = append(p.inbox, xmpp.Down{Err: err})
	}
	p.inbox = append(p.inbox, xmpp.Lost{Err: err})
	for id, c := range p.pending {
		close(c.answer)
		delete(p.pending, id)
	}
	p.cond.Broadcast()
	p.mu.Unlock()
	p.r.mu.Lock()
	if p.r.peers[p.full] == p {
		delete(p.r.peers, p.full)
	}
	p.r.mu.Unlock()
	p.r.announce(p, stanza.Unavailable)
}

// Cut breaks the link so that it can be resumed: the handler gets Down; stanzas wait in both directions.
func (p *Peer) Cut(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up || p.cut {
		return
	}
	p.cut = true
	p.inbox = append([]any{xmpp.Down{Err: err, Resumable: true}}, p.inbox...)
	p.cond.Broadcast()
}

// Resume mends a link that was cut: the handler gets Up with Resumed, and everything that waited is delivered.
func (p *Peer) Resume() {
	p.mu.Lock()
	if !p.up || !p.cut {
		p.mu.Unlock()
		return
	}
	p.cut = false
	i := 0
	for i < len(p.inbox) && isEvent(p.inbox[i]) {
		i++
	}
	p.inbox = append(append(append([]any{}, p.inbox[:i]...), xmpp.Up{JID: p.full, Resumed: true}), p.inbox[i:]...)
	held := p.held
	p.held = nil
	p.cond.Broadcast()
	p.mu.Unlock()
	for _, s := range held {
		p.r.route(s)
	}
}

// Send is xmpp.Client.Send.
func (p *Peer) Send(s *stanza.Stanza) error {
	if s.Kind == 0 || s.Kind == stanza.IQ && s.ID == "" {
		return xmpp.ErrStanza
	}
	w, err := wire(s)
	if err != nil {
		return err
	}
	w.From = p.full
	if w.To.IsZero() {
		w.To = p.full.Bare()
	}
	p.mu.Lock()
	switch {
	case !p.up:
		p.mu.Unlock()
		return xmpp.ErrLinkDown
	case p.cut:
		p.held = append(p.held, w)
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	p.r.route(w)
	return nil
}

// IQ is xmpp.Client.IQ.
func (p *Peer) IQ(ctx context.Context, s *stanza.Stanza) (*stanza.Stanza, error) {
	q := *s
	q.Kind = stanza.IQ
	if q.ID == "" {
		q.ID = stanza.NewID()
	}
	if !q.IsRequest() {
		return nil, xmpp.ErrStanza
	}
	c := &call{q.To, make(chan *stanza.Stanza, 1)}
	p.mu.Lock()
	p.pending[q.ID] = c
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.pending, q.ID)
		p.mu.Unlock()
	}()
	if err := p.Send(&q); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r, ok := <-c.answer:
		switch {
		case !ok:
			return nil, xmpp.ErrLost
		case r.Type == stanza.TypeError:
			return r, r.Err
		}
		return r, nil
	}
}

// awaited hands an answer to the IQ that waits for it.
func (p *Peer) awaited(s *stanza.Stanza) bool {
	if !s.IsResponse() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.pending[s.ID]
	if c == nil || c.to != s.From {
		return false
	}
	delete(p.pending, s.ID)
	c.answer <- s
	return true
}

// receive puts a stanza into the inbox.
func (p *Peer) receive(s *stanza.Stanza) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up {
		p.inbox = append(p.inbox, s)
		p.cond.Broadcast()
	}
}
