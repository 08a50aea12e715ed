package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// handle does what an event of the stream asks for. The caller holds c.mu.
func (c *conn) handle(ev stream.Event, w *work, now time.Time) {
	switch ev.Kind {
	case stream.StanzaIn:
		c.route(ev.Stanza, &w.out, now)
	case stream.BadStanza:
		c.badStanza(ev, &w.out, now)
	case stream.AckRequest:
		c.append(c.m.SMAck().Append(nil))
	case stream.Ack:
		c.ack(ev.H)
	case stream.AuthRequest:
		c.authenticate(ev, now)
	case stream.AuthFailed:
		reason := "sasl"
		var f *sasl.Failure
		if errors.As(ev.Err, &f) {
			reason = f.Cond
		}
		c.loginFailed(reason, ev.Err)
	case stream.BindRequest:
		c.bind(ev, w, now)
	case stream.ResumeRequest:
		c.resume(ev, now)
	case stream.EnableRequest:
		c.enable(ev, now)
	case stream.Closed:
		c.kill()
	}
}

// authenticate decides whether the peer that has proved an identity may log in.
func (c *conn) authenticate(ev stream.Event, now time.Time) {
	s := c.srv
	acc, reason := s.pol.Load().admit(ev.JID, c.cert)
	if reason != "" {
		c.loginFailed(reason, nil)
		if err := c.m.Refuse(sasl.NotAuthorized, now); err != nil {
			c.streamEnded(err)
		}
		return
	}
	if err := c.m.Accept(now); err != nil {
		c.streamEnded(err)
		return
	}
	c.authed, c.acc = true, acc
	s.ips.leave(c.ip)
	s.count.logins.add("ok")
	s.emit(Event{Kind: LoginOK, Remote: c.ip, JID: ev.JID, Latency: now.Sub(c.accepted)})
}

// bind gives the peer its resource, if nobody has it or the conflict policy lets it take over.
func (c *conn) bind(ev stream.Event, w *work, now time.Time) {
	s := c.srv
	resource := ev.Resource
	if resource == "" {
		resource = c.acc.resources[0]
	}
	full, err := ev.JID.WithResource(resource)
	if err != nil || !slices.Contains(c.acc.resources, full.Resource()) {
		c.refuseBind(stanza.NotAllowed, now)
		return
	}
	sess := &session{srv: s, full: full, bare: ev.JID, cert: c.cert, conn: c}
	for {
		pol := s.pol.Load()
		acc, reason := pol.admit(ev.JID, c.cert)
		if reason != "" {
			c.refuseBind(stanza.NotAllowed, now)
			return
		}
		sess.standing.Store(&standing{pol: pol, acc: acc, class: pol.classes.of(sess.bare, acc)})
		if s.reg.has(full) == nil {
			sess.bound()
			// The answer is in the output before anybody can find the session and send to it.
			sess.mu.Lock()
			old := s.reg.add(sess)
			if old == nil {
				err := c.m.Bind(full, now)
				c.append(c.m.Output())
				sess.mu.Unlock()
				if err != nil {
					s.reg.remove(sess)
					c.streamEnded(err)
					return
				}
				c.sess, c.acc = sess, nil
				s.count.conns.Add(-1)
				s.count.attached.Add(1)
				s.emit(Event{Kind: SessionUp, Remote: c.ip, JID: full})
				if now := s.pol.Load(); now != pol { // the reload may not have seen the session
					go s.restand(sess, now)
				}
				return
			}
			sess.mu.Unlock()
			continue
		}
		w.out.flush()
		c.mu.Unlock()
		won := s.contend(full, c)
		c.mu.Lock()
		now = s.cfg.Now()
		if c.dead {
			return
		}
		if !won {
			c.refuseBind(stanza.Conflict, now)
			return
		}
	}
}

func (c *conn) refuseBind(cond string, now time.Time) {
	if err := c.m.RefuseBind(cond, now); err != nil {
		c.streamEnded(err)
	}
}

