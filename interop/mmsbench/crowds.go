package mmsbench

import (
	"errors"
	"fmt"
)

// crowd has another process of ours do something beside what is measured. The returned function ends it.
func (b *bench) crowd(o order) (func(), error) {
	p, err := b.worker("crowd")
	if err != nil {
		return nil, err
	}
	b.o.Progress(fmt.Sprintf("%s: %s %d", b.name, o.Op, o.N))
	_, err = p.do(o)
	return func() { b.end(p) }, err
}

// beforeAndBeside measures reads alone and beside a crowd, in turns, and gives the ratios.
func (b *bench) beforeAndBeside(read, o order) (ratio []float64, alone, beside *lane, err error) {
	alone, beside = &lane{name: "alone", p: b.client, o: read}, &lane{name: fmt.Sprintf("beside %d", o.N), p: b.client, o: read}
	all := b.o.Rounds
	defer func() { b.o.Rounds = all }()
	b.o.Rounds = 1
	for range all {
		if err := b.rounds(alone); err != nil {
			return nil, nil, nil, err
		}
		stop, err := b.crowd(o)
		if err != nil {
			return nil, nil, nil, err
		}
		err = b.rounds(beside)
		stop()
		if err != nil {
			return nil, nil, nil, err
		}
	}
	return ratios(beside, alone), alone, beside, nil
}

func (b *bench) idle() error {
	read := order{Op: "reads", Addr: b.at.Clear, Ref: float + "[MX]"}
	ratio, _, beside, err := b.beforeAndBeside(read, order{Op: "hold", Addr: b.at.Clear, N: b.o.Many})
	if err != nil {
		return err
	}
	b.put(&Figure{Name: fmt.Sprintf("reads beside %d idle associations", b.o.Many), Unit: "1/s", Rounds: beside.rates})
	f := b.put(&Figure{Name: fmt.Sprintf("reads beside %d idle associations / alone", b.o.Many), Rounds: ratio}).atLeast(0.9)
	if b.their != "" {
		const few = peerMost - 1
		theirs, _, _, err := b.beforeAndBeside(order{Op: "reads", Addr: b.their, Ref: float + "[MX]"}, order{Op: "hold", Addr: b.their, N: few})
		if err != nil {
			return err
		}
		f.Peer, f.PeerIs = fmt.Sprintf("libiec61850 server, %d idle associations, our client", few), median(theirs)
	}
	server, at, err := b.serving("server of idle associations")
	if err != nil {
		return err
	}
	defer b.end(server)
	before, err := server.do(order{Op: "rss"})
	if err != nil {
		return err
	}
	stop, err := b.crowd(order{Op: "hold", Addr: at.Clear, N: b.o.Many})
	if err != nil {
		return err
	}
	defer stop()
	after, err := server.do(order{Op: "rss"})
	if err != nil {
		return err
	}
	b.put(&Figure{Name: fmt.Sprintf("memory of a server with %d idle associations", b.o.Many), Unit: "MB", Value: float64(after.RSS) / 1024}).atMost(50)
	b.put(&Figure{Name: "memory of an idle association", Unit: "kB", Value: float64(after.RSS-before.RSS) / float64(b.o.Many)})
	return nil
}

func (b *bench) silent() error {
	read := order{Op: "reads", Addr: b.at.Clear, Ref: float + "[MX]"}
	for _, n := range []int{1, b.o.Many} {
		for _, o := range []order{read, b.secured(read)} {
			where := "in the clear"
			if o.TLS {
				where = "through TLS"
			}
			ratio, _, beside, err := b.beforeAndBeside(o, order{Op: "silent", Addr: b.at.Secured, N: n})
			if err != nil {
				return err
			}
			f := b.put(&Figure{Name: fmt.Sprintf("reads %s beside %d silent peers of the TLS port / alone", where, n), Rounds: ratio})
			f.atLeast(0.9)
			f.Note = fmt.Sprintf("%.0f a second", beside.median())
		}
	}
	return nil
}

