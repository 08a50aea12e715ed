package xmpp

import (
	"errors"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// event handles an event of the machine.
func (l *link) event(ev stream.Event) error {
	c := l.c
	switch ev.Kind {
	case stream.StartTLS:
		if err := l.flush(); err != nil {
			return err
		}
		if err := l.startTLS(false); err != nil {
			return err
		}
		l.m.TLSDone(time.Now())
	case stream.ResumeFailed:
		c.lose(ErrLost)
	case stream.Ready:
		return l.ready(ev)
	case stream.Enabled:
		if ev.Resume {
			c.session, c.pause = ev.ID, c.cfg.ResumeMax
			if ev.Max > 0 && ev.Max < c.pause {
				c.pause = ev.Max
			}
		}
	case stream.EnableFailed:
		c.mu.Lock()
		c.managed = false
		c.queue.Drop(nil)
		c.mu.Unlock()
	case stream.AckRequest:
		return c.write(l.m.SMAck().Append(nil))
	case stream.Ack:
		c.mu.Lock()
		err := c.queue.Ack(ev.H)
		c.mu.Unlock()
		if err != nil {
			return errors.Join(l.m.FailAck(), l.flush())
		}
	case stream.StanzaIn:
		l.stanza(ev.Stanza)
	case stream.BadStanza:
		l.badStanza(ev)
	case stream.Closed:
		return errors.Join(errStreamEnd, l.flush())
	}
	return nil
}

func (l *link) stanza(s *stanza.Stanza) {
	c := l.c
	c.mu.Lock()
	c.stats.In++
	c.mu.Unlock()
	if l.pingID != "" && s.IsResponse() && s.ID == l.pingID {
		l.pingID = ""
		return
	}
	c.dispatch(s.Clone())
}

// badStanza answers a request whose form is wrong and ignores everything else that is.
func (l *link) badStanza(ev stream.Event) {
	c := l.c
	c.mu.Lock()
	c.stats.BadStanzas++
	c.mu.Unlock()
	var pe *stanza.ParseError
	if s := ev.Stanza; errors.As(ev.Err, &pe) && s.IsRequest() && s.ID != "" {
		r := s.ErrorReply(stanza.NewError(pe.Cond, ""))
		r.From = jid.JID{} // the server writes it
		_ = c.Send(r)
	}
}

// ready starts the writer and opens the gate for Send.
func (l *link) ready(ev stream.Event) error {
	c := l.c
	now := time.Now()
	l.up = true
	c.upSince = now
	first := l.m.Output()
	c.expireRequests(now) // dialling may have taken long
	c.mu.Lock()
	c.out = append(c.out[:0], first...)
	var err error
	if ev.Resumed {
		c.out, err = c.queue.Resume(c.out, ev.H, now)
		c.stats.Resumes++
	} else {
		c.queue.Drop(nil)
		c.stats.Connects++
	}
	c.managed = ev.Managed
	c.state = stateUp
	c.mu.Unlock()
	c.deadline = time.Time{}
	if !ev.Resumed {
		c.session = ""
	}
	l.writes = make(chan struct{})
	go l.writer(l.conn)
	c.wakeWriter()
	if err != nil {
		return errors.Join(l.m.FailAck(), l.flush())
	}
	if !ev.Resumed {
		c.announce()
	}
	c.cfg.Handler.HandleEvent(Up{JID: ev.JID, Resumed: ev.Resumed, Host: l.host.String()})
	return nil
}
