package xmpp

import (
	"errors"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A Handler takes what a client receives. Both methods are called by one goroutine, in order of arrival; while they
// run nothing else is received.
type Handler interface {
	// HandleStanza takes every stanza that the client does not deal with itself: iq requests other than ping and
	// disco#info, iq answers that nobody awaits, messages, presence. The stanza owns its bytes. A request must be
	// answered, by Client.Send of its Reply or ErrorReply.
	HandleStanza(s *stanza.Stanza)
	// HandleEvent takes Up, Down, Lost and Retry.
	HandleEvent(ev Event)
}

// An Event is one of the types Up, Down, Lost and Retry.
type Event interface{ event() }

// Up says that the link is there. When Resumed, nothing was lost: everything sent before has been or will be delivered
// or answered by an error. Otherwise this is a new session, and nothing of an older one is left.
type Up struct {
	JID     jid.JID // full
	Resumed bool
	Host    string // "host:port/mode" that the client is connected to
}

// Down says that the link broke. When Resumable, the session waits to be resumed: Send queues. Otherwise Lost follows.
type Down struct {
	Err       error
	Resumable bool
}

// Lost says that the session is gone: all state that belongs to it (associations, requests) is over.
type Lost struct{ Err error }

// Retry says that the client will dial again after a pause. Refused says that the server or the client refuses the
// other for a reason that does not go away by itself, which deserves an alarm: conflict, not-authorized, a certificate.
type Retry struct {
	After   time.Duration
	Err     error
	Refused bool
}

func (Up) event()    {}
func (Down) event()  {}
func (Lost) event()  {}
func (Retry) event() {}

// Errors of Send and IQ.
var (
	ErrLinkDown  = errors.New("xmpp: link is down")
	ErrLost      = errors.New("xmpp: session was lost before the answer came")
	ErrQueueFull = errors.New("xmpp: queue is full")
	ErrTooBig    = errors.New("xmpp: stanza is longer than the limit")
	ErrStanza    = errors.New("xmpp: stanza is incomplete")
	ErrRunning   = errors.New("xmpp: client is running already")
	ErrPing      = errors.New("xmpp: server does not answer")
)
