package mmstcp

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
)

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
			answer, params, err := cfg.terms().Answer(p.(*mms.InitiateRequest), mms.ServicesSupported)
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
