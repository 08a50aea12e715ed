package mmsbench

// peerLane is a lane that needs libiec61850, nil without it.
func (b *bench) peerLane(name string, p *process, o order) *lane {
	if b.their == "" {
		return nil
	}
	return &lane{name: name, p: p, o: o}
}

func (b *bench) read() error {
	ours := &lane{name: "ours", p: b.client, o: order{Op: "reads", Addr: b.at.Clear, Ref: float + "[MX]"}}
	echo := &lane{name: "raw TCP echo", p: b.client, o: order{Op: "echo", Addr: b.at.Echo, In: b.rep.Question, Out: b.rep.Answer}}
	theirs := b.peerLane("libiec61850 client and server", b.them, order{Op: "reads", Addr: b.their, Ref: float})
	cross := b.peerLane("libiec61850 client, our server", b.them, order{Op: "reads", Addr: b.at.Clear, Ref: float})
	back := b.peerLane("our client, libiec61850 server", b.client, order{Op: "reads", Addr: b.their, Ref: float + "[MX]"})
	if err := b.rounds(echo, ours, theirs, cross, back); err != nil {
		return err
	}
	b.put(&Figure{Name: "reads", Unit: "1/s", Rounds: ours.rates})
	b.put(&Figure{Name: "raw TCP echo", Unit: "1/s", Rounds: echo.rates})
	b.put(&Figure{Name: "reads / raw TCP echo", Rounds: ratios(ours, echo)}).atLeast(0.6)
	b.beside("reads", ours, theirs, 1.5)
	for _, l := range []*lane{cross, back} {
		if l != nil {
			b.put(&Figure{Name: "reads, " + l.name, Unit: "1/s", Rounds: l.rates})
		}
	}
	return b.allocations(ours.o)
}

// allocations counts those of both ends while nothing else goes on.
func (b *bench) allocations(o order) error {
	before, err := b.server.do(order{Op: "mallocs"})
	if err != nil {
		return err
	}
	r, err := b.client.do(o)
	if err != nil {
		return err
	}
	after, err := b.server.do(order{Op: "mallocs"})
	if err != nil {
		return err
	}
	// What the association itself takes is in it, and is little for each of many reads.
	n := float64(r.Mallocs+after.Mallocs-before.Mallocs) / float64(max(r.Count, 1))
	b.put(&Figure{Name: "allocations a read", Value: n, Note: "both ends together"}).atMost(10)
	return nil
}

func (b *bench) ten() error {
	ours := &lane{name: "ours", p: b.client, o: order{Op: "reads", Addr: b.at.Clear, Ref: float + "[MX]", N: 10}}
	echo := &lane{name: "raw TCP echo", p: b.client, o: order{Op: "echo", Addr: b.at.Echo, In: b.rep.Question, Out: b.rep.Answer, N: 10}}
	back := b.peerLane("our client, libiec61850 server, four associations", b.client, order{Op: "reads", Addr: b.their, Ref: float + "[MX]", N: peerMost})
	if err := b.rounds(echo, ours, back); err != nil {
		return err
	}
	b.put(&Figure{Name: "reads on ten associations", Unit: "1/s", Rounds: ours.rates})
	b.put(&Figure{Name: "reads on ten associations / raw TCP echo", Rounds: ratios(ours, echo)})
	b.beside("reads on ten associations", ours, back, 1)
	return nil
}

func (b *bench) dataset() error {
	const ref = "BENCHLD0/LLN0.values"
	ours := &lane{name: "ours", p: b.client, o: order{Op: "dataset", Addr: b.at.Clear, Ref: ref}}
	theirs := b.peerLane("libiec61850 client and server", b.them, order{Op: "dataset", Addr: b.their, Ref: ref})
	back := b.peerLane("our client, libiec61850 server", b.client, order{Op: "dataset", Addr: b.their, Ref: ref})
	cross := b.peerLane("libiec61850 client, our server", b.them, order{Op: "dataset", Addr: b.at.Clear, Ref: ref})
	if err := b.rounds(ours, theirs, back, cross); err != nil {
		return err
	}
	b.put(&Figure{Name: "data sets of 100", Unit: "1/s", Rounds: ours.rates})
	b.beside("data sets of 100", ours, theirs, 1)
	for _, l := range []*lane{cross, back} {
		if l != nil {
			b.put(&Figure{Name: "data sets of 100, " + l.name, Unit: "1/s", Rounds: l.rates})
		}
	}
	return nil
}

func (b *bench) tls() error {
	o := order{Op: "reads", Addr: b.at.Clear, Ref: float + "[MX]"}
	clear := &lane{name: "in the clear", p: b.client, o: o}
	secured := &lane{name: "through TLS", p: b.client, o: b.secured(o)}
	if err := b.rounds(clear, secured); err != nil {
		return err
	}
	b.put(&Figure{Name: "reads through TLS", Unit: "1/s", Rounds: secured.rates})
	b.put(&Figure{Name: "reads through TLS / in the clear", Rounds: ratios(secured, clear)}).atLeast(0.8)
	return nil
}

func (b *bench) associate() error {
	ours := &lane{name: "ours", p: b.client, o: order{Op: "associations", Addr: b.at.Clear, N: 4}}
	one := &lane{name: "ours, one after the other", p: b.client, o: order{Op: "associations", Addr: b.at.Clear}}
	theirs := b.peerLane("libiec61850 client and server", b.them, order{Op: "associations", Addr: b.their})
	cross := b.peerLane("libiec61850 client, our server", b.them, order{Op: "associations", Addr: b.at.Clear})
	if err := b.rounds(ours, one, theirs, cross); err != nil {
		return err
	}
	b.put(&Figure{Name: "associations set up and released, four at a time", Unit: "1/s", Rounds: ours.rates}).atLeast(5000)
	b.put(&Figure{Name: "associations set up and released, one at a time", Unit: "1/s", Rounds: one.rates})
	b.beside("associations one at a time", one, theirs, 1)
	if cross != nil {
		b.put(&Figure{Name: "associations, " + cross.name, Unit: "1/s", Rounds: cross.rates})
	}
	return nil
}
