// Package client is the client side of the abstract communication service interface, IEC 61850-7-2, over any
// mms.Association (IEC 61850-8-1 over TCP, 8-2 over XMPP): directories and definitions, reading and writing, data
// sets, reports, logs, controls, setting groups, substitution, control blocks of GOOSE and sampled values, and files.
//
// Most users make a Client with New, call Discover once, Subscribe to the report control blocks that matter, and take a
// Control for each object that they operate. SetFile makes the server ask back over the same association; that is the only
// request of a server that a Client serves.
package client
