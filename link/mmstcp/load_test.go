package mmstcp

import (
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
)

// serve serves requests for identify until the test ends.
func serve(t testing.TB, limits tcp.Limits) string {
	t.Helper()
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", limits)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, anyone)
}

// TestManyAssociations: a thousand at once cost little, and nothing is left of them.
func TestManyAssociations(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("idle", func(t *testing.T) {
		addr := serve(t, tcp.Limits{HalfOpenPerSource: 1000, HalfOpen: 1000})
		var low, high runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&low)
		var all []mms.Association
		for range 500 {
			a, err := Dial(t.Context(), addr, Config{})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, a)
			send(t, a, request(1))
			recv[*mms.ConfirmedResponse](t, a)
		}
		runtime.GC()
		runtime.ReadMemStats(&high)
		each := (int64(high.HeapAlloc+high.StackInuse) - int64(low.HeapAlloc+low.StackInuse)) / (2 * 500)
		t.Logf("%d octets for each end of an idle association", each)
		if each > 50<<10 {
			t.Errorf("%d octets for each end of an idle association", each)
		}
		for _, a := range all {
			if err := a.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
	// The last goroutines have closed their connections or are about to.
	for limit := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+2; runtime.Gosched() {
		if time.Now().After(limit) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	l, err := tcp.Listen(b.Context(), "127.0.0.1:0", tcp.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		_ = Serve(b.Context(), l, anyone, func(ctx context.Context, a mms.Association) {
			for {
				p, err := a.Recv(ctx)
				if err != nil || a.Send(response(p.(*mms.ConfirmedRequest).InvokeID, "v")) != nil {
					return
				}
			}
		})
	}()
	a, err := Dial(b.Context(), l.Addr().String(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Send(request(1)); err != nil {
			b.Fatal(err)
		}
		if _, err := a.Recv(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	a.Abort(nil)
}

func BenchmarkAssociate(b *testing.B) {
	addr := serve(b, tcp.Limits{})
	b.ReportAllocs()
	for b.Loop() {
		a, err := Dial(b.Context(), addr, Config{})
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEcho is what TCP alone costs, with as many octets as BenchmarkRead.
func BenchmarkEcho(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(nc, struct{ io.Reader }{nc})
	}()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	buf := make([]byte, 40)
	for b.Loop() {
		if _, err := nc.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(nc, buf); err != nil {
			b.Fatal(err)
		}
	}
}
