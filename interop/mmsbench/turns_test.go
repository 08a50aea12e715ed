package mmsbench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
)

// TestManyAskOverOneAssociation: whoever asks gets its answer, whoever else asks, gives up, or has reports at that time.
func TestManyAskOverOneAssociation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := &worker{ctx: ctx}
	at, err := w.serve(order{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		w.end()
	})
	a, err := mmstcp.Dial(ctx, at.Clear, mmstcp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(a, client.Options{})
	ref, err := model.ParseRef(float + "[MX]")
	if err != nil {
		t.Fatal(err)
	}
	const askers, each = 8, 300
	var all sync.WaitGroup
	for i := range askers {
		all.Go(func() {
			for n := range each {
				mine, stop := ctx, context.CancelFunc(func() {})
				switch i % 3 {
				case 1:
					mine, stop = context.WithTimeout(ctx, time.Minute)
				case 2:
					mine, stop = context.WithCancel(ctx)
					if n%10 == 0 {
						go stop() // whenever that is
					}
				}
				if _, err := c.ReadOne(mine, ref); err != nil && (i%3 != 2 || !errors.Is(err, context.Canceled)) {
					t.Errorf("asker %d, read %d: %v", i, n, err)
				}
				stop()
			}
		})
	}
	var reports atomic.Int64
	came := make(chan struct{}, 1)
	for i := range 5 {
		s, err := c.Subscribe(ctx, block("BENCHLD0", i), client.ReportOptions{}, func(*client.Report) {
			reports.Add(1)
			select {
			case came <- struct{}{}:
			default:
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.event(); err != nil {
			t.Fatal(err)
		}
		<-came
		if err := s.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if _, err := c.ReadOne(ctx, ref); err != nil {
		t.Error(err)
	}
	if n := reports.Load(); n != 5 {
		t.Errorf("%d reports", n)
	}
	if err := c.Release(ctx); err != nil {
		t.Error(err)
	}
	<-c.Done()
}
