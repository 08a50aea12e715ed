package client_test

import (
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
)

// BenchmarkReadFloat reads one float, client and server together, without any network.
func BenchmarkReadFloat(b *testing.B) {
	for name, p := range paths {
		b.Run(name, func(b *testing.B) {
			srv, err := server.New(server.Config{Model: testModel(b)})
			noErr(b, err)
			s := &site{TB: b, srv: srv, path: p(), ctx: b.Context()}
			noErr(b, s.path.open(s))
			a, err := s.path.dial(s, "hmi")
			noErr(b, err)
			c := client.New(a, client.Options{})
			b.Cleanup(func() {
				c.Close()
				<-c.Done()
				s.path.close()
				srv.Close()
			})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.ReadOne(b.Context(), anIn1f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
