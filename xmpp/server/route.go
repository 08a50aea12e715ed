package server

import (
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// route passes on what a session has sent. The caller holds c.mu and flushes out afterwards.
func (c *conn) route(st *stanza.Stanza, out *batch, now time.Time) {
	s, sess := c.srv, c.sess
	if !st.From.IsZero() && st.From != sess.full && st.From != sess.bare {
		s.emit(Event{Kind: Spoofed, Remote: c.ip, JID: sess.full, To: st.From})
		c.streamEnded(c.m.Fail(stream.InvalidFrom, ""))
		return
	}
	st.From = sess.full
	var r Result
	switch {
	case st.Kind == stanza.Presence:
		r = s.presence(sess, st, out, now)
	case st.To.IsZero(), st.To == s.domain, st.To == sess.bare:
		r = s.toSelf(sess, st, out, now)
	case st.To.Domain() != s.cfg.Domain:
		r = s.refuse(sess, st, stanza.RemoteServerNotFound, Unavailable, out, now)
	case st.IsResponse():
		r = s.answer(sess, st, out, now)
	default:
		r = s.forward(sess, st, out, now)
	}
	s.stanzaResult(st.Kind, r)
}

// forward passes a request or a message to another session.
func (s *Server) forward(sess *session, st *stanza.Stanza, out *batch, now time.Time) Result {
	to := s.reg.has(st.To)
	if s.allowed(sess, st.To, to)&maskOf(st.Kind) == 0 {
		s.count.denied.add(st.Kind.String())
		s.emit(Event{Kind: PolicyDenied, JID: sess.full, To: st.To, Reason: st.Kind.String()})
		return s.refuse(sess, st, stanza.NotAllowed, Denied, out, now)
	}
	if to == nil {
		return s.refuse(sess, st, s.absent(st), Unavailable, out, now)
	}
	request := st.IsRequest()
	if request {
		if cond := sess.ask(st, now.Add(s.cfg.Limits.IQTimeout), s.cfg.Limits.PendingIQ*sess.weight()); cond != "" {
			return s.refuse(sess, st, cond, Refused, out, now)
		}
		to.asked.Add(1)
	}
	r := to.deliver(st, out, now)
	if r == Delivered || r == Queued {
		return r
	}
	if request {
		to.asked.Add(-1)
		sess.answered(iqKey{st.To, st.ID})
	}
	if r == Refused {
		return s.refuse(sess, st, stanza.ResourceConstraint, r, out, now)
	}
	return s.refuse(sess, st, s.absent(st), r, out, now)
}

// absent is the condition for an address of ours at which nobody is. Messages to a bare JID are not spread nor stored.
func (s *Server) absent(st *stanza.Stanza) string {
	if st.Kind == stanza.Message && st.To.IsFull() {
		return stanza.RecipientUnavailable
	}
	return stanza.ServiceUnavailable
}

// allowed returns what sess may send to an address; target is the session there, if any.
func (s *Server) allowed(sess *session, to jid.JID, target *session) mask {
	from := sess.standing.Load()
	if to.Bare() == sess.bare {
		return from.pol.toSelf(sess.bare, from.acc, sess.bare)
	}
	if target != nil {
		if at := target.standing.Load(); at.pol == from.pol {
			return from.pol.classes.between(from.class, at.class)
		}
	}
	// Nobody there, or the policy is just being replaced.
	bare := to.Bare()
	if acc := from.pol.account(bare); acc != nil && bare.Local() != "" {
		return from.pol.classes.between(from.class, from.pol.classes.of(bare, acc))
	}
	return 0
}

// refuse answers st with an error, unless it is an error or an answer itself.
func (s *Server) refuse(sess *session, st *stanza.Stanza, cond string, r Result, out *batch, now time.Time) Result {
	if st.Type != stanza.TypeError && st.Type != stanza.Result && st.Kind != stanza.Presence {
		sess.deliver(st.ErrorReply(stanza.NewError(cond, "")), out, now)
	}
	return r
}

// answer passes the answer to a request that is waiting for it; any other is dropped.
func (s *Server) answer(sess *session, st *stanza.Stanza, out *batch, now time.Time) Result {
	asker := s.reg.has(st.To)
	if asker == nil {
		return Dropped
	}
	asker.mu.Lock()
	_, ok := asker.pending[iqKey{sess.full, st.ID}]
	r := Dropped
	if ok {
		if r = asker.deliverLocked(st, out, now); r != Refused { // else who asked is told when the time is over
			delete(asker.pending, iqKey{sess.full, st.ID})
		}
	}
	asker.mu.Unlock()
	if !ok {
		s.emit(Event{Kind: Unsolicited, JID: sess.full, To: st.To})
		return Dropped
	}
	if r != Refused {
		sess.asked.Add(-1)
	}
	return r
}
