package xmpp

import (
	"context"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// call is an IQ that waits for its answer.
type call struct {
	to     jid.JID
	answer chan *stanza.Stanza // capacity 1; closed when the session is lost
}

// IQ sends a request and waits for its answer. An id is made when there is none. An answer of type error is returned
// together with its Err as error; otherwise the error is that of Send, of ctx, or ErrLost. Only an answer from the
// address that was asked counts.
func (c *Client) IQ(ctx context.Context, s *stanza.Stanza) (*stanza.Stanza, error) {
	q := *s
	q.Kind = stanza.IQ
	if q.ID == "" {
		q.ID = stanza.NewID()
	}
	if !q.IsRequest() {
		return nil, ErrStanza
	}
	w := &call{to: q.To, answer: make(chan *stanza.Stanza, 1)}
	c.mu.Lock()
	_, dup := c.pending[q.ID]
	if dup || len(c.pending) >= c.cfg.MaxPending {
		c.mu.Unlock()
		return nil, ErrQueueFull
	}
	c.pending[q.ID] = w
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pending, q.ID)
		c.mu.Unlock()
	}()
	if err := c.Send(&q); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r, ok := <-w.answer:
		switch {
		case !ok:
			return nil, ErrLost
		case r.Type == stanza.TypeError:
			return r, r.Err
		}
		return r, nil
	}
}

// awaited hands an answer to the IQ that waits for it.
func (c *Client) awaited(s *stanza.Stanza) bool {
	if !s.IsResponse() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.pending[s.ID]
	if w == nil || !c.answers(s.From, w.to) {
		return false
	}
	delete(c.pending, s.ID)
	w.answer <- s
	return true
}

// answers reports whether an answer from this address answers a request to that one: a request without address goes to
// the own account, whose server answers in several names (RFC 6120 8.1.2.1).
func (c *Client) answers(from, to jid.JID) bool {
	own := func(j jid.JID) bool { return j.IsZero() || j == c.full || j == c.full.Bare() }
	return from == to || own(to) && (own(from) || from == c.full.DomainJID()) || from.IsZero() && to == c.full.DomainJID()
}

// failPending ends all IQs that wait; the lock is held.
func (c *Client) failPending() {
	for id, w := range c.pending {
		close(w.answer)
		delete(c.pending, id)
	}
}

// reparse reads a stanza that this client wrote.
func reparse(b []byte) *stanza.Stanza {
	sc := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitMost)
	sc.Feed([]byte("<stream:stream xmlns='jabber:client' xmlns:stream='" + xmlscan.NSStream + "'>"))
	if it, err := sc.Next(); it != xmlscan.Open || err != nil {
		return nil
	}
	sc.Feed(b)
	if it, err := sc.Next(); it != xmlscan.Child || err != nil {
		return nil
	}
	var p stanza.Parser
	var s stanza.Stanza
	if err := p.Parse(sc.Element, &s); err != nil {
		return nil
	}
	return s.Clone()
}
