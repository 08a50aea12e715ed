// Package center is a control centre: it finds DERs over XMPP, associates with them (IEC 61850-8-2), follows their
// reports, gives them set-points and limits, and shows all of it over HTTP.
//
// Package fleet holds the DERs, package dispatch the commands, package api the HTTP interface; this package connects
// them with an XMPP client and the 8-2 binding. Most users want New, Run and Handler.
package center
