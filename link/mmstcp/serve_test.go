package mmstcp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"

	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
)

// TestServe runs over real TCP, with hostile neighbours.
func TestServe(t *testing.T) {
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.Limits{HalfOpenPerSource: 4, Open: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := anyone
	refused := make(chan Refused, 100)
	cfg.Events = func(e Event) {
		if r, ok := e.(Refused); ok {
			refused <- r
		}
	}
	served := make(chan error)
	go func() {
		served <- Serve(ctx, l, cfg, func(ctx context.Context, a mms.Association) {
			for {
				p, err := a.Recv(ctx)
				if err != nil {
					return
				}
				if r, ok := p.(*mms.ConfirmedRequest); ok {
					if err := a.Send(response(r.InvokeID, "served")); err != nil {
						return
					}
				}
			}
		})
	}()
	addr := l.Addr().String()
	for _, garbage := range [][]byte{[]byte("GET / HTTP/1.1\r\n\r\n"), {3, 0, 0xff, 0xff}, bytes.Repeat([]byte{3, 0, 0, 7, 2, 0xf0, 0}, 100)} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write(garbage); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = nc.Close() }()
	}
	var open []mms.Association
	for range 2 {
		a, err := Dial(t.Context(), addr, Config{})
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, a)
		send(t, a, request(1))
		if v := recv[*mms.ConfirmedResponse](t, a).Service.(*mms.IdentifyResponse).Vendor; v != "served" {
			t.Errorf("%q", v)
		}
		if p := a.Peer(); p.Name != addr || p.Address != "127.0.0.1" {
			t.Errorf("%+v", p)
		}
	}
	if _, err := Dial(t.Context(), addr, Config{}); err == nil {
		t.Error("a third association")
	}
	if err := open[0].Release(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	<-open[1].Done()
	if len(refused) == 0 {
		t.Error("nobody was told of those who were refused")
	}
	if s := l.Stats(); s.Open+s.HalfOpen != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := Dial(t.Context(), addr, Config{}); !errors.Is(err, mms.ErrPeerOffline) {
		t.Errorf("nobody listens: %v", err)
	}
}
