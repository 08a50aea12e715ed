// Package mmsbinding carries MMS over XMPP: associations, PDUs in iq and message, as IEC 61850-8-2 describes it in
// public. Its schema was not at hand, so nothing here claims conformance; what the schema fixes (the names around a PDU)
// is in one file, frame.go, and in the XER dialect.
//
// This package has the unsecured frame only,
//
//	<assoc xmlns='urn:gridward:61850-8-2:1' id='12:7'>PDU</assoc>
//
// which both ends must allow with InsecureClear61850. The secured frame plugs in as a framing.
//
// Core computes: a stanza and the time in, stanzas, PDUs, events and the next deadline out. Endpoint drives it between
// an XMPP client and mms.Association, which is what most users want.
package mmsbinding
