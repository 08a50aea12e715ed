package xmlscan

// intern returns the bytes as a string, without allocation for the names that every XMPP stream is made of.
func intern(b []byte) string {
	switch string(b) {
	case "":
		return ""
	case NSClient:
		return NSClient
	case NSServer:
		return NSServer
	case NSStream:
		return NSStream
	case "iq":
		return "iq"
	case "message":
		return "message"
	case "presence":
		return "presence"
	case "error":
		return "error"
	case "body":
		return "body"
	case "query":
		return "query"
	case "ping":
		return "ping"
	case "r":
		return "r"
	case "a":
		return "a"
	case "secure":
		return "secure"
	case "assoc":
		return "assoc"
	case "urn:xmpp:ping":
		return "urn:xmpp:ping"
	case "urn:xmpp:sm:3":
		return "urn:xmpp:sm:3"
	case "urn:ietf:params:xml:ns:xmpp-stanzas":
		return "urn:ietf:params:xml:ns:xmpp-stanzas"
	case "urn:gridward:61850-e2e:1":
		return "urn:gridward:61850-e2e:1"
	case "urn:gridward:61850-8-2:1":
		return "urn:gridward:61850-8-2:1"
	case "http://jabber.org/protocol/disco#info":
		return "http://jabber.org/protocol/disco#info"
	case "http://www.iec.ch/61850/2018/SCSM_8_2":
		return "http://www.iec.ch/61850/2018/SCSM_8_2"
	}
	return string(b)
}
