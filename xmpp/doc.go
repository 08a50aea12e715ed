// Package xmpp is an XMPP client for devices and control centres: it keeps one account connected. It finds the server,
// runs TLS with a client certificate, authenticates with SASL EXTERNAL, binds a fixed resource, manages and resumes the
// stream (XEP-0198), pings (XEP-0199), describes itself (XEP-0030), subscribes to configured peers, and comes back
// after a loss with a pause that spares the server. Only outgoing connections are made.
//
// The sub-packages are usable alone: jid, xmlscan, stanza, sasl, sm and stream compute, server is the router, and
// xmpptest is the twin of both without sockets.
package xmpp
