// Package osi is the connection-oriented profile of IEC 61850-8-1: TPKT, COTP class 0, session, presentation and ACSE
// over a stream of octets. Machine runs all of it for one association; the layers are packages of their own.
//
// It computes only: octets and the time go in, octets, events and the next deadline come out. What a PDU in the
// presentation data means is not its affair; MMS is one abstract syntax of several.
package osi
