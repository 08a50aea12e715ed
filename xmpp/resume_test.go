package xmpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/stanza"
)

// A cut is survived: what was under way both ways arrives once, and what is sent meanwhile follows.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		c, rec := start(t, f, nil)
		synctest.Wait()
		f.received()
		for i := range 3 {
			if err := c.Send(msg(fmt.Sprint("before", i))); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		f.send(&stanza.Stanza{Kind: stanza.Message, From: ems, ID: "m1"})
		synctest.Wait()
		f.cut()
		synctest.Wait()
		wantStanzas(t, rec, "m1")
		wantEvents(t, rec, "up(false) down(true) retry(false)")
		if err := c.Send(msg("while down")); err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		f.current.conn = nopConn{}
		f.mu.Unlock()
		f.send(&stanza.Stanza{Kind: stanza.Message, From: ems, ID: "m2"}) // queued by the server
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantEvents(t, rec, "up(true)")
		if err := c.Send(msg("after")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		var bodies []string
		for _, g := range f.received() {
			if _, b, ok := strings.Cut(g, "<body>"); ok {
				bodies = append(bodies, strings.TrimSuffix(b, "</body></message>"))
			}
		}
		if want := []string{"before0", "before1", "before2", "while down", "after"}; !slices.Equal(bodies, want) {
			t.Errorf("server got %q, want %q", bodies, want)
		}
		if f.resumes != 1 || c.Stats().Resumes != 1 {
			t.Errorf("%d resumptions", f.resumes)
		}
	})
}

type nopConn struct{ net.Conn }

func (nopConn) Write(b []byte) (int, error) { return len(b), nil }

func wantStanzas(t *testing.T, rec *recorder, ids ...string) {
	t.Helper()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	var got []string
	for _, s := range rec.stanzas {
		got = append(got, s.ID)
	}
	rec.stanzas = nil
	if !slices.Equal(got, ids) {
		t.Errorf("client got %q, want %q", got, ids)
	}
}

// A request that waits longer than ten seconds for the link is answered by the client and never sent.
func TestHeldRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		var down atomic.Bool
		f.refuse = func(int) error {
			if down.Load() {
				return errRefused
			}
			return nil
		}
		c, rec := start(t, f, nil)
		synctest.Wait()
		down.Store(true)
		f.cut()
		synctest.Wait()
		f.received()
		rec.take()
		cut := time.Now()
		answers := make(chan error, 1)
		go func() {
			_, err := c.IQ(context.Background(), request("held"))
			if time.Since(cut) != 10*time.Second {
				err = fmt.Errorf("after %v: %w", time.Since(cut), err)
			}
			answers <- err
		}()
		synctest.Wait()
		if err := c.Send(msg("kept")); err != nil {
			t.Fatal(err)
		}
		if err := c.Send(request("held2")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		if err := <-answers; !errors.Is(err, stanza.NewError(stanza.RemoteServerTimeout, "")) || strings.Contains(err.Error(), "after") {
			t.Errorf("held request: %v", err)
		}
		wantStanzas(t, rec, "held2")
		down.Store(false)
		time.Sleep(40 * time.Second)
		synctest.Wait()
		got := strings.Join(f.received(), "")
		if !strings.Contains(got, "kept") || strings.Contains(got, "held") {
			t.Errorf("server got %s", got)
		}
		evs, _ := rec.take()
		if k := kinds(evs); !strings.HasSuffix(k, "up(true)") {
			t.Errorf("events %s", k)
		}
		if c.Stats().Expired != 2 {
			t.Errorf("%d expired", c.Stats().Expired)
		}
	})
}

// A request is not delivered late either when it is the dialling that takes long.
func TestHeldWhileDialling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		f.refuse = func(n int) error {
			if n > 0 {
				time.Sleep(12 * time.Second)
			}
			return nil
		}
		c, rec := start(t, f, nil)
		synctest.Wait()
		f.cut()
		synctest.Wait()
		if err := errors.Join(c.Send(request("held")), c.Send(msg("kept"))); err != nil {
			t.Fatal(err)
		}
		f.received()
		rec.take()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := strings.Join(f.received(), ""); strings.Contains(got, "held") || !strings.Contains(got, "kept") {
			t.Errorf("server got %s", got)
		}
		wantStanzas(t, rec, "held")
		wantEvents(t, rec, "up(true)")
	})
}

// A session that the server has forgotten is lost, and so is one that has waited too long: a new one begins.
func TestResumeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{forget: true}
		c, rec := start(t, f, nil)
		synctest.Wait()
		answer := make(chan error, 1)
		go func() {
			_, err := c.IQ(context.Background(), request("1"))
			answer <- err
		}()
		synctest.Wait()
		f.cut()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if err := <-answer; !errors.Is(err, ErrLost) {
			t.Errorf("request across a lost session: %v", err)
		}
		wantEvents(t, rec, "up(false) down(true) retry(false) lost up(false)")
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		f.refuse = func(n int) error {
			if n > 0 {
				return errRefused
			}
			return nil
		}
		c, rec := start(t, f, nil)
		synctest.Wait()
		f.cut()
		cut := time.Now()
		synctest.Wait()
		if err := c.Send(msg("lost")); err != nil {
			t.Error(err)
		}
		time.Sleep(59 * time.Second)
		synctest.Wait()
		evs, _ := rec.take()
		if strings.Contains(kinds(evs), "lost") {
			t.Errorf("lost too early: %s", kinds(evs))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		evs, _ = rec.take()
		if !strings.Contains(kinds(evs), "lost") {
			t.Errorf("not lost %v after the cut: %s", time.Since(cut), kinds(evs))
		}
		if err := c.Send(msg("x")); !errors.Is(err, ErrLinkDown) {
			t.Errorf("%v", err)
		}
	})
}

// A detached session takes a bounded number of stanzas.
func TestDetachedQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		c, _ := start(t, f, nil)
		synctest.Wait()
		f.cut()
		synctest.Wait()
		n := 0
		for c.Send(msg("x")) == nil {
			n++
		}
		if n < 200 || n > 256 {
			t.Errorf("%d stanzas fit", n)
		}
		if err := c.Send(msg("x")); !errors.Is(err, ErrQueueFull) {
			t.Error(err)
		}
	})
}
