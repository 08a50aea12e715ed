// Package scl reads the System Configuration description Language, IEC 61850-6, of editions 1 (2003), 2 (2007A, 2007B)
// and 2.1 (2007B4): SCD, ICD, CID, IID and SSD files.
//
// Parse gives a File. Most users then want File.Server, which compiles one access point of an IED into the immutable
// tree of package model with its initial values, data sets and control blocks; the Communication section with its
// addresses; or Check, which lists what is wrong with a file, where, and what to do about it.
//
// It computes only: it takes octets and opens nothing. Document types, entities and elements of foreign name spaces are
// never followed. It does not write SCL, and it reads the Substation section only as a tree of elements.
package scl
