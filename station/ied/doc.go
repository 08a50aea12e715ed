// Package ied makes an IED of an SCL file (IEC 61850-6) live: it serves the model of one access point over MMS on TCP, with
// or without TLS (IEC 61850-8-1, IEC 62351-3), and over XMPP (IEC 61850-8-2), all from one server. Its values come from the
// file, from a scenario, from lines of JSON or from a simulation; its controls are obeyed by simulated equipment; its
// schedules (FSCH, FSCC) run.
//
// It is a device without a process: for engineering, training and tests of clients. It publishes no GOOSE and no sampled
// values; their control blocks only keep their state.
//
// Most users want New and Run.
package ied
