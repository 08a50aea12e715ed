// Package cotp is the connection-oriented transport protocol of X.224 (ISO 8073), class 0, as RFC 1006 puts it on TCP:
// connection set-up with TSAP selectors, data in fragments, refusal. Expedited data and the other classes are refused.
//
// Machine does it all; the TPDUs can be used alone. It computes only: octets in, octets and events out.
package cotp
