package xmpp

import (
	"slices"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// Namespaces that the client speaks itself.
const (
	NSPing   = "urn:xmpp:ping"                         // XEP-0199
	NSDisco  = "http://jabber.org/protocol/disco#info" // XEP-0030
	NSRoster = "jabber:iq:roster"                      // RFC 6121 2
)

// dispatch gives a stanza to whoever it is for. It is called by Run's goroutine; s owns its bytes.
func (c *Client) dispatch(s *stanza.Stanza) {
	if c.awaited(s) {
		return
	}
	switch {
	case s.IsRequest():
		if c.builtin(s) {
			return
		}
	case s.Kind == stanza.Presence:
		c.subscription(s)
	}
	c.cfg.Handler.HandleStanza(s)
}

// builtin answers the requests that are the client's own: ping, disco#info, roster pushes, and those in namespaces that
// nobody handles.
func (c *Client) builtin(s *stanza.Stanza) bool {
	name, _ := s.Child()
	var reply *stanza.Stanza
	switch {
	case name == xmlscan.Name{Space: NSPing, Local: "ping"} && s.Type == stanza.Get:
		reply = s.Reply(nil)
	case name == xmlscan.Name{Space: NSDisco, Local: "query"} && s.Type == stanza.Get:
		reply = c.disco(s)
	case name == xmlscan.Name{Space: NSRoster, Local: "query"} && s.Type == stanza.Set && c.fromServer(s.From):
		reply = s.Reply(nil)
	case c.cfg.Namespaces != nil && !slices.Contains(c.cfg.Namespaces, name.Space):
		reply = s.ErrorReply(stanza.NewError(stanza.ServiceUnavailable, ""))
	default:
		return false
	}
	reply.From = jid.JID{}
	_ = c.Send(reply) // a link that is down has no use for it
	return true
}

// fromServer reports whether the sender is the own account or its server.
func (c *Client) fromServer(from jid.JID) bool {
	return from.IsZero() || from == c.full.Bare() || from == c.full.DomainJID()
}

// disco describes the client (XEP-0030 3).
func (c *Client) disco(s *stanza.Stanza) *stanza.Stanza {
	tok, err := xmlscan.NewReader(s.Payload).Next()
	if err != nil || tok.Attr("node") != "" {
		return s.ErrorReply(stanza.NewError(stanza.ItemNotFound, ""))
	}
	b := append([]byte(nil), "<query xmlns='"+NSDisco+"'><identity category='client' type='bot' name='Gridward'/>"...)
	features := append([]string{NSDisco, NSPing}, c.cfg.Namespaces...)
	slices.Sort(features)
	for _, f := range slices.Compact(features) {
		b = append(b, "<feature"...)
		b = append(xmlscan.AppendAttr(b, "var", f), "/>"...)
	}
	return s.Reply(append(b, "</query>"...))
}

// announce makes the client visible and asks its configured peers for their presence. It is called for a new session;
// a resumed one has all that.
func (c *Client) announce() {
	_ = c.Send(&stanza.Stanza{Kind: stanza.Presence})
	for _, p := range c.cfg.Peers {
		_ = c.Send(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Subscribe, To: p})
	}
}

// subscription answers a request for our presence: configured peers may see it, nobody else.
func (c *Client) subscription(s *stanza.Stanza) {
	if s.Type != stanza.Subscribe {
		return
	}
	answer := stanza.Unsubscribed
	if slices.Contains(c.cfg.Peers, s.From.Bare()) {
		answer = stanza.Subscribed
	}
	_ = c.Send(&stanza.Stanza{Kind: stanza.Presence, Type: answer, To: s.From.Bare()})
}
