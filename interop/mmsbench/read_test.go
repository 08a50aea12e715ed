package mmsbench

import (
	"context"
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
)

// BenchmarkRead reads a float over TCP with both ends in one process: its allocations are those of both.
func BenchmarkRead(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	w := &worker{ctx: ctx}
	at, err := w.serve(order{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cancel()
		w.end()
	})
	a, err := mmstcp.Dial(ctx, at.Clear, mmstcp.Config{})
	if err != nil {
		b.Fatal(err)
	}
	c := client.New(a, client.Options{})
	defer c.Close()
	ref, err := model.ParseRef(float + "[MX]")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.ReadOne(ctx, ref); err != nil {
			b.Fatal(err)
		}
	}
}
