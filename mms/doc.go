// Package mms holds the PDUs of ISO 9506-2 that IEC 61850-8-1 and -8-2 use, and the association over which they
// travel. How a PDU is encoded (BER, XER) and what moves it (the OSI stack over TCP, XMPP) is plugged in.
//
// It computes only: no I/O, no clock. Services of ISO 9506 that IEC 61850 does not use are kept as Raw and can be
// written back unchanged, but mean nothing here.
package mms
