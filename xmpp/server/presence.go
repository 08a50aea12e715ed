package server

import (
	"time"

	"github.com/gridward/gridward/xmpp/stanza"
)

// maxPresence bounds the payload of a presence for all: it is copied for thousands, and remembered for those who come later.
const maxPresence = 2048

// presence handles a presence stanza. There are no rosters: everybody who may exchange presence with the sender in both
// directions is subscribed to it.
func (s *Server) presence(sess *session, st *stanza.Stanza, out *batch, now time.Time) Result {
	if !st.To.IsZero() && st.To != s.domain {
		return s.directed(sess, st, out, now)
	}
	if len(st.Payload) > maxPresence {
		if st.Type != stanza.TypeError {
			sess.deliver(st.ErrorReply(stanza.NewError(stanza.NotAcceptable, "presence is too long")), out, now)
		}
		return Refused
	}
	switch st.Type {
	case "":
		return s.available(sess, st, out, now)
	case stanza.Unavailable:
		sess.mu.Lock()
		was := sess.online
		sess.online, sess.presence = false, nil
		sess.mu.Unlock()
		if was {
			s.announce(sess, st, out, now)
		}
		return Delivered
	}
	return Dropped
}

// available notes the presence of a session, tells those who are subscribed to it, and when it is the first, tells it
// theirs.
func (s *Server) available(sess *session, st *stanza.Stanza, out *batch, now time.Time) Result {
	sess.mu.Lock()
	first := !sess.online
	sess.online = true
	sess.presence = append([]byte{}, st.Payload...)
	sess.mu.Unlock()
	peers := s.announce(sess, st, out, now)
	if !first {
		return Delivered
	}
	for _, p := range peers {
		s.show(p, sess, out, now)
	}
	return Delivered
}

// show sends the presence of one session to another.
func (s *Server) show(from, to *session, out *batch, now time.Time) {
	from.mu.Lock()
	online, payload := from.online, from.presence
	from.mu.Unlock()
	if online {
		to.deliver(&stanza.Stanza{Kind: stanza.Presence, From: from.full, To: to.full, Payload: payload}, out, now)
	}
}

// announce sends a presence of sess to everybody who is subscribed to it and available; it returns all who are subscribed.
func (s *Server) announce(sess *session, st *stanza.Stanza, out *batch, now time.Time) []*session {
	peers := s.reg.peers(sess, s.cfg.Limits.PresenceTargets)
	for _, p := range peers {
		p.mu.Lock()
		if p.online {
			copied := *st
			copied.To = p.full
			p.deliverLocked(&copied, out, now)
		}
		p.mu.Unlock()
	}
	return peers
}

// directed passes a presence to one address. Requests to subscribe are answered by the server: whoever may see the
// presence of the other, does.
func (s *Server) directed(sess *session, st *stanza.Stanza, out *batch, now time.Time) Result {
	to := s.reg.has(st.To)
	if to == nil {
		if acc := sess.standing.Load().pol.account(st.To.Bare()); acc != nil && st.To.IsBare() {
			for _, r := range acc.resources {
				if full, err := st.To.WithResource(r); err == nil && to == nil {
					to = s.reg.has(full)
				}
			}
		}
	}
	both := s.allowed(sess, st.To, to) & maskPresence
	if both == 0 || st.To.Domain() != s.cfg.Domain {
		s.count.denied.add(st.Kind.String())
		s.emit(Event{Kind: PolicyDenied, JID: sess.full, To: st.To, Reason: st.Kind.String()})
		return Denied
	}
	switch st.Type {
	case stanza.Subscribe:
		if to != nil && s.allowed(to, sess.full, sess)&maskPresence == 0 {
			return Denied
		}
		sess.deliver(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Subscribed, ID: st.ID, From: st.To.Bare(), To: sess.full}, out, now)
		return Answered
	case stanza.Probe:
		if to != nil && s.allowed(to, sess.full, sess)&maskPresence != 0 {
			s.show(to, sess, out, now)
		}
		return Answered
	case stanza.Subscribed, stanza.Unsubscribe, stanza.Unsubscribed:
		return Dropped
	}
	if to == nil {
		return Unavailable
	}
	return to.deliver(st, out, now)
}
