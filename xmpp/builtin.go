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

	NSPresence = "urn:gridward:presence:1" // asks the receiver of directed presence to answer in kind
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
		c.presence(s)
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

// ask is the payload of presence that asks the receiver for its own.
const ask = "<ask xmlns='" + NSPresence + "'/>"

// announce makes the client visible and asks its configured peers for their presence. It is called for a new session;
// a resumed one has all that.
//
// Peers are asked in two ways: by a subscription (RFC 6121 3), and by presence sent to their fixed resource, because some
// servers keep no subscriptions for accounts that exist by their certificate only. Such directed presence (RFC 6121 4.6)
// reaches a peer that is there, carries a request to answer in kind, and is withdrawn by the server when we go away.
func (c *Client) announce() {
	_ = c.Send(&stanza.Stanza{Kind: stanza.Presence})
	for _, p := range c.cfg.Peers {
		_ = c.Send(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Subscribe, To: p})
		if full, err := p.WithResource(c.cfg.Resource); err == nil {
			_ = c.Send(&stanza.Stanza{Kind: stanza.Presence, To: full, Payload: []byte(ask)})
		}
	}
}

// presence answers requests for our presence: configured peers may see it, nobody else.
func (c *Client) presence(s *stanza.Stanza) {
	peer := slices.Contains(c.cfg.Peers, s.From.Bare())
	switch {
	case s.Type == stanza.Subscribe && peer:
		_ = c.Send(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Subscribed, To: s.From.Bare()})
	case s.Type == stanza.Subscribe:
		_ = c.Send(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Unsubscribed, To: s.From.Bare()})
	case s.Type == "" && peer && s.From != c.full:
		if name, _ := s.Child(); name == (xmlscan.Name{Space: NSPresence, Local: "ask"}) {
			_ = c.Send(&stanza.Stanza{Kind: stanza.Presence, To: s.From})
		}
	}
}
