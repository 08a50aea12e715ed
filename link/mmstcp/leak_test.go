package mmstcp

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
)

// left counts what a test must not leave behind. Files are 0 where the system does not tell.
func left() (goroutines, files int) {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return runtime.NumGoroutine(), 0
	}
	return runtime.NumGoroutine(), len(list)
}

// nothingIsLeft waits until there is no more than before: the last goroutines may be about to end.
func nothingIsLeft(t *testing.T, goroutines, files int) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		g, f := left()
		if g <= goroutines+2 && f <= files+2 {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("%d goroutines and %d files, %d and %d before", g, f, goroutines, files)
		}
	}
}

// TestTenThousandAssociations leaves nothing behind, however they end.
func TestTenThousandAssociations(t *testing.T) {
	goroutines, files := left()
	var count atomic.Int64
	t.Run("all", func(t *testing.T) {
		addr := serve(t, tcp.Limits{})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for {
					n := count.Add(1)
					if n > 10000 {
						return
					}
					a, err := Dial(t.Context(), addr, Config{})
					if err != nil {
						t.Error(err)
						return
					}
					switch n % 4 {
					case 0, 1:
						err = a.Release(t.Context())
					case 2:
						a.Abort(nil)
					case 3:
						err = a.Send(request(1)) // and gone, without a word
						_ = a.(*conn).nc.Close()
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	})
	if count.Load() < 10000 {
		t.Errorf("%d associations", count.Load())
	}
	nothingIsLeft(t, goroutines, files)
}

// TestCloseWhileAccepting: the end of Serve ends who is associated, who is about to be, and who only knocks.
func TestCloseWhileAccepting(t *testing.T) {
	goroutines, files := left()
	for range 20 {
		l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- Serve(ctx, l, anyone, identify) }()
		var all sync.WaitGroup
		first := make(chan struct{}, 1)
		for range 8 {
			all.Go(func() {
				for {
					a, err := Dial(t.Context(), l.Addr().String(), Config{})
					if err != nil {
						return
					}
					signal(first)
					if a.Send(request(1)) == nil {
						_, err = a.Recv(t.Context())
					}
					if a.Abort(nil); err != nil && errors.Is(err, mms.ErrTimeout) {
						t.Error(err)
					}
				}
			})
		}
		<-first
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		all.Wait()
		if s := l.Stats(); s.Open+s.HalfOpen > 8 { // those that are being closed
			t.Errorf("%+v", s)
		}
	}
	nothingIsLeft(t, goroutines, files)
}
