package mmstcp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
)

// tpktOf wraps a TPDU.
func tpktOf(tpdu ...byte) []byte {
	return append([]byte{3, 0, byte((len(tpdu) + 4) >> 8), byte(len(tpdu) + 4)}, tpdu...)
}

var (
	connectRequest = tpktOf(0x11, 0xe0, 0, 0, 0, 1, 0, 0xc0, 1, 0x0d, 0xc1, 2, 0, 1, 0xc2, 2, 0, 1)
	fragment       = tpktOf(append([]byte{2, 0xf0, 0}, make([]byte, 1000)...)...) // no EOT
)

// nested gives a BER element within itself, n deep, each of unknown length.
func nested(tag byte, n int) []byte { return bytes.Repeat([]byte{tag, 0x80}, n) }

// lastFragment carries user data in one TPDU.
func lastFragment(tsdu []byte) []byte { return tpktOf(append([]byte{2, 0xf0, 0x80}, tsdu...)...) }

// neighbour asks over an association of its own, and fails the test when it gets no answer.
type neighbour struct {
	t  *testing.T
	a  mms.Association
	id uint32
}

func newNeighbour(t *testing.T, addr string, cfg Config) *neighbour {
	t.Helper()
	a, err := Dial(t.Context(), addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &neighbour{t: t, a: a}
}

func (n *neighbour) asks(times int) {
	n.t.Helper()
	for range times {
		n.id++
		send(n.t, n.a, request(n.id))
		if r := recv[*mms.ConfirmedResponse](n.t, n.a); r.InvokeID != n.id {
			n.t.Fatalf("answer %d to %d", r.InvokeID, n.id)
		}
	}
}

// TestHostileConnections: whatever comes in place of an association ends the connection, and nobody else notices.
func TestHostileConnections(t *testing.T) {
	addr := serve(t, tcp.Limits{})
	other := newNeighbour(t, addr, Config{})
	defer other.a.Abort(nil)
	for name, octets := range map[string][]byte{
		"garbage":                  []byte("GET / HTTP/1.1\r\n\r\n"),
		"announced 64 KiB":         {3, 0, 0xff, 0xff, 2, 0xf0},
		"announced in a fragment":  append(bytes.Clone(connectRequest), 3, 0, 0xff, 0xff, 2, 0xf0, 0x80),
		"fragments without an end": append(bytes.Clone(connectRequest), bytes.Repeat(fragment, 40)...),
		"empty fragments":          append(append(bytes.Clone(connectRequest), bytes.Repeat(tpktOf(2, 0xf0, 0), 5000)...), lastFragment([]byte{0xff})...),
		"session nested deep":      append(bytes.Clone(connectRequest), lastFragment(append([]byte{0x0d, 0xff, 0x17, 0x70}, bytes.Repeat([]byte{5, 0xff, 0x17, 0x6c}, 1500)...))...),
		"session announces 64 KiB": append(bytes.Clone(connectRequest), lastFragment([]byte{0x0d, 0xff, 0xff, 0xff, 5, 6})...),
		"presentation nested deep": append(bytes.Clone(connectRequest), lastFragment(append([]byte{0x0d, 0xff, 0x1f, 0x44, 0xc1, 0xff, 0x1f, 0x40}, nested(0x31, 4000)...))...),
		"presentation 1 GB":        append(bytes.Clone(connectRequest), lastFragment([]byte{0x0d, 8, 0xc1, 6, 0x31, 0x84, 0x40, 0, 0, 0})...),
		"data before CN":           append(bytes.Clone(connectRequest), lastFragment([]byte{1, 0, 1, 0, 0x61, 0})...),
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := tcp.Dial(t.Context(), addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = nc.Close() }()
			go func() { _, _ = nc.Write(octets) }()
			other.asks(20)
			ended(t, nc)
		})
	}
	other.asks(20)
}

// ended waits until the other end has closed.
func ended(t *testing.T, nc net.Conn) {
	t.Helper()
	if err := nc.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 4096); ; {
		_, err := nc.Read(buf)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Fatal("the connection is open still")
		}
		if err != nil {
			return
		}
	}
}

