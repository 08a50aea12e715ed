package osi

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/presentation"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A pair is two Machines that are joined: what one puts out goes to the other.
type pair struct {
	testing.TB
	calling, called   *Machine
	toCalled, toCaler []byte
	events            [2][]Event // of the calling and the called end
	accept            func(m *Machine, ev Event)
	now               time.Time
}

func newPair(t testing.TB, calling, called Config, user []byte) *pair {
	t.Helper()
	m, err := NewCalling(calling, user, start)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{TB: t, calling: m, called: NewCalled(called, start), now: start}
	p.accept = func(m *Machine, ev Event) {
		if err := m.Accept([]byte{0xa9, 0}, 65000); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// run moves octets until nothing is left to be moved.
func (p *pair) run() {
	for {
		out, back := p.calling.Output(), p.called.Output()
		p.toCalled, p.toCaler = append(p.toCalled, out...), append(p.toCaler, back...)
		if len(out)+len(back) == 0 {
			return
		}
		p.toCalled = p.feed(p.called, 1, p.toCalled)
		p.toCaler = p.feed(p.calling, 0, p.toCaler)
	}
}

func (p *pair) feed(m *Machine, i int, in []byte) []byte {
	for {
		n, ev := m.Receive(in, p.now)
		in = in[n:]
		if ev.Kind == None {
			return in
		}
		ev.PDU = bytes.Clone(ev.PDU)
		p.events[i] = append(p.events[i], ev)
		if ev.Kind == Indication {
			p.accept(m, ev)
		}
	}
}

func (p *pair) last(i int) Event {
	p.Helper()
	if len(p.events[i]) == 0 {
		p.Fatalf("end %d: no event", i)
	}
	return p.events[i][len(p.events[i])-1]
}

var anonymous = Config{InsecureAnonymous: true}

func TestAssociateDataRelease(t *testing.T) {
	user := []byte{0xa8, 0}
	p := newPair(t, Config{}, anonymous, user)
	p.run()
	if ev := p.last(1); ev.Kind != Indication || !bytes.Equal(ev.PDU, user) {
		t.Fatalf("called end: %+v", ev)
	}
	if ev := p.last(0); ev.Kind != Confirmed || !bytes.Equal(ev.PDU, []byte{0xa9, 0}) {
		t.Fatalf("calling end: %+v", ev)
	}
	if !p.calling.Deadline().IsZero() || !p.called.Deadline().IsZero() {
		t.Error("an open association has a deadline")
	}
	for _, n := range []int{2, 100, 127, 128, 240, 255, 256, 8175, 8176, 8189, 30000, 65000} {
		pdu := append([]byte{0xa0}, bytes.Repeat([]byte{byte(n)}, n-1)...)
		p.calling.out = p.calling.AppendData(p.calling.out, 0, pdu)
		p.run()
		if ev := p.last(1); ev.Kind != Received || !bytes.Equal(ev.PDU, pdu) {
			t.Fatalf("%d octets: %+v", n, ev)
		}
	}
	if err := p.calling.Release(p.now); err != nil {
		t.Fatal(err)
	}
	p.run()
	if a, b := p.last(0), p.last(1); a.Kind != Released || b.Kind != Released {
		t.Errorf("release: %+v, %+v", a, b)
	}
}

func TestReleaseByBoth(t *testing.T) {
	p := newPair(t, Config{}, anonymous, []byte{0xa8, 0})
	p.run()
	if err := errors.Join(p.calling.Release(p.now), p.called.Release(p.now)); err != nil {
		t.Fatal(err)
	}
	p.run()
	if a, b := p.last(0), p.last(1); a.Kind != Released || b.Kind != Released {
		t.Errorf("release: %+v, %+v", a, b)
	}
}

func TestAbort(t *testing.T) {
	p := newPair(t, Config{}, anonymous, []byte{0xa8, 0})
	p.run()
	p.calling.Abort()
	p.run()
	ev := p.last(1)
	var e *AbortError
	if ev.Kind != Ended || !errors.As(ev.Err, &e) || e.Provider {
		t.Errorf("%+v", ev)
	}
}

// An echo is an Authenticator that offers one thing and answers with another.
type echo struct {
	offer, reply acse.Auth
	got          []acse.Auth
	peers        []acse.Peer
	err          error
}

func (e *echo) Offer(_, _ acse.Address) (acse.Auth, error) { return e.offer, nil }

func (e *echo) Verify(p acse.Peer, a acse.Auth) (acse.Auth, *model.Principal, error) {
	e.got, e.peers = append(e.got, a), append(e.peers, p)
	return e.reply, &model.Principal{Name: "proven"}, e.err
}

func TestAuthenticationValues(t *testing.T) {
	mechanism := asn1.MustOID("1.3.6.1.4.1.99999.7.300")
	for _, n := range []int{0, 60, 254, 255, 300, 900, 8000, 9000, acse.MaxValue - 200} {
		for _, extended := range []bool{false, true} {
			octets := bytes.Repeat([]byte{0x5a}, n)
			other, err := acse.OtherValue(mechanism, append([]byte{0x04, 0x83, 0, byte(n >> 8), byte(n)}, octets...))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range []acse.Value{acse.Chars(string(octets)), acse.BitOctets(octets), other} {
				client := &echo{offer: acse.Auth{Mechanism: mechanism, Value: v}}
				server := &echo{reply: acse.Auth{Mechanism: mechanism, Value: v}}
				p := newPair(t, Config{Authenticator: client, ExtendedUserData: extended}, Config{Authenticator: server}, []byte{0xa8, 0})
				p.run()
				if p.last(0).Kind != Confirmed {
					t.Fatalf("%d octets, form %d: %+v %+v", n, v.Form, p.last(0), p.last(1))
				}
				for _, got := range []acse.Auth{server.got[0], client.got[0]} {
					if got.Mechanism != mechanism || got.Value.Form != v.Form || !bytes.Equal(got.Value.Bytes, v.Bytes) || got.Value.Bits != v.Bits {
						t.Errorf("%d octets, form %d: got %d octets of form %d", n, v.Form, len(got.Value.Bytes), got.Value.Form)
					}
				}
				if p.called.Principal().Name != "proven" || !bytes.Equal(server.peers[0].UserPDU, []byte{0xa8, 0}) || !client.peers[0].Called {
					t.Error("the authenticator saw another association")
				}
			}
		}
	}
}

func TestAuthenticationTooLong(t *testing.T) {
	client := &echo{offer: acse.Auth{Mechanism: acse.Password, Value: acse.Chars(strings.Repeat("x", acse.MaxValue+1))}}
	p := newPair(t, Config{Authenticator: client}, Config{Authenticator: &echo{}}, []byte{0xa8, 0})
	p.run()
	if ev := p.last(0); ev.Kind != Ended || !errors.Is(ev.Err, asn1.ErrTooLong) {
		t.Errorf("%+v", ev)
	}
}

func TestPassword(t *testing.T) {
	right := acse.Auth{Mechanism: acse.Password, Value: acse.Chars("secret")}
	for _, c := range []struct {
		name string
		auth acse.Auth
		code int // -1: accepted
	}{
		{"right", right, -1},
		{"wrong", acse.Auth{Mechanism: acse.Password, Value: acse.Chars("secreT")}, acse.DiagAuthenticationFailed},
		{"none", acse.Auth{}, acse.DiagAuthenticationNeeded},
		{"no mechanism", acse.Auth{Value: acse.Chars("secret")}, acse.DiagMechanismRequired},
		{"other mechanism", acse.Auth{Mechanism: asn1.MustOID("2.2.3.0.1"), Value: acse.Chars("secret")}, acse.DiagMechanismUnknown},
		{"other form", acse.Auth{Mechanism: acse.Password, Value: acse.BitOctets([]byte("secret"))}, acse.DiagMechanismUnknown},
	} {
		for _, form := range []Refusal{ByResponse, ByAbort} {
			t.Run(c.name, func(t *testing.T) {
				p := newPair(t, Config{Authenticator: &echo{offer: c.auth}},
					Config{Authenticator: &acse.InsecurePassword{Password: "secret"}, Refusal: form}, []byte{0xa8, 0})
				p.run()
				a, b := p.last(0), p.last(1)
				if c.code < 0 {
					if a.Kind != Confirmed {
						t.Fatalf("%+v", a)
					}
					return
				}
				var r *RefusedError
				if !errors.Is(b.Err, ErrRefused) || !errors.As(a.Err, &r) || r.Layer != "acse" {
					t.Fatalf("%+v, %+v", a, b)
				}
				if form == ByResponse && (r.Diagnostic == nil || r.Diagnostic.Code != c.code) {
					t.Errorf("diagnostic %v", r.Diagnostic)
				}
				if form == ByAbort && !errors.Is(a.Err, ErrAborted) {
					t.Errorf("%v", a.Err)
				}
			})
		}
	}
}

func TestNobodyIsLetInByDefault(t *testing.T) {
	p := newPair(t, Config{}, Config{}, []byte{0xa8, 0})
	p.run()
	var r *RefusedError
	if ev := p.last(0); !errors.As(ev.Err, &r) || r.Diagnostic.Code != acse.DiagAuthenticationNeeded {
		t.Errorf("%+v", ev)
	}
}

func TestSelectors(t *testing.T) {
	for _, c := range []struct {
		local acse.Address
		layer string
	}{
		{acse.Address{TSEL: []byte{9}}, "transport"},
		{acse.Address{SSEL: []byte{9}}, "session"},
		{acse.Address{PSEL: []byte{9}}, "presentation"},
	} {
		p := newPair(t, Config{}, Config{Local: c.local, InsecureAnonymous: true}, []byte{0xa8, 0})
		p.run()
		var r *RefusedError
		if ev := p.last(0); !errors.As(ev.Err, &r) || r.Layer != c.layer {
			t.Errorf("%s: %+v", c.layer, ev)
		}
	}
}

func TestSeveralSyntaxes(t *testing.T) {
	sealed := Syntax{Abstract: asn1.MustOID("1.3.6.1.4.1.99999.1"), Encoding: presentation.OctetAligned}
	unknown := Syntax{Abstract: asn1.MustOID("1.3.6.1.4.1.99999.2")}
	p := newPair(t, Config{Syntaxes: []Syntax{MMS, unknown, sealed}}, Config{Syntaxes: []Syntax{sealed, MMS}, InsecureAnonymous: true}, []byte{0xa8, 0})
	p.run()
	if p.last(0).Kind != Confirmed || p.calling.Agreed(1) || !p.calling.Agreed(2) || !p.called.Agreed(0) {
		t.Fatalf("%+v", p.last(0))
	}
	p.calling.out = p.calling.AppendData(p.calling.out, 2, []byte("not BER"))
	p.called.out = p.called.AppendData(p.called.out, 1, []byte{0xa1, 0})
	p.run()
	if ev := p.last(1); ev.Syntax != 0 || string(ev.PDU) != "not BER" {
		t.Errorf("%+v", ev)
	}
	if ev := p.last(0); ev.Syntax != 0 || !bytes.Equal(ev.PDU, []byte{0xa1, 0}) {
		t.Errorf("%+v", ev)
	}
}

func TestDeadlines(t *testing.T) {
	m := NewCalled(anonymous, start)
	if d := m.Deadline(); d.Sub(start) != 3*time.Second {
		t.Fatalf("first deadline after %v", d.Sub(start))
	}
	if ev := m.Tick(start.Add(2 * time.Second)); ev.Kind != None {
		t.Errorf("too early: %+v", ev)
	}
	// An octet now and then keeps it no longer than ten seconds.
	now := start
	in := []byte{3, 0, 0, 22, 17, 0xe0}
	for i := range in {
		now = now.Add(2 * time.Second)
		if n, ev := m.Receive(in[:i+1], now); n != 0 || ev.Kind != None {
			t.Fatalf("%d %+v", n, ev)
		}
	}
	if d := m.Deadline(); d.Sub(start) != 10*time.Second {
		t.Errorf("deadline after %v", d.Sub(start))
	}
	if ev := m.Tick(now); ev.Kind != Ended || !errors.Is(ev.Err, ErrTimeout) {
		t.Errorf("%+v", ev)
	}

	p := newPair(t, Config{}, anonymous, []byte{0xa8, 0})
	p.run()
	if err := p.calling.Release(start); err != nil {
		t.Fatal(err)
	}
	if ev := p.calling.Tick(start.Add(5 * time.Second)); !errors.Is(ev.Err, ErrTimeout) {
		t.Errorf("release without an answer: %+v", ev)
	}
}

func TestTSDULimits(t *testing.T) {
	p := newPair(t, Config{}, anonymous, bytes.Repeat([]byte{0xa8}, 17000))
	p.run()
	if ev := p.last(1); !errors.Is(ev.Err, ErrProtocol) {
		t.Errorf("before: %+v", ev)
	}
	p = newPair(t, Config{}, anonymous, []byte{0xa8, 0})
	p.accept = func(m *Machine, _ Event) {
		if err := m.Accept([]byte{0xa9, 0}, 2000); err != nil {
			t.Fatal(err)
		}
	}
	p.run()
	p.calling.out = p.calling.AppendData(p.calling.out, 0, make([]byte, 2000))
	p.run()
	if ev := p.last(1); ev.Kind != Received {
		t.Errorf("within: %+v", ev)
	}
	p.calling.out = p.calling.AppendData(p.calling.out, 0, make([]byte, 3100))
	p.run()
	if ev := p.last(1); !errors.Is(ev.Err, ErrProtocol) {
		t.Errorf("after: %+v", ev)
	}
	if ev := p.last(0); !errors.Is(ev.Err, ErrAborted) {
		t.Errorf("the peer is told: %+v", ev)
	}
}

// TestHostile cuts, flips and repeats what a good peer sends: nothing else than an Event comes of it.
func TestHostile(t *testing.T) {
	p := newPair(t, Config{Authenticator: &acse.InsecurePassword{Password: "x"}}, anonymous, []byte{0xa8, 0})
	var good []byte
	for range 4 {
		out := p.calling.Output()
		good = append(good, out...)
		p.feed(p.called, 1, out)
		p.feed(p.calling, 0, p.called.Output())
	}
	if len(good) < 150 || p.last(0).Kind != Confirmed {
		t.Fatalf("%d octets, %+v", len(good), p.last(0))
	}
	for i := range good {
		for _, x := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[i] ^= x
			m := NewCalled(anonymous, start)
			for in := bad; ; {
				n, ev := m.Receive(in, start)
				in = in[n:]
				if ev.Kind == Indication {
					if err := m.Accept([]byte{0xa9, 0}, 65000); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if ev.Kind == Ended && ev.Err == nil {
					t.Errorf("octet %d: ended without a cause", i)
				}
				if ev.Kind == None {
					break
				}
			}
		}
		m := NewCalled(anonymous, start)
		if _, ev := m.Receive(good[:i], start); ev.Kind != None {
			t.Errorf("%d octets: %+v", i, ev)
		}
	}
}
