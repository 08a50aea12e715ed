package xmpp

import (
	"fmt"
	mrand "math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/stream"
)

// The pauses double from 1 s to 60 s, each times a factor between one half and three halves.
func TestBackoffSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{refuse: func(int) error { return errRefused }}
		_, rec := start(t, f, nil)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		evs, _ := rec.take()
		least := time.Second
		for i, ev := range evs {
			r := ev.(Retry)
			if r.After < least/2 || r.After >= least*3/2 || r.Refused {
				t.Errorf("pause %d: %v, want %v times 0.5 to 1.5", i, r.After, least)
			}
			if i+1 < len(f.dials) {
				if d := f.dials[i+1].Sub(f.dials[i]); d != r.After {
					t.Errorf("pause %d: announced %v, was %v", i, r.After, d)
				}
			}
			least = min(2*least, time.Minute)
		}
		if len(evs) < 10 || len(evs) > 30 {
			t.Errorf("%d attempts in ten minutes", len(evs))
		}
	})
}

func TestBackoffErrors(t *testing.T) {
	b := func() *backoff {
		return &backoff{least: time.Second, most: time.Minute, spread: 30 * time.Second, refused: 5 * time.Minute, rand: mrand.New(mrand.NewPCG(3, 4))}
	}
	for _, c := range []struct {
		err    error
		wasUp  bool
		spread bool
	}{
		{&stream.Error{Cond: stream.SystemShutdown, Remote: true}, true, true},
		{&stream.Error{Cond: stream.SystemShutdown, Remote: true}, false, false},
		{&stream.Error{Cond: stream.Reset, Remote: true}, true, false},
		{fmt.Errorf("read: %w", syscall.ECONNRESET), true, true},
		{fmt.Errorf("read: %w", syscall.ECONNRESET), false, false},
		{errStreamEnd, true, true},
		{ErrPing, true, false},
	} {
		most := time.Duration(0)
		for range 200 {
			d, refused := b().next(c.err, c.wasUp)
			if refused {
				t.Fatalf("%v: refused", c.err)
			}
			most = max(most, d)
			x := b()
			x.rand = mrand.New(mrand.NewPCG(mrand.Uint64(), 1))
			d, _ = x.next(c.err, c.wasUp)
			most = max(most, d)
			if d < time.Second/2 || d > 32*time.Second {
				t.Fatalf("%v: pause %v", c.err, d)
			}
		}
		if (most > 5*time.Second) != c.spread {
			t.Errorf("%v (was up: %t): longest pause %v", c.err, c.wasUp, most)
		}
	}
	x := b()
	for range 100 {
		x.next(errRefused, false)
	}
	if d, _ := x.next(errRefused, false); d < 30*time.Second || d >= 90*time.Second {
		t.Errorf("pause after 100 failures: %v", d)
	}
	x.reset()
	if d, _ := x.next(errRefused, false); d >= 1500*time.Millisecond {
		t.Errorf("pause after reset: %v", d)
	}
}
