package tcp

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
)

func listen(t *testing.T, limits Limits) *Listener {
	t.Helper()
	l, err := Listen(t.Context(), "127.0.0.1:0", limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func dial(t *testing.T, l *Listener) net.Conn {
	t.Helper()
	c, err := Dial(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func accept(t *testing.T, l *Listener) *Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*Conn)
}

func TestHalfOpenLimits(t *testing.T) {
	for name, limits := range map[string]Limits{
		"per source": {HalfOpenPerSource: 2},
		"in all":     {HalfOpen: 2},
		"open":       {Open: 2},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, limits)
			dial(t, l)
			dial(t, l)
			first, second := accept(t, l), accept(t, l)
			if name == "open" {
				if err := errors.Join(first.Admit(), second.Admit()); err != nil {
					t.Fatal(err)
				}
			}
			refused := dial(t, l)
			got := make(chan *Conn)
			go func() {
				c, err := l.Accept()
				if err != nil {
					t.Error(err)
					close(got)
					return
				}
				got <- c.(*Conn)
			}()
			if _, err := refused.Read(make([]byte, 1)); err == nil {
				t.Error("the third connection was not closed")
			}
			if s := l.Stats(); s.Refused != 1 || s.HalfOpen+s.Open != 2 {
				t.Errorf("%+v", s)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			_ = first.Close() // counts once
			fresh := dial(t, l)
			if c := <-got; c == nil || c.RemoteAddr().String() != fresh.LocalAddr().String() {
				t.Error("another connection was accepted")
			}
		})
	}
}

// TestGreedySourceGivesWay: who has opened the most makes room for another address.
func TestGreedySourceGivesWay(t *testing.T) {
	l := listen(t, Limits{HalfOpen: 3})
	from := func(last byte) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}}
		c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Skip("tcp: missing peer: loopback has one address only")
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	first := from(2)
	oldest := accept(t, l)
	from(2)
	second := accept(t, l)
	from(3)
	accept(t, l)
	from(4)
	if c := accept(t, l); c.source.String() != "127.0.0.4" {
		t.Errorf("%v was accepted", c.source)
	}
	if _, err := first.Read(make([]byte, 1)); err == nil {
		t.Error("the oldest of the greediest is open still")
	}
	if err := oldest.Admit(); err != nil {
		t.Errorf("it is closed already: %v", err)
	}
	if err := second.Admit(); err != nil {
		t.Error(err)
	}
	if s := l.Stats(); s.HalfOpen != 2 || s.Open != 1 || s.Refused != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAdmit(t *testing.T) {
	l := listen(t, Limits{Open: 1})
	dial(t, l)
	dial(t, l)
	a, b := accept(t, l), accept(t, l)
	if err := errors.Join(a.Admit(), a.Admit()); err != nil {
		t.Fatal(err)
	}
	if err := b.Admit(); !errors.Is(err, ErrTooMany) {
		t.Errorf("%v", err)
	}
	if s := l.Stats(); s.Open != 1 || s.HalfOpen != 1 || s.Refused != 1 {
		t.Errorf("%+v", s)
	}
	for _, c := range []*Conn{a, b} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if s := l.Stats(); s.Open != 0 || s.HalfOpen != 0 || len(l.half) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCloseWrite(t *testing.T) {
	l := listen(t, Limits{})
	c := dial(t, l)
	s := accept(t, l)
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

func TestDialFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, "127.0.0.1:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
