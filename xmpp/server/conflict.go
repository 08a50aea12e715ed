package server

import (
	"sync"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// contend settles who has a resource that a session holds and the newcomer c wants. It reports whether the newcomer may
// try again. No lock is held.
func (s *Server) contend(full jid.JID, c *conn) bool {
	old := s.reg.has(full)
	if old == nil {
		return true
	}
	old.mu.Lock()
	attached := old.conn
	old.mu.Unlock()
	if attached == nil { // nobody at the other end
		s.endSession(old, "replaced", "")
		return true
	}
	won := s.cfg.Conflict == Replace || s.cfg.Conflict == Probe && !s.alive(old, attached, c)
	reason := "refused"
	if won {
		reason = "replaced"
		s.endSession(old, "conflict", stream.Conflict)
	}
	s.emit(Event{Kind: SessionConflict, Remote: c.ip, JID: full, Reason: reason})
	if s.clones.note(full.Bare().String(), s.cfg.Now(), s.cfg.Limits.CloneAlarm) {
		s.emit(Event{Kind: ClonedIdentity, Remote: c.ip, JID: full})
	}
	return won
}

// alive pings a session and waits for a sign of life.
func (s *Server) alive(sess *session, c, newcomer *conn) bool {
	c.mu.Lock()
	if c.dead || c.sess != sess {
		c.mu.Unlock()
		return false
	}
	if c.slowed {
		c.mu.Unlock()
		return true
	}
	if c.probe == nil {
		c.probe = make(chan struct{})
	}
	sign := c.probe
	c.mu.Unlock()
	s.ping(sess)
	t := time.NewTimer(s.cfg.Limits.ProbeTimeout)
	defer t.Stop()
	select {
	case <-sign:
		return true
	case <-newcomer.stop:
		return true
	case <-c.stop:
	case <-t.C:
	}
	return false
}

// ping asks a session for a sign of life.
func (s *Server) ping(sess *session) {
	var out batch
	sess.deliver(&stanza.Stanza{
		Kind: stanza.IQ, Type: stanza.Get, ID: stanza.NewID(), From: s.domain, To: sess.full,
		Payload: []byte("<ping xmlns='" + nsPing + "'/>"),
	}, &out, s.cfg.Now())
	out.flush()
}

// clones remembers conflicts, to notice a credential that two devices use.
type clones struct {
	mu sync.Mutex
	m  map[string][]time.Time
}

const cloneWindow = 10 * time.Minute

// note adds a conflict and reports whether there have been more than limit in the window.
func (c *clones) note(bare string, now time.Time, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = map[string][]time.Time{}
	}
	recent := c.m[bare][:0]
	for _, t := range c.m[bare] {
		if now.Sub(t) < cloneWindow {
			recent = append(recent, t)
		}
	}
	recent = append(recent, now)
	if len(recent) > limit+1 {
		recent = recent[1:]
	}
	c.m[bare] = recent
	return len(recent) > limit
}

func (c *clones) sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range c.m {
		if len(v) == 0 || now.Sub(v[len(v)-1]) >= cloneWindow {
			delete(c.m, k)
		}
	}
}
