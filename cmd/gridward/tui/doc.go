// Package tui walks the model of an IEC 61850 server live on a terminal: the tree of logical devices, nodes and data with
// their values, the report control blocks and what they send, writing and operating with confirmation.
//
// All state is in Model, which only changes by messages (Update) and shows itself as text (View); what talks to the
// server is a Session, so that both mappings, and tests, look the same.
package tui
