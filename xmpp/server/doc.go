// Package server is an XMPP router for one domain: it lets clients in by their X.509 certificate (SASL EXTERNAL), binds the
// resource that IEC 61850-8-2 uses, and passes stanzas between the accounts that a policy lets talk to each other.
//
// It implements RFC 6120 and 6121 as far as a router without rosters needs them, XEP-0030 (disco), XEP-0198 (stream
// management with resumption), XEP-0199 (ping) and XEP-0368 (direct TLS). It never copies or stores a stanza for later:
// no carbons, archive, offline storage or delay, because a copied or late stanza may be a control command. A request
// for a detached session is held for ten seconds at most and then answered with an error.
//
// It does not implement federation, multi-user chat, a registry, or passwords.
//
// Most users want [New], [Server.Serve] for each listener, and [Server.Shutdown]. A Server is safe for concurrent use.
// The library logs nothing: it calls Config.Events and counts ([Server.Stats]).
package server