// enable turns stream management on.
func (c *conn) enable(ev stream.Event, now time.Time) {
	id := ""
	if ev.Resume {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand
		id = base64.RawURLEncoding.EncodeToString(b[:])
	}
	pause := c.srv.cfg.Limits.ResumeMax
	if ev.Max > 0 {
		pause = min(pause, ev.Max)
	}
	sess := c.sess
	sess.mu.Lock()
	defer sess.mu.Unlock()
	// No stanza is appended between the answer and the moment from which the peer counts.
	err := c.m.EnableSM(id, pause, now)
	c.append(c.m.Output())
	if err != nil {
		c.streamEnded(err)
		return
	}
	sess.managed, sess.smID, sess.pause = true, id, pause
	if id != "" {
		c.srv.reg.manage(sess)
	}
}

// ack takes the peer's acknowledgement.
func (c *conn) ack(h uint32) {
	sess := c.sess
	sess.mu.Lock()
	before := sess.out.Bytes()
	err := sess.out.Ack(h)
	c.srv.count.queueBytes.Add(int64(sess.out.Bytes() - before))
	sess.mu.Unlock()
	if err != nil {
		c.streamEnded(c.m.FailAck())
	}
}

// resume attaches the stream to a session that lost its own.
func (c *conn) resume(ev stream.Event, now time.Time) {
	s := c.srv
	sess := s.reg.managed(ev.ID)
	if sess == nil || sess.bare != ev.JID {
		c.resumeFailed("unknown", nil, now)
		return
	}
	sess.detachFrom(now)
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if sess.gone || sess.conn != nil {
		c.resumeFailed("gone", nil, now)
		return
	}
	// Under the lock under which a reload looks at the session's certificate: one of the two sees what the other does.
	if _, reason := s.pol.Load().admit(ev.JID, c.cert); reason != "" {
		c.resumeFailed("denied", nil, now)
		return
	}
	before := sess.out.Bytes()
	sess.expire(now)
	again, err := sess.out.Resume(nil, ev.H, now)
	s.count.queueBytes.Add(int64(sess.out.Bytes() - before))
	if err != nil {
		s.count.resumes.add("bad-count")
		_ = c.m.FailSM(stanza.UndefinedCondition, &sess.h, now)
		c.streamEnded(c.m.FailAck())
		return
	}
	if err := c.m.Resume(sess.full, sess.h, now); err != nil {
		c.streamEnded(err)
		return
	}
	c.append(c.m.Output())
	c.append(again)
	if len(again) > 0 {
		c.append(ackRequest)
		sess.out.Asked()
	}
	sess.conn, sess.cert = c, c.cert
	sess.bound()
	c.sess, c.acc = sess, nil
	s.count.conns.Add(-1)
	s.count.detached.Add(-1)
	s.count.attached.Add(1)
	s.count.resumes.add("ok")
	s.emit(Event{Kind: SessionResumed, Remote: c.ip, JID: sess.full})
}

func (c *conn) resumeFailed(reason string, h *uint32, now time.Time) {
	c.srv.count.resumes.add(reason)
	if err := c.m.FailSM(stanza.ItemNotFound, h, now); err != nil {
		c.streamEnded(err)
	}
}

// badStanza answers what cannot be routed; errors and answers are not answered.
func (c *conn) badStanza(ev stream.Event, out *batch, now time.Time) {
	st := ev.Stanza
	c.srv.stanzaResult(st.Kind, Refused)
	var pe *stanza.ParseError
	if !errors.As(ev.Err, &pe) || st.Type == stanza.TypeError || st.Type == stanza.Result || st.ID == "" && st.Kind == stanza.IQ {
		return
	}
	st.From = c.sess.full
	c.sess.deliver(st.ErrorReply(stanza.NewError(pe.Cond, pe.Reason)), out, now)
}

// bound returns the full JID of the session, or who the peer has proved to be. The caller holds c.mu.
func (c *conn) bound() jid.JID {
	if c.sess != nil {
		return c.sess.full
	}
	return c.m.Identity().JID
}
