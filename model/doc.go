// Package model holds the information model of IEC 61850: object references and functional constraints
// (IEC 61850-7-2), values, quality and time stamps (7-2, 7-3), and the tree of a server: logical devices,
// logical nodes, data objects, data sets and control blocks (7-2, 7-4, 7-420), as SCL describes it or as a
// peer reveals it.
//
// It computes only: no I/O, no clock. Trees and types are immutable once built and may be shared.
package model
