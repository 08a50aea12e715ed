package mmsbench

import (
	"context"
	"net"
	"time"

	"github.com/gridward/gridward/acsi/client"
)

// An idleOne is an association that is held.
type idleOne struct{ *client.Client }

func (i idleOne) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return i.Release(ctx)
}

// hold opens N associations that do nothing until drop.
func (w *worker) hold(o order) (result, error) {
	all, err := w.associate(o, o.N)
	for _, c := range all {
		w.held = append(w.held, idleOne{c})
	}
	return result{Count: len(w.held)}, err
}

// drop lets go of whatever is held.
func (w *worker) drop(order) (result, error) {
	n := len(w.held)
	for _, c := range w.held {
		_ = c.Close() // some have ended by themselves
	}
	w.held = nil
	return result{Count: n}, nil
}

// sources is how many loopback addresses silent peers have: as many as share the half-open connections of a listener.
const sources = 16

// again is when a silent peer that was closed comes again.
const again = 10 * time.Second

// silent opens N connections that say nothing until drop. When one is closed another takes its place after a while.
func (w *worker) silent(o order) (result, error) {
	ctx, cancel := context.WithCancel(w.ctx)
	w.held = append(w.held, closer(cancel))
	for i := range o.N {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%sources))}}
		first := make(chan struct{})
		w.all.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				nc, err := d.DialContext(ctx, "tcp", o.Addr)
				if round == 0 {
					close(first)
				}
				if err == nil {
					stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
					_, _ = nc.Read(make([]byte, 1))
					stop()
					_ = nc.Close()
				}
				select {
				case <-time.After(again):
				case <-ctx.Done():
				}
			}
		})
		<-first
	}
	return result{Count: o.N}, nil
}

type closer func()

func (c closer) Close() error {
	c()
	return nil
}
