package server

import (
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// iqKey names a request of a session.
type iqKey struct {
	to jid.JID
	id string
}

// ask notes a request. It returns the condition that refuses it, or "".
func (sess *session) ask(st *stanza.Stanza, until time.Time, limit int) string {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if len(sess.pending) >= limit {
		return stanza.ResourceConstraint
	}
	k := iqKey{st.To, st.ID}
	if _, twice := sess.pending[k]; twice {
		return stanza.Conflict
	}
	if sess.pending == nil {
		sess.pending = map[iqKey]time.Time{}
	}
	sess.pending[k] = until
	return ""
}

// answered forgets a request and reports whether it was waiting.
func (sess *session) answered(k iqKey) bool {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	_, ok := sess.pending[k]
	delete(sess.pending, k)
	return ok
}

// overdue takes out the requests that have waited too long, or that match.
func (sess *session) overdue(now time.Time, match func(iqKey) bool) (keys []iqKey) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	for k, until := range sess.pending {
		if match != nil && match(k) || match == nil && !now.Before(until) {
			keys = append(keys, k)
			delete(sess.pending, k)
		}
	}
	return keys
}

// giveUp answers requests of sess on behalf of those who did not.
func (s *Server) giveUp(sess *session, keys []iqKey, cond string, out *batch, now time.Time) {
	for _, k := range keys {
		if other := s.reg.has(k.to); other != nil {
			other.asked.Add(-1)
		}
		sess.deliver(&stanza.Stanza{
			Kind: stanza.IQ, Type: stanza.TypeError, ID: k.id, From: k.to, To: sess.full, Err: stanza.NewError(cond, ""),
		}, out, now)
	}
}

// abandon answers all requests that a session which is gone has left open.
func (s *Server) abandon(full jid.JID, out *batch, now time.Time) {
	for _, asker := range s.reg.all() {
		if keys := asker.overdue(now, func(k iqKey) bool { return k.to == full }); keys != nil {
			s.giveUp(asker, keys, stanza.ServiceUnavailable, out, now)
		}
	}
}

// bounce tells the sender that a stanza was not delivered after all.
func (s *Server) bounce(st *stanza.Stanza, cond string, out *batch, now time.Time) {
	sender := s.reg.has(st.From)
	if sender == nil || st.Type == stanza.TypeError || st.Kind == stanza.Presence || st.IsResponse() {
		return
	}
	if st.IsRequest() {
		if !sender.answered(iqKey{st.To, st.ID}) {
			return
		}
		if other := s.reg.has(st.To); other != nil {
			other.asked.Add(-1)
		}
	}
	sender.deliver(st.ErrorReply(stanza.NewError(cond, "")), out, now)
}

// expire answers the requests that have waited too long for a detached session. The caller holds sess.mu; the senders are
// told in the background, because their locks may not be taken here.
func (sess *session) expire(now time.Time) {
	var late []*stanza.Stanza
	sess.out.Expire(now, sess.srv.cfg.Limits.HoldIQ, func(b []byte) {
		if st := reparse(b); st != nil {
			late = append(late, st)
		}
	})
	if late == nil {
		return
	}
	s := sess.srv
	s.count.heldExpired.Add(uint64(len(late)))
	for range late {
		s.emit(Event{Kind: HeldExpired, JID: sess.full})
	}
	go func() {
		var out batch
		for _, st := range late {
			s.bounce(st, stanza.RemoteServerTimeout, &out, now)
		}
		out.flush()
	}()
}

const reparseHeader = "<stream:stream xmlns='" + xmlscan.NSClient + "' xmlns:stream='" + xmlscan.NSStream + "'>"

// reparse reads a stanza of a queue again. It returns nil for what is none.
func reparse(b []byte) *stanza.Stanza {
	sc := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitMost)
	sc.Feed(append([]byte(reparseHeader), b...))
	for {
		it, err := sc.Next()
		if err != nil || it == xmlscan.None || it == xmlscan.Closed {
			return nil
		}
		if it == xmlscan.Child {
			var p stanza.Parser
			var st stanza.Stanza
			if p.Parse(sc.Element, &st) != nil {
				return nil
			}
			return st.Clone()
		}
	}
}