func (b *bench) reports() error {
	for _, n := range []int{1, b.o.Clients} {
		ours := report{server: b.server, addr: b.at.Clear}
		theirs := report{server: b.theirs, addr: b.their}
		for range b.o.Rounds {
			if err := ours.round(b, n); err != nil {
				return err
			}
			if b.their != "" {
				if err := theirs.round(b, min(n, peerMost)); err != nil {
					return err
				}
			}
		}
		f := b.put(&Figure{Name: fmt.Sprintf("reports a second to %d clients", n), Unit: "1/s", Rounds: ours.rate})
		slow := b.put(&Figure{Name: fmt.Sprintf("a report is late at 100 events a second to %d clients: 99 %%", n), Unit: "µs", Rounds: ours.p99})
		b.put(&Figure{Name: fmt.Sprintf("a report is late at 100 events a second to %d clients: 50 %%", n), Unit: "µs", Rounds: ours.p50})
		b.put(&Figure{Name: fmt.Sprintf("reports that are missing, %d clients", n), Value: float64(ours.missing)}).atMost(0)
		if b.their != "" {
			f.Peer, f.PeerIs = fmt.Sprintf("libiec61850 server, our client, %d at once", min(n, peerMost)), median(theirs.rate)
			f.atLeast(f.PeerIs)
			if theirs.missing > 0 {
				f.Note = fmt.Sprintf("%d of the peer's were missing", theirs.missing)
			}
			slow.Peer, slow.PeerIs = f.Peer, median(theirs.p99)
			if n <= peerMost { // who has more clients to tell is later
				slow.atMost(slow.PeerIs)
			}
		}
	}
	return nil
}

// report is what is measured of reports.
type report struct {
	server         *process
	addr           string
	rate, p50, p99 []float64
	missing        int
}

// round subscribes, has events made as fast as they are sent, then a hundred a second, and counts.
func (r *report) round(b *bench, n int) error {
	b.o.Progress(fmt.Sprintf("reports to %d clients of %s", n, r.server.name))
	p, err := b.worker("subscribers")
	if err != nil {
		return err
	}
	defer b.end(p)
	if _, err := p.do(order{Op: "subscribe", Addr: r.addr, N: n, Ref: "BENCHLD0"}); err != nil {
		return err
	}
	ms := int(b.o.Each.Milliseconds())
	made, err := r.server.do(order{Op: "flood", MS: ms, N: n})
	if err != nil {
		return err
	}
	got, err := p.do(order{Op: "collect", MS: 200, N: 1})
	if err != nil {
		return err
	}
	r.missing += made.Count*n - got.Count
	r.rate = append(r.rate, float64(got.Count)/max(made.Seconds, 1e-9))
	if made, err = r.server.do(order{Op: "pulse", N: max(ms/10, 5), Every: 10}); err != nil {
		return err
	}
	if got, err = p.do(order{Op: "collect", MS: 200, N: 1}); err != nil {
		return err
	}
	if got.Count == 0 {
		return errors.New("no reports")
	}
	r.missing += made.Count*n - got.Count
	r.p50, r.p99 = append(r.p50, got.P50), append(r.p99, got.P99)
	return nil
}

func (b *bench) urcb() error {
	server, at, err := b.serving("server of many subscribers")
	if err != nil {
		return err
	}
	defer b.end(server)
	p, err := b.worker("subscribers")
	if err != nil {
		return err
	}
	defer b.end(p)
	b.o.Progress(fmt.Sprintf("urcb: %d associations", b.o.Many))
	if _, err := p.do(order{Op: "subscribe", Addr: at.Clear, N: b.o.Many, Ref: "BENCHLD0"}); err != nil {
		return err
	}
	every, events := 1000, 10
	if b.o.Each.Milliseconds() < 1000 { // a try
		every, events = int(b.o.Each.Milliseconds()), 3
	}
	b.o.Progress(fmt.Sprintf("urcb: %d events", events))
	if _, err := server.do(order{Op: "pulse", N: events, Every: every}); err != nil {
		return err
	}
	got, err := p.do(order{Op: "collect", MS: 300, N: 1})
	if err != nil {
		return err
	}
	rss, err := server.do(order{Op: "rss"})
	if err != nil {
		return err
	}
	b.put(&Figure{
		Name: fmt.Sprintf("reports that are missing of %d events to %d associations", events, b.o.Many), Value: float64(events*b.o.Many - got.Count),
	}).atMost(0)
	b.put(&Figure{Name: fmt.Sprintf("memory of a server with %d associations that have reports", b.o.Many), Unit: "MB", Value: float64(rss.RSS) / 1024}).atMost(100)
	b.put(&Figure{Name: "a report is late: 99 %", Unit: "µs", Value: got.P99})
	return nil
}
