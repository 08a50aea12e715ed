package server

import (
	"time"

	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// sweepEvery is the resolution of all deadlines of the server: one goroutine looks after all sessions, so that an idle
// session has no timer of its own.
const sweepEvery = 250 * time.Millisecond

func (s *Server) sweeper() {
	defer close(s.swept)
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	minute := s.cfg.Now()
	for {
		select {
		case <-s.stop:
			for _, sess := range s.reg.all() { // those that are detached; the others end with their connections
				sess.mu.Lock()
				detached := sess.conn == nil
				sess.mu.Unlock()
				if detached {
					s.endSession(sess, "shutdown", "")
				}
			}
			return
		case <-t.C:
		}
		now := s.cfg.Now()
		s.mu.Lock()
		conns := s.connections()
		s.mu.Unlock()
		for _, c := range conns {
			c.sweep(now)
		}
		for _, sess := range s.reg.all() {
			s.sweepSession(sess, now)
		}
		if now.Sub(minute) >= time.Minute {
			minute = now
			s.ips.sweep(now)
			s.clones.sweep(now)
		}
	}
}

// sweep looks after the deadlines of one connection. One that is busy is looked at the next time.
func (c *conn) sweep(now time.Time) {
	if !c.mu.TryLock() {
		return
	}
	if c.dead {
		c.mu.Unlock()
		return
	}
	if err := c.m.Tick(now); err != nil {
		c.streamEnded(err)
		c.append(c.m.Output())
		c.mu.Unlock()
		c.flush()
		return
	}
	l := &c.srv.cfg.Limits
	sess := c.sess
	ping := false
	switch {
	case sess == nil:
	case !c.slowed && !c.pinged.IsZero() && now.Sub(c.pinged) >= l.PingTimeout:
		// A half-open connection: nobody is there to be told. The session may be resumed.
		c.srv.count.streamErrors.add(stream.ConnectionTimeout)
		c.srv.emit(Event{Kind: StreamError, Remote: c.ip, JID: sess.full, Reason: stream.ConnectionTimeout})
		c.lost = true
		c.kill()
	case c.slowed: // what it has sent has not been read yet
	case c.pinged.IsZero() && now.Sub(c.lastIn) >= l.PingAfter:
		c.pinged, ping = now, true
	}
	c.mu.Unlock()
	if ping {
		c.srv.ping(sess)
	}
}

// sweepSession looks after the queue and the requests of one session.
func (s *Server) sweepSession(sess *session, now time.Time) {
	var ask *conn
	over := false
	sess.mu.Lock()
	expired := sess.cert != nil && now.After(sess.cert.NotAfter)
	switch {
	case sess.gone, expired:
	case sess.conn == nil:
		over = now.Sub(sess.since) >= sess.pause
		if !over && sess.out.Len() > 0 {
			sess.expire(now)
		}
	case sess.managed && sess.out.Due(now):
		ask = sess.conn
		ask.append(ackRequest)
		sess.out.Asked()
	}
	waiting := len(sess.pending) > 0
	sess.mu.Unlock()
	if ask != nil {
		ask.flush()
	}
	if pol := s.pol.Load(); sess.standing.Load().pol != pol { // bound while the policy was being replaced
		s.restand(sess, pol)
	}
	if expired {
		s.endSession(sess, "certificate-expired", stream.NotAuthorized)
		return
	}
	if over {
		s.count.resumes.add("expired")
		s.endSession(sess, "resume-expired", "")
		return
	}
	if waiting {
		if late := sess.overdue(now, nil); late != nil {
			var out batch
			s.giveUp(sess, late, stanza.RemoteServerTimeout, &out, now)
			out.flush()
		}
	}
}
