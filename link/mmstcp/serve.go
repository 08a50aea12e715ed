package mmstcp

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
)

// Serve takes associations over the connections of l, which it closes at the end, until ctx ends or l fails. accept has
// each in a goroutine of its own. Serve returns when all of them have returned.
func Serve(ctx context.Context, l net.Listener, cfg Config, accept func(ctx context.Context, a mms.Association)) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		nc, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = nc.Close() // too late
			}
			return nil
		case err != nil && temporary(err):
			select { // files or memory are short: that may pass
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		case err != nil:
			return err
		}
		all.Go(func() {
			a, err := Server(ctx, nc, cfg)
			if err != nil {
				cfg.tell(Refused{Addr: nc.RemoteAddr().String(), Err: err})
				return
			}
			cfg.tell(Accepted{Peer: a.Peer()})
			accept(ctx, a)
			a.Abort(nil)
		})
	}
}

func (c *Config) tell(e Event) {
	if c.Events != nil {
		c.Events(e)
	}
}

// temporary errors of Accept are those of one connection.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}
