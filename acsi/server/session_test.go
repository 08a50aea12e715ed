package server

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

func TestEndsOfAnAssociation(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(urcb+"RptEna", model.Bool(true))
		h.setFloat(1)
		p.take()
		if err := p.end.Release(h.ctx); err != nil {
			t.Fatal(err)
		}
		if err := <-p.done; err != nil {
			t.Errorf("after a release Serve returned %v", err)
		}
		ctx, cancel := context.WithCancel(h.ctx)
		c, srv := mmstest.Pipe(mms.Params{})
		done := make(chan error, 1)
		go func() { done <- h.s.Serve(ctx, srv) }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("after its context Serve returned %v", err)
		}
		<-c.Done()
		q := h.peer("other@x")
		if v := q.read(urcb + "RptEna"); !v.Equal(model.Bool(false)) {
			t.Error("the control block of a lost association is still enabled")
		}
		var ended int
		for _, e := range h.events {
			if _, ok := e.(Ended); ok {
				ended++
			}
		}
		if ended != 2 {
			t.Errorf("%d events of an end", ended)
		}
	})
}

// A stuck association never takes what is sent to it.
type stuck struct {
	*mmstest.End
	block chan struct{}
}

func (s *stuck) Send(p mms.PDU) error {
	if _, ok := p.(*mms.Unconfirmed); ok {
		select {
		case <-s.block:
		case <-s.Done():
			return s.Err()
		}
		return mms.ErrTransport
	}
	return s.End.Send(p)
}

func TestAStuckPeerDisturbsNobody(t *testing.T) {
	run(t, Config{Limits: Limits{QueueReports: 10}}, func(h *harness) {
		c, srv := mmstest.Pipe(mms.Params{})
		bad := &stuck{End: srv, block: make(chan struct{})}
		p := &peer{T: h.T, end: c, done: make(chan error, 1)}
		go func() { p.done <- h.s.Serve(h.ctx, bad) }()
		p.set("LLN0$RP$urcb02$RptEna", model.Bool(true))
		q := h.peer("other@x")
		q.set(urcb+"RptEna", model.Bool(true))
		for i := range 100 {
			h.setFloat(float64(i + 1))
			synctest.Wait()
		}
		if n := len(q.take()); n != 100 {
			t.Errorf("%d of 100 reports reached the other client", n)
		}
		var lost int
		for _, e := range h.events {
			if _, ok := e.(ReportLost); ok {
				lost++
			}
		}
		if lost != 90 {
			t.Errorf("%d reports were dropped, want 90", lost)
		}
		close(bad.block)
		if err := <-p.done; !errors.Is(err, mms.ErrTransport) {
			t.Errorf("Serve returned %v", err)
		}
		q.read("GGIO1$MX$AnIn1$mag$f")
	})
}

// Readers, writers, updates, reports and commands from many associations at once; what matters is the race detector, and
// that all ends.
func TestManyAssociationsAtOnce(t *testing.T) {
	s, err := New(Config{Model: testModel(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Handle(do(spc3), ControlFunc(func(*Command) model.AddCause { return model.AddCauseNone })); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	var wg, updates sync.WaitGroup
	var reports atomic.Int64
	stop := make(chan struct{})
	updates.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.Update(time.Now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i)); tx.Time(anIn1) }); err != nil {
				t.Error(err)
				return
			}
			runtime.Gosched()
		}
	})
	for i := range 16 {
		wg.Go(func() {
			c, srv := mmstest.NewPipe(mmstest.Options{Queue: 1 << 20})
			done := make(chan error, 1)
			go func() { done <- s.Serve(ctx, srv) }()
			id := uint32(0)
			call := func(service mms.Service) {
				id++
				if err := c.Send(&mms.ConfirmedRequest{InvokeID: id, Service: service}); err != nil {
					t.Error(err)
					return
				}
				for {
					p, err := c.Recv(ctx)
					if err != nil {
						t.Error(err)
						return
					}
					if _, ok := p.(*mms.Unconfirmed); !ok {
						return
					}
					reports.Add(1)
				}
			}
			write := func(item string, v model.Value) {
				call(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(item)}}, Data: []model.Value{v}})
			}
			for round := range 20 {
				item := []string{"LLN0$RP$urcb01$", "LLN0$BR$brcb01$", "LLN0$BR$brcb02$"}[(i+round)%3]
				write(item+"RptEna", model.Bool(true))
				call(&mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{spec("LLN0"), spec("GGIO1$MX")}}})
				write("GGIO1$SP$Set1$setMag$f", model.Float32(float32(i)))
				write(spc3+"$Oper", cmd{num: uint8(round)}.value())
				write(item+"GI", model.Bool(true))
				write(item+"RptEna", model.Bool(false))
			}
			if i%2 == 0 {
				c.Abort(mms.ErrLinkLost)
			} else if err := c.Release(ctx); err != nil {
				t.Error(err)
			}
			<-done
		})
	}
	wg.Wait()
	close(stop)
	updates.Wait()
	cancel()
	s.Close()
	if reports.Load() == 0 {
		t.Error("no report arrived")
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
		runtime.GC()
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines before, %d after", before, n)
	}
}
