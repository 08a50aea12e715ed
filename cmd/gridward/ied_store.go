package main

import "github.com/gridward/gridward/station/ied"

// iedExtras is what an IED holds open besides its server.
type iedExtras struct{ closers []func() }

func (x *iedExtras) close() {
	for i := len(x.closers) - 1; i >= 0; i-- {
		x.closers[i]()
	}
}

// extend adds what survives a restart, and files.
func (f *iedFile) extend(_ *ied.Config) (*iedExtras, error) {
	return &iedExtras{}, nil
}
