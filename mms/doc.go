// Package mms holds the PDUs of ISO 9506-2 that IEC 61850-8-1 and -8-2 use, their encodings, and the association over
// which they travel. What moves them (the OSI stack over TCP, XMPP) is plugged in.
//
// AppendBER and ParseBER are the encoding of 8-1, AppendXER and ParseXER that of 8-2, AppendJSON is for people. Every
// PDU describes itself once, in the code_*.go files, and all encodings walk that description. The readers are bounded
// and say where a PDU is wrong (asn1.Error).
//
// It computes only: no I/O, no clock. Services of ISO 9506 that IEC 61850 does not use are kept as Raw and can be
// written back unchanged, but mean nothing here.
package mms
