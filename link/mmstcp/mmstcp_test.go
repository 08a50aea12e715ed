package mmstcp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
)

var anyone = Config{OSI: osi.Config{InsecureAnonymous: true}}

// joined gives both ends of an association over a connection in memory.
func joined(t *testing.T, client, server Config) (a, b *conn) {
	t.Helper()
	near, far := net.Pipe()
	got := make(chan mms.Association, 1)
	go func() {
		a, err := Server(t.Context(), far, server)
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	c, err := Client(t.Context(), near, client)
	if err != nil {
		t.Fatal(err)
	}
	s := <-got
	t.Cleanup(func() {
		for _, a := range []mms.Association{c, s} {
			a.Abort(nil)
			<-a.(*conn).written
		}
	})
	return c.(*conn), s.(*conn)
}

func request(id uint32) *mms.ConfirmedRequest {
	return &mms.ConfirmedRequest{InvokeID: id, Service: &mms.Identify{}}
}

func response(id uint32, vendor string) *mms.ConfirmedResponse {
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.IdentifyResponse{Vendor: vendor, Model: "m", Revision: "r"}}
}

func recv[T mms.PDU](t *testing.T, a mms.Association) T {
	t.Helper()
	p, err := a.Recv(t.Context())
	got, ok := p.(T)
	if err != nil || !ok {
		t.Fatalf("%T, %v", p, err)
	}
	return got
}

func send(t *testing.T, a mms.Association, p mms.PDU) {
	t.Helper()
	if err := a.Send(p); err != nil {
		t.Fatal(err)
	}
}

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		if p := a.Params(); p.MaxPDU != 65000 || p.OutstandingOut != 10 || p.Nesting != 10 || p.Freshness {
			t.Errorf("%+v", p)
		}
		for id := range uint32(300) {
			send(t, a, request(id))
			if got := recv[*mms.ConfirmedRequest](t, b); got.InvokeID != id {
				t.Fatalf("request %d", got.InvokeID)
			}
			vendor := strings.Repeat("v", int(id)*200)
			send(t, b, response(id, vendor))
			if got := recv[*mms.ConfirmedResponse](t, a); got.Service.(*mms.IdentifyResponse).Vendor != vendor {
				t.Fatalf("response %d", id)
			}
		}
		if err := b.Send(response(7, "")); !errors.Is(err, mms.ErrInvokeID) {
			t.Errorf("answer to nothing: %v", err)
		}
		send(t, a, request(1))
		recv[*mms.ConfirmedRequest](t, b)
		if err := b.Send(response(1, strings.Repeat("v", 65000))); !errors.Is(err, ErrPDUSize) {
			t.Errorf("too long: %v", err)
		}
		send(t, b, response(1, "")) // the request is open still
	})
}

func TestReleaseByEither(t *testing.T) {
	for _, by := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			a, b := joined(t, Config{}, anyone)
			ends := []*conn{a, b}
			send(t, ends[by], request(1))
			go func() {
				time.Sleep(time.Second) // of the bubble: the answer comes while the release waits for it
				if err := ends[1-by].Send(response(1, "")); err != nil {
					t.Error(err)
				}
			}()
			if err := ends[by].Release(t.Context()); err != nil {
				t.Error(err)
			}
			if err := ends[by].Send(request(2)); !errors.Is(err, mms.ErrReleased) {
				t.Errorf("after the end: %v", err)
			}
			recv[*mms.ConfirmedResponse](t, ends[by])
			<-ends[1-by].Done()
			if err := ends[1-by].Err(); !errors.Is(err, mms.ErrReleased) {
				t.Errorf("the other end: %v", err)
			}
		})
	}
}

func TestReleaseByBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		errs := make(chan error)
		for _, c := range []*conn{a, b} {
			go func() { errs <- c.Release(t.Context()) }()
		}
		if err := errors.Join(<-errs, <-errs); err != nil {
			t.Error(err)
		}
	})
}

func TestReleaseUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go silentAfterAccept(t, far)
		a, err := Client(t.Context(), near, Config{})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := a.Release(t.Context()); !errors.Is(err, mms.ErrTimeout) || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// silentAfterAccept associates and then only reads.
func silentAfterAccept(t *testing.T, nc net.Conn) {
	m := osi.NewCalled(anyone.OSI, time.Now())
	buf := make([]byte, 4096)
	for {
		n, err := nc.Read(buf)
		if err != nil {
			return
		}
		if _, ev := m.Receive(buf[:n], time.Now()); ev.Kind == osi.Indication {
			cfg := anyone
			cfg.setDefaults()
			p, err := mms.ParseBER(ev.PDU, mms.Limits{})
			if err != nil {
				t.Error(err)
				return
			}
			answer, params, err := cfg.terms().Answer(p.(*mms.InitiateRequest), services)
			if err != nil {
				t.Error(err)
				return
			}
			b, err := mms.AppendBER(nil, answer)
			if err == nil {
				err = m.Accept(b, params.MaxPDU)
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
		if out := m.Output(); len(out) > 0 {
			if _, err := nc.Write(out); err != nil {
				return
			}
		}
	}
}

func TestAbortAndLoss(t *testing.T) {
	cause := errors.New("operator's wish")
	for name, c := range map[string]struct {
		end       func(a *conn)
		here, far error
	}{
		"abort": {func(a *conn) { a.Abort(cause) }, cause, mms.ErrAborted},
		"loss":  {func(a *conn) { _ = a.nc.Close() }, mms.ErrLinkLost, mms.ErrLinkLost},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := joined(t, Config{}, anyone)
				c.end(a)
				<-b.Done()
				<-a.Done()
				a.Abort(nil) // may be repeated
				if !errors.Is(a.Err(), c.here) || !errors.Is(b.Err(), c.far) {
					t.Errorf("%v; %v", a.Err(), b.Err())
				}
				if _, err := b.Recv(t.Context()); !errors.Is(err, c.far) {
					t.Errorf("Recv: %v", err)
				}
				if err := b.Send(request(1)); !errors.Is(err, c.far) {
					t.Errorf("Send: %v", err)
				}
			})
		})
	}
}

func TestPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		who := &model.Principal{Name: "scada", Roles: []string{"OPERATOR"}, Proof: model.ProofPassword}
		known := &acse.InsecurePassword{Password: "pw", Principal: who}
		cfg := Config{OSI: osi.Config{Authenticator: known}}
		_, b := joined(t, cfg, cfg)
		if p := b.Peer(); p.Name != "scada" || p.Address != "pipe" || len(p.Roles) != 1 || who.Address != "" {
			t.Errorf("%+v", p)
		}
	})
}

func TestRefusals(t *testing.T) {
	known := osi.Config{Authenticator: &acse.InsecurePassword{Password: "pw"}}
	byAbort := known
	byAbort.Refusal = osi.ByAbort
	for name, c := range map[string]struct{ client, server Config }{
		"nobody is let in":   {Config{}, Config{}},
		"no password":        {Config{}, Config{OSI: known}},
		"no password, abort": {Config{}, Config{OSI: byAbort}},
		"PDUs too small":     {Config{MaxPDU: 900}, Config{OSI: osi.Config{InsecureAnonymous: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				errs := make(chan error)
				go func() {
					_, err := Server(t.Context(), far, c.server)
					errs <- err
				}()
				_, err := Client(t.Context(), near, c.client)
				if !errors.Is(err, mms.ErrRefused) {
					t.Errorf("client: %v", err)
				}
				if err := <-errs; !errors.Is(err, mms.ErrRefused) {
					t.Errorf("server: %v", err)
				}
			})
		})
	}
}

func TestSilentPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = near.Close() }()
		began := time.Now()
		if _, err := Server(t.Context(), far, anyone); !errors.Is(err, mms.ErrTimeout) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		gone := make(chan struct{})
		go func() { // an octet a second
			defer close(gone)
			for _, b := range []byte("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0d") {
				time.Sleep(time.Second)
				if _, err := near.Write([]byte{b}); err != nil {
					return
				}
			}
		}()
		began := time.Now()
		if _, err := Server(t.Context(), far, anyone); !errors.Is(err, mms.ErrTimeout) || time.Since(began) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		<-gone
	})
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() { _, _ = far.Read(make([]byte, 100)) }() // and no answer
		if _, err := Client(ctx, near, Config{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// raw sends octets in place of an MMS PDU.
func (c *conn) raw(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(b)
}

func TestBadPDUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		a.mu.Lock()
		_, err := a.machine.Send(request(77), struct{}{}, time.Time{})
		a.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		a.raw([]byte{0xa0, 5, 2, 1, 77, 0x82, 9}) // identify that is cut
		if r := recv[*mms.Reject](t, a); r.InvokeID != 77 || r.Reason.Class != mms.RejectPDUError {
			t.Errorf("%+v", r)
		}
		send(t, a, request(5))
		recv[*mms.ConfirmedRequest](t, b)
		b.raw([]byte{0xa1, 5, 2, 1, 5, 0xa2, 9})
		if r := recv[*mms.Reject](t, a); r.InvokeID != 5 || r.Reason.Class != mms.RejectConfirmedResponse {
			t.Errorf("%+v", r)
		}
		a.raw([]byte{0xff})
		a.raw([]byte{0xff})
		<-b.Done()
		if !errors.Is(b.Err(), mms.ErrProtocol) {
			t.Errorf("%v", b.Err())
		}
		<-a.Done()
		if !errors.Is(a.Err(), mms.ErrAborted) {
			t.Errorf("%v", a.Err())
		}
	})
}

func TestExcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		for id := range uint32(10) {
			send(t, a, request(id))
		}
		if err := a.Send(request(10)); !errors.Is(err, mms.ErrOutstanding) {
			t.Errorf("%v", err)
		}
		pdu, err := mms.AppendBER(nil, request(10))
		if err != nil {
			t.Fatal(err)
		}
		a.raw(pdu)
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		b.mu.Lock()
		defer b.mu.Unlock()
		if here, there := a.machine.Counters(), b.machine.Counters(); there.Excess != 1 || here.Late != 1 {
			t.Errorf("%+v, %+v", here, there)
		}
	})
}

func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		stop := make(chan struct{})
		go func() {
			a, err := Server(t.Context(), far, anyone)
			if err != nil {
				t.Error(err)
				return
			}
			began := time.Now()
			report := &mms.Unconfirmed{Service: &mms.InformationReport{Access: mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: "RPT"}}}}
			for err == nil {
				err = a.Send(report)
			}
			if d := time.Since(began); !errors.Is(err, mms.ErrTransport) || d < 10*time.Second || d > 12*time.Second {
				t.Errorf("%v after %v", err, d)
			}
			close(stop)
		}()
		a, err := Client(t.Context(), near, Config{Queue: 10})
		if err != nil {
			t.Fatal(err)
		}
		<-stop
		a.Abort(nil)
		<-a.(*conn).written
	})
}

func TestBytesBelongToTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{}, anyone)
		send(t, a, request(1))
		send(t, a, request(2))
		recv[*mms.ConfirmedRequest](t, b)
		recv[*mms.ConfirmedRequest](t, b)
		send(t, b, response(1, "first"))
		send(t, b, response(2, "other"))
		first := recv[*mms.ConfirmedResponse](t, a)
		recv[*mms.ConfirmedResponse](t, a)
		if v := first.Service.(*mms.IdentifyResponse).Vendor; v != "first" {
			t.Errorf("became %q", v)
		}
	})
}

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