// TestHostileAssociations: the same once associated.
func TestHostileAssociations(t *testing.T) {
	addr := serve(t, tcp.Limits{})
	other := newNeighbour(t, addr, Config{})
	defer other.a.Abort(nil)
	deep := append([]byte{0xa0, 0x80, 2, 1, 1}, nested(0xa4, 30000)...)
	for name, hostile := range map[string]func(c *conn){
		"fragments without an end": func(c *conn) { c.octets(bytes.Repeat(fragment, 100)) },
		"announced 64 KiB":         func(c *conn) { c.octets([]byte{3, 0, 0xff, 0xff, 2, 0xf0}); c.octets(make([]byte, 70000)) },
		"longer than negotiated":   func(c *conn) { c.raw(make([]byte, 70000)) },
		"garbage":                  func(c *conn) { c.octets([]byte("garbage, garbage")) },
		"three nested deep":        func(c *conn) { c.raw(deep); c.raw(deep); c.raw(deep) },
		"three of 1 GB": func(c *conn) {
			for range 3 {
				c.raw([]byte{0xa0, 0x84, 0x40, 0, 0, 0, 2, 1, 1})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Dial(t.Context(), addr, Config{})
			if err != nil {
				t.Fatal(err)
			}
			go hostile(a.(*conn))
			other.asks(20)
			<-a.Done()
			if err := a.Err(); errors.Is(err, mms.ErrReleased) {
				t.Errorf("%v", err)
			}
		})
	}
	other.asks(20)
}

// TestOnePDUTooDeep: one bad PDU is rejected, and the association goes on.
func TestOnePDUTooDeep(t *testing.T) {
	addr := serve(t, tcp.Limits{})
	n := newNeighbour(t, addr, Config{})
	defer n.a.Abort(nil)
	c := n.a.(*conn)
	c.mu.Lock()
	_, err := c.machine.Send(request(99), struct{}{}, time.Time{})
	c.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	c.raw(append([]byte{0xa0, 0x80, 2, 1, 99}, nested(0xa4, 30000)...))
	if r := recv[*mms.Reject](t, n.a); r.Reason.Class != mms.RejectPDUError {
		t.Errorf("%+v", r)
	}
	n.asks(5)
}

// octets sends what is no TPDU, maybe.
func (c *conn) octets(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued(b)
	c.flush()
}

// TestSlowLoris: many connections that never come to an association, from many addresses, keep nobody out for whom there
// is room, and those who are in do not notice. Slow ones that are in do not either.
func TestSlowLoris(t *testing.T) {
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	addr := serveOn(t, l, anyone)
	other := newNeighbour(t, addr, Config{})
	defer other.a.Abort(nil)
	lorises(t, addr, 1000, connectRequest[:9])
	if s := l.Stats(); s.HalfOpen > 512 {
		t.Errorf("%+v", s)
	}
	other.asks(200)
	late := newNeighbour(t, addr, Config{}) // they are in the way of nobody else
	late.asks(200)
	late.a.(*conn).octets(connectRequest[:9]) // half a packet: this one is slow from now on
	other.asks(200)
	late.a.Abort(nil)
}

// lorises opens n connections from several addresses, each of which says a little and then nothing, until the test ends.
func lorises(t *testing.T, addr string, n int, says []byte) {
	t.Helper()
	for i := range n {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%16))}}
		nc, err := d.DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_, _ = nc.Write(says) // it may be closed already
	}
}

// TestSilentTLSPeers: peers that never begin, or never finish, the handshake are in the way of nobody.
func TestSilentTLSPeers(t *testing.T) {
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	server, client := selfSigned(t)
	server.ClientAuth = tls.RequireAnyClientCert
	cfg := anyone
	cfg.Secure = TLSServer(server)
	addr := serveOn(t, l, cfg)
	secured := Config{Secure: TLSClient(client)}
	other := newNeighbour(t, addr, secured)
	defer other.a.Abort(nil)
	lorises(t, addr, 700, nil)
	lorises(t, addr, 300, []byte{22, 3, 1, 2, 0, 1})
	other.asks(100)
	late := newNeighbour(t, addr, secured)
	late.asks(100)
	late.a.Abort(nil)
	if s := l.Stats(); s.HalfOpen > 512 || s.Open < 1 {
		t.Errorf("%+v", s)
	}
}

// serveOn serves requests for identify on l until the test ends.
func serveOn(t testing.TB, l net.Listener, cfg Config) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- Serve(ctx, l, cfg, identify) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// identify answers every request.
func identify(ctx context.Context, a mms.Association) {
	for {
		p, err := a.Recv(ctx)
		if err != nil {
			return
		}
		if r, ok := p.(*mms.ConfirmedRequest); ok && a.Send(response(r.InvokeID, "v")) != nil {
			return
		}
	}
}
