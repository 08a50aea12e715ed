package server

import (
	"crypto/x509"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// standing is what the policy makes of a session; it is replaced as a whole when the policy is.
type standing struct {
	pol   *policy
	acc   *compiledAccount
	class class
}

// A session is a bound resource. It outlives its connection when it is managed and resumable.
type session struct {
	srv      *Server
	full     jid.JID
	bare     jid.JID
	cert     *x509.Certificate
	standing atomic.Pointer[standing]
	asked    atomic.Int32 // requests that this session has not answered yet

	mu       sync.Mutex
	conn     *conn // nil while detached
	gone     bool
	managed  bool // stream management is on
	smID     string
	pause    time.Duration // for which it may be detached
	since    time.Time     // detached
	h        uint32        // stanzas handled, as of the last stream
	out      sm.Out
	pending  map[iqKey]time.Time // own requests that wait for an answer, until
	presence []byte              // the payload of the last presence
	online   bool                // available presence was sent
}

// batch collects the connections that have something to send, so that each is sealed and written once.
type batch struct {
	conns []*conn
}

func (b *batch) add(c *conn) {
	for i := len(b.conns) - 1; i >= max(0, len(b.conns)-8); i-- { // flushing twice does no harm
		if b.conns[i] == c {
			return
		}
	}
	b.conns = append(b.conns, c)
}

// flush sends everything. The caller holds no session's lock.
func (b *batch) flush() {
	for i, c := range b.conns {
		c.flush()
		b.conns[i] = nil
	}
	b.conns = b.conns[:0]
}

var ackRequest = sm.Element{Kind: sm.Request}.Append(nil)

// deliver hands a stanza to the session. The caller flushes out afterwards.
func (sess *session) deliver(st *stanza.Stanza, out *batch, now time.Time) Result {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	return sess.deliverLocked(st, out, now)
}

func (sess *session) deliverLocked(st *stanza.Stanza, out *batch, now time.Time) Result {
	switch {
	case sess.gone:
		return Unavailable
	case sess.conn == nil:
		return sess.queue(st, now)
	}
	c := sess.conn
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.grow()
	start := len(*c.buf)
	*c.buf = st.Append(*c.buf)
	if sess.managed {
		if err := sess.out.Push((*c.buf)[start:], st.IsRequest(), now); err != nil {
			*c.buf = (*c.buf)[:start]
			return Refused
		}
		sess.srv.count.queueBytes.Add(int64(len(*c.buf) - start))
		if sess.out.Due(now) {
			*c.buf = append(*c.buf, ackRequest...)
			sess.out.Asked()
		}
	}
	out.add(c)
	return Delivered
}

// window is how many more octets than the queue of a detached session an attached one may leave unacknowledged: it is not
// away, its acknowledgements are on their way, and a burst of reports from many devices is nothing to refuse. Of stanzas
// sm.Out allows 16 times as many by itself.
const window = 4

// queueWeight bounds what weight multiplies a queue by, so that one account cannot hold more than 64 MiB while it is
// detached, and 256 MiB while it is attached, at the default bounds.
const queueWeight = 64

// bound sets the bounds of the queue. The caller holds sess.mu.
func (sess *session) bound() {
	l, w := &sess.srv.cfg.Limits, min(sess.weight(), queueWeight)
	sess.out.MaxStanzas, sess.out.MaxBytes = w*l.QueueStanzas, w*l.QueueBytes
	if sess.conn != nil {
		sess.out.MaxBytes *= window
	}
}

// weight is how many devices' worth of everything the session may use.
func (sess *session) weight() int { return sess.standing.Load().acc.weight }

// queue keeps a stanza for a detached session.
func (sess *session) queue(st *stanza.Stanza, now time.Time) Result {
	before := sess.out.Bytes()
	if err := sess.out.Push(st.Append(nil), st.IsRequest(), now); err != nil {
		sess.srv.emit(Event{Kind: QueueFull, JID: sess.full})
		return Refused
	}
	sess.srv.count.queueBytes.Add(int64(sess.out.Bytes() - before))
	return Queued
}

// letGo is called when the connection of a session has ended: a managed session waits, any other ends.
func (s *Server) letGo(sess *session, c *conn, h uint32, lost bool) {
	sess.mu.Lock()
	if sess.conn != c { // resumed elsewhere, or ended already
		sess.mu.Unlock()
		return
	}
	if lost && sess.smID != "" && !s.isDown() {
		sess.detach(h, s.cfg.Now())
		sess.mu.Unlock()
		return
	}
	sess.mu.Unlock()
	s.endSession(sess, "closed", "")
}

// detach leaves the session without connection. The caller holds sess.mu.
func (sess *session) detach(h uint32, now time.Time) {
	s := sess.srv
	sess.conn, sess.h, sess.since = nil, h, now
	sess.out.Detach(now)
	sess.bound()
	s.count.attached.Add(-1)
	s.count.detached.Add(1)
	s.emit(Event{Kind: SessionDetached, JID: sess.full})
}

// detachFrom takes the session away from the connection that it has, if any: its client has come back on another.
func (sess *session) detachFrom(now time.Time) {
	sess.mu.Lock()
	old := sess.conn
	sess.mu.Unlock()
	if old == nil {
		return
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	if old.sess != sess {
		return
	}
	old.sess = nil
	sess.mu.Lock()
	if sess.conn == old {
		sess.detach(old.m.Handled(), now)
	}
	sess.mu.Unlock()
	sess.srv.count.conns.Add(1) // finish takes it off again
	if !old.dead {
		old.streamEnded(old.m.Fail(stream.Conflict, ""))
		old.append(old.m.Output())
	}
}

// endSession ends a session for good. With a condition its stream, if it has one, is told.
func (s *Server) endSession(sess *session, reason, cond string) {
	var out batch
	now := s.cfg.Now()
	sess.mu.Lock()
	if sess.gone {
		sess.mu.Unlock()
		return
	}
	sess.gone = true
	c := sess.conn
	sess.conn = nil
	if c == nil {
		s.count.detached.Add(-1)
	} else {
		s.count.attached.Add(-1)
	}
	online := sess.online
	sess.online, sess.pending = false, nil
	s.count.queueBytes.Add(-int64(sess.out.Bytes()))
	var lost []*stanza.Stanza
	sess.out.Drop(func(b []byte) {
		if st := reparse(b); st != nil {
			lost = append(lost, st)
		}
	})
	sess.mu.Unlock()
	if c != nil && cond != "" { // before the address is free for another session
		c.fail(cond, "")
	}
	s.reg.remove(sess)
	for _, st := range lost {
		s.bounce(st, s.absent(st), &out, now)
	}
	if sess.asked.Load() > 0 {
		s.abandon(sess.full, &out, now)
	}
	if online {
		s.announce(sess, &stanza.Stanza{Kind: stanza.Presence, Type: stanza.Unavailable, From: sess.full}, &out, now)
	}
	out.flush()
	s.emit(Event{Kind: SessionDown, JID: sess.full, Reason: reason})
}
