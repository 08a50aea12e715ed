package mmsbinding

import "github.com/gridward/gridward/xmpp"

var _ xmpp.Handler = (*Endpoint)(nil)

// HandleEvent implements xmpp.Handler.
func (e *Endpoint) HandleEvent(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		e.Up(ev.JID, ev.Resumed)
	case xmpp.Down:
		e.Down()
	case xmpp.Lost:
		e.Lost(ev.Err)
	}
}
