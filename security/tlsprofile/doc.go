// Package tlsprofile builds TLS configurations in the manner of IEC 62351-3: both sides always show an
// X.509 certificate, TLS 1.3 is preferred and TLS 1.2 is kept with forward-secret AEAD suites only, nothing is
// renegotiated, resumed or compressed, and the peer's certificate is checked for path, validity, usage, key
// strength and name.
//
// The TLS 1.2 suites of IEC 62351-3 that use RSA or DHE key exchange are not offered: Go has no DHE suite, and
// RSA key exchange has no forward secrecy. That is a documented deviation.
//
// Most users want [Server.Config] and [Client.Config] for the two configurations, [XMPPAddrs] for the JIDs that a
// peer's certificate names, and [Refusal] to learn from a failed handshake why a certificate was refused.
//
// The package opens no files and no sockets; the clock is passed in.
package tlsprofile
