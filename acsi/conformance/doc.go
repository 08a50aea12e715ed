// Package conformance gives the conformance statements of this implementation as tables: PICS (IEC 61850-7-2 annex A), PIXIT,
// TICS and, for a model, MICS, and which test proves each service. What can be taken from the code is taken from it: limits
// and times from the packages that keep them, classes from package model. The rest is data of this package, which its tests
// hold to the sources.
package conformance
