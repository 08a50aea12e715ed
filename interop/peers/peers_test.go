package peers_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/peers"
)

type starter func(context.Context, string, peers.Site) (*peers.Server, error)

var servers = map[string]starter{"prosody": peers.StartProsody, "ejabberd": peers.StartEjabberd}

// Both servers come up with their own certificate, ask the client for one, and go away.
func TestServersServeAndStop(t *testing.T) {
	site, err := peers.MakeSite(t.TempDir(), "grid.example", nil, []string{"der1@grid.example"})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := site.Client("der1@grid.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			s, err := start(ctx, "", site)
			if errors.Is(err, peers.ErrMissing) {
				t.Skip(t.Name() + ": " + err.Error())
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Stop() })
			d := &tls.Dialer{Config: cfg}
			c, err := d.DialContext(ctx, "tcp", s.Direct)
			if err != nil {
				t.Fatalf("%v\n%s", err, s.Log())
			}
			if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write([]byte("<stream:stream to='grid.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")); err != nil {
				t.Fatal(err)
			}
			var got string
			for buf := make([]byte, 4096); !strings.Contains(got, "</stream:features>"); {
				n, err := c.Read(buf)
				if err != nil {
					t.Fatalf("%v after %q\n%s", err, got, s.Log())
				}
				got += string(buf[:n])
			}
			if !strings.Contains(got, "EXTERNAL") {
				t.Errorf("EXTERNAL is not offered: %s", got)
			}
			_ = c.Close()
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
			if c, err := net.DialTimeout("tcp", s.Direct, time.Second); err == nil {
				_ = c.Close()
				t.Error("it still serves")
			}
		})
	}
}
