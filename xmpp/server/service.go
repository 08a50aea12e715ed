package server

import (
	"time"

	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// Namespaces of what the server itself answers.
const (
	nsPing      = "urn:xmpp:ping"
	nsDiscoInfo = "http://jabber.org/protocol/disco#info"
	nsDiscoItem = "http://jabber.org/protocol/disco#items"
)

const (
	infoServer = "<query xmlns='" + nsDiscoInfo + "'><identity category='server' type='im' name='Gridward'/>" +
		"<feature var='" + nsDiscoInfo + "'/><feature var='" + nsDiscoItem + "'/><feature var='" + nsPing + "'/></query>"
	infoAccount = "<query xmlns='" + nsDiscoInfo + "'><identity category='account' type='registered'/><feature var='" + nsDiscoInfo + "'/></query>"
	noItems     = "<query xmlns='" + nsDiscoItem + "'/>"
)

// toSelf handles what is addressed to the server or to the sender's own account.
func (s *Server) toSelf(sess *session, st *stanza.Stanza, out *batch, now time.Time) Result {
	if st.IsResponse() {
		return Answered // to one of our pings: that it came is enough
	}
	at := sess.standing.Load()
	if at.pol.toSelf(sess.bare, at.acc, sess.bare)&maskOf(st.Kind) == 0 {
		s.count.denied.add(st.Kind.String())
		return s.refuse(sess, st, stanza.NotAllowed, Denied, out, now)
	}
	if st.Kind != stanza.IQ {
		return s.refuse(sess, st, stanza.ServiceUnavailable, Unavailable, out, now)
	}
	name, _ := st.Child()
	payload := ""
	switch {
	case st.Type != stanza.Get:
	case name == xmlscan.Name{Space: nsPing, Local: "ping"}:
		sess.deliver(st.Reply(nil), out, now)
		return Answered
	case name == xmlscan.Name{Space: nsDiscoInfo, Local: "query"} && st.To == s.domain:
		payload = infoServer
	case name == xmlscan.Name{Space: nsDiscoInfo, Local: "query"}:
		payload = infoAccount
	case name == xmlscan.Name{Space: nsDiscoItem, Local: "query"}:
		payload = noItems
	}
	if payload == "" {
		return s.refuse(sess, st, stanza.ServiceUnavailable, Unavailable, out, now)
	}
	sess.deliver(st.Reply([]byte(payload)), out, now)
	return Answered
}
