// Package catalog finds things in a server by what people type: references with and without a functional constraint, MMS
// item names, patterns with * and ?, and beginnings of references that a shell wants completed. It asks the server for
// names and types when they are needed first, and keeps them.
//
//	c := catalog.New(client)
//	p, err := catalog.Parse("IED1LD0/MMXU*.TotW.mag")
//	items, err := c.Find(ctx, p) // IED1LD0/MMXU1.TotW.mag[MX], ...
//
// A data object has attributes of several functional constraints, and MMS shows it once for each (IEC 61850-8-1 7.3): a
// pattern without one gives an item for each that it has.
package catalog
